"""Edits of plain values: what a text must say after it was edited, by which every edit of a text is checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analyzers.checks.mending.editing import GONE, Edit
from analyzers.policy.model import Path


def edited(value: Any, edits: Iterable[Edit]) -> Any:
    """A copy with all edits made, as `mending.editing.apply` makes them. Raises LookupError."""
    edits = list(edits)
    found = copied(value)
    for edit in edits:
        if edit.value is not GONE:
            found = _put(found, edit.path, copied(edit.value))
    for path in removals(edits):
        container = at(found, path[:-1])
        del container[path[-1]]
    return found


def removals(edits: Iterable[Edit]) -> list[Path]:
    """The paths that go, later ones first, so that each is still true when its turn comes."""
    return sorted((edit.path for edit in edits if edit.value is GONE), key=_order, reverse=True)


def at(value: Any, path: Path) -> Any:
    """What stands at a path. Raises LookupError."""
    for step in path:
        fits = isinstance(value, dict) if isinstance(step, str) else isinstance(value, list)
        if not fits:
            raise LookupError(step)
        value = value[step]
    return value


def copied(value: Any) -> Any:
    """Of plain types, without places."""
    if isinstance(value, dict):
        return {str(key): copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [copied(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    above = at(value, path[:-1])
    step = path[-1]
    if isinstance(step, str):
        if not isinstance(above, dict):
            raise LookupError(step)
        above[step] = new
    elif not isinstance(above, list):
        return _put(value, path[:-1], [above, new])
    elif step < len(above):
        above[step] = new
    else:
        above.append(new)
    return value


def _order(path: Path) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in path]
