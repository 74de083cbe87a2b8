"""Paths as a drawing: a column for each distance from the resource, a line for each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analyzers.kinds.paths.search import Path
from analyzers.kinds.paths.world import ADDED, ALL, Standing

MOST_NODES = 40
WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 220, 44, 70, 14, 12


@dataclass(frozen=True)
class Node:
    """A standing, or the resource itself. `note`: what it has given itself."""

    key: object
    name: str
    note: str
    kind: str
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """From the right edge of one node to the left edge of another. `known`: see `Move.known`."""

    x1: int
    y1: int
    x2: int
    y2: int
    known: bool


@dataclass(frozen=True)
class Drawing:
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    width: int
    height: int
    left_out: int


def drawing(paths: Iterable[Path], resource: str) -> Drawing:
    """As many paths, from the first on, as can be drawn in a way that somebody reads."""
    columns: dict[object, int] = {resource: 0}
    edges: dict[tuple[object, object], bool] = {}
    left_out = 0
    for path in paths:
        keys = [step.source for step in path.steps]
        last = path.steps[-1].target if path.steps else None
        chain: list[object] = [*keys, *([last] if last is not None else []), resource]
        if len(columns.keys() | set(chain)) > MOST_NODES:
            left_out += 1
            continue
        for distance, key in enumerate(reversed(chain)):
            columns[key] = max(columns.get(key, 0), distance)
        known = [step.known for step in path.steps]
        if last is not None:
            known.append(path.access is None or path.access.truth is True)
        for one, other, sure in zip(chain[:-1], chain[1:], known, strict=True):
            edges[one, other] = edges.get((one, other), False) or sure
    deepest = max(columns.values(), default=0)
    places: dict[object, Node] = {}
    rows: dict[int, int] = {}
    for key, distance in columns.items():
        row = rows.get(distance, 0)
        rows[distance] = row + 1
        x = EDGE + (deepest - distance) * (WIDTH + GAP_X)
        places[key] = Node(key, _name(key), _note(key), _kind(key), x, EDGE + row * (HEIGHT + GAP_Y))
    lines = tuple(
        Line(
            places[one].x + WIDTH,
            places[one].y + HEIGHT // 2,
            places[other].x,
            places[other].y + HEIGHT // 2,
            known,
        )
        for (one, other), known in edges.items()
    )
    width = 2 * EDGE + deepest * (WIDTH + GAP_X) + WIDTH
    height = 2 * EDGE + max(rows.values(), default=1) * (HEIGHT + GAP_Y) - GAP_Y
    return Drawing(tuple(places.values()), lines, width, height, left_out)


def _name(key: object) -> str:
    arn = key.arn if isinstance(key, Standing) else str(key)
    return arn.split(":", 5)[-1]


def _kind(key: object) -> str:
    if not isinstance(key, Standing):
        return "resource"
    return "user" if ":user/" in key.arn else "role"


def _note(key: object) -> str:
    """What it is, in a few words."""
    if not isinstance(key, Standing):
        return "the resource"
    said = []
    if key.gained in (ADDED, ALL):
        said.append("with a policy of its own choice")
    elif key.gained:
        said.append(f"in the group {key.gained.rsplit('/', 1)[-1]}")
    if key.unbounded:
        said.append("without boundary")
    return ", ".join(said) or f"account {key.arn.split(':')[4]}"
