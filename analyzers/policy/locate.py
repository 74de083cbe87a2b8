"""Where each element stands in the text of a JSON document.

Read only to show a place to a person, so plain rather than fast, but in linear time: the text may be hostile.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from .model import Path, Position, Span

MAX_DEPTH = 40
"""Levels of nesting that are read; a policy has seven."""

_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(_STRING.pattern + r"|[^\s,:{}\[\]\"]++", re.DOTALL)


class Located(NamedTuple):
    """The span of an element's value and, in an object, of its key (quotes included)."""

    value: Span
    key: Span | None = None


def position(text: str, offset: int) -> Position:
    """The line and column of an offset."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset) - 1, offset)


def locate(text: str) -> Mapping[Path, Located]:
    """Every element by its path; the document itself has the path ().

    Stops quietly where the text is not JSON or has more than MAX_DEPTH levels, with the elements that are
    complete by then. Of an element that occurs twice it tells the last, as JSON readers do.
    """
    return dict(_Reader(text).read())


def repeated(text: str) -> tuple[Path, Span]:
    """The outermost element whose key occurs a second time, and where that is.

    Raises LookupError if there is none.
    """
    seen: set[Path] = set()
    twice: list[tuple[Path, Span]] = []
    for path, place in _Reader(text).read():
        if path in seen and place.key:
            twice.append((path, place.key))
        seen.add(path)
    if not twice:
        raise LookupError("no key occurs twice")
    return min(twice, key=lambda found: (len(found[0]), found[1].start.offset))


class _SenseError(ValueError):
    """From here on the text is not JSON."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.found: list[tuple[Path, Located]] = []

    def read(self) -> list[tuple[Path, Located]]:
        with suppress(ValueError):  # _SenseError, or a key with a bad escape
            self.value((), None)
        return self.found

    def value(self, path: Path, key: Span | None) -> None:
        if len(path) > MAX_DEPTH:
            raise _SenseError
        start = self.skip()
        if self.accept("{"):
            self.members(path)
        elif self.accept("["):
            self.items(path)
        else:
            self.take(_SCALAR)
        self.found.append((path, Located(self.span(start), key)))

    def members(self, path: Path) -> None:
        if self.accept("}"):
            return
        while True:
            start = self.skip()
            name = json.loads(self.take(_STRING))
            key = self.span(start)
            self.expect(":")
            self.value((*path, name), key)
            if self.accept("}"):
                return
            self.expect(",")

    def items(self, path: Path) -> None:
        if self.accept("]"):
            return
        index = 0
        while True:
            self.value((*path, index), None)
            if self.accept("]"):
                return
            self.expect(",")
            index += 1

    def skip(self) -> int:
        self.offset = _SPACE.match(self.text, self.offset).end()  # type: ignore[union-attr]  # it matches nothing too
        return self.offset

    def accept(self, char: str) -> bool:
        if not self.text.startswith(char, self.skip()):
            return False
        self.offset += 1
        return True

    def expect(self, char: str) -> None:
        if not self.accept(char):
            raise _SenseError

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.offset)
        if match is None:
            raise _SenseError
        self.offset = match.end()
        return match[0]

    def span(self, start: int) -> Span:
        return Span(self.place(start), self.place(self.offset))

    def place(self, offset: int) -> Position:
        line = bisect_right(self.lines, offset)
        return Position(line, offset - self.lines[line - 1], offset)
