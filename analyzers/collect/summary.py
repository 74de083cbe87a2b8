"""What a collection read and what not, for the command line and the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.db.models import Count, Q, QuerySet, Sum

from analyzers.models import Analyzer, CollectionPart, LastReading, PartStatus
from analyzers.models.inventory import Account

from .aggregator import PREFIX
from .services import REGIONS

STATES = ("read", "partly", "not_read", "not_offered", "waiting")
MOST_PARTS = 2000
"""Parts with problems that are looked at for a page."""
MOST_PLACES = 5
UNREAD = (PartStatus.NOT_READ, PartStatus.PARTLY)


class Row(TypedDict):
    """How many parts are in which state, and what they brought."""

    name: str
    read: int
    partly: int
    not_read: int
    not_offered: int
    waiting: int
    found: int
    calls: int


@dataclass
class Reason:
    """Why something was not read: the same call with the same error, and where."""

    call: str
    code: str
    permission: str
    message: str
    parts: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def further(self) -> int:
        return self.number - len(self.parts)


def rows(parts: QuerySet[CollectionPart], column: str) -> list[Row]:
    """By service or by account."""
    counted = (
        parts.values(column)
        .annotate(
            read=_number(PartStatus.READ),
            partly=_number(PartStatus.PARTLY),
            not_read=_number(PartStatus.NOT_READ),
            not_offered=_number(PartStatus.NOT_OFFERED),
            waiting=_number(PartStatus.PENDING, PartStatus.LEASED),
            all_found=Sum("found"),
            all_calls=Sum("calls"),
        )
        .order_by(column)
    )
    return [
        Row(
            name=one[column],
            read=one["read"],
            partly=one["partly"],
            not_read=one["not_read"],
            not_offered=one["not_offered"],
            waiting=one["waiting"],
            found=one["all_found"] or 0,
            calls=one["all_calls"] or 0,
        )
        for one in counted
    ]


def _number(*states: PartStatus) -> Count:
    return Count("pk", filter=Q(status__in=states))


def reasons(parts: Iterable[CollectionPart]) -> list[Reason]:
    """Those that hold for most parts first."""
    found: dict[tuple[str, str, str], Reason] = {}
    for part in parts:
        seen = set()
        for problem in part.problems:
            key = (problem["call"], problem["code"], problem["permission"])
            reason = found.setdefault(key, Reason(*key, message=problem["message"]))
            if key not in seen:
                seen.add(key)
                reason.number += 1
                if len(reason.parts) < MOST_PLACES:
                    reason.parts.append(str(part))
            if problem["about"] and len(reason.about) < MOST_PLACES:
                reason.about.append(problem["about"])
    return sorted(found.values(), key=lambda reason: (-reason.number, reason.call, reason.code))


def with_problems(parts: QuerySet[CollectionPart]) -> QuerySet[CollectionPart]:
    return parts.filter(status__in=UNREAD)[:MOST_PARTS]


def not_read(analyzer: Analyzer) -> QuerySet[LastReading]:
    """What of the analyzer's zone the latest attempt did not read, or not in full."""
    if analyzer.by_organization:
        accounts = Account.objects.filter(organization=analyzer.scope).values("pk")
    else:
        accounts = Account.objects.filter(pk=analyzer.scope).values("pk")
    return LastReading.objects.filter(account__in=accounts, status__in=UNREAD)


def label(service: str) -> str:
    """A part's service in words."""
    if service == REGIONS.name:
        return "regions of the account"
    if service.startswith(PREFIX):
        return f"AWS Config: {service.removeprefix(PREFIX)}"
    return service


def first(problems: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The problem to show: one that names a permission, if there is any."""
    return next((problem for problem in problems if problem["permission"]), problems[0] if problems else {})
