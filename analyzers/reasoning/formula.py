"""Boolean combinations of tests on the parts of a request: what a policy says, before any solver.

A formula is an immutable value: equal policies give the same formula, so answers can be remembered by it.
The constructors simplify as they build, so a statement that cannot apply is `FALSE` at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any, NamedTuple, TypeVar, dataclass_transform
from weakref import WeakValueDictionary

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


_T = TypeVar("_T")


class _Interned(type):
    """One object for each formula: two are equal exactly if they are the same, and are compared and hashed at once."""

    def __call__(cls, *values: Any) -> Any:
        key = (cls, *values)
        found = _nodes.get(key)
        if found is None:
            found = _nodes[key] = super().__call__(*values)
        return found


_nodes: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


@dataclass_transform(frozen_default=True)
def _node(cls: type[_T]) -> type[_T]:
    return dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)(cls)


@_node
class Constant(metaclass=_Interned):
    value: bool


@_node
class Holds(metaclass=_Interned):
    """The value of `var` passes `test`."""

    var: Var
    test: Test


@_node
class Some(metaclass=_Interned):
    """The multivalued `var` has an element that passes one of `tests`; with `negated`, one that passes none."""

    var: Var
    tests: frozenset[Test]
    negated: bool


@_node
class Present(metaclass=_Interned):
    """The condition key is in the request."""

    key: str


@_node
class Is(metaclass=_Interned):
    """The caller is of this kind (`CallerKind`)."""

    kind: str


@_node
class Open(metaclass=_Interned):
    """Something that is not understood, or that relates two values: may be true or false."""

    name: str


@_node
class Switch(metaclass=_Interned):
    """Whether a statement, or the silence of a layer, counts: on, unless it is asked what matters."""

    name: str


@_node
class Not(metaclass=_Interned):
    item: Formula


@_node
class And(metaclass=_Interned):
    items: tuple[Formula, ...]


@_node
class Or(metaclass=_Interned):
    items: tuple[Formula, ...]


Formula = Constant | Holds | Some | Present | Is | Open | Switch | Not | And | Or

TRUE = Constant(True)
FALSE = Constant(False)


Subject = Var | Present | Is | Open | Switch
"""What a formula is about: the parts of a request and whatever is true or false of it as a whole. `Is` of any kind
stands for the kind of caller."""

CALLER = Is("")


class Held(NamedTuple):
    """Tests of one value of which one must be passed, in the order of the text and as a set."""

    tests: tuple[Test, ...]
    group: frozenset[Test]


@lru_cache(maxsize=8192)
def together(item: Or) -> tuple[dict[Var, Held], tuple[Formula, ...]]:
    """The alternatives that are tests of one value, by the value; and the others."""
    held: dict[Var, list[Test]] = {}
    others: list[Formula] = []
    for part in item.items:
        if isinstance(part, Holds):
            held.setdefault(part.var, []).append(part.test)
        else:
            others.append(part)
    return {var: Held(tuple(tests), frozenset(tests)) for var, tests in held.items()}, tuple(others)


@lru_cache(maxsize=32768)
def subjects(item: Formula) -> frozenset[Subject]:
    """Everything that the formula is about."""
    match item:
        case Constant():
            return frozenset()
        case Not(inner):
            return subjects(inner)
        case And(items):
            return frozenset().union(*map(subjects, items))
        case Or():
            held, others = together(item)
            return frozenset(held).union(*map(subjects, others))
        case Holds(var) | Some(var):
            return frozenset((var,))
        case Is():
            return frozenset((CALLER,))
    return frozenset((item,))


def conj(items: Iterable[Formula]) -> Formula:
    kept: dict[Formula, None] = {}
    for item in items:
        if item is FALSE:
            return FALSE
        if isinstance(item, And):
            kept.update(dict.fromkeys(item.items))
        elif item is not TRUE:
            kept[item] = None
    if len(kept) < 2:
        return next(iter(kept), TRUE)
    return And(tuple(kept))


def disj(items: Iterable[Formula]) -> Formula:
    kept: dict[Formula, None] = {}
    for item in items:
        if item is TRUE:
            return TRUE
        if isinstance(item, Or):
            kept.update(dict.fromkeys(item.items))
        elif item is not FALSE:
            kept[item] = None
    if len(kept) < 2:
        return next(iter(kept), FALSE)
    return Or(tuple(kept))


def negate(item: Formula) -> Formula:
    if isinstance(item, Constant):
        return Constant(not item.value)
    return item.item if isinstance(item, Not) else Not(item)
