"""Regular use, seen in the days on which something was used."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.usage.rhythm import Rhythm, rhythm

LAST = date(2026, 6, 14)


def days(*ago: int) -> list[date]:
    return [LAST - timedelta(days=one) for one in ago]


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        ((0, 7, 14, 21), "once a week"),
        ((0, 30, 61, 91), "once a month"),
        ((0, 1, 31, 60, 61), "once a month"),
        ((0, 91, 182), "once a quarter"),
        ((0, 365), "once a year"),
    ],
)
def test_regular_use_is_named(ago: tuple[int, ...], words: str) -> None:
    found = rhythm(days(*ago))
    assert found is not None
    assert found.words == words
    assert found.last == LAST


@pytest.mark.parametrize(
    "ago", [(), (0,), (0, 30), tuple(range(90)), (0, 5, 60, 62, 200), tuple(range(0, 400, 2)), (0, 1, 2, 300)]
)
def test_all_the_time_or_now_and_then_is_no_rhythm(ago: tuple[int, ...]) -> None:
    assert rhythm(days(*ago)) is None


def test_it_says_which_period_misses_it_and_when_it_is_due() -> None:
    found = rhythm(days(0, 30, 61, 91))
    assert found == Rhythm("once a month", 30, 31, 4, LAST)
    assert found is not None
    assert found.misses == 30
    assert found.due == LAST + timedelta(days=30)
    assert found.seldom


@given(st.sets(st.integers(0, 399), max_size=40))
def test_a_period_longer_than_the_longest_gap_never_misses_it(ago: set[int]) -> None:
    found = rhythm(days(*ago))
    if found is None:
        return
    used = sorted(days(*ago))
    gaps = [(later - earlier).days for earlier, later in pairwise(used)]
    assert max(gaps) <= found.longest
    assert found.occasions >= 2
