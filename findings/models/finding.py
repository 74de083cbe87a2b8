"""A finding: somebody outside the zone of trust, or inside, can do something with a resource, and the proof; or a user
or role does not use what it has, and the evidence."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from analyzers.models import Analyzer, ResourceType

from .archive_rule import ArchiveRule


class FindingStatus(models.TextChoices):
    ACTIVE = "ACTIVE", "Active"
    ARCHIVED = "ARCHIVED", "Archived"
    RESOLVED = "RESOLVED", "Resolved"


class FindingType(models.TextChoices):
    EXTERNAL_ACCESS = "ExternalAccess", "External access"
    UNUSED_IAM_ROLE = "UnusedIAMRole", "Unused role"
    UNUSED_ACCESS_KEY = "UnusedIAMUserAccessKey", "Unused access key"
    UNUSED_PASSWORD = "UnusedIAMUserPassword", "Unused password"
    UNUSED_PERMISSION = "UnusedPermission", "Unused permissions"
    INTERNAL_ACCESS = "InternalAccess", "Internal access"


ORDER_OF_WORK = (
    FindingType.UNUSED_ACCESS_KEY,
    FindingType.UNUSED_PASSWORD,
    FindingType.UNUSED_IAM_ROLE,
    FindingType.UNUSED_PERMISSION,
)
"""Findings of unused access in the order in which people do well to deal with them: first what can leak."""
UNUSED_FINDINGS = frozenset(ORDER_OF_WORK)


class AccessType(models.TextChoices):
    """`InternalAccessType` of the API."""

    INTRA_ACCOUNT = "INTRA_ACCOUNT", "Within the account"
    INTRA_ORG = "INTRA_ORG", "Across accounts of the organization"


class PrincipalType(models.TextChoices):
    IAM_ROLE = "IAM_ROLE", "Role"
    IAM_USER = "IAM_USER", "User"


class Proof(models.TextChoices):
    PROVED = "PROVED", "Proved"
    UNKNOWN = "UNKNOWN", "Could not be proved safe"
    ERROR = "ERROR", "Not analysed"


class Finding(models.Model):
    """Field names and values are those of `Finding` in the Access Analyzer API, in snake case.

    `key` identifies a finding within its analyzer across scans: SHA-256 over what it says
    (resource, principal, action, condition, source; for an error the resource alone).
    `details` = {summary, reason, witness: Request JSON | null, statements: [{channel, name, document (sha256),
    statement (index), sid, effect}], further_conditions: [{operator, key, values}], assumptions: [text]};
    of internal access also `unless` (conditions under which it is denied, as further_conditions) and `encryption`
    ({key, readable, writable: yes|no|unknown, blockers}).
    Of unused access, where `principal` is empty and `resource` the user or role: {summary, reason, tracking_period (in
    days), since, judged_at, evidence: [{source, until}], created_at, access_key_id}; of permissions also the numbers of
    actions `granted`, `unused`, `untracked`, `unknown` (texts), and `services`: [{service, name, last_accessed, whole
    (all of it is unused), actions: [{action, last_accessed, access_level}] (none if whole, or if they are too many:
    then `listed` is false), used: [{action, last_accessed}], granted, unused, untracked, policies (names)}].
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analyzer = models.ForeignKey(Analyzer, on_delete=models.CASCADE, related_name="findings")
    key = models.CharField(max_length=64)
    finding_type = models.CharField(max_length=32, choices=FindingType, default=FindingType.EXTERNAL_ACCESS)
    status = models.CharField(max_length=8, choices=FindingStatus, default=FindingStatus.ACTIVE)
    resource = models.TextField(help_text="ARN")
    resource_type = models.CharField(max_length=64, choices=ResourceType)
    resource_owner_account = models.CharField(max_length=12)
    principal = models.JSONField(default=dict, help_text='{"AWS": "111122223333"}; empty for an error')
    action = ArrayField(models.TextField(), default=list)
    condition = models.JSONField(default=dict)
    sources = models.JSONField(default=list)
    is_public = models.BooleanField(default=False)
    resource_control_policy_restriction = models.CharField(max_length=32, blank=True)
    access_type = models.CharField(max_length=16, choices=AccessType, blank=True, help_text="Internal access only")
    principal_type = models.CharField(max_length=16, choices=PrincipalType, blank=True)
    principal_owner_account = models.CharField(max_length=12, blank=True)
    service_control_policy_restriction = models.CharField(max_length=32, blank=True)
    last_accessed_at = models.DateTimeField(
        null=True, blank=True, help_text="Unused access only: last use that is known; null: none in the period told of"
    )
    error = models.TextField(blank=True)
    proof = models.CharField(max_length=8, choices=Proof, default=Proof.PROVED)
    details = models.JSONField(default=dict)
    archived_by = models.ForeignKey(
        ArchiveRule,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="archived",
        db_index=False,
        db_constraint=False,  # so that a rule can be deleted while a scan archives by it
        help_text="The rule whose archiving stands: nobody archived or reopened the finding since",
    )
    created_at = models.DateTimeField()
    analyzed_at = models.DateTimeField()
    updated_at = models.DateTimeField(help_text="Last change of the finding or of its status")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analyzer", "key"], name="finding_once")]
        indexes = [
            models.Index(fields=["status", "-updated_at", "id"]),
            models.Index(fields=["analyzer", "status", "-updated_at", "id"]),
            models.Index(fields=["resource"]),
            models.Index(fields=["status", "resource_type"]),
            models.Index(fields=["status", "resource_owner_account"]),
            models.Index(fields=["status", "principal_owner_account"], name="finding_principal_account"),
            models.Index(fields=["analyzer", "status", "is_public"]),
            models.Index(
                fields=["archived_by", "status"], condition=models.Q(archived_by__isnull=False), name="finding_by_rule"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_unused(self) -> bool:
        return self.finding_type in UNUSED_FINDINGS
