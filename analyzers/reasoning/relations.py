"""Patterns that hold the value of another key (`${aws:username}`), where that value is not known.

Whether such a pattern matches is open to the solver. Two things tie it down: a pattern that is narrower than another,
whatever the values are, implies it; and an example can be made by filling in the values that a request has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from analyzers.policy.pattern import Token, Variable, Wildcard

from .automata import TooManyClasses
from .classes import Classes
from .formula import Formula, Holds, Open, Test, Var, conj, disj, negate
from .globs import Glob, glob
from .points import told
from .request import Request
from .scene import RESOURCE
from .seeds import EXAMPLE

MOST = 40
"""Patterns that are compared with each other."""
_PRIVATE = 0xE000
"""The first of the characters that stand for variables: no text has them (Unicode's private use area)."""


class Related(NamedTuple):
    """A pattern with variables, of the values of `var`. `open`: it matches as far as the variables go."""

    open: Open
    var: Var
    parts: tuple[Token, ...]
    fields: int
    fold: bool

    @property
    def test(self) -> Test:
        """Its shape: what it matches for some values of the variables."""
        return glob(self.parts, fold=self.fold, fields=self.fields)


def inclusions(found: Iterable[Related]) -> Iterator[Formula]:
    """What follows from one pattern being within another."""
    by_var: dict[Var, list[Related]] = {}
    for one in dict.fromkeys(found):
        by_var.setdefault(one.var, []).append(one)
    for related in by_var.values():
        for narrow, wide in permutations(related[:MOST], 2):
            if narrow.open is not wide.open and _is_within(narrow, wide):
                matched = conj([narrow.open, Holds(narrow.var, narrow.test)])
                yield disj([negate(matched), conj([wide.open, Holds(wide.var, wide.test)])])


@lru_cache(maxsize=8192)
def _is_within(narrow: Related, wide: Related) -> bool:
    """With each variable as a character of its own: what holds for any text holds for the value."""
    variables = [part for one in (narrow, wide) for part in one.parts if isinstance(part, Variable)]
    names = {variable: chr(_PRIVATE + i) for i, variable in enumerate(dict.fromkeys(variables))}
    try:
        cells = Classes([[_named(narrow, names)], [_named(wide, names)]]).cells
    except TooManyClasses:
        return False
    return 1 not in cells


def _named(related: Related, names: Mapping[Variable, str]) -> Glob:
    parts = tuple(names[part] if isinstance(part, Variable) else part for part in related.parts)
    return glob(parts, fold=related.fold, fields=related.fields)


def variations(request: Request, found: Iterable[Related], name: Callable[[str], str]) -> Iterator[Request]:
    """The request with what it names made to match a pattern, the variables having the values of the request. `name`
    spells a condition key as the documents do."""
    known = told(request)
    for related in found:
        for filler in ("", EXAMPLE):
            text = _filled(related, known, filler)
            if text is None:
                continue
            if related.var == RESOURCE:
                yield replace(request, resource=text)
            elif ":" in related.var.name:
                key = name(related.var.name.removesuffix("[]"))
                yield replace(request, context={**request.context, key: text})


def _filled(related: Related, known: Mapping[str, object], filler: str) -> str | None:
    text = ""
    for part in related.parts:
        if isinstance(part, Variable):
            value = known.get(part.key, part.default)
            if not isinstance(value, str):
                return None
            text += value
        elif isinstance(part, Wildcard):
            text += filler if part is Wildcard.RUN else "x"
        else:
            text += part
    return text
