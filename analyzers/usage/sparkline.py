"""Use over 400 days as a small drawing: a line up for each day with use, so that a monthly job is seen as such, and a
line hanging down for each day with refused attempts.

Shown by `templates/usage/_sparkline.html`, which takes a `Sparkline` as `sparkline`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = 400
HEIGHT = 28
LOW = 5
"""Height of a single attempt: it must be seen beside days with a million."""
HANGING = 9


@dataclass(frozen=True)
class Sparkline:
    """`used` and `denied`: path data in a view box of `width` by `height`; a day is one unit wide, the newest at the
    right. `months`: path data of the first days of months. `words`: what the drawing shows, for those who do not
    see it. `empty`: nothing in all these days."""

    used: str
    denied: str
    months: str
    words: str
    first_day: date
    last_day: date
    empty: bool
    width: int = DAYS
    height: int = HEIGHT


def sparkline(days: Mapping[date, int], last_day: date, *, denied: Mapping[date, int] | None = None) -> Sparkline:
    """The drawing of `DAYS` days that end with `last_day`. `days`: how often the action was used on a day, `denied`:
    attempts that were refused; other days, and counts below one, are left out."""
    refused = denied or {}
    first_day = last_day - timedelta(days=DAYS - 1)
    used_here = _inside(days, first_day, last_day)
    denied_here = _inside(refused, first_day, last_day)
    return Sparkline(
        used=_lines(used_here, first_day),
        denied=_hanging(denied_here, first_day),
        months="".join(f"M{number}.5 0V{HEIGHT}" for number in range(DAYS) if _day(first_day, number).day == 1),
        words=_words(used_here, denied_here, first_day, last_day),
        first_day=first_day,
        last_day=last_day,
        empty=not used_here and not denied_here,
    )


def _day(first_day: date, number: int) -> date:
    return first_day + timedelta(days=number)


def _inside(days: Mapping[date, int], first_day: date, last_day: date) -> dict[date, int]:
    return {day: count for day, count in sorted(days.items()) if count > 0 and first_day <= day <= last_day}


def _lines(days: Mapping[date, int], first_day: date) -> str:
    """Heights grow with the logarithm: one attempt and a million are both to be seen."""
    most = max(days.values(), default=0)
    scale = (HEIGHT - LOW) / math.log(most) if most > 1 else 0.0
    return "".join(
        f"M{(day - first_day).days}.5 {HEIGHT}V{HEIGHT - LOW - scale * math.log(count):.1f}"
        for day, count in days.items()
    )


def _hanging(days: Mapping[date, int], first_day: date) -> str:
    """From above, so that neither hides the other on the same day."""
    return "".join(f"M{(day - first_day).days}.5 0V{HANGING}" for day in days)


def _words(used: Mapping[date, int], denied: Mapping[date, int], first_day: date, last_day: date) -> str:
    time = f"from {first_day} to {last_day}"
    if not used and not denied:
        return f"No use is recorded {time}."
    told = []
    if used:
        told.append(f"Used on {len(used)} {_plural(used)} {time}, last on {max(used)}.")
    if denied:
        told.append(f"Denied on {len(denied)} {_plural(denied)}, last on {max(denied)}.")
    return " ".join(told)


def _plural(days: Mapping[date, int]) -> str:
    return "day" if len(days) == 1 else "days"
