"""What a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from analyzers.policy.model import Path

from .document import Document
from .values import FindingType, Substring


class Place(NamedTuple):
    """Where something was found; the span is looked up later. `key`: the name of the element is meant."""

    path: Path
    key: bool = False
    substring: Substring | None = None


class Found(NamedTuple):
    message: str
    places: tuple[Place, ...]


Check = Callable[[Document], Iterable[Found]]


class Rule(NamedTuple):
    """One documented check. `undecided` says what of it is not decided, and why; with `check` None all of it."""

    code: str
    type: FindingType
    check: Check | None
    undecided: str = ""


def found(message: str, *places: Place | Path) -> Found:
    return Found(message, tuple(place if isinstance(place, Place) else Place(place) for place in places))


def key(path: Path) -> Place:
    """The name of an element."""
    return Place(path, key=True)


def part(path: Path, start: int, length: int) -> Place:
    """A piece of a text."""
    return Place(path, substring=Substring(start, length))
