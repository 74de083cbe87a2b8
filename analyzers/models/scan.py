"""A scan and its chunks. Work is leased in the database; the broker only carries wake-ups."""

from __future__ import annotations

from django.db import models

from .analyzer import Analyzer


class Scan(models.Model):
    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELED = "CANCELED"

    analyzer = models.ForeignKey(Analyzer, on_delete=models.CASCADE, related_name="scans")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=40, default="by hand", help_text="by hand, scheduled, import, ...")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    resources_total = models.PositiveIntegerField(default=0)
    resources_done = models.PositiveIntegerField(default=0)
    resources_failed = models.PositiveIntegerField(default=0, help_text="Done, but with an error finding")
    findings_new = models.PositiveIntegerField(default=0)
    findings_resolved = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    again = models.BooleanField(default=False, help_text="Something changed meanwhile: another scan follows")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["analyzer"],
                condition=models.Q(status__in=["PENDING", "RUNNING"]),
                name="one_open_scan_per_analyzer",
            )
        ]

    def __str__(self) -> str:
        return f"scan {self.pk} of {self.analyzer}"


class ScanChunk(models.Model):
    """A run of resources (by primary key) that one worker analyses in one transaction."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        LEASED = "LEASED"
        DONE = "DONE"
        FAILED = "FAILED"

    scan = models.ForeignKey(Scan, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    resource_ids = models.JSONField()
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["scan", "number"], name="chunk_once")]
        indexes = [models.Index(fields=["status", "lease_expires_at"])]

    def __str__(self) -> str:
        return f"chunk {self.number} of scan {self.scan_id}"


class AnalyzedResource(models.Model):
    """The last answer about a resource by an analyzer: when, with which input, and what went wrong."""

    analyzer = models.ForeignKey(Analyzer, on_delete=models.CASCADE, related_name="analyzed_resources")
    resource_arn = models.TextField()
    resource_type = models.CharField(max_length=64)
    resource_owner_account = models.CharField(max_length=12)
    analyzed_at = models.DateTimeField()
    scan = models.ForeignKey(Scan, null=True, on_delete=models.SET_NULL, related_name="+")
    input_hash = models.CharField(max_length=64)
    population = models.CharField(
        max_length=64, blank=True, help_text="Digest of the `AnalyzedPopulation` that was asked about, if one was"
    )
    error = models.TextField(blank=True)
    withheld = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="What the key keeps from principals: [{principals, actions, key, blockers}]",
    )

    actions_granted = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Unused access: actions of the catalogue that its policies allow; null: not asked",
    )
    actions_used = models.PositiveIntegerField(null=True, blank=True, help_text="Of these, seen in use")
    actions_unused = models.PositiveIntegerField(null=True, blank=True, help_text="Of these, surely not used")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analyzer", "resource_arn"], name="analyzed_resource_once")]

    def __str__(self) -> str:
        return self.resource_arn


class AnalyzedPopulation(models.Model):
    """Who was inside when resources were answered about: so that later only those are asked about who changed.

    `hashes`: zlib over JSON {ARN: hash of everything that decides about the principal}. Kept while an
    `AnalyzedResource` refers to it.
    """

    analyzer = models.ForeignKey(Analyzer, on_delete=models.CASCADE, related_name="analyzed_populations")
    digest = models.CharField(max_length=64)
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analyzer", "digest"], name="analyzed_population_once")]

    def __str__(self) -> str:
        return self.digest[:12]
