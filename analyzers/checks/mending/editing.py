"""Changes of a JSON text that leave everything else as it stands: white space, order, Sids.

An edit names an element by its path in the text as it was before any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from analyzers.policy.locate import Located, locate
from analyzers.policy.model import Path

SHORT = 90
"""Characters of a list that is written on one line."""


class _Gone:
    def __repr__(self) -> str:
        return "GONE"

    def __reduce__(self) -> str:
        return "GONE"  # the same object after pickling


GONE: Final = _Gone()


class Edit(NamedTuple):
    """`value`: what stands at `path` afterwards; GONE: nothing does. A path that is not there yet is added: a member of
    an object, or the end of a list (its index is the list's length); what is no list there becomes one."""

    path: Path
    value: Any


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises LookupError for a path that cannot be."""
    edits = list(edits)
    for edit in edits:
        if edit.value is not GONE:
            text = _put(text, edit)
    removed = sorted((edit.path for edit in edits if edit.value is GONE), key=_order, reverse=True)
    for path in removed:
        text = _without(text, path)
    return text


def _order(path: Path) -> list[tuple[int, str]]:
    """Later items of a list after earlier ones."""
    return [(step, "") if isinstance(step, int) else (0, step) for step in path]


def _put(text: str, edit: Edit) -> str:
    places = locate(text)
    place = places.get(edit.path)
    if place is not None:
        start, end = place.value.start.offset, place.value.end.offset
        return text[:start] + _written(text, edit.value, start, places) + text[end:]
    above = places[edit.path[:-1]]
    name = edit.path[-1]
    if isinstance(name, int) and text[above.value.start.offset] != "[":
        return _listed(text, above, edit.value, places)
    children = _children(edit.path[:-1], places)
    key = f"{json.dumps(name, ensure_ascii=False)}{_colon(text, places)}" if isinstance(name, str) else ""
    if not children:
        opening, end = above.value.start.offset + 1, above.value.end.offset - 1
        return text[:opening] + key + _written(text, edit.value, opening, places) + text[end:]
    last = children[-1]
    begins, ends = _begin(last), last.value.end.offset
    gap = text[len(text[:begins].rstrip(" \t\r\n")) : begins]
    if not gap and len(children) == 1 and ", " in text:
        gap = " "
    written = _written(text, edit.value, begins, places)
    return f"{text[:ends]},{gap}{key}{written}{text[ends:]}"


def _listed(text: str, one: Located, value: Any, places: Mapping[Path, Located]) -> str:
    """The element that stands alone as the first of a list, and the value as the second."""
    start, end = one.value.start.offset, one.value.end.offset
    written = _written(text, value, start, places)
    return f"{text[:start]}[{text[start:end]}, {written}]{text[end:]}"


def _without(text: str, path: Path) -> str:
    places = locate(text)
    gone = places[path]
    siblings = _children(path[:-1], places)
    number = siblings.index(gone)
    if number + 1 < len(siblings):
        return text[: _begin(gone)] + text[_begin(siblings[number + 1]) :]
    if number:
        return text[: siblings[number - 1].value.end.offset] + text[gone.value.end.offset :]
    above = places[path[:-1]].value
    return text[: above.start.offset + 1] + text[above.end.offset - 1 :]


def _children(path: Path, places: Mapping[Path, Located]) -> list[Located]:
    """In the order of the text."""
    found = [place for at, place in places.items() if len(at) == len(path) + 1 and at[:-1] == path]
    return sorted(found, key=_begin)


def _begin(place: Located) -> int:
    return (place.key or place.value).start.offset


def _colon(text: str, places: Mapping[Path, Located]) -> str:
    for place in places.values():
        if place.key is not None:
            between = text[place.key.end.offset : place.value.start.offset]
            return between if "\n" not in between else ": "
    return ": "


def _written(text: str, value: Any, at: int, places: Mapping[Path, Located]) -> str:
    """The value in the manner of the document: on one line, or indented as its lines are."""
    tight = _colon(text, places) == ":"
    separators = (",", ":") if tight else (", ", ": ")
    plain = json.dumps(value, ensure_ascii=False, separators=separators)
    step = _step(text)
    if not step or not isinstance(value, (dict, list)) or not value:
        return plain
    if isinstance(value, list) and len(plain) <= SHORT and all(isinstance(item, str) for item in value):
        return plain
    line = text[text.rfind("\n", 0, at) + 1 : at]
    margin = re.match(r"[ \t]*", line)
    begin = margin[0] if margin else ""
    return _folded(value, separators, step, begin)


def _folded(value: Any, separators: tuple[str, str], step: str, margin: str) -> str:
    """As `json.dumps` with an indent, but short lists of texts on one line."""
    plain = json.dumps(value, ensure_ascii=False, separators=separators)
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not isinstance(value, (dict, list)) or not value or (texts and len(plain) <= SHORT):
        return plain
    inner = margin + step
    if isinstance(value, dict):
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_folded(item, separators, step, inner)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
    lines = [f"{inner}{_folded(item, separators, step, inner)}" for item in value]
    return "[\n" + ",\n".join(lines) + f"\n{margin}]"


def _step(text: str) -> str:
    """What one level is indented by; empty for a document on one line."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else ""
