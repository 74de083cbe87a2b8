"""The classes that groups of globs cut all strings into.

A policy never asks more of a string than whether some glob of a group matches: the actions of a statement, the values
of a condition. Two strings that the same groups match are the same to it, so a solver need not see strings at all: one
example of each class is enough. The classes are the non-empty cells of the Boolean algebra that the groups generate
(the minterms of symbolic automata, https://doi.org/10.1007/978-3-642-22110-1_21).

Most patterns of real policies are plain texts (`ec2:RunInstances`) or beginnings (`ec2:Describe*`). These are laminar:
two of them either exclude each other, or one is within the other. So they form a tree, in which each beginning adds
one class, that of the texts which go on in another way than its children; sorting finds it. Only where a wildcard
stands further inside (`ec2:*Tags`) is a product of automata walked, and only below the text with which it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from .automata import MAX_STATES, Search, TooManyClasses, Walk, unused
from .globs import EVERYTHING, Glob, any_of, beginning, concat, literal, residuals

Group = Collection[Glob]
"""Globs of which one must match."""


class Sorted(NamedTuple):
    """A group by how its globs go on after the text they begin with: not at all, in any way, or otherwise."""

    texts: tuple[str, ...]
    beginnings: tuple[str, ...]
    others: tuple[tuple[str, Glob], ...]

    def below(self, root: str) -> list[Glob]:
        """What is left of those that begin with more than `root`."""
        length = len(root)
        left = [literal(text[length:]) for text in self.texts if text.startswith(root)]
        left += [concat(literal(text[length:]), EVERYTHING) for text in self.beginnings if text.startswith(root)]
        return left + [pattern[length:] for text, pattern in self.others if text.startswith(root)]


@lru_cache(maxsize=8192)
def sort(group: frozenset[Glob]) -> Sorted:
    texts, beginnings, others = [], [], []
    for pattern in group:
        text = beginning(pattern)
        rest = pattern[len(text) :]
        if not rest:
            texts.append(text)
        elif rest == EVERYTHING:
            beginnings.append(text)
        else:
            others.append((text, pattern))
    return Sorted(tuple(texts), tuple(beginnings), tuple(others))


class Classes:
    """The classes of strings that the groups tell apart, within the strings that match one of `universe`.

    `cells` maps the set of groups that match (bit i for groups[i]) to an example. Raises TooManyClasses.
    """

    def __init__(
        self, groups: Sequence[Group], *, universe: Sequence[Glob] = (EVERYTHING,), most: int = MAX_STATES
    ) -> None:
        self._universe = tuple(universe)
        self._is_inside = any_of(self._universe)
        self._texts: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        others: dict[Glob, None] = {}
        roots: set[str] = set()
        sorts = [sort(frozenset(group)) for group in groups]
        for i, one in enumerate(sorts):
            bit = 1 << i
            for text in one.texts:
                self._texts[text] = self._texts.get(text, 0) | bit
            for text in one.beginnings:
                self._beginnings[text] = self._beginnings.get(text, 0) | bit
            for text, pattern in one.others:
                others[pattern] = None
                roots.add(text)
        self._others = tuple(others)
        self._lengths = sorted(set(map(len, self._beginnings)))
        self.cells: dict[int, str] = {}
        most -= len(self._beginnings)
        if most <= 0:
            raise TooManyClasses(f"{len(self._beginnings)} overlapping patterns")
        self._below: dict[str, _Below] = {}
        for root in _outermost(roots):
            below = self._below[root] = self._walk_below(sorts, root, most)
            most -= below.walk.states
        self._cut()

    @property
    def patterns(self) -> list[Glob]:
        """Those that match more than one text."""
        return [*(concat(literal(text), EVERYTHING) for text in self._beginnings), *self._others]

    def bits(self, text: str) -> int | None:
        """The groups that match a text, None outside the universe."""
        if not self._is_inside(text):
            return None
        for root, below in self._below.items():
            if text.startswith(root):
                return below.bits(text[len(root) :])
        return self._texts.get(text, 0) | self._begun(text)

    def _begun(self, text: str) -> int:
        """The groups that a beginning of the text is in."""
        found = 0
        for length in self._lengths:
            if length > len(text):
                break
            found |= self._beginnings.get(text[:length], 0)
        return found

    def seed(self, texts: Iterable[str]) -> None:
        """Take readable strings for examples of the classes into which they fall; the first for each."""
        waiting = set(self.cells)
        for text in texts:
            if not waiting:
                return
            bits = self.bits(text)
            if bits in waiting:
                self.cells[bits] = text
                waiting.remove(bits)

    # -- finding them ------------------------------------------------------------------------------------------

    def _walk_below(self, sorts: Sequence[Sorted], root: str, most: int) -> _Below:
        """What patterns cut that begin with `root`, some of which go on in a way of their own."""
        always = self._begun(root)
        left = {i: one.below(root) for i, one in enumerate(sorts) if not always >> i & 1}
        left = {i: patterns for i, patterns in left.items() if patterns}
        universe = [rest for whole in self._universe for rest in residuals(whole, root)]
        return _Below(always, tuple(left), Walk(list(left.values()), universe, most))

    def _cut(self) -> None:
        """The texts and beginnings in their order: what a beginning holds follows it, and of it the longest last."""
        open_: list[_Region] = [_Region("", self._beginnings.get("", 0))]
        if "" in self._texts and "" not in self._below:
            self._add(open_[0].bits | self._texts[""], "")
        for text in sorted({*self._texts, *self._beginnings, *self._below} - {""}):
            while not text.startswith(open_[-1].begin):
                self._close(open_.pop())
            around = open_[-1]
            if around.begin in self._below:
                continue
            bits = around.bits
            if text in self._beginnings or text in self._below:
                around.ends.append((text, True))
                open_.append(_Region(text, bits | self._beginnings.get(text, 0)))
                bits = open_[-1].bits
            else:
                around.ends.append((text, False))
            if text in self._texts and text not in self._below:
                self._add(bits | self._texts[text], text)
        while open_:
            self._close(open_.pop())

    def _add(self, bits: int, text: str) -> None:
        if bits not in self.cells and self._is_inside(text):
            self.cells[bits] = text

    def _close(self, region: _Region) -> None:
        """The class of what begins so and is neither one of the texts nor begins as the children do."""
        below = self._below.get(region.begin)
        if below is not None:
            for bits, rest in below.cells():
                self.cells.setdefault(bits, region.begin + rest)
        elif region.bits not in self.cells and (text := self._member(region)) is not None:
            self.cells[region.bits] = text

    def _member(self, region: _Region) -> str | None:
        begin, taken = region.begin, {text[len(region.begin)] for text, _ in region.ends}
        other = unused(taken)
        for text in (begin, begin + other, f"{begin}{other}:{other}"):
            if self._is_inside(text) and not (text == begin and begin in self._texts):
                return text
        wanted = [concat(literal(begin), EVERYTHING)]
        unwanted = [concat(literal(text), EVERYTHING if endless else ()) for text, endless in region.ends]
        if begin in self._texts:
            unwanted.append(literal(begin))
        return Search([wanted], unwanted, self._universe).text()


class _Region:
    """What begins with `begin`, while its `ends` are collected: where it goes on in a way that is told apart, with
    any text after it or with none."""

    __slots__ = ("begin", "bits", "ends")

    def __init__(self, begin: str, bits: int) -> None:
        self.begin, self.bits = begin, bits
        self.ends: list[tuple[str, bool]] = []


class _Below(NamedTuple):
    """Classes of what follows a beginning. The groups in `always` match all of it; `numbers` are those walked."""

    always: int
    numbers: tuple[int, ...]
    walk: Walk

    def bits(self, rest: str) -> int | None:
        found = self.walk.bits(rest)
        return None if found is None else self._of(found)

    def cells(self) -> Iterator[tuple[int, str]]:
        for bits, example in self.walk.cells.items():
            yield self._of(bits), example

    def _of(self, bits: int) -> int:
        return self.always | sum(1 << number for i, number in enumerate(self.numbers) if bits >> i & 1)


def _outermost(texts: Iterable[str]) -> list[str]:
    """Those that do not begin with another one."""
    kept: list[str] = []
    for text in sorted(texts):
        if not kept or not text.startswith(kept[-1]):
            kept.append(text)
    return kept
