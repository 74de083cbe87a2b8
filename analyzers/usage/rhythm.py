"""Use that comes again and again: a job that runs once a month or a quarter, seen in the days on which it ran.

Simple on purpose: it warns a reviewer before a right is removed, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import NamedTuple

ONE_OCCASION = 3
"""Days of use that lie no further apart than this are one occasion: over midnight, or over a weekend."""
LONGEST_OCCASION = 10
"""Use over more days than this at a stretch is use all the time, not now and then."""
TOLERANCE = (0.6, 1.5)
"""A gap may be this much shorter or longer than the middle one."""
FEWEST = 3
_KINDS = (
    ("once a week", 5, 9, FEWEST),
    ("every two weeks", 12, 17, FEWEST),
    ("once a month", 26, 36, FEWEST),
    ("every two months", 55, 67, FEWEST),
    ("once a quarter", 80, 100, FEWEST),
    ("twice a year", 165, 200, FEWEST),
    ("once a year", 350, 385, 2),
)
"""In words, middle gap in days from and to, and how many occasions it takes to say so."""
SELDOM = 20
"""A rhythm with gaps of so many days is worth a word: a short tracking period would miss it."""


class Rhythm(NamedTuple):
    """`every`: the middle gap in days; `longest`: the longest one; `last`: the day of the last use."""

    words: str
    every: int
    longest: int
    occasions: int
    last: date

    @property
    def seldom(self) -> bool:
        return self.every >= SELDOM

    @property
    def due(self) -> date:
        """When the next use is to be expected."""
        return self.last + timedelta(days=self.every)

    @property
    def misses(self) -> int:
        """The longest tracking period, in days, that has missed it at times."""
        return self.longest - 1


def rhythm(days: Collection[date]) -> Rhythm | None:
    """None where the days show no regular use."""
    occasions = _occasions(sorted(set(days)))
    if len(occasions) < 2 or any((end - begin).days > LONGEST_OCCASION for begin, end in occasions):
        return None
    gaps = [(later[0] - earlier[0]).days for earlier, later in pairwise(occasions)]
    middle = median(gaps)
    if min(gaps) < TOLERANCE[0] * middle or max(gaps) > TOLERANCE[1] * middle:
        return None
    for words, least, most, fewest in _KINDS:
        if least <= middle <= most and len(occasions) >= fewest:
            return Rhythm(words, round(middle), max(gaps), len(occasions), occasions[-1][1])
    return None


def _occasions(days: list[date]) -> list[tuple[date, date]]:
    """First and last day of each stretch of use."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and (day - found[-1][1]).days <= ONE_OCCASION:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
