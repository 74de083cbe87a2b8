"""The permissions of a finding as people read them: service, access level, action, each with its last use and the days
on which it was used, the used beside the unused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.dateparse import parse_datetime

from analyzers.catalogue import Action, action, service
from analyzers.usage.evidence import Evidence, Use
from analyzers.usage.rhythm import Rhythm, rhythm

LEVELS = ("Permissions management", "Write", "Tagging", "Read", "List", "Not known")
"""As the catalogue calls them, what can do most harm first."""
AT_ONCE = 150
"""A finding with so many unused actions or fewer is shown whole; of a larger one, each service when it is opened."""

Days = Mapping[date, int]


@dataclass(frozen=True)
class ActionLine:
    """`used`: within the tracking period. `days`: {day: times} as far as they are told."""

    name: str
    level: str
    used: bool
    last: datetime | None
    days: Days

    @cached_property
    def rhythm(self) -> Rhythm | None:
        return rhythm(self.days)


@dataclass(frozen=True)
class Level:
    name: str
    lines: tuple[ActionLine, ...]

    @property
    def used(self) -> int:
        return sum(line.used for line in self.lines)

    @property
    def unused(self) -> int:
        return len(self.lines) - self.used


@dataclass(frozen=True)
class ServiceLine:
    """`whole`: nothing of the service was used. `listed`: the unused actions that the finding names; of a whole service
    none, they are found in the catalogue when they are asked for. `untracked`: actions of which nothing is told."""

    prefix: str
    name: str
    whole: bool
    last: datetime | None
    unused: int
    untracked: int
    policies: tuple[str, ...]
    used: tuple[ActionLine, ...]
    listed: tuple[ActionLine, ...]
    days: Days

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        return by_level([*self.used, *self.listed])


@dataclass(frozen=True)
class Tree:
    """`partly`: services of which some actions are used, or which the finding only mentions; `whole`: unused ones.
    `seldom`: actions that come again after weeks or months, used or not: a short tracking period misses them."""

    partly: tuple[ServiceLine, ...]
    whole: tuple[ServiceLine, ...]
    seldom: tuple[ActionLine, ...] = ()

    @property
    def services(self) -> tuple[ServiceLine, ...]:
        return self.partly + self.whole

    @property
    def at_once(self) -> bool:
        return sum(len(line.listed) for line in self.services) <= AT_ONCE

    @property
    def used(self) -> list[ActionLine]:
        return [line for one in self.services for line in one.used]


def tree(details: Mapping[str, Any], evidence: Evidence | None) -> Tree:
    """Of a finding's details. Services that are used in full are not in the finding: they come from the evidence."""
    days = _days_by_action(use for use in (evidence.uses if evidence else ()) if not use.denied)
    lines = [_service(entry, days) for entry in details.get("services") or ()]
    lines.sort(key=lambda line: line.name.lower())
    return Tree(
        tuple(line for line in lines if not line.whole),
        tuple(line for line in lines if line.whole),
        tuple(_seldom(lines, evidence, days)),
    )


def _seldom(lines: Iterable[ServiceLine], evidence: Evidence | None, days: Mapping[str, Days]) -> Iterator[ActionLine]:
    """Also of services that are unused as a whole, of which the finding names no action."""
    used = {line.name.lower() for one in lines for line in one.used}
    names = {use.action.lower(): use for use in (evidence.uses if evidence else ()) if not use.denied}
    for name, use in sorted(names.items()):
        line = ActionLine(use.action, _level_of(use.action), name in used, use.last, days[name])
        if line.rhythm is not None and line.rhythm.seldom:
            yield line


def actions_of_service(line: ServiceLine, granted: Callable[[str], Iterable[Action]]) -> tuple[Level, ...]:
    """The actions of one service, used and unused; of a whole service those that are granted."""
    if not line.whole:
        return line.levels
    found = [ActionLine(one.full_name, one.access_level, False, None, {}) for one in granted(line.prefix)]
    return by_level(found)


def by_level(lines: Iterable[ActionLine]) -> tuple[Level, ...]:
    groups: dict[str, list[ActionLine]] = {}
    for line in lines:
        groups.setdefault(line.level, []).append(line)
    order = {name: number for number, name in enumerate(LEVELS)}
    return tuple(
        Level(name, tuple(sorted(found, key=lambda line: (not line.used, line.name.lower()))))
        for name, found in sorted(groups.items(), key=lambda item: order.get(item[0], len(order)))
    )


def _service(entry: Mapping[str, Any], days: Mapping[str, Days]) -> ServiceLine:
    prefix = str(entry.get("service", ""))
    known = service(prefix)
    of_service = [found for name, found in days.items() if name.partition(":")[0] == prefix.lower()]
    return ServiceLine(
        prefix=prefix,
        name=str(entry.get("name") or (known.name if known else prefix)),
        whole=bool(entry.get("whole")),
        last=instant(entry.get("last_accessed")),
        unused=int(entry.get("unused") or len(entry.get("actions") or ())),
        untracked=int(entry.get("untracked") or 0),
        policies=tuple(map(str, entry.get("policies") or ())),
        used=tuple(_action(one, True, days) for one in entry.get("used") or ()),
        listed=tuple(_action(one, False, days) for one in entry.get("actions") or ()),
        days=_merged(of_service),
    )


def _action(entry: Mapping[str, Any], used: bool, days: Mapping[str, Days]) -> ActionLine:
    name = str(entry.get("action", ""))
    return ActionLine(
        name=name,
        level=str(entry.get("access_level") or _level_of(name)),
        used=used,
        last=instant(entry.get("last_accessed")),
        days=days.get(name.lower(), {}),
    )


def _level_of(name: str) -> str:
    known = action(name)
    return known.access_level if known else LEVELS[-1]


def _days_by_action(uses: Iterable[Use]) -> dict[str, Days]:
    """{action in small letters: {day: times}}, over all resources, regions and sources."""
    found: dict[str, list[Days]] = {}
    for use in uses:
        found.setdefault(use.action.lower(), []).append(use.days)
    return {name: _merged(several) for name, several in found.items()}


def _merged(several: Iterable[Days]) -> Days:
    total: dict[date, int] = {}
    for days in several:
        for day, times in days.items():
            total[day] = total.get(day, 0) + times
    return total


def instant(value: Any) -> datetime | None:
    """Of a finding's details; None for what is no instant."""
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
