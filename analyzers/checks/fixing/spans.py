"""Where the elements of a YAML text begin and end.

For texts that `sources.tree` has read, so depth and size are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from analyzers.policy.model import Path

_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """`start`, `end`: offsets of the value, with its tag; of a block without what follows its last line. `column` of
    the start. `flow`: written in brackets, or a plain value, so that it may be replaced within a line. `members`: of a
    mapping, key -> (start of the key, value); `items`: of a sequence."""

    start: int
    end: int
    column: int
    flow: bool
    members: dict[str, tuple[int, Node]] | None = None
    items: list[Node] | None = None
    tagged: bool = False


def spans(text: str) -> Node:
    """The document's root. Raises LookupError for a text that this cannot tell of."""
    try:
        return _Reader(text).root()
    except (yaml.YAMLError, StopIteration, RecursionError) as error:
        raise LookupError("the text is not understood") from error


def at(root: Node, path: Path) -> Node:
    """Raises LookupError."""
    for step in path:
        if root.tagged:
            raise LookupError(step)
        root = (root.members or {})[step][1] if isinstance(step, str) else (root.items or [])[step]
    return root


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._events = _events(text)

    def root(self) -> Node:
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._node(event)
        raise LookupError("empty")

    def _node(self, event: Any) -> Node:
        start, column, last = event.start_mark.index, event.start_mark.column, event.end_mark.index
        if isinstance(event, (yaml.AliasEvent, yaml.ScalarEvent)):
            end = start + len(self._text[start:last].rstrip())
            style = getattr(event, "style", None)
            return Node(start, max(start, end), column, flow=style not in {"|", ">"}, tagged=_tagged(event))
        found = Node(start, start, column, flow=bool(event.flow_style), tagged=_tagged(event))
        if isinstance(event, yaml.SequenceStartEvent):
            found.items = list(self._inner(yaml.SequenceEndEvent, found))
        else:
            found.members = {}
            keys = self._inner(yaml.MappingEndEvent, found)
            for key in keys:
                found.members[self._text[key.start : key.end].strip("'\"")] = (key.start, next(keys))
        return found

    def _inner(self, ending: type, found: Node) -> Iterator[Node]:
        for event in self._events:
            last = event.end_mark.index
            if isinstance(event, ending):
                found.end = last if found.flow else found.end
                return
            node = self._node(event)
            found.end = max(found.end, node.end)
            yield node


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_FAST)


def _tagged(event: Any) -> bool:
    tag = getattr(event, "tag", None) or ""
    return bool(getattr(event, "anchor", None)) or (tag.startswith("!") and tag != "!")
