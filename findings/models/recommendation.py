"""What a finding of unused permissions could be answered with: the policies of its principal without them, proven."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from .finding import Finding

PATIENCE = timedelta(minutes=6)
"""After which a recommendation that nobody finished is given up: longer than a worker may take."""


class Recommendation(models.Model):
    """One for each finding and variant; computing it again replaces it.

    `steps`: `RecommendedStep`s of the Access Analyzer API. `details`: what the pages show, see
    `findings.recommending.shown`. `input_digest`: of the policies and the evidence that it rests on; another one now
    means that it is out of date. `error_code`, `error_message`: `RecommendationError`.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "IN_PROGRESS", "Being computed"
        SUCCEEDED = "SUCCEEDED", "Proven"
        FAILED = "FAILED", "None"

    class Variant(models.TextChoices):
        STANDARD = "standard", "Only what is unused goes"
        STRICT = "strict", "Resources narrowed too"

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="recommendations")
    variant = models.CharField(max_length=8, choices=Variant, default=Variant.STANDARD)
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    steps = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    input_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["finding", "variant"]
        constraints = [models.UniqueConstraint(fields=["finding", "variant"], name="recommendation_once")]
        indexes = [
            models.Index(
                fields=["started_at"], condition=models.Q(status="IN_PROGRESS"), name="recommendation_in_progress"
            )
        ]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.variant}"
