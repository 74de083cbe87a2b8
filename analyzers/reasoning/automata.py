"""The classes that a set of globs cuts all strings into.

Two strings that the same globs match are the same to a policy, so a solver need not see strings at all: one
example of each class is enough. The classes are the non-empty cells of the Boolean algebra that the globs generate
(the minterms of symbolic automata, https://doi.org/10.1007/978-3-642-22110-1_21). They are found by walking the
product of all globs at once, in breadth, one bit per place in a glob (the shift-and method of Baeza-Yates and
Gonnet, https://doi.org/10.1145/135239.135243), so that each example is a shortest one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

from .globs import EVERYTHING, Glob, Step

MAX_STATES = 200_000
"""Product states after which a set of globs is called too large; about half a second of walking."""


SEARCHED = 20_000
"""States that are looked at in the search for one text, before it is given up."""


class TooManyClasses(Exception):
    """The globs of one variable overlap in too many ways to be told apart within the budget."""


_FILLERS = "x0y1z2w3v4u5t6s7r8q9abcdefghijklmnop"


class Automaton:
    """All globs at once: a state has a bit for each place in each of them."""

    def __init__(self, globs: Sequence[Glob], universe: Sequence[Glob]) -> None:
        self.globs = tuple(globs)
        self._within = tuple(universe)
        self._compile((*self.globs, *universe))

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


class Classes(Automaton):
    """The classes of strings that `globs` tell apart, within the strings that match one of `universe`.

    `cells` maps the set of globs that match (bit i for globs[i]) to an example, a shortest one until `seed` is told
    of readable ones. Raises TooManyClasses.
    """

    def __init__(
        self, globs: Sequence[Glob], *, universe: Sequence[Glob] = (EVERYTHING,), most: int = MAX_STATES
    ) -> None:
        texts = {i: text for i, pattern in enumerate(globs) if (text := _text_of(pattern)) is not None}
        self._literals: dict[str, int] = {}
        for i, text in texts.items():
            self._literals[text] = self._literals.get(text, 0) | 1 << i
        self._places = [i for i in range(len(globs)) if i not in texts]
        super().__init__([globs[i] for i in self._places], universe)
        self._most = most
        self.cells = {self._spread(bits): text for bits, text in self._explore().items()}
        self._set_apart()

    def _spread(self, bits: int) -> int:
        """The bits of the patterns with wildcards, at the places that these have among all."""
        return sum(1 << place for i, place in enumerate(self._places) if bits >> i & 1)

    def _set_apart(self) -> None:
        """A pattern without wildcards is a class of its one text; the class that had it goes on without it."""
        for bits, text in list(self.cells.items()):
            if text in self._literals:
                other = self._another(bits)
                if other is None:
                    del self.cells[bits]
                else:
                    self.cells[bits] = other
        for text, bit in self._literals.items():
            found = self._run(text)
            if found is not None:
                self.cells[self._spread(found) | bit] = text

    def _another(self, bits: int) -> str | None:
        """A text of the class that is none of the literals; None if there is none."""
        wanted = [pattern for pattern, place in zip(self.globs, self._places, strict=True) if bits >> place & 1]
        others = [pattern for pattern, place in zip(self.globs, self._places, strict=True) if not bits >> place & 1]
        inside = [
            text for text in self._literals if (found := self._run(text)) is not None and self._spread(found) == bits
        ]
        return Search(wanted, [*others, *(_literal(text) for text in inside)], self._within).text()

    def seed(self, texts: Iterable[str]) -> None:
        """Take readable strings for examples of the classes into which they fall; the first for each."""
        waiting = set(self.cells)
        for text in texts:
            if not waiting:
                return
            found = self._run(text)
            bits = -1 if found is None else self._spread(found) | self._literals.get(text, 0)
            if bits in waiting:
                self.cells[bits] = text
                waiting.remove(bits)

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
            if len(seen) > self._most:
                raise TooManyClasses(f"{len(self.globs)} overlapping patterns")
            level = following
        return cells


class Search(Automaton):
    """Looks for one text, going first where the least is left to be matched."""

    def __init__(self, wanted: Sequence[Glob], unwanted: Sequence[Glob], universe: Sequence[Glob]) -> None:
        super().__init__((*wanted, *unwanted), universe)
        self._wanted = len(wanted)
        self._places = list(self._masks())

    def _masks(self) -> Iterator[tuple[int, int]]:
        """For each glob the first of its places, and how many there are."""
        first = 0
        for pattern in self.globs:
            yield first, len(pattern) + 1
            first += len(pattern) + 1

    def text(self) -> str | None:
        heap: list[tuple[int, int, int, str]] = []
        seen = {self._start}
        self._push(heap, self._start, "")
        while heap:
            _, _, state, text = heapq.heappop(heap)
            if self._fits(state):
                return text
            steps = [(self._other, self._advance_any, self._stay_any)]
            steps += [(char, *self._moves[char]) for char in self._cared_for(state)]
            for char, advance, stay in steps:
                reached = self._next(state, advance, stay)
                if reached not in seen:
                    seen.add(reached)
                    self._push(heap, reached, text + char)
            if len(seen) > SEARCHED:
                raise TooManyClasses(f"{len(self.globs)} overlapping patterns")
        return None

    def _fits(self, state: int) -> bool:
        accepted = self._bits(state)
        return bool(state & self._universe) and accepted == (1 << self._wanted) - 1

    def _push(self, heap: list[tuple[int, int, int, str]], state: int, text: str) -> None:
        """Unless nothing good can come of the state: a wanted glob is dead, or an unwanted one matches for ever."""
        if not state & self._universe_places:
            return
        left = 0
        for number, (first, count) in enumerate(self._places):
            part = (state >> first) & ((1 << count) - 1)
            if number < self._wanted:
                if not part:
                    return
                left += count - part.bit_length()
            elif part >> (count - 1) and count > 1 and part >> (count - 2) & 1 and self._is_endless(number):
                return
        heapq.heappush(heap, (2 * left + len(text), len(heap), state, text))

    def _is_endless(self, number: int) -> bool:
        last = self.globs[number][-1]
        return last.run and last.negated and not last.chars


def _text_of(pattern: Glob) -> str | None:
    """The one text that a pattern without wildcards matches; None for others, such as those that ignore case."""
    if any(step.run or step.negated or len(step.chars) != 1 for step in pattern):
        return None
    return "".join(next(iter(step.chars)) for step in pattern)


def _literal(text: str) -> Glob:
    return tuple(Step(frozenset(char)) for char in text)
