"""Guardrails that are kept here: named sets of rules with all their versions, and where they hold."""

from __future__ import annotations

from django.db import models


class StoredGuardrail(models.Model):
    """Its text is that of its versions; the newest one holds where no other is asked for."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def newest(self) -> GuardrailVersion | None:
        return self.versions.first()


class GuardrailVersion(models.Model):
    """A saved text, as it would lie in a repository. Versions are only ever added."""

    guardrail = models.ForeignKey(StoredGuardrail, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="YAML or JSON")
    about = models.TextField(blank=True)
    parameters = models.JSONField(default=dict, help_text="name -> what it means")
    rules = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["guardrail", "number"], name="guardrail_version_once")]

    def __str__(self) -> str:
        return f"{self.guardrail.name}@{self.number}"


class GuardrailAssignment(models.Model):
    """Where a guardrail holds, with the values of its parameters. Without `version` the newest one holds."""

    class Target(models.TextChoices):
        PIPELINE = "PIPELINE", "pipeline"
        ACCOUNT = "ACCOUNT", "account"
        RESOURCE_TYPE = "RESOURCE_TYPE", "resource type"

    guardrail = models.ForeignKey(StoredGuardrail, on_delete=models.CASCADE, related_name="assignments")
    version = models.ForeignKey(GuardrailVersion, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    target = models.CharField(max_length=13, choices=Target)
    pattern = models.CharField(max_length=200, help_text="Name, account id or type; * and ? stand for other characters")
    values = models.JSONField(default=dict, help_text="name of a parameter -> its value")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["target", "pattern", "id"]
        constraints = [
            models.UniqueConstraint(fields=["guardrail", "target", "pattern"], name="guardrail_assigned_once")
        ]

    def __str__(self) -> str:
        return f"{self.guardrail.name} for {self.get_target_display()} {self.pattern}"

    @property
    def used(self) -> GuardrailVersion | None:
        return self.version or self.guardrail.newest


class GuardrailEvent(models.Model):
    """What somebody did to a guardrail. Events are only ever added, and outlive the guardrail."""

    class Kind(models.TextChoices):
        CREATED = "CREATED", "Created"
        COPIED = "COPIED", "Copied from the library"
        IMPORTED = "IMPORTED", "Imported"
        CHANGED = "CHANGED", "Changed"
        ASSIGNED = "ASSIGNED", "Assigned"
        WITHDRAWN = "WITHDRAWN", "Withdrawn"
        DELETED = "DELETED", "Deleted"

    guardrail = models.ForeignKey(
        StoredGuardrail, null=True, blank=True, on_delete=models.SET_NULL, related_name="events"
    )
    name = models.CharField(max_length=100, help_text="Of the guardrail")
    kind = models.CharField(max_length=9, choices=Kind)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
