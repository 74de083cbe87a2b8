"""Numbers about unused access for a dashboard: a handful of queries, none of which reads the findings' details.

The first one has the shape of the API:
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UnusedAccessFindingsStatistics.html
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypedDict

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Count, F, Func, IntegerField, Q, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import TruncDate

from analyzers.models import AnalyzedResource, Analyzer

from .filter_keys import UNUSED_TYPES
from .models import Event, Finding, FindingStatus

TOP_ACCOUNTS = 10
AGES = (365, 270, 180, 90)
"""Days since the last use by which findings are put into classes, longest first."""


class AccountTotal(TypedDict):
    """`AccountAggregation` of the API: `details` by finding type."""

    account: str
    numberOfActiveFindings: int
    details: dict[str, int]


class TypeTotal(TypedDict):
    unusedAccessType: str
    total: int


class Statistics(TypedDict):
    """`UnusedAccessFindingsStatistics` of the API. Totals by type and account are of active findings."""

    unusedAccessTypeStatistics: list[TypeTotal]
    topAccounts: list[AccountTotal]
    totalActiveFindings: int
    totalArchivedFindings: int
    totalResolvedFindings: int


class AgeClass(NamedTuple):
    """Active findings whose last known use is more than `days` days ago, and no more than the class above: `days` None
    are those never used, 0 those used less than 90 days ago. `types`: by finding type."""

    days: int | None
    total: int
    types: dict[str, int]


class Gap(NamedTuple):
    """Actions that policies grant: in all, those seen in use, those surely not used. Of the rest nobody tells, or it
    is too young to be judged."""

    granted: int
    used: int
    unused: int

    @property
    def untold(self) -> int:
        return self.granted - self.used - self.unused

    @property
    def share_used(self) -> float | None:
        """Of those that can be told about, 0 to 1; None if there are none."""
        told = self.used + self.unused
        return self.used / told if told else None


class PrincipalGap(NamedTuple):
    arn: str
    account: str
    gap: Gap


class Day(NamedTuple):
    """Findings that were active when the day (UTC) ended, by type."""

    day: date
    active: dict[str, int]


def statistics(analyzer: Analyzer) -> Statistics:
    """By type, by account (the ten with most), and how many of each status. One query."""
    rows = list(
        _findings(analyzer)
        .order_by()
        .values_list("status", "finding_type", "resource_owner_account")
        .annotate(number=Count("pk"))
    )
    types = dict.fromkeys(UNUSED_TYPES, 0)
    accounts: dict[str, dict[str, int]] = {}
    totals = dict.fromkeys(FindingStatus.values, 0)
    for status, kind, account, number in rows:
        totals[status] += number
        if status == FindingStatus.ACTIVE:
            types[kind] += number
            accounts.setdefault(account, {})[kind] = number
    most = sorted(accounts.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:TOP_ACCOUNTS]
    return {
        "unusedAccessTypeStatistics": [{"unusedAccessType": kind, "total": total} for kind, total in types.items()],
        "topAccounts": [
            {"account": account, "numberOfActiveFindings": sum(found.values()), "details": found}
            for account, found in most
        ],
        "totalActiveFindings": totals[FindingStatus.ACTIVE],
        "totalArchivedFindings": totals[FindingStatus.ARCHIVED],
        "totalResolvedFindings": totals[FindingStatus.RESOLVED],
    }


def by_age(analyzer: Analyzer, now: datetime) -> list[AgeClass]:
    """Active findings by how long ago the last known use was: never, more than 365, 270, 180, 90 days, less. One
    query."""
    age = Case(
        When(last_accessed_at=None, then=Value(-1)),
        *(When(last_accessed_at__lt=now - timedelta(days=days), then=Value(days)) for days in AGES),
        default=Value(0),
        output_field=IntegerField(),
    )
    active = _findings(analyzer).filter(status=FindingStatus.ACTIVE).order_by()
    rows = list(active.annotate(age=age).values_list("age", "finding_type").annotate(number=Count("pk")))
    return [
        AgeClass(
            None if days < 0 else days,
            sum(number for found, _, number in rows if found == days),
            {kind: number for found, kind, number in rows if found == days},
        )
        for days in (-1, *AGES, 0)
    ]


def total_gap(analyzer: Analyzer) -> Gap:
    """Over all principals that were judged, those with no finding as well. One query."""
    told = _judged(analyzer).aggregate(
        granted=Sum("actions_granted"), used=Sum("actions_used"), unused=Sum("actions_unused")
    )
    return Gap(told["granted"] or 0, told["used"] or 0, told["unused"] or 0)


def gaps(analyzer: Analyzer, limit: int = 20, *, text: str = "", in_use: bool = False) -> list[PrincipalGap]:
    """The principals with most unused actions, of those whose ARN holds the text; `in_use`: without those of which
    nothing at all is used, which are unused as such. One query."""
    rows = _judged(analyzer).filter(resource_arn__icontains=text)
    if in_use:
        rows = rows.exclude(actions_unused=F("actions_granted"))
    rows = rows.order_by("-actions_unused", "resource_arn")
    names = ("resource_arn", "resource_owner_account", "actions_granted", "actions_used", "actions_unused")
    return [PrincipalGap(arn, account, Gap(*numbers)) for arn, account, *numbers in rows.values_list(*names)[:limit]]


def gap_of(analyzer: Analyzer, arn: str) -> Gap | None:
    """Of one principal; None if it was not judged."""
    row = _judged(analyzer).filter(resource_arn=arn).first()
    return None if row is None else Gap(row.actions_granted or 0, row.actions_used or 0, row.actions_unused or 0)


def trend(analyzer: Analyzer, days: int, today: date) -> list[Day]:
    """Active findings at the end of each of the last `days` days, `today` last: those of now, less what the events
    since then did. Two queries."""
    now = dict.fromkeys(UNUSED_TYPES, 0)
    active = _findings(analyzer).filter(status=FindingStatus.ACTIVE).order_by()
    now |= dict(active.values_list("finding_type").annotate(number=Count("pk")))
    became, was = Q(new_status=FindingStatus.ACTIVE), Q(old_status=FindingStatus.ACTIVE)
    first = datetime.combine(today - timedelta(days=days - 1), time(), UTC)
    events = Event.objects.filter(finding__analyzer=analyzer, at__gte=first).filter(became ^ was).order_by()
    rows = (
        events.annotate(day=TruncDate("at", tzinfo=UTC), kind_of=F("finding__finding_type"))
        .values_list("day", "kind_of")
        .annotate(change=Count("pk", filter=became) - Count("pk", filter=was))
    )
    changes: dict[date, dict[str, int]] = {}
    for day, kind, change in rows:
        changes.setdefault(day, {})[kind] = change
    found = []
    for back in range(days):
        day = today - timedelta(days=back)
        found.append(Day(day, dict(now)))
        for kind, change in changes.get(day, {}).items():
            now[kind] = now.get(kind, 0) - change
    return found[::-1]


def _findings(analyzer: Analyzer) -> QuerySet[Finding]:
    return Finding.objects.filter(analyzer=analyzer, finding_type__in=UNUSED_TYPES)


def _judged(analyzer: Analyzer) -> QuerySet[AnalyzedResource]:
    return AnalyzedResource.objects.filter(analyzer=analyzer, actions_granted__isnull=False)


def unknown_reasons(analyzer: Analyzer) -> list[tuple[str, int]]:
    """What could not be judged and why, each with the number of principals, most first. One query."""
    reason = Func(F("error"), Value("\n"), function="string_to_array", output_field=ArrayField(TextField()))
    rows = AnalyzedResource.objects.filter(analyzer=analyzer).exclude(error="").order_by()
    counted = rows.annotate(reason=Func(reason, function="unnest", output_field=TextField())).values_list("reason")
    return sorted(counted.annotate(number=Count("pk")), key=lambda item: (-item[1], item[0]))
