"""The classes of one part of a request, with what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from .classes import Classes
from .domains import Cells, Group, cells_of, classes_of, grouped
from .formula import Sort, Var
from .globs import Glob
from .seeds import FIXED, seeds_for

MOST_STATES = 3_000
"""Product states after which a part of a request is not cut."""

Hints = Mapping[Var, Sequence[str]]
"""Readable values."""


class Cut(NamedTuple):
    """Bit i of a class says that its values pass a test of the group of number i."""

    var: Var
    groups: Mapping[Group, int]
    cells: Cells
    classes: Classes | None

    def passes(self, bits: int, group: Group) -> bool:
        """Whether the values of a class pass a test of the group. Raises LookupError if the classes cannot tell."""
        number = self.groups.get(group)
        if number is not None:
            return bool(bits >> number & 1)
        parts = {part: number for part, number in self.groups.items() if part <= group}
        if frozenset().union(*parts) != group:
            raise LookupError(f"what is asked of {self.var.name} is not among the groups")
        return any(bits >> number & 1 for number in parts.values())

    def usual(self) -> dict[int, str]:
        """The classes of usual values, each with the most usual one."""
        found: dict[int, str] = {}
        if self.classes is not None:
            for text in FIXED.get(self.var.name, ()):
                bits = self.classes.bits(text)
                if bits in self.cells:
                    found.setdefault(bits, text)
        return found

    def example(self, bits: int, hints: Hints) -> str:
        """A readable value of the class."""
        if self.classes is not None:
            for text in chain(hints.get(self.var, ()), seeds_for(self.var, self.classes.patterns)):
                if self.classes.bits(text) == bits:
                    return text
        return self.cells[bits]


def cut(var: Var, groups: tuple[Group, ...], universe: tuple[Glob, ...]) -> Cut:
    """Raises TooManyClasses."""
    numbers = {group: number for number, group in enumerate(groups)}
    if var.sort in {Sort.TEXT, Sort.BYTES}:
        classes = classes_of(groups, universe, MOST_STATES)
        return Cut(var, numbers, classes.cells, classes)
    tests = list(dict.fromkeys(chain(*groups)))
    return Cut(var, numbers, grouped(cells_of(var, tests), tests, groups), None)


known_cut = lru_cache(maxsize=2048)(cut)
"""The same, remembered: policies ask the same of a key again and again."""
