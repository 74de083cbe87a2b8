"""Globs as tiny automata, and the classes that a set of globs cuts all strings into.

Two strings that the same globs match are the same to a policy, so a solver need not see strings at all: one
example of each class is enough. The classes are the non-empty cells of the Boolean algebra that the globs generate
(the minterms of symbolic automata, https://doi.org/10.1007/978-3-642-22110-1_21). They are found by walking the
product of all globs at once, in breadth, one bit per place in a glob (the shift-and method of Baeza-Yates and
Gonnet, https://doi.org/10.1145/135239.135243), so that each example is a shortest one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from analyzers.policy.pattern import Token, Variable, Wildcard

MAX_STATES = 200_000
"""Product states after which a set of globs is called too large; about half a second of walking."""


class TooManyClasses(Exception):
    """The globs of one variable overlap in too many ways to be told apart within the budget."""


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


_FILLERS = "x0y1z2w3v4u5t6s7r8q9abcdefghijklmnop"


class Classes:
    """The classes of strings that `globs` tell apart, within the strings that match one of `universe`.

    `cells` maps the set of globs that match (bit i for globs[i]) to an example, a shortest one until `seed` is told
    of readable ones. Raises TooManyClasses.
    """

    def __init__(self, globs: Sequence[Glob], *, universe: Sequence[Glob] = (EVERYTHING,)) -> None:
        self.globs = tuple(globs)
        self._compile((*self.globs, *universe))
        self.cells = self._explore()

    def seed(self, texts: Iterable[str]) -> None:
        """Take readable strings for examples of the classes into which they fall; the first for each."""
        waiting = set(self.cells)
        for text in texts:
            if not waiting:
                return
            bits = self._run(text)
            if bits in waiting:
                self.cells[bits] = text
                waiting.remove(bits)

    def _compile(self, globs: tuple[Glob, ...]) -> None:
        self._advance: dict[str, int] = {}
        self._stay: dict[str, int] = {}
        self._advance_but: dict[str, int] = {}
        self._stay_but: dict[str, int] = {}
        self._cares: dict[int, frozenset[str]] = {}
        self._caring = 0
        self._advance_any = self._stay_any = self._runs = start = 0
        accepts: list[int] = []
        place = 1
        for pattern in globs:
            start |= place
            for step in pattern:
                if step.run:
                    self._runs |= place
                if step.negated:
                    if step.run:
                        self._stay_any |= place
                    else:
                        self._advance_any |= place
                    table = self._stay_but if step.run else self._advance_but
                else:
                    table = self._stay if step.run else self._advance
                for char in step.chars:
                    table[char] = table.get(char, 0) | place
                if step.chars:
                    self._cares[place] = step.chars
                    self._caring |= place
                place <<= 1
            accepts.append(place)
            place <<= 1
        self._start = start | ((start & self._runs) << 1)
        self._accepts = accepts[: len(self.globs)]
        self._universe = sum(accepts[len(self.globs) :])
        first = self._accepts[-1] if self._accepts else 0
        self._universe_places = ~((first << 1) - 1) if first else ~0
        alphabet = set(self._advance) | set(self._stay) | set(self._advance_but) | set(self._stay_but)
        self._other = next((c for c in _FILLERS if c not in alphabet), None) or next(
            chr(c) for c in range(0x4E00, 0x9FFF) if chr(c) not in alphabet
        )
        self._moves = {
            char: (
                self._advance.get(char, 0) | (self._advance_any & ~self._advance_but.get(char, 0)),
                self._stay.get(char, 0) | (self._stay_any & ~self._stay_but.get(char, 0)),
            )
            for char in sorted(alphabet)
        }

    def _next(self, state: int, advance: int, stay: int) -> int:
        state = ((state & advance) << 1) | (state & stay)
        return state | ((state & self._runs) << 1)

    def _bits(self, state: int) -> int:
        return sum(1 << i for i, accept in enumerate(self._accepts) if state & accept)

    def _run(self, text: str) -> int | None:
        state = self._start
        for char in text:
            advance, stay = self._moves.get(char, (self._advance_any, self._stay_any))
            state = self._next(state, advance, stay)
        return self._bits(state) if state & self._universe else None

    def _cared_for(self, state: int) -> Sequence[str]:
        """The characters that some place of the state treats unlike others."""
        caring = state & self._caring
        found: set[str] = set()
        while caring:
            place = caring & -caring
            found |= self._cares[place]
            caring ^= place
        return sorted(found)

    def _explore(self) -> dict[int, str]:
        cells: dict[int, str] = {}
        seen = {self._start}
        level: list[tuple[int, str]] = [(self._start, "")]
        alive = self._universe_places
        accept_mask = sum(self._accepts)
        found: set[int] = set()
        while level:
            following: list[tuple[int, str]] = []
            for state, text in level:
                if state & self._universe and (accepted := state & accept_mask) not in found:
                    found.add(accepted)
                    cells[self._bits(state)] = text
                other = self._next(state, self._advance_any, self._stay_any)
                if other & alive and other not in seen:
                    seen.add(other)
                    following.append((other, text + self._other))
                for char in self._cared_for(state):
                    advance, stay = self._moves[char]
                    reached = ((state & advance) << 1) | (state & stay)
                    reached |= (reached & self._runs) << 1
                    if reached & alive and reached not in seen:
                        seen.add(reached)
                        following.append((reached, text + char))
            if len(seen) > MAX_STATES:
                raise TooManyClasses(f"{len(self.globs)} overlapping patterns")
            level = following
        return cells
