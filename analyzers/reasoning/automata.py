"""Many globs as one automaton: a state has one bit for each place in each of them (the shift-and method of Baeza-Yates
and Gonnet, https://doi.org/10.1145/135239.135243).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, takewhile

from .globs import ANY_RUN, Glob, beginning, literal

MAX_STATES = 200_000
"""Product states after which a set of globs is called too large; about half a second of walking."""


SEARCHED = 20_000
"""States that are looked at in the search for one text, before it is given up."""


class TooManyClasses(Exception):
    """The globs of one variable overlap in too many ways to be told apart within the budget."""


_FILLERS = "x0y1z2w3v4u5t6s7r8q9abcdefghijklmnop"


def unused(taken: Collection[str]) -> str:
    """A character that is none of these."""
    readable = next((char for char in _FILLERS if char not in taken), None)
    return readable or next(chr(code) for code in range(0x4E00, 0x9FFF) if chr(code) not in taken)


Group = Collection[Glob]
"""Globs of which one must match."""


class Automaton:
    """All globs at once: a state has a bit for each place in each of them."""

    def __init__(self, groups: Sequence[Group], universe: Sequence[Glob]) -> None:
        self.groups = tuple(tuple(group) for group in groups)
        self._within = tuple(universe)
        self._compile(tuple(chain(*self.groups, universe)))
        self._settle()

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
        self._begin = start | ((start & self._runs) << 1)
        self._ends = accepts
        alphabet = set(self._advance) | set(self._stay) | set(self._advance_but) | set(self._stay_but)
        self._other = unused(alphabet)
        self._moves = {
            char: (
                self._advance.get(char, 0) | (self._advance_any & ~self._advance_but.get(char, 0)),
                self._stay.get(char, 0) | (self._stay_any & ~self._stay_but.get(char, 0)),
            )
            for char in sorted(alphabet)
        }

    def _settle(self) -> None:
        """Where each group ends; and which of its globs, once they match, match for ever: the state then forgets what
        the others of the group are at, for nobody asks."""
        self._accepts: list[int] = []
        self._settled = first = number = 0
        self._settles: list[tuple[int, int, int]] = []
        for group in self.groups:
            ends = self._ends[number : number + len(group)]
            number += len(group)
            self._accepts.append(sum(ends))
            settling = [end for glob, end in zip(group, ends, strict=True) if _is_endless(glob)]
            if settling:
                last = ends[-1].bit_length()
                places = (1 << last) - (1 << first)
                self._settled |= sum(settling)
                self._settles.append((sum(settling), places, settling[0] | settling[0] >> 1))
            first = ends[-1].bit_length() if ends else first
        self._universe = sum(self._ends[number:])
        self._universe_places = ~((1 << first) - 1)
        self._start = self._forget(self._begin)

    def _forget(self, state: int) -> int:
        if state & self._settled:
            for ends, places, kept in self._settles:
                if state & ends:
                    state = state & ~places | kept
        return state

    def _next(self, state: int, advance: int, stay: int) -> int:
        state = ((state & advance) << 1) | (state & stay)
        return self._forget(state | ((state & self._runs) << 1))

    def _bits(self, state: int) -> int:
        return sum(1 << i for i, accept in enumerate(self._accepts) if state & accept)

    def _all_run(self, texts: Iterable[str]) -> Iterator[tuple[str, int | None]]:
        """Each text with the groups that match it, None outside the universe. What texts have in common at their
        beginning is walked once."""
        states, before = [self._start], ""
        for text in sorted(texts):
            shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, text, strict=False)))
            del states[shared + 1 :]
            for char in text[shared:]:
                states.append(self._next(states[-1], *self._moves.get(char, (self._advance_any, self._stay_any))))
            yield text, self._bits(states[-1]) if states[-1] & self._universe else None
            before = text

    def _cared_for(self, state: int) -> Sequence[str]:
        """The characters that some place of the state treats unlike others."""
        caring = state & self._caring
        found: set[str] = set()
        while caring:
            place = caring & -caring
            found |= self._cares[place]
            caring ^= place
        return sorted(found)


class Walk(Automaton):
    """All classes of texts, each with a shortest example, by walking the product of all globs in breadth.

    `cells` maps the set of groups that match (bit i for groups[i]) to the example. Texts that are globs without
    wildcards stay out of the product. Raises TooManyClasses after `most` states.
    """

    def __init__(self, groups: Sequence[Group], universe: Sequence[Glob], most: int) -> None:
        self._literals: dict[str, int] = {}
        patterns: list[list[Glob]] = []
        for i, group in enumerate(groups):
            patterns.append([])
            for pattern in group:
                text = beginning(pattern)
                if len(text) < len(pattern):
                    patterns[-1].append(pattern)
                else:
                    self._literals[text] = self._literals.get(text, 0) | 1 << i
        super().__init__(patterns, universe)
        self._falls = dict(self._all_run(self._literals))
        self._most = most
        self.cells = self._explore()
        self._set_apart()

    def bits(self, text: str) -> int | None:
        """The groups that match a text, None outside the universe."""
        ((_, found),) = self._all_run([text])
        return None if found is None else found | self._literals.get(text, 0)

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
            found = self._falls[text]
            if found is not None:
                self.cells.setdefault(found | bit, text)

    def _another(self, bits: int) -> str | None:
        """A text of the class that is none of the literals; None if there is none."""
        wanted = [group for i, group in enumerate(self.groups) if bits >> i & 1]
        others = [pattern for i, group in enumerate(self.groups) if not bits >> i & 1 for pattern in group]
        inside = [literal(text) for text, found in self._falls.items() if found == bits]
        return Search(wanted, [*others, *inside], self._within).text()

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
                    reached = self._forget(reached | ((reached & self._runs) << 1))
                    if reached & alive and reached not in seen:
                        seen.add(reached)
                        following.append((reached, text + char))
            if len(seen) > self._most:
                raise TooManyClasses(f"{len(self._ends)} overlapping patterns")
            level = following
        self.states = len(seen)
        return cells


class Search(Automaton):
    """Looks for one text that each of the `wanted` groups matches and no glob of `unwanted`, going first where the
    least is left to be matched."""

    def __init__(self, wanted: Sequence[Group], unwanted: Sequence[Glob], universe: Sequence[Glob]) -> None:
        super().__init__((*wanted, unwanted), universe)
        self._places: list[list[tuple[int, int]]] = []
        first = 0
        for group in self.groups:
            self._places.append([])
            for pattern in group:
                self._places[-1].append((first, len(pattern) + 1))
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
                raise TooManyClasses(f"{len(self._ends)} overlapping patterns")
        return None

    def _fits(self, state: int) -> bool:
        return bool(state & self._universe) and self._bits(state) == (1 << len(self.groups) - 1) - 1

    def _push(self, heap: list[tuple[int, int, int, str]], state: int, text: str) -> None:
        """Unless nothing good can come of the state: a wanted group is dead, or an unwanted glob matches for ever."""
        if not state & self._universe_places or state & self._settled & self._accepts[-1]:
            return
        left = 0
        for places in self._places[:-1]:
            nearest = 0
            for first, count in places:
                part = (state >> first) & ((1 << count) - 1)
                if part and (not nearest or 1 + count - part.bit_length() < nearest):
                    nearest = 1 + count - part.bit_length()
            if not nearest:
                return
            left += nearest - 1
        heapq.heappush(heap, (2 * left + len(text), len(heap), state, text))


def _is_endless(pattern: Glob) -> bool:
    """Whether every text that goes on from one that it matches is matched too."""
    return bool(pattern) and pattern[-1] == ANY_RUN
