"""Policy checks of pipelines: their tokens, their runs, and what people try out."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from .simulation import new_key

WAITS = 60
"""Seconds after which a run that nobody works on is handed out again."""


class CheckToken(models.Model):
    """What a pipeline shows to be let in: it may send runs and have policies checked, nothing else. Only the digest of
    the secret is kept. Without `owner` it belongs to the portal, and stays when people go."""

    name = models.CharField(max_length=100)
    owner = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.CASCADE, related_name="check_tokens")
    pipelines = models.CharField(max_length=200, default="*", help_text="Pipelines that it may speak for; * and ?")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    beginning = models.CharField(max_length=12, help_text="Of the secret, so that people know which it is")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """valid, expired, revoked, or `owner left`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= timezone.now():
            return "expired"
        return "valid" if self.owner is None or self.owner.is_active else "owner left"


class CheckResult(models.TextChoices):
    """Of a run. NONE: it is not finished. In falling order: whatever fails decides, then what could not be read, then
    what is unknown."""

    FAIL = "FAIL", "fail"
    UNREADABLE = "UNREADABLE", "unreadable"
    UNKNOWN = "UNKNOWN", "unknown"
    PASS = "PASS", "pass"
    NONE = "", "not finished"


class CheckPipeline(models.Model):
    """A pipeline that has sent something, with its newest run."""

    name = models.CharField(max_length=200, unique=True)
    latest = models.ForeignKey("CheckRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CheckRun(models.Model):
    """What one run of a pipeline found out about one commit. It is not changed once it is finished.

    `outcomes`: as `analyzer-portal --format json` writes them, with `guardrail` where one was kept here. `documents`:
    the policies' texts, as far as they are known. `asked`: the policies that are still to be checked.
    """

    class Source(models.TextChoices):
        SENT = "SENT", "checked by the pipeline"
        PORTAL = "PORTAL", "checked here"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pipeline = models.CharField(max_length=200)
    repository = models.CharField(max_length=300, blank=True)
    branch = models.CharField(max_length=250, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    commit_url = models.CharField(max_length=1000, blank=True)
    url = models.CharField(max_length=1000, blank=True, help_text="Of the pipeline's own page about this run")
    account = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=6, choices=Source)
    result = models.CharField(max_length=10, choices=CheckResult, blank=True, default=CheckResult.NONE)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    guardrails = ArrayField(models.CharField(max_length=120), default=list)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=list)
    unreadable = models.JSONField(default=list)
    documents = models.JSONField(default=list)
    asked = models.JSONField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    token = models.ForeignKey(CheckToken, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    token_name = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="check_run_newest"),
            models.Index(fields=["pipeline", "-created_at"], name="check_run_of_pipeline"),
            models.Index(fields=["commit"], name="check_run_of_commit"),
            models.Index(fields=["result", "-created_at"], name="check_run_by_result"),
            models.Index(
                fields=["created_at"], condition=models.Q(finished_at__isnull=True), name="check_run_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline} {self.commit[:12]} {self.result}"

    @classmethod
    def unfinished(cls) -> list[uuid.UUID]:
        """Runs that nobody works on, the oldest first."""
        now = timezone.now()
        waiting = cls.objects.filter(finished_at=None, created_at__lt=now - timedelta(seconds=WAITS))
        free = waiting.filter(models.Q(lease_expires_at=None) | models.Q(lease_expires_at__lt=now))
        return list(free.order_by("created_at").values_list("pk", flat=True)[:100])

    @property
    def short_commit(self) -> str:
        return self.commit[:12]


class SavedCheck(models.Model):
    """What somebody tried out, for its permanent link. It is checked anew whenever it is shown."""

    KEPT = 200
    """Of each person; older ones go."""

    key = models.CharField(max_length=24, primary_key=True, default=new_key)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_checks")
    created_at = models.DateTimeField(auto_now_add=True)
    data = models.JSONField(help_text="The fields of the form")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="saved_check_of_owner")]

    def __str__(self) -> str:
        return str(self.key)
