"""Active findings day by day as a drawing, made on the server: an area under a line of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from findings.unused_statistics import Day

WIDTH, HEIGHT = 720, 140
TOP = 12


@dataclass(frozen=True)
class Mark:
    """A day with its place on the drawing."""

    day: date
    x: float


@dataclass(frozen=True)
class Trend:
    """`line` and `area`: path data in a view box of `width` by `height`. `words`: what it shows, for those who do
    not see it."""

    line: str
    area: str
    words: str
    first: Mark
    last: Mark
    most: int
    now: int
    width: int = WIDTH
    height: int = HEIGHT


def trend_of(days: Sequence[Day]) -> Trend:
    """`days`: one or more, in order."""
    totals = [sum(day.active.values()) for day in days]
    most = max(totals)
    step = WIDTH / len(days)
    scale = (HEIGHT - TOP) / most if most else 0.0
    line = ""
    for place, total in enumerate(totals):
        line += f"{'V' if line else f'M{place * step:.1f} '}{HEIGHT - total * scale:.1f}H{(place + 1) * step:.1f}"
    return Trend(
        line=line,
        area=f"{line}V{HEIGHT}H0Z",
        words=(
            f"{totals[0]:,} active on {days[0].day:%Y-%m-%d}, {totals[-1]:,} on {days[-1].day:%Y-%m-%d}, "
            f"at most {most:,}."
        ),
        first=Mark(days[0].day, 0),
        last=Mark(days[-1].day, WIDTH),
        most=most,
        now=totals[-1],
    )
