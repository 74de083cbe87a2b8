"""Globs as tiny automata: one step after the other, some of which match any run of characters."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from analyzers.policy.pattern import Token, Variable, Wildcard


class Step(NamedTuple):
    """One place in a glob: a character out of `chars`, or none of them when negated; any run of such if `run`."""

    chars: frozenset[str]
    negated: bool = False
    run: bool = False


Glob = tuple[Step, ...]

_NOTHING: frozenset[str] = frozenset()
_COLON = frozenset(":")
ANY = Step(_NOTHING, negated=True)
ANY_RUN = Step(_NOTHING, negated=True, run=True)
FIELD_ONE = Step(_COLON, negated=True)
FIELD_RUN = Step(_COLON, negated=True, run=True)
EVERYTHING: Glob = (ANY_RUN,)


@lru_cache(maxsize=4096)
def _char(char: str, fold: bool) -> Step:
    return Step(_same_without_case(char.lower()) if fold else frozenset(char))


@lru_cache(maxsize=4096)
def _same_without_case(lower: str) -> frozenset[str]:
    """Every character whose lower case it is."""
    if lower.isascii() and lower != "k":  # the Kelvin sign is a k too
        return frozenset({lower, lower.upper()})
    return frozenset(_uppers().get(lower, "") + lower[:1])


@cache
def _uppers() -> dict[str, str]:
    """Lower case -> all characters that have it. One walk through Unicode, at the first text that needs it."""
    found: dict[str, str] = {}
    for char in map(chr, range(sys.maxunicode + 1)):
        if (lower := char.lower()) != char:
            found[lower] = found.get(lower, "") + char
    return found


def _append(steps: list[Step], step: Step) -> None:
    """Keep runs apart: of two neighbours the wider says it all."""
    if step.run and steps and steps[-1].run:
        if step == ANY_RUN:
            steps[-1] = step
        return
    steps.append(step)


def literal(text: str, *, fold: bool = False) -> Glob:
    return tuple(_char(char, fold) for char in text)


@lru_cache(maxsize=16384)
def glob(tokens: tuple[Token, ...], *, fold: bool = False, fields: int = 0) -> Glob:
    """`fold` ignores case. `fields`: wildcards before that many literal colons stay within their field.

    A policy variable counts as any run: the caller must keep in mind that this is wider than what it stands for.
    """
    steps: list[Step] = []
    colons = 0
    for token in tokens:
        free = colons >= fields
        if isinstance(token, Variable) or token is Wildcard.RUN:
            _append(steps, ANY_RUN if free else FIELD_RUN)
        elif token is Wildcard.ONE:
            steps.append(ANY if free else FIELD_ONE)
        else:
            for char in token:
                colons += char == ":"
                steps.append(_char(char, fold))
    return tuple(steps)


def concat(*parts: Iterable[Step]) -> Glob:
    steps: list[Step] = []
    for part in parts:
        for step in part:
            _append(steps, step)
    return tuple(steps)


def beginning(pattern: Glob) -> str:
    """The literal text that a glob begins with; all of it, if it has no wildcards."""
    text: list[str] = []
    for chars, negated, run in pattern:
        if negated or run or len(chars) != 1:
            break
        text += chars
    return "".join(text)


@lru_cache(maxsize=64)
def any_of(patterns: tuple[Glob, ...]) -> Callable[[str], object]:
    """Tells of a text whether one of the patterns matches it. For patterns of our own: a hostile one is slow."""
    if EVERYTHING in patterns:
        return lambda _: True
    return re.compile("|".join("".join(map(_expression, pattern)) for pattern in patterns), re.DOTALL).fullmatch


def _expression(step: Step) -> str:
    chars = "".join(map(re.escape, sorted(step.chars)))
    one = f"[{'^' * step.negated}{chars}]" if chars else "."
    return one + "*" * step.run


def residuals(pattern: Glob, prefix: str) -> tuple[Glob, ...]:
    """The globs that the rest of a string must match (one of them) once it begins with `prefix`."""
    literals = 0
    for step, char in zip(pattern, prefix, strict=False):
        if step.run:
            break
        if (char in step.chars) == step.negated:
            return ()
        literals += 1
    places = _close(pattern, {literals})
    for char in prefix[literals:]:
        places = _close(pattern, _move(pattern, places, char))
        if not places:
            return ()
    rests = {pattern[place:] for place in places}
    return (EVERYTHING,) if EVERYTHING in rests else tuple(sorted(rests, key=lambda g: (len(g), repr(g))))


def matches(pattern: Glob, text: str) -> bool:
    return () in residuals(pattern, text) or EVERYTHING in residuals(pattern, text)


def _move(pattern: Glob, places: set[int], char: str) -> set[int]:
    moved = set()
    for place in places:
        if place < len(pattern) and (char in pattern[place].chars) != pattern[place].negated:
            moved.add(place if pattern[place].run else place + 1)
    return moved


def _close(pattern: Glob, places: set[int]) -> set[int]:
    for place in tuple(places):
        if place < len(pattern) and pattern[place].run:
            places.add(place + 1)
    return places
