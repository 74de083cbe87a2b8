"""What is known of one principal's use, put together for the page: by service and action, the last use first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from .evidence import Evidence, Use
from .sparkline import Sparkline, sparkline
from .tally import SAMPLES

RESOURCES = 10
"""Of an action, that are listed."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class Row:
    """A service or an action. `last`: use, denied or not; `last_denied`: of an attempt that was refused; `count`,
    `denied`: attempts in 400 days. `tracked`: IAM's report follows it."""

    name: str
    last: datetime | None = None
    last_denied: datetime | None = None
    count: int = 0
    denied: int = 0
    tracked: bool = False
    sources: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    days: dict[date, int] = field(default_factory=dict)
    denied_days: dict[date, int] = field(default_factory=dict)
    actions: dict[str, Row] = field(default_factory=dict)
    drawing: Sparkline | None = None

    def add(self, use: Use) -> None:
        days = self.denied_days if use.denied else self.days
        for day, count in use.days.items():
            days[day] = days.get(day, 0) + count
        number = sum(use.days.values())
        if use.denied:
            self.denied += number
            self.last_denied = max(self.last_denied or use.last, use.last)
        else:
            self.count += number
        self.saw(use.last)
        self.sources.add(use.source)
        self.sessions.update(use.sessions)
        if use.region:
            self.regions.add(use.region)
        if use.resource:
            self.resources.add(use.resource)

    def saw(self, moment: datetime | None) -> None:
        if moment is not None:
            self.last = max(self.last or moment, moment)

    def draw(self, today: date) -> None:
        self.drawing = sparkline(self.days, today, denied=self.denied_days)

    @property
    def how(self) -> list[str]:
        """Kinds of sources."""
        return sorted(self.sources)

    @property
    def where(self) -> list[str]:
        return sorted(self.regions)

    @property
    def who(self) -> list[str]:
        """A few names of sessions."""
        return sorted(self.sessions)[:SAMPLES]

    @property
    def some_resources(self) -> list[str]:
        return sorted(self.resources)[:RESOURCES]

    @property
    def further_resources(self) -> int:
        return max(0, len(self.resources) - RESOURCES)

    @property
    def by_last(self) -> list[Row]:
        return by_last(self.actions.values())


@dataclass(frozen=True)
class Shown:
    """`services`: with use. `without`: prefixes of those that IAM's report lists and that have none. `everything`: all
    use together."""

    services: list[Row]
    without: list[str]
    everything: Row


def shown(evidence: Evidence, today: date) -> Shown:
    services: dict[str, Row] = {}
    everything = Row("")
    for use in evidence.uses:
        prefix = use.action.partition(":")[0]
        service = services.setdefault(prefix.lower(), Row(prefix))
        action = service.actions.setdefault(use.action.lower(), Row(use.action))
        for row in (everything, service, action):
            row.add(use)
    if evidence.report is not None:
        for prefix, access in evidence.report.services.items():
            service = services.setdefault(prefix, Row(prefix))
            service.tracked = True
            service.saw(access.last)
            _tracked(service, access.actions)
    for service in services.values():
        everything.saw(service.last)
        service.draw(today)
        for action in service.actions.values():
            action.draw(today)
    everything.draw(today)
    used = [row for row in services.values() if row.last is not None]
    without = sorted(row.name for row in services.values() if row.last is None)
    return Shown(by_last(used), without, everything)


def _tracked(service: Row, actions: Mapping[str, datetime | None]) -> None:
    for name, last in actions.items():
        if last is None and name not in service.actions:
            continue  # a list of what is not used is the business of unused access
        action = service.actions.setdefault(name, Row(name))
        action.tracked = True
        action.saw(last)


def by_last(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.last or _LONG_AGO, row.name), reverse=True)
