"""What is known about the use of one principal's permissions, and what that says of an action or a service.

Absence of use is only told where one source covers a time as long as the one in question that ends no more than a few
days ago; everywhere else the answer is *unknown*. Attempts that were refused count as use, as with IAM's own report.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from .unseen import silent, within_others

REACH = timedelta(days=400)
"""How far IAM's report looks back."""
FRESH = timedelta(days=7)
"""A source that ends earlier before the moment of judgement does not tell of the time up to it. Of one that ends
within it, the time in question is taken as long before its end: nothing is called unused for less than all of it."""
LAG = timedelta(hours=4)
"""So late may an attempt appear in IAM's report."""


NO_REPORT = "IAM's last-accessed report was not read."
OLD_REPORT = f"IAM's last-accessed report is older than {FRESH.days} days."
SHORT_REPORT = f"IAM's last-accessed report reaches back {REACH.days} days only."
NOT_LISTED = "IAM's last-accessed report does not list the service."
ENDS_EARLY = "The evidence ends too early to tell whether the last use was repeated since."
SILENT = "The right is checked within requests to other services, which nothing tells of."
UNTRACKED = "IAM does not track this action, and no trail tells of it in full."


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

    def until(self, now: datetime) -> datetime:
        """What it surely tells of ends here."""
        return min(now, self.asked_at - LAG)


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
    def _names(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for name in self._by_action:
            found.setdefault(name.partition(":")[0], set()).add(name)
        return {prefix: frozenset(names) for prefix, names in found.items()}

    @cached_property
    def last_activity(self) -> datetime | None:
        """The last use of anything."""
        told = [] if self.report is None else [access.last for access in self.report.services.values()]
        tracked = (
            []
            if self.report is None
            else [last for one in self.report.services.values() for last in one.actions.values()]
        )
        return _newest(*self._by_service.values(), *told, *tracked)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that decides whether something was used."""
        said = [sorted(self._by_action.items()), self.report, [_said(covered) for covered in self.coverage]]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def since_creation(self, created_at: datetime) -> Evidence:
        """What is known about the principal that was created then, of all that ever had its name."""
        report = self.report if self.report is not None and self.report.asked_at >= created_at else None
        return replace(self, uses=tuple(use for use in self.uses if use.last >= created_at), report=report)

    def of_service(self, prefix: str, since: datetime, now: datetime) -> Told:
        """Whether any request was made to the service in [since, now]. This says nothing of actions that are
        `silent`: only `of_action` does."""
        prefix = prefix.lower()
        access = self._access(prefix)
        tracked = access.actions.values() if access else ()
        last = _newest(self._by_service.get(prefix), access.last if access else None, *tracked)
        if last is not None and last >= since:
            return Told(State.USED, last)
        why = self._report_gap(prefix, since, now)
        if why or self.report is None:
            return Told(State.UNKNOWN, last, why)
        return _absent(last, self.report.until(now) - (now - since))

    def of_action(self, name: str, since: datetime, now: datetime) -> Told:
        """Whether the action (`s3:GetObject`) was used in [since, now]."""
        name = name.lower()
        prefix = name.partition(":")[0]
        access = self._access(prefix)
        tracked = access.actions if access else {}
        last = _newest(self._by_action.get(name), tracked.get(name))
        if last is not None and last >= since:
            return Told(State.USED, last)
        if silent(name):
            return Told(State.UNKNOWN, last, SILENT)
        why = self._report_gap(prefix, since, now)
        if not why and self.report is not None:
            told = self.of_service(prefix, since, now)
            if told.state != State.UNUSED and name in tracked:
                told = _absent(last, self.report.until(now) - (now - since))
            if told.state == State.UNUSED:
                return Told(State.UNUSED, last)
            why = ENDS_EARLY if name in tracked else UNTRACKED
        for covered, begin in self._whole(since, now):
            if self.recorded(name, covered.data_events) and not within_others(name):
                told = _absent(last, begin)
                if told.state == State.UNUSED:
                    return told
                why = told.why
        return Told(State.UNKNOWN, last, why)

    def names_told(self, prefix: str, since: datetime, now: datetime) -> frozenset[str] | None:
        """The actions (full names, lower case) of which `of_action` may tell anything although the service as a whole
        is not unused; None: of any."""
        if self._whole(since, now):
            return None
        access = self._access(prefix)
        return self._names.get(prefix, frozenset()).union(access.actions if access else ())

    def until(self, since: datetime, now: datetime) -> list[tuple[str, datetime]]:
        """The sources that tell of absence, in words, and when each ends."""
        found: list[tuple[str, datetime]] = []
        if self.report is not None and not self._gap_in_time(since, now):
            found.append(("IAM's last-accessed report", self.report.until(now)))
        found += [("CloudTrail", min(now, _end(covered.last_day))) for covered, _ in self._whole(since, now)]
        return found

    def _access(self, prefix: str) -> ServiceAccess | None:
        return self.report.services.get(prefix) if self.report else None

    def _report_gap(self, prefix: str, since: datetime, now: datetime) -> str:
        """Why IAM's report does not tell whether the service was used; empty if it does."""
        if gap := self._gap_in_time(since, now):
            return gap
        return "" if self._access(prefix) else NOT_LISTED

    def _gap_in_time(self, since: datetime, now: datetime) -> str:
        if self.report is None:
            return NO_REPORT
        if self.report.asked_at < now - FRESH:
            return OLD_REPORT
        if self.report.asked_at - REACH > self.report.until(now) - (now - since):
            return SHORT_REPORT
        return ""

    def _whole(self, since: datetime, now: datetime) -> list[tuple[Coverage, datetime]]:
        """The feeds that tell of a time as long in full, in all regions, and where that time begins."""
        key = (since, now)
        if key not in self._windows:
            begun = ((covered, min(now, _end(covered.last_day)) - (now - since)) for covered in self.coverage)
            self._windows[key] = [(covered, begin) for covered, begin in begun if _tells(covered, begin, now)]
        return self._windows[key]

    @cached_property
    def _windows(self) -> dict[tuple[datetime, datetime], list[tuple[Coverage, datetime]]]:
        return {}


def _absent(last: datetime | None, begin: datetime) -> Told:
    """No use since the time in question began; but the source ends before the moment of judgement, and where it was
    used as long before that end, nobody knows of the days in between."""
    if last is not None and last >= begin:
        return Told(State.UNKNOWN, last, ENDS_EARLY)
    return Told(State.UNUSED, last)


def _tells(covered: Coverage, begin: datetime, now: datetime) -> bool:
    if "*" not in covered.regions or covered.first_day > begin.date() or _end(covered.last_day) < now - FRESH:
        return False
    return not any(begin.date() <= hole <= now.date() for hole in covered.holes)


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _said(covered: Coverage) -> list[object]:
    return [
        covered.first_day,
        covered.last_day,
        sorted(covered.regions),
        sorted(covered.holes),
        sorted(covered.data_events),
    ]


def _latest(pairs: Iterable[tuple[str, datetime]]) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for name, last in pairs:
        found[name] = max(last, found.get(name, last))
    return found


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
