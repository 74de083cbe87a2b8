"""The drawing of 400 days of use."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.template.loader import render_to_string

from analyzers.usage.sparkline import DAYS, HEIGHT, sparkline

LAST = date(2026, 7, 1)


def ends(path: str) -> list[float]:
    return [float(end) for end in re.findall(r"V([\d.-]+)", path)]


def test_a_monthly_job_is_a_line_a_month() -> None:
    monthly = {date(2026, month, 1): 1 for month in range(1, 8)}
    drawn = sparkline(monthly, LAST)
    assert drawn.used.count("M") == 7
    assert drawn.used.endswith(f"M{DAYS - 1}.5 {HEIGHT}V23.0")
    assert drawn.words == "Used on 7 days from 2025-05-28 to 2026-07-01, last on 2026-07-01."


def test_a_single_attempt_is_seen_beside_a_million() -> None:
    drawn = sparkline({LAST: 1, LAST - timedelta(days=1): 1_000_000}, LAST)
    high, low = ends(drawn.used)
    assert high == 0.0
    assert HEIGHT - low >= 5


def test_days_outside_and_empty_counts_are_left_out() -> None:
    drawn = sparkline({LAST - timedelta(days=DAYS): 4, LAST + timedelta(days=1): 4, LAST: 0, date.min: 1}, LAST)
    assert drawn.empty
    assert drawn.words.startswith("No use is recorded")


def test_denied_attempts_are_a_line_of_their_own() -> None:
    drawn = sparkline({LAST: 3}, LAST, denied={LAST - timedelta(days=2): 1})
    assert drawn.denied.startswith(f"M{DAYS - 3}.5")
    assert "Denied on 1 day, last on 2026-06-29." in drawn.words
    page = render_to_string("usage/_sparkline.html", {"sparkline": drawn})
    assert 'class="denied"' in page
    assert "style=" not in page
