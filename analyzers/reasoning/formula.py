"""Boolean combinations of tests on the parts of a request: what a policy says, before any solver.

A formula is a plain immutable value: equal policies give equal formulas, so answers can be remembered by them.
The constructors simplify as they build, so a statement that cannot apply is `FALSE` at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from .globs import Glob


class Sort(StrEnum):
    """What the values of a variable are."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    ADDRESS = "address"
    BYTES = "bytes"
    """Binary values, as canonical base-64 text."""


class Var(NamedTuple):
    """A part of a request: `principal`, `action`, `resource`, ..., or a condition key in lower case."""

    name: str
    sort: Sort = Sort.TEXT


class Comparison(NamedTuple):
    """`value < bound` and so on; `relation` is one of lt, le, eq, ge, gt."""

    relation: str
    bound: Fraction


Test = Glob | Comparison | IPv4Network | IPv6Network
"""A property of one value."""


class Constant(NamedTuple):
    value: bool


class Holds(NamedTuple):
    """The value of `var` passes `test`."""

    var: Var
    test: Test


class Some(NamedTuple):
    """The multivalued `var` has an element that passes one of `tests`; with `negated`, one that passes none."""

    var: Var
    tests: frozenset[Test]
    negated: bool = False


class Present(NamedTuple):
    """The condition key is in the request."""

    key: str


class Is(NamedTuple):
    """The caller is of this kind (`CallerKind`)."""

    kind: str


class Open(NamedTuple):
    """Something that is not understood, or that relates two values: may be true or false."""

    name: str


class Not(NamedTuple):
    item: Formula


class And(NamedTuple):
    items: tuple[Formula, ...]


class Or(NamedTuple):
    items: tuple[Formula, ...]


Formula = Constant | Holds | Some | Present | Is | Open | Not | And | Or

TRUE = Constant(True)
FALSE = Constant(False)


def conj(items: Iterable[Formula]) -> Formula:
    kept: list[Formula] = []
    for item in items:
        if item == FALSE:
            return FALSE
        if item == TRUE or item in kept:
            continue
        kept.extend(item.items if isinstance(item, And) else (item,))
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else And(tuple(kept))


def disj(items: Iterable[Formula]) -> Formula:
    kept: list[Formula] = []
    for item in items:
        if item == TRUE:
            return TRUE
        if item == FALSE or item in kept:
            continue
        kept.extend(item.items if isinstance(item, Or) else (item,))
    if not kept:
        return FALSE
    return kept[0] if len(kept) == 1 else Or(tuple(kept))


def negate(item: Formula) -> Formula:
    if isinstance(item, Constant):
        return Constant(not item.value)
    return item.item if isinstance(item, Not) else Not(item)
