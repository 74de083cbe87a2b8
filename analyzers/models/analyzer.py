"""An analyzer: which questions are asked, about what, with which zone of trust."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models


class AnalyzerType(models.TextChoices):
    """`Type` of the Access Analyzer API."""

    ACCOUNT = "ACCOUNT", "External access, account"
    ORGANIZATION = "ORGANIZATION", "External access, organization"
    ACCOUNT_UNUSED_ACCESS = "ACCOUNT_UNUSED_ACCESS", "Unused access, account"
    ORGANIZATION_UNUSED_ACCESS = "ORGANIZATION_UNUSED_ACCESS", "Unused access, organization"
    ACCOUNT_INTERNAL_ACCESS = "ACCOUNT_INTERNAL_ACCESS", "Internal access, account"
    ORGANIZATION_INTERNAL_ACCESS = "ORGANIZATION_INTERNAL_ACCESS", "Internal access, organization"


EXTERNAL_TYPES = (AnalyzerType.ACCOUNT, AnalyzerType.ORGANIZATION)
INTERNAL_TYPES = (AnalyzerType.ACCOUNT_INTERNAL_ACCESS, AnalyzerType.ORGANIZATION_INTERNAL_ACCESS)
UNUSED_TYPES = (AnalyzerType.ACCOUNT_UNUSED_ACCESS, AnalyzerType.ORGANIZATION_UNUSED_ACCESS)
SCANNED_TYPES = (*EXTERNAL_TYPES, *INTERNAL_TYPES, *UNUSED_TYPES)


class Analyzer(models.Model):
    """`scope` is an account id or an organization id; it is the zone of trust of an access analyzer.

    `configuration` of an external access analyzer: `regions`, those in which the Access Analyzer API lists findings of
    roles, which have no region. The portal has one row for each (`findings.wire.regions_of`).
    """

    name = models.CharField(
        max_length=255,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z_][A-Za-z0-9_.-]*\Z", "Letters, digits, _ . - ; no digit first.")],
    )
    type = models.CharField(max_length=32, choices=AnalyzerType)
    scope = models.CharField(max_length=40)
    configuration = models.JSONField(default=dict, blank=True, help_text="AnalyzerConfiguration of the API")
    scan_every = models.PositiveIntegerField(
        null=True, blank=True, default=1440, help_text="Minutes between scheduled scans; empty: only by hand"
    )
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_external(self) -> bool:
        return self.type in EXTERNAL_TYPES

    @property
    def is_internal(self) -> bool:
        return self.type in INTERNAL_TYPES

    @property
    def is_unused(self) -> bool:
        return self.type in UNUSED_TYPES

    @property
    def by_organization(self) -> bool:
        return self.type.startswith("ORGANIZATION")
