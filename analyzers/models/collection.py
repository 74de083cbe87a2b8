"""A reading of AWS and its parts: one per account, region and service, leased like the chunks of a scan."""

from __future__ import annotations

from django.db import models


class ReadingPlan(models.Model):
    """What is read and with what: names of profiles and roles, never keys."""

    by_organization = models.BooleanField(default=False)
    accounts = models.JSONField(default=list, help_text="Account ids; empty: the caller's own, or all")
    regions = models.JSONField(default=list, help_text="Empty: all that an account uses")
    profile = models.CharField(max_length=128, blank=True)
    role_name = models.CharField(max_length=512, blank=True)
    external_id = models.CharField(max_length=1224, blank=True)
    aggregator = models.CharField(max_length=256, blank=True, help_text="Of AWS Config; empty: the services are asked")
    aggregator_region = models.CharField(max_length=32, blank=True)

    class Meta:
        abstract = True

    @property
    def what(self) -> str:
        if self.by_organization:
            return "the organization"
        if self.aggregator:
            return "the accounts of an aggregator"
        return ", ".join(self.accounts) or "the caller's account"


PLAN_FIELDS = tuple(field.name for field in ReadingPlan._meta.local_fields)


class CollectionSchedule(ReadingPlan):
    """A collection that is repeated."""

    every = models.PositiveIntegerField(help_text="Minutes between the beginnings")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.what}, every {self.every} minutes"


class Collection(ReadingPlan):
    """Of a whole organization, or of the accounts that are named."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELED = "CANCELED"

    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=20, default="by hand", help_text="by hand, scheduled, change")
    schedule = models.ForeignKey(
        CollectionSchedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="collections"
    )
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
        return f"collection {self.pk} of {self.what}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.PENDING, self.Status.RUNNING}


class PartStatus(models.TextChoices):
    PENDING = "PENDING", "waiting"
    LEASED = "LEASED", "being read"
    READ = "READ", "read"
    PARTLY = "PARTLY", "partly read"
    NOT_READ = "NOT_READ", "not read"
    NOT_OFFERED = "NOT_OFFERED", "not offered there"


class CollectionPart(models.Model):
    Status = PartStatus

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="parts")
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32, blank=True, help_text="Empty: read once an account")
    service = models.CharField(max_length=32)
    status = models.CharField(max_length=12, choices=PartStatus, default=PartStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    calls = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0, help_text="Resources, principals and policies that were listed")
    seconds = models.FloatField(default=0)
    waited = models.FloatField(default=0, help_text="Seconds of these in which AWS was waited for")
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


class LastReading(models.Model):
    """How the latest attempt at a part went, whichever collection made it, and when it was read in full."""

    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32, blank=True)
    service = models.CharField(max_length=32)
    status = models.CharField(max_length=12, choices=PartStatus)
    problems = models.JSONField(default=list, help_text="As in CollectionPart")
    problem_count = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True, help_text="Null: never in full")
    collection = models.ForeignKey(Collection, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["account", "region", "service"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "service"], name="last_reading_once")]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.account, self.region, self.service, self.status]))
