"""Edits of a YAML text that leave everything else as it stands: comments, quotes, short forms, order.

As `mending.editing` for JSON. What cannot be done within the lines of one element is refused, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from analyzers.checks.mending.editing import GONE, Edit
from analyzers.policy.model import Path

from .spans import Node, at, spans
from .structure import removals

SHORT = 90
"""Characters of a list that is written on one line."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises LookupError for one that cannot be."""
    edits = list(edits)
    for edit in edits:
        if edit.value is not GONE:
            text = _put(text, edit)
    for path in removals(edits):
        text = _without(text, path)
    return text


def _put(text: str, edit: Edit) -> str:
    root = spans(text)
    above = at(root, edit.path[:-1])
    if above.tagged:
        raise LookupError("an intrinsic function")
    name = edit.path[-1]
    if isinstance(name, str):
        if above.members is None:
            raise LookupError(name)
        there = above.members[name][1] if name in above.members else None
    elif above.items is None:
        return _listed(text, above, edit.value)
    else:
        there = above.items[name] if name < len(above.items) else None
    if there is not None:
        return _replaced(text, above, there, edit.value)
    return _added(text, above, name, edit.value)


def _replaced(text: str, above: Node, there: Node, value: Any) -> str:
    if there.flow or _is_short(value):
        if not there.flow and "\n" in (gap := text[: there.start].rsplit(":", 1)[-1]) and not gap.strip():
            key_end = len(text[: there.start].rstrip())  # a block under its key becomes a value beside it
            return f"{text[:key_end]} {flow(value)}{text[there.end :]}"
        return text[: there.start] + flow(value) + text[there.end :]
    if _margin(text, there.start) is None:  # beside a dash
        return text[: there.start] + block(value, there.column).lstrip(" ") + text[there.end :]
    line = text.rfind("\n", 0, there.start) + 1
    column = max(there.column, above.column + 2) if isinstance(value, dict) else there.column
    return text[:line] + block(value, column) + text[there.end :]


def _added(text: str, above: Node, name: str | int, value: Any) -> str:
    key = f"{_scalar(name)}: " if isinstance(name, str) else ""
    inner = [node for _, node in (above.members or {}).values()] or list(above.items or [])
    if above.flow:
        if inner:
            return f"{text[: inner[-1].end]}, {key}{flow(value)}{text[inner[-1].end :]}"
        return f"{text[: above.start + 1]}{key}{flow(value)}{text[above.end - 1 :]}"
    end = _line_end(text, above.end)
    margin = " " * above.column
    if isinstance(name, str):
        written = f"{margin}{key}{flow(value)}" if _is_short(value) else f"{margin}{key.rstrip()}\n"
        written += "" if _is_short(value) else block(value, above.column + 2)
    else:
        written = f"{margin}- " + (flow(value) if _is_short(value) else block(value, above.column + 2).lstrip(" "))
    return f"{text[:end]}\n{written}{text[end:]}"


def _listed(text: str, one: Node, value: Any) -> str:
    """The element that stands alone as the first of a list, and the value as the second."""
    if one.flow:
        return f"{text[: one.start]}[{text[one.start : one.end]}, {flow(value)}]{text[one.end :]}"
    margin = _margin(text, one.start)
    if margin is None or one.members is None:
        raise LookupError("a list")
    end = _line_end(text, one.end)
    first, *others = text[one.start : end].split("\n")
    lines = [f"- {first}", *(f"  {line}" if line.strip() else line for line in others)]
    second = f"{margin}- " + block(value, len(margin) + 2).lstrip(" ")
    return text[: one.start] + "\n".join(lines) + "\n" + second + text[end:]


def _without(text: str, path: Path) -> str:
    above = at(spans(text), path[:-1])
    if above.tagged:
        raise LookupError("an intrinsic function")
    name = path[-1]
    if isinstance(name, str):
        pairs = list((above.members or {}).items())
        number = next(index for index, (key, _) in enumerate(pairs) if key == name)
        begins = [start for _, (start, _) in pairs]
        ends = [node.end for _, (_, node) in pairs]
    else:
        number = name
        begins = [node.start for node in above.items or []]
        ends = [node.end for node in above.items or []]
    if above.flow:
        return _out_of_line(text, above, begins, ends, number)
    if len(begins) < 2:
        raise LookupError("the only one of a block")
    if isinstance(name, int):
        begins = [_dash(text, begin) for begin in begins]
    return _out_of_lines(text, begins, ends, number)


def _out_of_line(text: str, above: Node, begins: list[int], ends: list[int], number: int) -> str:
    if number + 1 < len(begins):
        return text[: begins[number]] + text[begins[number + 1] :]
    if number:
        return text[: ends[number - 1]] + text[ends[number] :]
    return text[: above.start + 1] + text[above.end - 1 :]


def _out_of_lines(text: str, begins: list[int], ends: list[int], number: int) -> str:
    begin, end = begins[number], _line_end(text, ends[number])
    line = text.rfind("\n", 0, begin) + 1
    if not text[line:begin].strip():
        return text[:line] + text[end + 1 :] if end < len(text) else text[:line].rstrip("\n")
    if number + 1 < len(begins):  # the first one, beside the dash or brace of what is around it
        return text[:begin] + text[begins[number + 1] :]
    raise LookupError("an element in the middle of a line")


def _dash(text: str, begin: int) -> int:
    line = text.rfind("\n", 0, begin) + 1
    found = re.fullmatch(r"( *)-[ ]+", text[line:begin])
    if found is None:
        raise LookupError("a list item in the middle of a line")
    return line + len(found[1])


def _margin(text: str, begin: int) -> str | None:
    before = text[text.rfind("\n", 0, begin) + 1 : begin]
    return None if before.strip() else before


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


# -- values --------------------------------------------------------------------------------------------------------


def flow(value: Any) -> str:
    """On one line."""
    if (short := _short_form(value)) is not None:
        return short
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def block(value: Any, column: int) -> str:
    """Over lines, each indented by `column` blanks; no line break at the end."""
    margin = " " * column
    if _is_short(value):
        return margin + flow(value)
    lines = []
    if isinstance(value, dict):
        for key, one in value.items():
            head = f"{margin}{_scalar(key)}:"
            lines.append(f"{head} {flow(one)}" if _is_short(one) else f"{head}\n{block(one, column + 2)}")
    else:
        lines = [f"{margin}- {block(one, column + 2).lstrip(' ')}" for one in value]
    return "\n".join(lines)


def _is_short(value: Any) -> bool:
    """Whether it is written on one line."""
    if not value or not isinstance(value, (dict, list)) or _short_form(value) is not None:
        return True
    if isinstance(value, dict):
        return False
    return all(not isinstance(one, (dict, list)) for one in value) and len(flow(value)) <= SHORT


def _short_form(value: Any) -> str | None:
    """`!Sub …` for {"Fn::Sub": …}; None for what is no intrinsic function."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name, argument = next(iter(value.items()))
    if name == "Ref" and isinstance(argument, str):
        return f"!Ref {_scalar(argument)}"
    if name == "Fn::Sub" and isinstance(argument, str):
        return f"!Sub {_quoted(argument)}"
    if name == "Fn::GetAtt" and isinstance(argument, list) and all(isinstance(one, str) for one in argument):
        return f"!GetAtt {_scalar('.'.join(argument))}"
    return json.dumps(value, ensure_ascii=False) if name.startswith("Fn::") else None


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if plain else _quoted(value)


def _quoted(text: str) -> str:
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return json.dumps(text)
