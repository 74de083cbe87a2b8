"""Access previews: what findings there would be if something were deployed. Never findings, never inventory."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .analyzer import Analyzer
from .inventory import ResourceType


class AccessPreview(models.Model):
    """`configurations` as they were given: {ARN: Configuration of the API}; of new resources `created` has {ARN: {type,
    account, region}}. A change of a control policy is in `control`: {id, organization, kind, name, text, targets}, with
    what was before in `before`.

    `resource_ids` are what has to be asked about, `done` how many of them were. `documents`: {SHA-256: text} of those
    that the findings speak of and the inventory does not hold.
    """

    class Status(models.TextChoices):
        CREATING = "CREATING", "Still computing"
        COMPLETED = "COMPLETED", "Completed"
        FAILED = "FAILED", "Failed"

    class Reason(models.TextChoices):
        """`AccessPreviewStatusReasonCode` of the API."""

        INTERNAL_ERROR = "INTERNAL_ERROR"
        INVALID_CONFIGURATION = "INVALID_CONFIGURATION"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analyzer = models.ForeignKey(Analyzer, on_delete=models.CASCADE, related_name="previews")
    status = models.CharField(max_length=12, choices=Status, default=Status.CREATING)
    reason = models.CharField(max_length=24, choices=Reason, blank=True)
    error = models.TextField(blank=True, help_text="Why it failed, in a sentence")
    configurations = models.JSONField(default=dict)
    created = models.JSONField(default=dict)
    control = models.JSONField(null=True, blank=True)
    before = models.JSONField(null=True, blank=True, help_text="The control policy that is there now")
    resource_ids = models.JSONField(default=list)
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="{NEW, CHANGED, GONE, UNCHANGED, uncertain: number}")
    summary = models.TextField(blank=True)
    notes = models.JSONField(default=list, help_text="Sentences on what the answer rests on")
    comparisons = models.JSONField(default=list, help_text="[{about, before, after, relation, sentences}]")
    documents = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="access_preview_age"),
            models.Index(
                fields=["lease_expires_at"], condition=models.Q(status="CREATING"), name="access_preview_free"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def total(self) -> int:
        return len(self.resource_ids)

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.CREATING

    @property
    def new_access(self) -> bool:
        """Whether somebody would get in who does not now, or that cannot be ruled out."""
        return bool(self.counts.get("opening"))


class AccessPreviewFinding(models.Model):
    """Fields as in `findings.models.Finding`, as the finding would be then. `change` as on the wire, and beyond it
    GONE, which is CHANGED with the status RESOLVED there. `uncertain`: it could not be proved whether this is so."""

    class Change(models.TextChoices):
        NEW = "NEW", "New"
        CHANGED = "CHANGED", "Changed"
        GONE = "GONE", "Gone"
        UNCHANGED = "UNCHANGED", "Unchanged"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    preview = models.ForeignKey(AccessPreview, on_delete=models.CASCADE, related_name="findings")
    change = models.CharField(max_length=9, choices=Change)
    existing_id = models.UUIDField(null=True, blank=True)
    existing_status = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=8)
    opening = models.BooleanField(default=False, help_text="Access that there is not now, or that cannot be ruled out")
    same_access = models.BooleanField(
        default=False, help_text="Another finding tells of this access: before, of a new one; then, of one that is gone"
    )
    uncertain = models.BooleanField(default=False)
    resource = models.TextField()
    resource_type = models.CharField(max_length=64, choices=ResourceType)
    resource_owner_account = models.CharField(max_length=12)
    principal = models.JSONField(default=dict)
    action = ArrayField(models.TextField(), default=list)
    condition = models.JSONField(default=dict)
    sources = models.JSONField(default=list)
    is_public = models.BooleanField(default=False)
    resource_control_policy_restriction = models.CharField(max_length=32, blank=True)
    service_control_policy_restriction = models.CharField(max_length=32, blank=True)
    access_type = models.CharField(max_length=16, blank=True)
    error = models.TextField(blank=True)
    proof = models.CharField(max_length=8)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["resource", "id"]
        indexes = [models.Index(fields=["preview", "change", "resource"], name="preview_finding_listed")]

    def __str__(self) -> str:
        return f"{self.change} {self.resource}"

    @property
    def change_type(self) -> str:
        """`FindingChangeType` of the API."""
        return "CHANGED" if self.change == self.Change.GONE else self.change
