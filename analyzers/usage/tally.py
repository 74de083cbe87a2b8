"""Sums of events: who used what, when and how often. Merging is associative, commutative and free of order.

Everything in a tally is small: names, moments and counts, never an event. It is a pure value; the store writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

SAMPLES = 5
"""Session names and principals that are kept as samples: the first ones by name, whatever the order of events."""
MOST_RESOURCES = 200
"""Resources that are told apart for one principal and action. If there are more, none is: a part of them would make
the rest look unused."""


class NotALog(Exception):
    """The file as a whole tells nothing and is set aside: `reason`, in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Key(NamedTuple):
    """`principal`: ARN of the user, role or root user, sessions folded into their role; where only a session was told,
    `arn:aws:iam::ACCOUNT:role/NAME` without the role's path. `action`: as the catalogue spells it. `resource`: an ARN,
    or empty. `source`: a value of `SourceKind`."""

    principal: str
    account: str
    action: str
    resource: str
    region: str
    source: str
    denied: bool


@dataclass(slots=True)
class Sum:
    """`days`: attempts a day (UTC). `sessions`: at most `SAMPLES` names, sorted."""

    first: datetime
    last: datetime
    days: dict[date, int]
    sessions: list[str] = field(default_factory=list)

    def add(self, other: Sum) -> None:
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        for day, count in other.days.items():
            self.days[day] = self.days.get(day, 0) + count
        if other.sessions != self.sessions:
            self.sessions = samples(self.sessions, other.sessions)


@dataclass(slots=True)
class Seen:
    """An event that no action is known for. `principals`: at most `SAMPLES`, sorted."""

    count: int
    first: datetime
    last: datetime
    principals: list[str] = field(default_factory=list)

    def add(self, other: Seen) -> None:
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.principals = samples(self.principals, other.principals)


@dataclass
class Tally:
    """`unknown`: by event source and event name. `events`: records that were looked at, `malformed` ones included.
    `reasons`: of those, by words. `ignored`: events that need no permission of a principal in an account of ours, by
    words (calls of AWS services and of other accounts, sign-ins, ...). `days`: by recipient account, the days that
    have events. `crowded`: principals and actions with more than `MOST_RESOURCES` resources."""

    uses: dict[Key, Sum] = field(default_factory=dict)
    unknown: dict[tuple[str, str], Seen] = field(default_factory=dict)
    events: int = 0
    malformed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    days: dict[str, set[date]] = field(default_factory=dict)
    crowded: set[tuple[str, str]] = field(default_factory=set)
    _resources: dict[tuple[str, str], set[str]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key in self.uses:
            self._note(key)
        for pair in {pair for pair, found in self._resources.items() if len(found) > MOST_RESOURCES} | self.crowded:
            self._fold(pair)

    def merge(self, other: Tally) -> None:
        """Adds the other's sums to this one; the other is left as it is."""
        for pair in other.crowded - self.crowded:
            self._fold(pair)
        for key, theirs in other.uses.items():
            self.add(key, theirs)
        for event, seen in other.unknown.items():
            if event in self.unknown:
                self.unknown[event].add(seen)
            else:
                self.unknown[event] = Seen(seen.count, seen.first, seen.last, list(seen.principals))
        self.events += other.events
        self.malformed += other.malformed
        self.reasons.update(other.reasons)
        self.ignored.update(other.ignored)
        for account, days in other.days.items():
            self.days.setdefault(account, set()).update(days)

    def add(self, key: Key, found: Sum) -> None:
        """One sum more."""
        pair = key.principal, key.action
        if pair in self.crowded and key.resource:
            key = key._replace(resource="")
        kept = self.uses.get(key)
        if kept is not None:
            kept.add(found)
            return
        self.uses[key] = Sum(found.first, found.last, dict(found.days), list(found.sessions))
        self._note(key)
        if len(self._resources.get(pair, ())) > MOST_RESOURCES:
            self._fold(pair)

    def _note(self, key: Key) -> None:
        if key.resource:
            self._resources.setdefault((key.principal, key.action), set()).add(key.resource)

    def _fold(self, pair: tuple[str, str]) -> None:
        """The principal and action have too many resources: none is told from now on."""
        self.crowded.add(pair)
        if not self._resources.pop(pair, None):
            return
        for key in [key for key in self.uses if key.resource and (key.principal, key.action) == pair]:
            self.add(key, self.uses.pop(key))


def samples(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return sorted({*one, *other})[:SAMPLES]
