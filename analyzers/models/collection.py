"""A reading of AWS and its parts: one per account, region and service, leased like the chunks of a scan."""

from __future__ import annotations

from django.db import models


class Collection(models.Model):
    """Of a whole organization, or of the accounts that are named. It holds names of profiles and roles, never keys."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELED = "CANCELED"

    by_organization = models.BooleanField(default=False)
    accounts = models.JSONField(default=list, help_text="Account ids; empty: the caller's own, or all")
    regions = models.JSONField(default=list, help_text="Empty: all that an account uses")
    profile = models.CharField(max_length=128, blank=True)
    role_name = models.CharField(max_length=512, blank=True)
    external_id = models.CharField(max_length=1224, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    error = models.TextField(blank=True, help_text="Why it could not begin or go on")
    caller = models.TextField(blank=True, help_text="ARN of the credentials that were used")
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    changed_accounts = models.JSONField(default=list, help_text="Accounts in which anything is different now")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        what = "the organization" if self.by_organization else ", ".join(self.accounts) or "the caller's account"
        return f"collection {self.pk} of {what}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.PENDING, self.Status.RUNNING}


class CollectionPart(models.Model):
    class Status(models.TextChoices):
        PENDING = "PENDING", "waiting"
        LEASED = "LEASED", "being read"
        READ = "READ", "read"
        PARTLY = "PARTLY", "partly read"
        NOT_READ = "NOT_READ", "not read"
        NOT_OFFERED = "NOT_OFFERED", "not offered there"

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="parts")
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32, blank=True, help_text="Empty: read once an account")
    service = models.CharField(max_length=32)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    calls = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0, help_text="Resources, principals and policies that were listed")
    seconds = models.FloatField(default=0)
    problems = models.JSONField(default=list, help_text="[{call, code, message, permission, about}], the first hundred")
    problem_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["account", "region", "service"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "account", "region", "service"], name="collection_part_once")
        ]
        indexes = [models.Index(fields=["status", "lease_expires_at"], name="collection_part_free")]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.account, self.region, self.service]))
