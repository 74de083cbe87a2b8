"""What happened to a finding, and who did it. Events are only ever added."""

from __future__ import annotations

from django.db import models

from .archive_rule import ArchiveRule
from .finding import Finding
from .rule_event import RuleEvent


class Event(models.Model):
    class Kind(models.TextChoices):
        CREATED = "CREATED", "Found"
        UPDATED = "UPDATED", "Changed"
        ARCHIVED = "ARCHIVED", "Archived"
        UNARCHIVED = "UNARCHIVED", "Made active again"
        RESOLVED = "RESOLVED", "Resolved"
        REOPENED = "REOPENED", "Found again"
        RECOMMENDED = "RECOMMENDED", "Recommendation asked for"

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    actor = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    rule_name = models.CharField(max_length=255, blank=True, help_text="The archive rule that did it, as it was called")
    # Not constraints: an event says what happened, whatever becomes of the rule.
    rule = models.ForeignKey(
        ArchiveRule,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    application = models.ForeignKey(
        RuleEvent,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    reason = models.TextField(blank=True)
    old_status = models.CharField(max_length=8, blank=True)
    new_status = models.CharField(max_length=8)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["finding", "at"]),
            models.Index(fields=["rule", "-at"], condition=models.Q(rule__isnull=False), name="event_of_rule"),
            models.Index(
                fields=["application"], condition=models.Q(application__isnull=False), name="event_of_application"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.finding_id}"
