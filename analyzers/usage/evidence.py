"""What is known about the use of one principal's permissions, and what that says of an action or a service.

Absence of use is only told where a source covers the whole time in question; everywhere else the answer is *unknown*.
Attempts that were refused count as use, as with IAM's own report.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

REACH = timedelta(days=400)
"""How far IAM's report looks back."""
FRESH = timedelta(days=7)
"""A source that ends earlier before the moment of judgement does not tell of the time up to it."""


class State(StrEnum):
    USED = "USED"
    UNUSED = "UNUSED"
    UNKNOWN = "UNKNOWN"


class Told(NamedTuple):
    """`last`: the last use that is known, also outside the time in question. `why`: in words, for UNKNOWN."""

    state: State
    last: datetime | None = None
    why: str = ""


class Use(NamedTuple):
    """Use of one action, summed over feeds. `resource` is empty where events name none; `source`: a `SourceKind`.
    `days`: attempts a day (UTC)."""

    action: str
    resource: str
    denied: bool
    source: str
    region: str
    first: datetime
    last: datetime
    days: Mapping[date, int]
    sessions: tuple[str, ...] = ()


class ServiceAccess(NamedTuple):
    """Of IAM's report. `actions`: those that IAM tracks, by full name in lower case; None: not in its 400 days."""

    last: datetime | None
    actions: Mapping[str, datetime | None]


class Report(NamedTuple):
    """`services`: by prefix, all that the principal's policies allowed when IAM was asked."""

    asked_at: datetime
    by_action: bool
    services: Mapping[str, ServiceAccess]


class Coverage(NamedTuple):
    """The days of an account that a feed tells in full. `regions` holds "*" if all regions were read."""

    first_day: date
    last_day: date
    regions: frozenset[str]
    holes: frozenset[date] = frozenset()
    data_events: frozenset[str] = frozenset()


def _nothing_recorded(action: str, data_events: frozenset[str]) -> bool:
    return False


@dataclass(frozen=True)
class Evidence:
    """`recorded`: whether CloudTrail surely records an action (full name), given the services whose data events are
    recorded; by default nothing is sure."""

    principal: str
    uses: tuple[Use, ...] = ()
    report: Report | None = None
    coverage: tuple[Coverage, ...] = ()
    recorded: Callable[[str, frozenset[str]], bool] = field(default=_nothing_recorded, compare=False)

    @cached_property
    def _by_action(self) -> Mapping[str, datetime]:
        return _latest((use.action.lower(), use.last) for use in self.uses)

    @cached_property
    def _by_service(self) -> Mapping[str, datetime]:
        return _latest((use.action.partition(":")[0].lower(), use.last) for use in self.uses)

    @cached_property
    def last_activity(self) -> datetime | None:
        """The last use of anything."""
        told = [] if self.report is None else [access.last for access in self.report.services.values()]
        return _newest(*self._by_service.values(), *told)

    def of_service(self, prefix: str, since: datetime, now: datetime) -> Told:
        """Whether any action of the service was used in [since, now]."""
        prefix = prefix.lower()
        access = self._access(prefix)
        last = _newest(self._by_service.get(prefix), access.last if access else None)
        if last is not None and last >= since:
            return Told(State.USED, last)
        why = self._report_gap(prefix, since, now)
        return Told(State.UNKNOWN, last, why) if why else Told(State.UNUSED, last)

    def of_action(self, name: str, since: datetime, now: datetime) -> Told:
        """Whether the action (`s3:GetObject`) was used in [since, now]."""
        name = name.lower()
        prefix = name.partition(":")[0]
        access = self._access(prefix)
        tracked = access.actions if access else {}
        last = _newest(self._by_action.get(name), tracked.get(name))
        if last is not None and last >= since:
            return Told(State.USED, last)
        gap = self._report_gap(prefix, since, now)
        if not gap and (name in tracked or self.of_service(prefix, since, now).state == State.UNUSED):
            return Told(State.UNUSED, last)
        if any(self.recorded(name, covered.data_events) for covered in self.coverage if _whole(covered, since, now)):
            return Told(State.UNUSED, last)
        return Told(State.UNKNOWN, last, gap or "IAM does not track this action, and no trail tells of it in full.")

    def _access(self, prefix: str) -> ServiceAccess | None:
        return self.report.services.get(prefix) if self.report else None

    def _report_gap(self, prefix: str, since: datetime, now: datetime) -> str:
        """Why IAM's report does not tell whether the service was used; empty if it does."""
        if self.report is None:
            return "IAM's last-accessed report was not read."
        if self.report.asked_at < now - FRESH:
            return f"IAM's last-accessed report is of {self.report.asked_at:%Y-%m-%d}, older than {FRESH.days} days."
        if self.report.asked_at - REACH > since:
            return f"IAM's last-accessed report reaches back {REACH.days} days only."
        if prefix not in self.report.services:
            return "IAM's last-accessed report does not list the service."
        return ""


def _whole(covered: Coverage, since: datetime, now: datetime) -> bool:
    """Whether every day from `since` until nearly `now` is told, in all regions."""
    if "*" not in covered.regions or covered.first_day > since.date() or covered.last_day < (now - FRESH).date():
        return False
    return not any(since.date() <= hole <= now.date() for hole in covered.holes)


def _latest(pairs: Iterable[tuple[str, datetime]]) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for name, last in pairs:
        found[name] = max(last, found.get(name, last))
    return found


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
