"""YAML and JSON texts as values that know where they stand.

Built from the parser's events, so that depth and size are bounded before anything is built: a text may be hostile.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.resolver import Resolver

MAX_TEXT = 4 * 1024 * 1024
"""CloudFormation takes 1 MB."""
MAX_DEPTH = 100
MAX_NODES = 250_000
"""After aliases are followed."""

_TOO_DEEP = f"It is nested more than {MAX_DEPTH} levels deep."
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = Resolver()
_TRUE = frozenset({"true", "yes", "on", "y"})


class NotReadable(ValueError):
    """The text is no YAML or JSON, or too large. Line and column start at 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Text(str):
    """A string with its place."""

    __slots__ = ("column", "line")
    line: int
    column: int


class Sequence(list[Any]):
    line = column = 1


class Mapping(dict[str, Any]):
    """`keys_at`: (line, column) of each key. A tag of CloudFormation's short forms is a mapping of one key:
    `!Ref X` is {"Ref": "X"}."""

    line = column = 1

    def __init__(self) -> None:
        super().__init__()
        self.keys_at: dict[str, tuple[int, int]] = {}


def place(value: Any) -> tuple[int, int] | None:
    """Where a value stands; None for one that has no place of its own (a number)."""
    line = getattr(value, "line", None)
    return None if line is None else (line, value.column)


def load(text: str) -> Any:
    """The value of a document. Raises NotReadable."""
    if len(text) > MAX_TEXT:
        raise NotReadable(f"It has {len(text):,} characters; at most {MAX_TEXT:,} are read.")
    if text.lstrip()[:1] in {"{", "["}:
        text = text.replace("\t", " ")  # JSON may be indented with tabs, YAML may not
    try:
        return _Builder().build(yaml.parse(text, Loader=_FAST))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if "nesting depth" in str(error.problem):  # the parser's own limit, met first within one line
            raise NotReadable(_TOO_DEEP, line, column) from None
        raise NotReadable(str(error.problem or error.context or "not YAML"), line, column) from None
    except yaml.YAMLError as error:
        raise NotReadable(str(error).splitlines()[0]) from None


class _Builder:
    def __init__(self) -> None:
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._depth = 0

    def build(self, events: Iterator[Any]) -> Any:
        found: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise NotReadable("It holds more than one document.", *_at(event))
            elif isinstance(event, yaml.NodeEvent):
                found = self._node(event, events)
        if not documents:
            raise NotReadable("It is empty.")
        return found

    def _node(self, event: Any, events: Iterator[Any]) -> Any:
        self._count(1, event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        if event.anchor:
            self._open.add(event.anchor)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotReadable(_TOO_DEEP, *_at(event))
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = _placed(Sequence(self._items(events)), event)
        else:
            value = self._mapping(event, events)
        self._depth -= 1
        value = _tagged(value, event)
        if event.anchor:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = (value, self._nodes - before + 1)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise NotReadable(f"*{event.anchor[:60]} contains itself.", *_at(event))
        if event.anchor not in self._anchors:
            raise NotReadable(f"*{event.anchor[:60]} is not defined.", *_at(event))
        value, size = self._anchors[event.anchor]
        self._count(size, event)
        return value

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise NotReadable(f"It has more than {MAX_NODES:,} elements.", *_at(event))

    def _items(self, events: Iterator[Any]) -> Iterator[Any]:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._node(event, events)

    def _mapping(self, start: Any, events: Iterator[Any]) -> Mapping:
        found: Mapping = _placed(Mapping(), start)
        merged: list[Any] = []
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events)
            if not isinstance(key, str):
                key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None:
                raise NotReadable("A key is no text.", *_at(event))
            value = self._node(next(events), events)
            if key == "<<" and event.implicit[0]:
                merged += value if isinstance(value, list) else [value]
                continue
            if key in found:
                raise NotReadable(f"{key[:60]!r} occurs twice.", *_at(event))
            found[key] = value
            found.keys_at[key] = _at(event)
        for more in merged:
            for key, value in more.items() if isinstance(more, Mapping) else ():
                if key not in found:
                    found[key] = value
                    found.keys_at[key] = more.keys_at[key]
        return found


def _scalar(event: Any) -> Any:
    """Truths, numbers and null as such; dates stay text, as CloudFormation has them (`Version: 2012-10-17`)."""
    if event.implicit[0] and event.tag is None:
        tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        if tag == "tag:yaml.org,2002:bool":
            return event.value.lower() in _TRUE
        if tag == "tag:yaml.org,2002:null":
            return None
        if tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}:
            return _number(event)
    return _placed(Text(event.value), event)


def _number(event: Any) -> Any:
    """A number that is written plainly; `012345678901` is an account id and stays text."""
    text: str = event.value
    if len(text) < 18 and text.lstrip("-").isdecimal() and str(int(text)) == text:
        return int(text)
    return _placed(Text(text), event)


def _tagged(value: Any, event: Any) -> Any:
    """A short form: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html"""
    tag = event.tag or ""
    if not tag.startswith("!") or tag == "!":
        return value
    name = tag[1:]
    key = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    if key == "Fn::GetAtt" and isinstance(value, str):
        value = Sequence(value.split(".", 1))
    found = _placed(Mapping(), event)
    found[key] = value
    found.keys_at[key] = _at(event)
    return found


def _placed(value: Any, event: Any) -> Any:
    value.line, value.column = _at(event)
    return value


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
