"""What would count as unused, and break, if the evidence reached less far back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from analyzers.catalogue import action
from analyzers.usage.evidence import Evidence

from .tree import Tree


class Lost(NamedTuple):
    """`name` of an action, or `prefix:*` where only the service's use is told."""

    name: str
    last: datetime


def lost(tree: Tree, known: Evidence | None, since: datetime, days: int) -> list[Lost]:
    """Of what was used after `since`, what was not used again in the last part, which begins `days` later. Also of
    services that are used in full, which a finding does not name."""
    later = since + timedelta(days=days)
    newest: dict[str, tuple[str, datetime]] = {}
    for name, last in _told(tree, known):
        before = newest.get(name.lower())
        newest[name.lower()] = (before[0], max(before[1], last)) if before else (name, last)
    found = [Lost(_spelled(name), last) for name, last in newest.values() if since <= last < later]
    services = {name.partition(":")[0] for name in newest}
    if known is not None and known.report is not None:
        found += [
            Lost(f"{prefix}:*", access.last)
            for prefix, access in known.report.services.items()
            if prefix not in services and access.last is not None and since <= access.last < later
        ]
    return sorted(found, key=lambda one: one.name.lower())


def _spelled(name: str) -> str:
    """As the catalogue has it: IAM's report is kept in small letters."""
    known = action(name)
    return known.full_name if known else name


def _told(tree: Tree, known: Evidence | None) -> list[tuple[str, datetime]]:
    """Last uses of actions, in no order and maybe several of one. Of what was only refused nothing can be lost."""
    told = [(line.name, line.last) for line in tree.used if line.last is not None]
    if known is None:
        return told
    allowed = {use.action.lower() for use in known.uses if not use.denied}
    told += [(use.action, use.last) for use in known.uses if use.action.lower() in allowed]
    if known.report is not None:
        tracked = (pair for access in known.report.services.values() for pair in access.actions.items())
        told += [(name, last) for name, last in tracked if last is not None]
    return told
