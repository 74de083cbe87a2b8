"""Whom an unused access analyzer is about: its configuration, checked, and the users and roles that it chooses.

The shape is `AnalyzerConfiguration` of the API:

    {"unusedAccess": {"unusedAccessAge": 90, "analysisRule": {"exclusions": [
        {"accountIds": [...]}, {"resourceTags": [{key: value}]}]}}}

A user or role is left out if one of the exclusions fits: its account is named and one of the tag maps fits, where both
are given; a tag map fits if all its tags do; an empty value stands for any.
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UnusedAccessConfiguration.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalysisRuleCriteria.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from analyzers.models import Analyzer, Organization, Principal
from analyzers.policy import arn as arns

DEFAULT_PERIOD = 90
LONGEST_PERIOD = 365
MOST_ACCOUNTS = 2_000
MOST_EXCLUSIONS = 1_000
MOST_TAGS = 1_000
SERVICE_ROLES = "/aws-service-role/"
_TAG_TEXT = re.compile(r"[\w\s./=+:@-]*\Z")


@dataclass(frozen=True, slots=True)
class Exclusion:
    accounts: tuple[str, ...] = ()
    tags: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tracking:
    """`days`: the tracking period."""

    days: int = DEFAULT_PERIOD
    exclusions: tuple[Exclusion, ...] = ()


def configuration_of(
    days: int = DEFAULT_PERIOD, accounts: Collection[str] = (), tags: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """`tags`: each excludes by itself; an empty value stands for any value of the key."""
    exclusions: list[dict[str, Any]] = []
    if accounts:
        exclusions.append({"accountIds": list(dict.fromkeys(accounts))})
    if found := [{key: value} for key, value in dict.fromkeys(tags)]:
        exclusions.append({"resourceTags": found})
    rule = {"analysisRule": {"exclusions": exclusions}} if exclusions else {}
    return {"unusedAccess": {"unusedAccessAge": days, **rule}}


def changed(
    configuration: Mapping[str, Any],
    days: int | None = None,
    exclusions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A configuration with another period, or with the exclusions of another configuration; None leaves it."""
    found = {"unusedAccessAge": DEFAULT_PERIOD, **configuration.get("unusedAccess", {})}
    if days is not None:
        found["unusedAccessAge"] = days
    if exclusions is not None:
        found.pop("analysisRule", None)
        found |= {name: rule for name, rule in exclusions["unusedAccess"].items() if name == "analysisRule"}
    return {"unusedAccess": found}


def tracking_of(configuration: Any, *, type_: str, scope: str) -> Tracking:
    """What the configuration says; an empty one stands for 90 days and nobody left out. `type_`, `scope`: of the
    analyzer. Raises ValidationError, which names the element."""
    found = _read(configuration)
    named = {account for one in found.exclusions for account in one.accounts}
    if len(named) > MOST_ACCOUNTS:
        raise _wrong(f"At most {MOST_ACCOUNTS:,} accounts can be excluded.")
    if named and not type_.startswith("ORGANIZATION"):
        raise _wrong("Only an analyzer of an organization can exclude accounts.")
    if named & set(Organization.objects.filter(pk=scope).values_list("management_account", flat=True)):
        raise _wrong("The management account of the organization, which owns the analyzer, cannot be excluded.")
    return found


def _read(configuration: Any) -> Tracking:
    inner = _object(configuration, "configuration", ("unusedAccess",)).get("unusedAccess", {})
    inner = _object(inner, "unusedAccess", ("unusedAccessAge", "analysisRule"))
    days = inner.get("unusedAccessAge", DEFAULT_PERIOD)
    if type(days) is not int or not 1 <= days <= LONGEST_PERIOD:
        raise _wrong(f"unusedAccessAge, the tracking period, is 1 to {LONGEST_PERIOD} days.")
    rule = _object(inner.get("analysisRule", {}), "analysisRule", ("exclusions",))
    given = rule.get("exclusions", [])
    if not isinstance(given, list) or len(given) > MOST_EXCLUSIONS:
        raise _wrong(f"exclusions must be a list of at most {MOST_EXCLUSIONS:,} criteria.")
    return Tracking(days, tuple(_exclusion(one) for one in given))


def _exclusion(value: Any) -> Exclusion:
    criteria = _object(value, "An exclusion", ("accountIds", "resourceTags"))
    if not criteria:
        raise _wrong("An exclusion needs accountIds or resourceTags.")
    accounts, tags = criteria.get("accountIds", []), criteria.get("resourceTags", [])
    if not isinstance(accounts, list) or ("accountIds" in criteria and not accounts):
        raise _wrong("accountIds must be a list with at least one account id.")
    for account in accounts:
        if not isinstance(account, str) or not arns.is_account(account):
            raise _wrong(f"{str(account)[:40]!r} is no account id.")
    if not isinstance(tags, list) or len(tags) > MOST_TAGS or ("resourceTags" in criteria and not tags):
        raise _wrong(f"resourceTags must be a list of 1 to {MOST_TAGS:,} objects of tags.")
    return Exclusion(tuple(accounts), tuple(_tags(one) for one in tags))


def _tags(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not 1 <= len(value) <= 50:
        raise _wrong("resourceTags holds objects of 1 to 50 tags.")
    for key, text in value.items():
        if not isinstance(text, str) or not 1 <= len(key) <= 128 or len(text) > 256:
            raise _wrong(f"The tag {key[:40]!r} needs a key of 1 to 128 and a value of 0 to 256 characters.")
        if not _TAG_TEXT.match(key) or not _TAG_TEXT.match(text):
            raise _wrong(f"The tag {key[:40]!r} holds a character that tags cannot have.")
        if key.lower().startswith("aws:"):
            raise _wrong(f"The tag {key[:40]!r} begins with aws:, which is AWS's own.")
    return value


def _object(value: Any, where: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) - set(names):
        raise _wrong(f"{where} must be an object with nothing but {' and '.join(names)}.")
    return value


def _wrong(message: str) -> ValidationError:
    return ValidationError({"configuration": message})


def tracking(analyzer: Analyzer) -> Tracking:
    """Of an analyzer whose configuration was checked when it was given. Who owns the organization may change since."""
    return _read(analyzer.configuration)


def tracked(analyzer: Analyzer) -> QuerySet[Principal]:
    """The users and roles that the analyzer judges: those of its account or organization, without service-linked roles,
    which cannot be changed, and without those excluded."""
    rows = everybody(analyzer)
    excluded = [_query(one) for one in tracking(analyzer).exclusions]
    return rows.exclude(reduce(operator.or_, excluded)) if excluded else rows


def everybody(analyzer: Analyzer) -> QuerySet[Principal]:
    """The users and roles of the scope, without service-linked roles."""
    if analyzer.by_organization:
        rows = Principal.objects.filter(account__organization=analyzer.scope)
    else:
        rows = Principal.objects.filter(account=analyzer.scope)
    return rows.exclude(kind=Principal.Kind.GROUP).exclude(path__startswith=SERVICE_ROLES)


def _query(exclusion: Exclusion) -> Q:
    query = Q(account__in=exclusion.accounts) if exclusion.accounts else Q()
    if exclusion.tags:
        query &= reduce(operator.or_, (_has(tags) for tags in exclusion.tags))
    return query


def _has(tags: Mapping[str, str]) -> Q:
    query = Q()
    for key, value in tags.items():
        query &= Q(tags__contains={key: value}) if value else Q(tags__has_key=key)
    return query
