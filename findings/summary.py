"""Counts for the home page and the command line."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db.models import Count, Q

from analyzers.models import Analyzer, ResourceType

from .filter_keys import UNUSED_TYPES
from .models import Finding, FindingStatus, FindingType, Proof

_ACTIVE = Q(status=FindingStatus.ACTIVE)
_OUTSIDE = Q(finding_type=FindingType.EXTERNAL_ACCESS)
_INSIDE = Q(finding_type=FindingType.INTERNAL_ACCESS)
_UNUSED = Q(finding_type__in=UNUSED_TYPES)


class Counts(TypedDict):
    """Active findings, and how many of each status."""

    public: int
    cross_account: int
    internal: int
    unused: int
    errors: int
    unknown: int
    active: int
    archived: int
    resolved: int


class AnalyzerCounts(Counts):
    analyzer: Analyzer


class TypeCounts(Counts):
    type: str
    label: str


NOTHING = Counts(public=0, cross_account=0, internal=0, unused=0, errors=0, unknown=0, active=0, archived=0, resolved=0)


def _grouped(column: str) -> dict[Any, Counts]:
    """Counts by the values of a column, in one query."""
    rows = Finding.objects.values_list(column).annotate(
        public=Count("pk", filter=_ACTIVE & Q(is_public=True)),
        cross_account=Count("pk", filter=_ACTIVE & Q(is_public=False, error="") & _OUTSIDE),
        internal=Count("pk", filter=_ACTIVE & Q(error="") & _INSIDE),
        unused=Count("pk", filter=_ACTIVE & Q(error="") & _UNUSED),
        errors=Count("pk", filter=_ACTIVE & ~Q(error="")),
        unknown=Count("pk", filter=_ACTIVE & Q(proof=Proof.UNKNOWN)),
        active=Count("pk", filter=_ACTIVE),
        archived=Count("pk", filter=Q(status=FindingStatus.ARCHIVED)),
        resolved=Count("pk", filter=Q(status=FindingStatus.RESOLVED)),
    )
    names = ("public", "cross_account", "internal", "unused", "errors", "unknown", "active", "archived", "resolved")
    return {row[0]: Counts(**dict(zip(names, row[1:], strict=True))) for row in rows}  # type: ignore[typeddict-item]


def by_analyzer() -> list[AnalyzerCounts]:
    """One entry an analyzer, those with public access first."""
    found = _grouped("analyzer")
    entries: list[AnalyzerCounts] = [
        {"analyzer": analyzer, **found.get(analyzer.pk, NOTHING)} for analyzer in Analyzer.objects.all()
    ]
    return sorted(entries, key=lambda entry: (-entry["public"], -entry["active"], entry["analyzer"].name))


def by_resource_type() -> list[TypeCounts]:
    """One entry a resource type that has active findings, public ones first."""
    labels = dict(ResourceType.choices)
    entries = [
        TypeCounts(type=name, label=labels.get(name, name), **counts)
        for name, counts in _grouped("resource_type").items()
        if counts["active"]
    ]
    return sorted(entries, key=lambda entry: (-entry["public"], -entry["active"], entry["label"]))
