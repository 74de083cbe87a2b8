"""One policy document without the actions that go. Everything else stays as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from analyzers import catalogue

from .cover import Cover
from .inclusion import Actions, is_plain
from .judging import Judge, Name, ServiceNames
from .values import Change

Document = dict[str, Any]


class Effort(Enum):
    """How much shorter the text has to be. PLAIN: wildcards at the end of words. TIGHT: wildcards wherever they are
    shorter. COARSE: of services that are used everything stays, because the list of what is used would not fit."""

    PLAIN = "plain"
    TIGHT = "tight"
    COARSE = "coarse"


_EVERYTHING = frozenset({"*", "*:*"})


@dataclass
class Narrowed:
    """`statements`: those that are left, with their index in the old document. `left`: statements that were not
    judged, and why."""

    statements: list[tuple[int, Document]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)


def statements_of(document: Document) -> list[Document]:
    found = document["Statement"]
    return [found] if isinstance(found, dict) else list(found)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def narrow(document: Document, judge: Judge, effort: Effort = Effort.PLAIN) -> Narrowed:
    """`document`: a policy that was parsed without problems."""
    found = Narrowed()
    for index, statement in enumerate(statements_of(document)):
        if statement["Effect"] != "Allow":
            found.statements.append((index, deepcopy(statement)))
            continue
        narrowing = _Statement(index, statement, judge, effort)
        kept = narrowing.rewritten()
        found.changes += narrowing.changes
        found.left += [(index, reason) for reason in narrowing.left]
        if kept is not None:
            found.statements.append((index, kept))
        else:
            found.changes.append(narrowing.removed())
    return found


class _Statement:
    def __init__(self, index: int, statement: Document, judge: Judge, effort: Effort) -> None:
        self.index, self.statement, self.judge = index, statement, judge
        self.tight, self.coarse = effort is not Effort.PLAIN, effort is Effort.COARSE
        self.sid: str = statement.get("Sid", "")
        self.changes: list[Change] = []
        self.left: list[str] = []

    def rewritten(self) -> Document | None:
        """The statement; None if nothing of it is left."""
        if "NotAction" in self.statement:
            return self._named_by_exception()
        old = listed(self.statement["Action"])
        new: list[str] = []
        seen: set[str] = set()
        known: dict[str, tuple[str, ...]] = {}
        for pattern in old:
            if pattern not in known:
                known[pattern] = self._pattern(pattern)
            kept = known[pattern]
            new += [one for one in kept if kept == (pattern,) or one.lower() not in seen]
            seen.update(map(str.lower, kept))
        return deepcopy(self.statement) if new == old else self._with(new)

    def _with(self, new: Sequence[str]) -> Document | None:
        if not new:
            return None
        value = new[0] if len(new) == 1 and isinstance(self.statement.get("Action"), str) else list(new)
        return {
            ("Action" if name == "NotAction" else name): value if name in {"Action", "NotAction"} else deepcopy(other)
            for name, other in self.statement.items()
        }

    def removed(self) -> Change:
        """That nothing of the statement is left."""
        dropped = tuple(dict.fromkeys(name for change in self.changes for name in change.dropped))
        last = max((change.last_use for change in self.changes if change.last_use), default=None)
        return Change(
            self.index, self.sid, "Statement", "", (), dropped, 0, "Nothing that it allows was used.", last_use=last
        )

    # -- Action ----------------------------------------------------------------------------------------------------

    def _pattern(self, pattern: str) -> tuple[str, ...]:
        """What stands for the pattern."""
        lower = pattern.lower()
        if lower in _EVERYTHING:
            return self._many("Action", pattern, Actions(()))
        prefix, colon, _ = lower.partition(":")
        if not colon or not is_plain(prefix):
            self.left.append(f"{pattern} names no service.")
            return (pattern,)
        service = self.judge.service(prefix)
        if is_plain(lower):
            return self._one(pattern, service)
        if not service.known and lower == f"{prefix}:*":
            return (pattern,)
        return self._some(pattern, lower, service)

    def _one(self, pattern: str, service: ServiceNames) -> tuple[str, ...]:
        name = self.judge.action(pattern)
        if name.stays:
            return (pattern,)
        self._change("Action", pattern, (), [name], [service] if service.goes else [], 0)
        return ()

    def _some(self, pattern: str, lower: str, service: ServiceNames) -> tuple[str, ...]:
        wide = Actions((lower,))
        covered = [name for name in service.names if wide.match(name)]
        goes = [service.names[name] for name in covered if not service.names[name].stays]
        chosen = {name for name in covered if service.names[name].stays}
        if not covered and service.known and service.goes:
            pass  # no known action, of a service that is not used at all
        elif not goes:
            return (pattern,)
        if self.coarse and not service.unused:
            self.left.append(f"{pattern} stays whole, because the list of what is used in it would not fit.")
            return (pattern,)
        new = Cover(service, chosen, wide.include).patterns(tight=self.tight)
        self._change("Action", pattern, new, goes, [service] if service.goes else [], len(chosen))
        return new

    # -- everything, and everything but ------------------------------------------------------------------------------

    def _named_by_exception(self) -> Document | None:
        patterns = listed(self.statement["NotAction"])
        if any(":" in one and not is_plain(one.partition(":")[0]) and one not in _EVERYTHING for one in patterns):
            self.left.append("NotAction names an action without its service.")
            return deepcopy(self.statement)
        before = len(self.changes)
        new = self._many("NotAction", ", ".join(patterns), Actions(patterns))
        return self._with(new) if len(self.changes) > before else deepcopy(self.statement)

    def _many(self, element: str, written: str, but: Actions) -> tuple[str, ...]:
        """All services, without the actions that `but` matches."""
        new: list[str] = []
        gone: list[Name] = []
        services: list[ServiceNames] = []
        kept = 0
        for prefix in self.judge.prefixes:
            service = self.judge.service(prefix)
            if but.include(f"{prefix}:*"):
                continue
            covered = [name for name in service.names if not but.match(name)]
            coarse = self.coarse and not service.unused
            chosen = {name for name in covered if coarse or service.names[name].stays}
            gone += [service.names[name] for name in covered if name not in chosen]
            kept += len(chosen)
            if service.goes or (not chosen and service.names):
                services += [service] if covered and len(covered) == len(service.names) else []
                continue
            new += self._of_service(service, chosen, but)
        if self.coarse:
            self.left.append("Services that are used stay whole, because the list of what is used would not fit.")
        if not gone:
            return (written,)
        self._change(element, written, tuple(new), gone, services, kept)
        return tuple(new)

    def _of_service(self, service: ServiceNames, chosen: set[str], but: Actions) -> Iterable[str]:
        if not (service.known and service.names) and but.exclude(f"{service.prefix}:*"):
            return (f"{service.prefix}:*",)
        return Cover(service, chosen, but.exclude).patterns(tight=self.tight)

    # -- telling -------------------------------------------------------------------------------------------------------

    def _change(
        self,
        element: str,
        old: str,
        new: tuple[str, ...],
        gone: Sequence[Name],
        services: Sequence[ServiceNames],
        kept: int,
    ) -> None:
        whole = {service.prefix for service in services}
        single = [name for name in gone if name.text.partition(":")[0].lower() not in whole]
        last = max(filter(None, (*(n.told.last for n in gone), *(s.told.last for s in services))), default=None)
        dropped = (*(f"{prefix}:*" for prefix in sorted(whole)), *(name.text for name in single))
        if len(gone) == 1 and not new:
            dropped = (gone[0].text,)
        reason = _reason(self.judge.since, services, single, kept, last)
        self.changes.append(Change(self.index, self.sid, element, old, new, dropped, kept, reason, last))


def _reason(
    since: datetime, services: Sequence[ServiceNames], single: Sequence[Name], kept: int, last: datetime | None
) -> str:
    parts = []
    if len(services) == 1:
        parts.append(f"{_title(services[0].prefix)} was not used")
    elif services:
        parts.append(f"{len(services)} services were not used")
    if single:
        names = single[0].text if len(single) == 1 else f"{len(single)} actions"
        parts.append(f"{names} {'was' if len(single) == 1 else 'were'} not used")
    known = f"last known use {last:%Y-%m-%d}" if last else "no use is known"
    stays = f" {kept} {'action stays' if kept == 1 else 'actions stay'}." if kept else ""
    return f"{' and '.join(parts) or 'Not used'} since {since:%Y-%m-%d} ({known}).{stays}"


def _title(prefix: str) -> str:
    found = catalogue.service(prefix)
    return found.name if found else prefix
