"""What happened to an archive rule, and who did it. Events are only ever added; they go with the rule."""

from __future__ import annotations

from django.db import models

from .archive_rule import ArchiveRule


class RuleEvent(models.Model):
    """`filter` and `reason` are the rule's from then on; `findings`: how many changed their status by it.

    An event that archived findings is an *application*, which can be undone by itself.
    """

    class Kind(models.TextChoices):
        CREATED = "CREATED", "Created"
        COPIED = "COPIED", "Copied"
        IMPORTED = "IMPORTED", "Imported"
        CHANGED = "CHANGED", "Changed"
        APPLIED = "APPLIED", "Applied to existing findings"
        UNDONE = "UNDONE", "Undone"
        RESTORED = "RESTORED", "Restored"

    rule = models.ForeignKey(ArchiveRule, on_delete=models.CASCADE, related_name="history")
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    filter = models.JSONField()
    reason = models.TextField(blank=True)
    findings = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True, help_text="Where it came from, or what was undone")

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.rule_id}"
