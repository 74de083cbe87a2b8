"""A variable whose globs overlap in too many ways to be cut into classes.

Each test is then a Boolean of its own. When the solver has chosen which tests hold, it is checked whether a text passes
just these; if none does, the smallest part of the choice that no text passes is ruled out, and the solver asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import z3

from . import terms
from .automata import Search, TooManyClasses
from .domains import globs_of
from .formula import Test
from .globs import Glob


class Loose:
    """Raises TooManyClasses from `lemmas` where it cannot be told whether there is such a text."""

    def __init__(self, name: str, tests: Sequence[Test], universe: Sequence[Glob]) -> None:
        self._universe = tuple(universe)
        self._flags = {test: terms.boolean(f"{name} passes {number}") for number, test in enumerate(tests)}
        self._globs: dict[Test, Glob] = dict(zip(tests, globs_of(tests), strict=True))
        self._found: dict[frozenset[Test], str] = {}

    def flag(self, tests: Iterable[Test]) -> z3.BoolRef:
        """That the value passes one of them."""
        return terms.some([self._flags[test] for test in tests])

    def value(self, model: z3.ModelRef) -> str:
        """A text that passes what the model says it does. The model must have been checked."""
        return self._found[self._chosen(model)]

    def _chosen(self, model: z3.ModelRef) -> frozenset[Test]:
        return frozenset(test for test, flag in self._flags.items() if terms.is_true(model, flag))

    def lemmas(self, model: z3.ModelRef, check_time: Callable[[], None]) -> list[z3.BoolRef]:
        """What every text obeys and the model does not; nothing if there is a text as the model has it."""
        chosen = self._chosen(model)
        if chosen in self._found:
            return []
        others = [test for test in self._flags if test not in chosen]
        learnt = list(self._pairs(sorted(chosen, key=repr), others, check_time))
        if learnt:
            return learnt
        text = _text(self._key(chosen), self._key(others), self._universe)
        if text is not None:
            self._found[chosen] = text
            return []
        return [self._ruled_out(*self._smallest(list(chosen), others, check_time))]

    def _pairs(self, chosen: list[Test], others: list[Test], check_time: Callable[[], None]) -> Iterator[z3.BoolRef]:
        """Two that exclude each other, or of which one implies the other: the usual reasons, and cheap to see."""
        for number, test in enumerate(chosen):
            check_time()
            one = self._globs[test]
            for other in chosen[number + 1 :]:
                if _text((one, self._globs[other]), (), self._universe) is None:
                    yield self._ruled_out([test, other], [])
            for other in others:
                if _text((one,), (self._globs[other],), self._universe) is None:
                    yield self._ruled_out([test], [other])

    def _smallest(
        self, chosen: list[Test], others: list[Test], check_time: Callable[[], None]
    ) -> tuple[list[Test], list[Test]]:
        """A part of the choice that no text passes, and no smaller part of which is so."""
        for group in (others, chosen):
            for test in list(group):
                check_time()
                group.remove(test)
                if _maybe(self._key(chosen), self._key(others), self._universe):
                    group.append(test)
        return chosen, others

    def _key(self, tests: Sequence[Test] | frozenset[Test]) -> tuple[Glob, ...]:
        return tuple(sorted((self._globs[test] for test in tests), key=repr))

    def _ruled_out(self, chosen: Sequence[Test], others: Sequence[Test]) -> z3.BoolRef:
        return terms.some([*(terms.no(self._flags[test]) for test in chosen), *(self._flags[t] for t in others)])


def _maybe(wanted: tuple[Glob, ...], unwanted: tuple[Glob, ...], universe: tuple[Glob, ...]) -> bool:
    try:
        return _text(wanted, unwanted, universe) is not None
    except TooManyClasses:
        return True


@lru_cache(maxsize=16384)
def _text(wanted: tuple[Glob, ...], unwanted: tuple[Glob, ...], universe: tuple[Glob, ...]) -> str | None:
    """A text that all of `wanted` match and none of `unwanted`; None if there is none. Raises TooManyClasses."""
    return Search([[pattern] for pattern in wanted], unwanted, universe).text()
