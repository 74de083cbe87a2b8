"""Where each element stands in the text of a JSON document.

Read only to show a place to a person, so plain and complete rather than fast; the text is known to be JSON, or is
read as far as it is.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from .model import Path, Position, Span

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}:\[{\"]+")


class Located(NamedTuple):
    """The span of an element's value and, in an object, of its key (quotes included)."""

    value: Span
    key: Span | None = None


class _Lines:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1], offset)


def position(text: str, offset: int) -> Position:
    """The line and column of an offset."""
    return _Lines(text).position(offset)


def locate(text: str) -> Mapping[Path, Located]:
    """Every element by its path; the document itself has the path (). Stops quietly where the text is not JSON."""
    lines = _Lines(text)
    found: dict[Path, Located] = {}

    def span(start: int, end: int) -> Span:
        return Span(lines.position(start), lines.position(end))

    # (path, start of the value, its key, index of the next item or None for an object)
    stack: list[tuple[Path, int, Span | None, int | None]] = []
    offset = _skip(text, 0)
    path: Path = ()
    key: Span | None = None
    while offset < len(text):
        char = text[offset]
        if char in "{[":
            stack.append((path, offset, key, 0 if char == "[" else None))
            offset = _skip(text, offset + 1)
            if offset < len(text) and text[offset] in "]}":
                pass
            else:
                step = _enter(text, offset, stack)
                if step is None:
                    return found
                path, key, offset = step[0], span(*step[1]) if step[1] else None, step[2]
                continue
        else:
            match = _STRING.match(text, offset) or _SCALAR.match(text, offset)
            if match is None:
                return found
            found[path] = Located(span(offset, match.end()), key)
            offset = _skip(text, match.end())
        while stack and offset < len(text):
            if text[offset] == ",":
                step = _enter(text, _skip(text, offset + 1), stack)
                if step is None:
                    return found
                path, key, offset = step[0], span(*step[1]) if step[1] else None, step[2]
                break
            if text[offset] not in "]}":
                return found
            outer, start, outer_key, _ = stack.pop()
            found[outer] = Located(span(start, offset + 1), outer_key)
            offset = _skip(text, offset + 1)
        if not stack:
            return found
    return found


def _enter(
    text: str, offset: int, stack: list[tuple[Path, int, Span | None, int | None]]
) -> tuple[Path, tuple[int, int] | None, int] | None:
    """The path of the next item of the innermost container, its key's offsets, and where its value begins."""
    outer, start, outer_key, index = stack[-1]
    if index is not None:
        stack[-1] = (outer, start, outer_key, index + 1)
        return (*outer, index), None, offset
    match = _STRING.match(text, offset)
    if match is None:
        return None
    try:
        name = json.loads(match.group(0), strict=False)
    except ValueError:
        return None
    after = _skip(text, match.end())
    if text[after : after + 1] != ":":
        return None
    return (*outer, name), match.span(), _skip(text, after + 1)


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset
