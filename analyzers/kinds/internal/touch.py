"""What a statement does to one resource: the accesses that it covers as bits, and the conditions that are left.

Statements that do the same to their resources are one `Touch`, whatever the resources are called. So what policies of
one pattern say together is worked out once, for thousands of principals and resources.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from analyzers.policy import Policy
from analyzers.policy.model import Condition, Effect, Patterns
from analyzers.policy.pattern import Variable, Wildcard, tokens
from analyzers.reasoning.globs import EVERYTHING, glob, residuals
from analyzers.reasoning.matching import Call, resource_matches
from analyzers.reasoning.request import Request

from .bits import Bits
from .views import Seen

ANCHOR = "\x00"
"""Stands for the ARN of the resource in patterns of what is in it."""

NONE, PART, FULL, OPEN = 0, 1, 2, 3
"""How much of a thing a pattern covers; OPEN: AWS does not say."""


class Touch(NamedTuple):
    """`sure`: bits that are covered as a whole. `part`: bits about what is in the resource, of which `within` covers a
    part (patterns; or all but them, if `negated`). `open`: bits of which it is not known. `way`: how a statement on
    the resource names the caller; empty for policies of the caller. `anchor`: the resource, where `within` names it.
    """

    effect: Effect
    way: str
    sure: int
    part: int
    open: int
    conditions: tuple[Condition, ...]
    within: tuple[str, ...]
    negated: bool
    opaque: str
    has_variables: bool
    anchor: str

    @property
    def unconditional(self) -> bool:
        return not self.conditions and not self.opaque


_OLD, _NEW = Policy((), "2008-10-17"), Policy((), "2012-10-17")


class Place(NamedTuple):
    """A resource as patterns see it. `separator`: what follows its ARN in the names of what is in it."""

    arn: str
    separator: str
    call: Call


def place(arn: str, separator: str) -> Place:
    return Place(arn, separator, Call(Request("", "", arn)))


def touch(seen: Seen, bits: Bits, where: Place, way: str = "") -> Touch | None:
    """What the statement does to the resource; None if it does nothing."""
    sure, perhaps = bits.covered(seen.actions)
    if not sure and not perhaps:
        return None
    own, inside, within, raw = _resources(seen, where, bool(bits.inside))
    both = sure | perhaps
    covered = (bits.own if own == FULL else 0) | (bits.inside if inside == FULL else 0)
    unclear = (bits.own if own == OPEN else 0) | (bits.inside if inside == OPEN else 0)
    part = bits.inside & both if inside == PART else 0
    full = sure & covered
    unknown = (both & unclear) | (perhaps & covered) | (perhaps & part)
    part &= ~unknown
    if not full and not part and not unknown:
        return None
    return Touch(
        seen.effect,
        way,
        full,
        part,
        unknown,
        seen.conditions,
        within if part else (),
        bool(part and seen.resources and seen.resources.negated),
        seen.opaque,
        seen.has_variables,
        where.arn if part and raw else "",
    )


def _resources(seen: Seen, where: Place, has_inside: bool) -> tuple[int, int, tuple[str, ...], bool]:
    """How much of the resource and of what is in it is covered, the patterns for the part, and whether those name the
    resource itself."""
    if seen.resources is None or seen.resources.values == ("*",):
        if seen.resources is not None and seen.resources.negated:
            return NONE, NONE, (), False
        return FULL, FULL, (), False
    policy = _NEW if seen.has_variables else _OLD
    negated = seen.resources.negated
    shared = seen.shared.values if seen.shared else ()
    own = inside = NONE
    within: list[str] = []
    raw = False
    for pattern, common in zip(seen.resources.values, shared, strict=True):
        own = max(own, _of_own(policy, pattern, where, seen.effect), key=_RANK.__getitem__)
        if not has_inside:
            continue
        found = _of_inside(pattern, where, seen.has_variables)
        inside = max(inside, found, key=_RANK.__getitem__)
        if found == PART:
            head = f"{where.arn}{where.separator}"
            if common.startswith(head):
                within.append(f"{ANCHOR}{common[len(where.arn) :]}")
            else:
                within.append(pattern)
                raw = True
    if negated:
        return _INVERSE[own], _INVERSE[inside], tuple(within), raw
    return own, inside, tuple(within), raw


_RANK = {NONE: 0, PART: 1, OPEN: 2, FULL: 3}
_INVERSE = {NONE: FULL, PART: PART, OPEN: OPEN, FULL: NONE}


def _of_own(policy: Policy, pattern: str, where: Place, effect: Effect) -> int:
    if pattern == where.arn or (pattern and not pattern.strip("*")):
        return FULL
    if policy.has_variables and "${" in pattern and _has_variable(pattern):
        return OPEN if _may_fit(pattern, where.arn, True) else NONE
    if not {"*", "?", "$"} & set(pattern) and pattern.count(":") >= 5:
        return NONE
    truth = resource_matches(policy, pattern, where.call, effect)
    return FULL if truth is True else OPEN if truth is None else NONE


def _of_inside(pattern: str, where: Place, has_variables: bool) -> int:
    """How much of `ARN separator anything` the pattern covers."""
    if pattern and not pattern.strip("*"):
        return FULL
    head = f"{where.arn}{where.separator}"
    if pattern.startswith(head) and "${" not in pattern:
        return FULL if pattern[len(head) :] and not pattern[len(head) :].strip("*") else PART
    if not {"*", "?", "$"} & set(pattern) and pattern.count(":") >= 5:
        return NONE
    if has_variables and "${" in pattern and _has_variable(pattern):
        if pattern.startswith(head):
            return PART
        return OPEN if _may_fit(pattern, head, False) else NONE
    parts = tokens(pattern, wildcards=True, variables=has_variables)
    if pattern.count(":") >= 5:
        rests = residuals(glob(parts, fields=5), head)
        if rests:
            return FULL if EVERYTHING in rests else PART
    if residuals(glob(parts), head):
        return OPEN
    padded = glob((*parts, *(":", Wildcard.RUN) * max(0, 5 - pattern.count(":"))), fields=5)
    return OPEN if residuals(padded, head) else NONE


@lru_cache(maxsize=16384)
def _has_variable(pattern: str) -> bool:
    return any(isinstance(token, Variable) for token in tokens(pattern, wildcards=True, variables=True))


def _may_fit(pattern: str, text: str, whole: bool) -> bool:
    """Whether the pattern can match, its variables being anything."""
    rests = residuals(glob(tokens(pattern, wildcards=True, variables=True)), text)
    return bool(rests) and (not whole or () in rests or EVERYTHING in rests)


class Index:
    """Which statements may touch a resource, by what their patterns begin with."""

    def __init__(self) -> None:
        self._literal: dict[str, list[int]] = {}
        self._wild: dict[str, list[int]] = {}
        self._sorted: list[str] | None = None
        self.everywhere: list[int] = []

    def add(self, number: int, resources: Patterns | None) -> None:
        """`number` stands for the statement."""
        if resources is None or resources.negated or "*" in resources.values:
            self.everywhere.append(number)
            return
        for pattern in resources.values:
            head = _head(pattern)
            short = pattern.count(":") < 5
            into = self._wild if short or len(head) < len(pattern) else self._literal
            into.setdefault(head, []).append(number)
        self._sorted = None

    def near(self, arn: str) -> Iterator[int]:
        """The statements with a pattern that may match the ARN or something that begins with it; some twice."""
        for end in range(len(arn) + 1):
            yield from self._wild.get(arn[:end], ())
        if self._sorted is None:
            self._sorted = sorted({*self._wild, *self._literal})
        for at in range(bisect_left(self._sorted, arn), len(self._sorted)):
            head = self._sorted[at]
            if not head.startswith(arn):
                break
            yield from self._literal.get(head, ())
            if head != arn:
                yield from self._wild.get(head, ())


def _head(pattern: str) -> str:
    """What every text that matches begins with."""
    ends = [at for mark in ("*", "?", "${") if (at := pattern.find(mark)) >= 0]
    return pattern[: min(ends)] if ends else pattern


class Touches:
    """Touches by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[Touch, int] = {}
        self.all: list[Touch] = []

    def number(self, one: Touch) -> int:
        found = self._numbers.get(one)
        if found is None:
            found = self._numbers[one] = len(self.all)
            self.all.append(one)
        return found

    def of(self, numbers: Iterable[int]) -> list[Touch]:
        return [self.all[number] for number in sorted(numbers)]
