"""Who changed last who may reach a resource, as CloudTrail told when somebody asked."""

from __future__ import annotations

from django.db import models


class PolicyChange(models.Model):
    class Status(models.TextChoices):
        ASKED = "ASKED", "being looked up"
        KNOWN = "KNOWN", "known"
        UNKNOWN = "UNKNOWN", "not known"

    resource = models.TextField(unique=True, help_text="ARN")
    status = models.CharField(max_length=8, choices=Status, default=Status.ASKED)
    reason = models.TextField(blank=True, help_text="Why it is not known")
    event = models.CharField(max_length=128, blank=True, help_text="PutBucketPolicy, ...")
    event_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(null=True, blank=True)
    by = models.TextField(blank=True, help_text="ARN of who did it, or the name that CloudTrail has")
    source = models.TextField(blank=True, help_text="Address or service from which it was done")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.resource}: {self.event or self.status}"
