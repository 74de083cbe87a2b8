"""Counts for the home page and the command line."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db.models import Count, Q

from analyzers.models import Analyzer, ResourceType

from .models import Finding, FindingStatus, Proof

_ACTIVE = Q(status=FindingStatus.ACTIVE)


class Counts(TypedDict):
    public: int
    cross_account: int
    errors: int
    unknown: int
    active: int


class AnalyzerCounts(Counts):
    analyzer: Analyzer
    archived: int
    resolved: int


class TypeCounts(Counts):
    type: str
    label: str


def _counts() -> dict[str, Count]:
    return {
        "active": Count("pk", filter=_ACTIVE),
        "public": Count("pk", filter=_ACTIVE & Q(is_public=True)),
        "cross_account": Count("pk", filter=_ACTIVE & Q(is_public=False, error="")),
        "errors": Count("pk", filter=_ACTIVE & ~Q(error="")),
        "unknown": Count("pk", filter=_ACTIVE & Q(proof=Proof.UNKNOWN)),
    }


def by_analyzer() -> list[AnalyzerCounts]:
    """One entry an analyzer, those with public access first."""
    rows = Finding.objects.values("analyzer").annotate(
        **_counts(),
        archived=Count("pk", filter=Q(status=FindingStatus.ARCHIVED)),
        resolved=Count("pk", filter=Q(status=FindingStatus.RESOLVED)),
    )
    found = {row.pop("analyzer"): row for row in rows}
    nothing = {
        "public": 0,
        "cross_account": 0,
        "errors": 0,
        "unknown": 0,
        "active": 0,
        "archived": 0,
        "resolved": 0,
    }
    entries: list[AnalyzerCounts] = [
        AnalyzerCounts(analyzer=analyzer, **found.get(analyzer.pk, nothing))
        for analyzer in Analyzer.objects.all()
    ]
    return sorted(entries, key=lambda entry: (-entry["public"], -entry["active"], entry["analyzer"].name))


def by_resource_type() -> list[TypeCounts]:
    """One entry a resource type that has active findings, public ones first."""
    rows = Finding.objects.filter(_ACTIVE).values("resource_type").annotate(**_counts())
    labels = dict(ResourceType.choices)
    entries = [_type_counts(dict(row), labels) for row in rows]
    return sorted(entries, key=lambda entry: (-entry["public"], -entry["active"], entry["label"]))


def _type_counts(row: dict[str, Any], labels: dict[str, str]) -> TypeCounts:
    name = str(row.pop("resource_type"))
    return TypeCounts(type=name, label=labels.get(name, name), **row)
