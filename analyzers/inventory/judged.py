"""Whom an unused access analyzer judges: users and roles of its scope, less those that its configuration leaves out.

`{"unusedAccess": {"unusedAccessAge": days, "analysisRule": {"exclusions": [{"accountIds": [...]}, {"resourceTags":
[{key: value}]}]}}}`; an empty tag value stands for any. Service-linked roles are never judged.
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UnusedAccessConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from analyzers.models import Analyzer, Principal

SERVICE_LINKED = "/aws-service-role/"


def within(analyzer: Analyzer) -> QuerySet[Principal]:
    """All users and roles of the scope, but service-linked roles."""
    rows = Principal.objects.exclude(kind=Principal.Kind.GROUP).exclude(path__startswith=SERVICE_LINKED)
    if analyzer.by_organization:
        return rows.filter(account__organization=analyzer.scope)
    return rows.filter(account=analyzer.scope)


def judged(analyzer: Analyzer) -> QuerySet[Principal]:
    rows = within(analyzer)
    for criteria in exclusions_of(analyzer.configuration):
        rows = rows.exclude(_left_out(criteria))
    return rows


def exclusions_of(configuration: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = configuration.get("unusedAccess") or {}
    return list((inner.get("analysisRule") or {}).get("exclusions") or ())


def days_of(analyzer: Analyzer) -> int:
    """The tracking period."""
    return int((analyzer.configuration.get("unusedAccess") or {}).get("unusedAccessAge") or 90)


def _left_out(criteria: Mapping[str, Any]) -> Q:
    found = Q(pk__in=[])
    if accounts := criteria.get("accountIds"):
        found |= Q(account__in=accounts)
    for tags in criteria.get("resourceTags") or ():
        for key, value in tags.items():
            found |= Q(tags__contains={key: value}) if value else Q(tags__has_key=key)
    return found
