"""Which resources an internal access analyzer is about: its configuration, checked, resolved and estimated.

The shape is `AnalyzerConfiguration` of the API, `{"internalAccess": {"analysisRule": {"inclusions": [criteria]}}}`; a
resource is chosen if all elements of one of the criteria fit: `accountIds`, `resourceTypes`, `resourceArns`, and beyond
the API `resourceTags` ({key: value}; an empty value stands for any).
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_InternalAccessAnalysisRuleCriteria.html
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from analyzers.kinds.channels import TRAITS
from analyzers.models import Account, Analyzer, Principal, Resource
from analyzers.policy import arn as arns

MOST_CRITERIA = 100
MOST_ARNS = 20_000
MOST_OTHERS = 1_000
LONGEST = 2_048
PAIRS_PER_SECOND = 100_000
"""Principals times resources that one core answers and records; docs/benchmarks.md, section internal."""
_ELEMENTS = ("accountIds", "resourceTypes", "resourceArns", "resourceTags")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a scan has to do. `missing`: ARNs that the inventory does not hold."""

    principals: int
    resources: int
    missing: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        return self.principals * self.resources

    @property
    def seconds(self) -> int:
        return max(1, round(self.pairs / PAIRS_PER_SECOND))


def everything() -> dict[str, Any]:
    """The configuration that chooses all resources of the zone."""
    return configuration_of([{}])


def configuration_of(inclusions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"internalAccess": {"analysisRule": {"inclusions": list(inclusions)}}}


def inclusions_of(configuration: Any) -> list[Mapping[str, Any]]:
    """The criteria of a configuration. Raises ValidationError, which names the element."""
    inner = _only(configuration, "internalAccess", "configuration")
    rule = _only(inner, "analysisRule", "internalAccess")
    found = _only(rule, "inclusions", "analysisRule")
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_CRITERIA:
        raise ValidationError({"configuration": f"inclusions must be a list of 1 to {MOST_CRITERIA} criteria."})
    for criteria in found:
        _check(criteria)
    return found


def _only(value: Any, name: str, where: str) -> Any:
    if not isinstance(value, dict) or set(value) != {name}:
        raise ValidationError({"configuration": f"{where} must be an object with the one element {name}."})
    return value[name]


def _check(criteria: Any) -> None:
    if not isinstance(criteria, dict) or set(criteria) - set(_ELEMENTS):
        raise ValidationError({"configuration": f"Criteria are an object with {', '.join(_ELEMENTS)}."})
    for name in _ELEMENTS[:3]:
        values = criteria.get(name, [])
        most = MOST_ARNS if name == "resourceArns" else MOST_OTHERS
        if not isinstance(values, list) or not all(isinstance(one, str) and 0 < len(one) <= LONGEST for one in values):
            raise ValidationError({"configuration": f"{name} must be a list of texts."})
        if len(values) > most or (name in criteria and not values):
            raise ValidationError({"configuration": f"{name} must hold 1 to {most:,} entries."})
    for account in criteria.get("accountIds", ()):
        if not arns.is_account(account):
            raise ValidationError({"configuration": f"{account[:40]!r} is no account id."})
    for kind in criteria.get("resourceTypes", ()):
        if kind not in TRAITS:
            raise ValidationError({"configuration": f"{kind[:60]!r} is no resource type that can be analysed."})
    for arn in criteria.get("resourceArns", ()):
        if arns.split(arn) is None:
            raise ValidationError({"configuration": f"{arn[:100]!r} is no ARN."})
    tags = criteria.get("resourceTags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()) or len(tags) > 50:
        raise ValidationError({"configuration": "resourceTags must be an object of at most 50 texts."})


def all_within(analyzer: Analyzer) -> QuerySet[Resource]:
    """The resources of the analyzer's account, or of every account of its organization."""
    if analyzer.by_organization:
        return Resource.objects.filter(account__organization=analyzer.scope)
    return Resource.objects.filter(account=analyzer.scope)


def chosen(analyzer: Analyzer) -> QuerySet[Resource]:
    """The resources that the analyzer's configuration chooses now."""
    criteria = (_query(one) for one in inclusions_of(analyzer.configuration))
    within = all_within(analyzer).filter(type__in=list(TRAITS))
    return within.filter(reduce(operator.or_, criteria))


def _query(criteria: Mapping[str, Any]) -> Q:
    query = Q(pk__isnull=False)
    if accounts := criteria.get("accountIds"):
        query &= Q(account__in=accounts)
    if types := criteria.get("resourceTypes"):
        query &= Q(type__in=types)
    if named := criteria.get("resourceArns"):
        query &= Q(arn__in=named)
    for key, value in (criteria.get("resourceTags") or {}).items():
        query &= Q(tags__contains={key: value}) if value else Q(tags__has_key=key)
    return query


def estimate(analyzer: Analyzer) -> Estimate:
    """How much a scan of the analyzer, which need not be saved, has to do. Raises ValidationError."""
    found = chosen(analyzer)
    accounts = Account.objects.filter(organization=analyzer.scope) if analyzer.by_organization else None
    principals = Principal.objects.exclude(kind=Principal.Kind.GROUP)
    principals = (
        principals.filter(account__in=accounts) if accounts is not None else principals.filter(account=analyzer.scope)
    )
    named = {arn for one in inclusions_of(analyzer.configuration) for arn in one.get("resourceArns", ())}
    held = set(all_within(analyzer).filter(arn__in=named).values_list("arn", flat=True)) if named else set()
    return Estimate(principals.count(), found.count(), tuple(sorted(named - held)))
