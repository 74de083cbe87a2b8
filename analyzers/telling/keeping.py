"""Keeping one entry for each finding up to date: created once, changed when its text changes, closed when it passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from .patience import Patience, Refused
from .texts import Entry, Marker, State, digest, gone, scope_of


class Item(NamedTuple):
    """An entry of ours that is there. `digest`: of its text. `open`: what cannot be closed is open as long as it tells
    of a failure. `handle`: the service's object."""

    marker: Marker
    title: str
    digest: str
    open: bool
    url: str
    handle: Any = None


class Shelf(Protocol):
    """Where entries are kept. Every method raises Later or Refused. Only what bears a marker and was written by who we
    sign in as is listed."""

    def items(self) -> list[Item]: ...
    def create(self, entry: Entry) -> str:
        """The address of the new one."""

    def change(self, item: Item, entry: Entry) -> None:
        """Its text, and whether it is open or closed."""


class Did(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    CLOSED = "closed"
    SAME = "already told"
    LEFT = "left alone"
    FAILED = "NOT TOLD"


class Line(NamedTuple):
    did: Did
    title: str
    detail: str = ""


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)

    @property
    def told(self) -> bool:
        return all(line.did is not Did.FAILED for line in self.lines)


def keep(shelf: Shelf, entries: Sequence[Entry], name: str, patience: Patience, *, complete: bool = False) -> Report:
    """`name`: of the pipeline; entries of others are not touched. `complete`: the entries are all that there is, so one
    that is not among them is gone. What fails does not keep the rest from being told."""
    report = Report()
    try:
        items = _by_key(patience.call(shelf.items), name)
    except Refused as error:
        report.lines = [Line(Did.FAILED, one.title, str(error)) for one in entries if one.state is State.FAILING]
        report.lines = report.lines or [Line(Did.FAILED, "what was told before", str(error))]
        return report
    known = {one.key for one in entries}
    wanted = [*entries]
    for key, found in items.items():
        if key in known:
            continue
        if complete:
            wanted.append(gone(key, found[0].title, name))
        elif any(item.open and item.marker.state is State.FAILING for item in found):
            report.lines.append(Line(Did.LEFT, found[0].title, "not in this result; --complete would close it"))
    over = ""
    for entry in wanted:
        if over:
            if entry.state is State.FAILING or entry.key in items:
                report.lines.append(Line(Did.FAILED, entry.title, over))
            continue
        try:
            report.lines += _kept(shelf, items.get(entry.key, []), entry, name, patience)
        except Refused as error:
            report.lines.append(Line(Did.FAILED, entry.title, str(error)))
            over = str(error) if error.everything else ""
    return report


def _kept(shelf: Shelf, found: Sequence[Item], entry: Entry, name: str, patience: Patience) -> Iterable[Line]:
    if not found:
        return [] if entry.state is not State.FAILING else [_created(shelf, entry, name, patience)]
    chosen = found[:1] if entry.state is State.FAILING else found
    return [line for item in chosen if (line := _changed(shelf, item, entry, patience))]


def _created(shelf: Shelf, entry: Entry, name: str, patience: Patience) -> Line:
    def look() -> str | None:
        found = _by_key(shelf.items(), name).get(entry.key)
        return found[0].url if found else None

    return Line(Did.CREATED, entry.title, patience.call(lambda: shelf.create(entry), look))


def _changed(shelf: Shelf, item: Item, entry: Entry, patience: Patience) -> Line | None:
    failing = entry.state is State.FAILING
    if failing and not item.open and item.marker.state is State.FAILING:
        return Line(Did.LEFT, entry.title, f"somebody has closed {item.url}; it still fails")
    if not failing and item.marker.state is not State.FAILING and not item.open:
        return None  # closed long ago
    if failing and item.open and item.digest == digest(entry.body):
        return Line(Did.SAME, entry.title, item.url)
    patience.call(lambda: shelf.change(item, entry))
    return Line(Did.UPDATED if failing else Did.CLOSED, entry.title, item.url)


def _by_key(items: Iterable[Item], name: str) -> dict[str, list[Item]]:
    """Those of this pipeline. Of several for one finding the open one first, then the oldest."""
    scope = scope_of(name)
    found: dict[str, list[Item]] = {}
    for item in items:
        if item.marker.scope == scope:
            found.setdefault(item.marker.key, []).append(item)
    return {key: sorted(several, key=lambda item: not item.open) for key, several in found.items()}
