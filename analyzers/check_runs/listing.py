"""The list of runs: its filters, and how results went day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils.dateparse import parse_date

from analyzers.models import CheckResult, CheckRun

TEXTS = ("pipeline", "repository", "branch", "commit")
DAYS = 30
WIDTH, HEIGHT = 600, 120
"""Of the drawing."""
KINDS = (("pass", {"PASS"}), ("unknown", {"UNKNOWN", "UNREADABLE"}), ("fail", {"FAIL"}))
"""From the bottom up."""


def filtered(query: Mapping[str, str]) -> tuple[QuerySet[CheckRun], dict[str, str]]:
    """The runs that the parameters name, and the parameters as they were understood."""
    used = {name: _text(query.get(name, "")) for name in (*TEXTS, "guardrail", "result", "since", "until")}
    rows = CheckRun.objects.all()
    for name in TEXTS:
        if not used[name]:
            continue
        rows = rows.filter(**{"commit__startswith" if name == "commit" else name: used[name]})
    if used["guardrail"]:
        name = used["guardrail"]
        rows = rows.filter(guardrails__contains=[name]) if "@" in name else rows.extra(**_of_any_version(name))
    if used["result"] in CheckResult.values:
        rows = rows.filter(result=used["result"]) if used["result"] else rows
    else:
        used["result"] = ""
    for name, lookup, days in (("since", "gte", 0), ("until", "lt", 1)):
        day = _day(used[name])
        if day is None:
            used[name] = ""
        else:
            instant = datetime.combine(day + timedelta(days=days), time.min, tzinfo=UTC)
            rows = rows.filter(**{f"created_at__{lookup}": instant})
    return rows, used


def _of_any_version(name: str) -> dict[str, Any]:
    condition = "EXISTS (SELECT 1 FROM unnest(guardrails) AS g WHERE g = %s OR starts_with(g, %s))"
    return {"where": [condition], "params": [name, f"{name}@"]}


def _day(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and found.year < 9999 else None


def _text(value: str) -> str:
    return str(value)[:300].replace("\x00", "").encode("utf-8", "replace").decode().strip()


# -- trend ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """A piece of a day's column."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Day:
    day: date
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Trend:
    """`days`: the last ones, also those without runs. `bars`: the drawing, WIDTH by HEIGHT. `most`: in one day."""

    days: list[Day]
    bars: list[Bar]
    most: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def totals(self) -> dict[str, int]:
        return {kind: sum(one.counts[kind] for one in self.days) for kind, _ in KINDS}


def trend(rows: QuerySet[CheckRun], today: date, days: int = DAYS) -> Trend:
    """Finished runs by day (UTC) and result."""
    first = today - timedelta(days=days - 1)
    found = (
        rows.filter(created_at__gte=datetime.combine(first, time.min, tzinfo=UTC), finished_at__isnull=False)
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day", "result")
        .annotate(count=Count("pk"))
    )
    counted: dict[date, dict[str, int]] = {}
    for day, result, count in found:
        entry = counted.setdefault(day, {kind: 0 for kind, _ in KINDS})
        entry[next(kind for kind, results in KINDS if result in results)] += count
    each = [first + timedelta(days=number) for number in range(days)]
    listed = [Day(day, counted.get(day, {kind: 0 for kind, _ in KINDS})) for day in each]
    most = max((one.total for one in listed), default=0)
    return Trend(listed, list(_bars(listed, most)), most)


def _bars(days: list[Day], most: int) -> list[Bar]:
    step = WIDTH / max(1, len(days))
    bars = []
    for number, one in enumerate(days):
        top = float(HEIGHT)
        for kind, _ in KINDS:
            if not one.counts[kind]:
                continue
            height = HEIGHT * one.counts[kind] / most
            top -= height
            bars.append(Bar(kind, round(number * step + 1, 2), round(top, 2), round(step - 2, 2), round(height, 2)))
    return bars
