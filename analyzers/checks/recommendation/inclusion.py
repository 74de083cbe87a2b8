"""Which texts one pattern matches and another does not, told from the patterns alone.

`within` and `disjoint` say True only where that is certain, for every reading of wildcards and colons that AWS
documents; False may mean "not seen". Both take time in the product of the lengths, and give up on hostile ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from analyzers.policy.arn import split

_LARGE = 4_000_000
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_WILD = frozenset("*?")


def is_plain(pattern: str) -> bool:
    """Whether there is no wildcard in it."""
    return not _WILD & set(pattern)


@lru_cache(maxsize=65_536)
def within(pattern: str, other: str) -> bool:
    """Whether everything that `pattern` matches `other` matches too. Case counts. No policy variables.

    `other` is run over the text of `pattern`, in which `*` is met by a `*` only and `?` by `?` or `*`.
    """
    if other == "*" or pattern == other:
        return True
    if len(pattern) * len(other) > _LARGE:
        return False
    here = there = 0
    star = mark = -1
    while here < len(pattern):
        wanted = other[there] if there < len(other) else ""
        if wanted == "*":
            star, mark = there, here
            there += 1
        elif wanted and (pattern[here] == wanted or (wanted == "?" and pattern[here] != "*")):
            here, there = here + 1, there + 1
        elif star >= 0:
            mark += 1
            here, there = mark, star + 1
        else:
            return False
    return not other[there:].strip("*")


@lru_cache(maxsize=65_536)
def disjoint(pattern: str, other: str) -> bool:
    """Whether no text matches both. Case counts; a policy variable may stand for any text."""
    pattern, other = _VARIABLE.sub("*", pattern), _VARIABLE.sub("*", other)
    if is_plain(pattern):
        return not within(pattern, other)
    if is_plain(other):
        return not within(other, pattern)
    if _differ(_beginning(pattern), _beginning(other)):
        return True
    if _differ(_beginning(pattern[::-1]), _beginning(other[::-1])):
        return True
    return len(pattern) * len(other) <= _LARGE // 16 and not _meet(pattern, other)


def _beginning(pattern: str) -> str:
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


def _differ(first: str, second: str) -> bool:
    shorter = min(len(first), len(second))
    return first[:shorter] != second[:shorter]


def _meet(first: str, second: str) -> bool:
    """Whether a text matches both: a walk through the pairs of places in the two patterns."""
    goal = (len(first), len(second))
    seen = {(0, 0)}
    open_ = [(0, 0)]
    while open_:
        place = open_.pop()
        if place == goal:
            return True
        for step in _steps(first, second, *place):
            if step not in seen:
                seen.add(step)
                open_.append(step)
    return False


def _steps(first: str, second: str, here: int, there: int) -> Iterable[tuple[int, int]]:
    one = first[here] if here < len(first) else ""
    two = second[there] if there < len(second) else ""
    if one == "*":
        yield here + 1, there
    if two == "*":
        yield here, there + 1
    if one == "*" and two not in {"", "*"}:
        yield here, there + 1
    if two == "*" and one not in {"", "*"}:
        yield here + 1, there
    if one and two and "*" not in (one, two) and (one == two or "?" in (one, two)):
        yield here + 1, there + 1


def resource_within(pattern: str, other: str) -> bool:
    """Whether every ARN that the resource pattern matches the other matches too, whether or not wildcards cross
    colons. Field by field, so that it holds for both readings; patterns with variables only if they are equal."""
    if other == "*" or pattern == other:
        return True
    if "${" in pattern or "${" in other:
        return False
    mine, theirs = split(pattern), split(other)
    return mine is not None and theirs is not None and all(map(within, mine, theirs))


class Actions:
    """The Action patterns of a statement, sorted by service, to be asked for many names."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.anywhere: list[str] = []
        self._plain: set[str] = set()
        self._by_service: dict[str, list[str]] = {}
        for pattern in map(str.lower, patterns):
            service, colon, _ = pattern.partition(":")
            if is_plain(pattern):
                self._plain.add(pattern)
            elif colon and is_plain(service):
                self._by_service.setdefault(service, []).append(pattern)
            else:
                self.anywhere.append(pattern)

    def match(self, name: str) -> bool:
        """Whether one of them matches the action (lower case)."""
        return self.include(name)

    def include(self, pattern: str) -> bool:
        """Whether everything that the pattern (lower case) matches is surely matched by one of them."""
        if pattern in self._plain:
            return True
        mine = self._by_service.get(pattern.partition(":")[0], ())
        return any(within(pattern, wider) for wider in (*mine, *self.anywhere))

    def exclude(self, pattern: str) -> bool:
        """Whether surely none of them matches anything that the pattern (lower case) matches."""
        service = pattern.partition(":")[0]
        if not is_plain(service) or ":" not in pattern:
            everything = (*self._plain, *(one for many in self._by_service.values() for one in many), *self.anywhere)
            return all(disjoint(pattern, one) for one in everything)
        plain = (one for one in self._plain if one.startswith(f"{service}:"))
        return all(disjoint(pattern, one) for one in (*plain, *self._by_service.get(service, ()), *self.anywhere))
