"""Attempts that were refused. IAM counts them as use, so a reviewer sees them apart from what worked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from analyzers.usage.evidence import Evidence
from analyzers.usage.sparkline import Sparkline, sparkline

MOST_RESOURCES = 3


@dataclass(frozen=True)
class Denied:
    """`resources`: a few of those that were asked for. The drawing shows what worked as well."""

    action: str
    times: int
    last: datetime
    resources: tuple[str, ...]
    sparkline: Sparkline


def denied(known: Evidence | None, today: date) -> list[Denied]:
    """By action, the newest first."""
    found: dict[str, Denied] = {}
    uses = known.uses if known is not None else ()
    days: dict[str, dict[bool, dict[date, int]]] = {}
    for use in uses:
        total = days.setdefault(use.action.lower(), {True: {}, False: {}})[use.denied]
        for day, times in use.days.items():
            total[day] = total.get(day, 0) + times
    for use in uses:
        if not use.denied:
            continue
        name = use.action.lower()
        before = found.get(name)
        resources = dict.fromkeys([*(before.resources if before else ()), *([use.resource] if use.resource else ())])
        found[name] = Denied(
            action=use.action,
            times=sum(days[name][True].values()),
            last=max(use.last, before.last) if before else use.last,
            resources=tuple(resources)[:MOST_RESOURCES],
            sparkline=sparkline(days[name][False], today, denied=days[name][True]),
        )
    return sorted(found.values(), key=lambda one: one.last, reverse=True)
