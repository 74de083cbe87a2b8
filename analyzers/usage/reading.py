"""From the tables to the evidence about principals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from analyzers.models import LastAccessedReport, Usage, UsageCoverage
from analyzers.policy import arn as arns

from .evidence import Coverage, Evidence, Report, ServiceAccess, Use
from .recorded import recorded
from .tally import SAMPLES

AT_ONCE = 1000
"""Principals a query."""


def evidence(principals: Iterable[str]) -> dict[str, Evidence]:
    """Everything that is known about the use of these principals (ARNs), with few queries whatever the number: three
    for each thousand of them."""
    wanted = list(dict.fromkeys(principals))
    found: dict[str, Evidence] = {}
    for start in range(0, len(wanted), AT_ONCE):
        found |= _evidence(wanted[start : start + AT_ONCE])
    return found


def _evidence(wanted: Sequence[str]) -> dict[str, Evidence]:
    uses = _uses(wanted)
    reports = {
        row.principal: report_of(row)
        for row in LastAccessedReport.objects.filter(principal__in=wanted)
        if row.services or not row.error
    }
    accounts = {principal: arns.account_of(principal) for principal in wanted}
    covered: dict[str, list[Coverage]] = {}
    for row in UsageCoverage.objects.filter(account__in=set(accounts.values())).defer("seen").order_by("pk"):
        covered.setdefault(row.account, []).append(coverage_of(row))
    return {
        principal: Evidence(
            principal,
            uses=uses.get(principal, ()),
            report=reports.get(principal),
            coverage=tuple(covered.get(accounts[principal], ())),
            recorded=recorded,
        )
        for principal in wanted
    }


def report_of(row: LastAccessedReport) -> Report:
    """IAM's report as a value."""
    services = {}
    for one in row.services:
        prefix = str(one["service"]).lower()
        actions = {
            f"{prefix}:{action['action']}".lower(): _moment(action.get("last_accessed"))
            for action in one.get("actions") or ()
        }
        services[prefix] = ServiceAccess(_moment(one.get("last_accessed")), actions)
    return Report(row.asked_at, row.by_action, services)


def coverage_of(row: UsageCoverage) -> Coverage:
    return Coverage(
        row.first_day,
        row.last_day,
        frozenset(row.regions),
        frozenset(date.fromisoformat(day) for day in row.holes),
        frozenset(row.data_events),
    )


class _Key(NamedTuple):
    action: str
    resource: str
    denied: bool
    source: str
    region: str


class _Sum:
    """Over feeds. Two feeds may tell of the same events, so of two counts of a day the greater one counts; within a
    feed a role may stand under two ARNs, whose counts add up."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.first, self.last = first, last
        self.sessions: set[str] = set()
        self._by_feed: dict[int, dict[str, int]] = {}

    def add(self, feed: int, first: datetime, last: datetime, days: Mapping[str, int], sessions: list[str]) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)
        self.sessions.update(sessions)
        counts = self._by_feed.setdefault(feed, {})
        for day, count in days.items():
            counts[day] = counts.get(day, 0) + count

    def use(self, key: _Key) -> Use:
        most: dict[str, int] = {}
        for counts in self._by_feed.values():
            for day, count in counts.items():
                most[day] = max(count, most.get(day, 0))
        days = {_day(day): count for day, count in sorted(most.items())}
        sessions = tuple(sorted(self.sessions)[:SAMPLES])
        return Use(
            action=key.action,
            resource=key.resource,
            denied=key.denied,
            source=key.source,
            region=key.region,
            first=self.first,
            last=self.last,
            days=days,
            sessions=sessions,
        )


_COLUMNS = (
    "principal",
    "action",
    "resource",
    "denied",
    "source",
    "region",
    "feed",
    "first_used_at",
    "last_used_at",
    "days",
    "sessions",
)


def _uses(wanted: Sequence[str]) -> dict[str, tuple[Use, ...]]:
    """By principal, in the order of action and resource."""
    names: dict[str, str] = {principal: principal for principal in wanted}
    for principal in wanted:
        names.setdefault(without_path(principal), principal)
    found: dict[str, dict[_Key, _Sum]] = {}
    rows = Usage.objects.filter(principal__in=names).order_by().values_list(*_COLUMNS)
    for principal, *key, feed, first, last, days, sessions in rows.iterator(chunk_size=5000):
        sums = found.setdefault(names[principal], {})
        sums.setdefault(_Key(*key), _Sum(first, last)).add(feed, first, last, days, sessions)
    return {
        principal: tuple(total.use(key) for key, total in sorted(sums.items(), key=lambda item: item[0]))
        for principal, sums in found.items()
    }


def without_path(principal: str) -> str:
    """A role's ARN as a session tells it; others stay as they are. Names are unique within an account."""
    head, separator, name = principal.partition(":role/")
    return f"{head}{separator}{name.rsplit('/', 1)[-1]}" if separator else principal


@lru_cache(maxsize=1000)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
