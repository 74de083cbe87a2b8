"""Old and new documents beside each other, aligned by statement, as plain values for a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from analyzers.policy import locate, parse, pretty

from .narrowing import statements_of
from .proving import same_origin
from .values import Change


class Mark(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"


class Row(NamedTuple):
    """One line of both. `old`, `new`: its text with its indentation; empty, with number 0, where there is none.
    `document`: which of the new documents, from 1. `statement`: index in the old document, or None outside of them.
    `reason`, `last_use`: of a line that is removed or changed, where a change tells it."""

    mark: Mark
    old_number: int = 0
    old: str = ""
    new_number: int = 0
    new: str = ""
    document: int = 0
    statement: int | None = None
    reason: str = ""
    last_use: datetime | None = None


class _Line(NamedTuple):
    number: int
    text: str
    document: int = 0


class _Laid(NamedTuple):
    """The lines of a document: before its statements, of each, and after them."""

    head: list[_Line]
    statements: list[list[_Line]]
    tail: list[_Line]


def rows(old: str, new: Sequence[str], changes: Sequence[Change] = ()) -> tuple[Row, ...]:
    """`new`: the documents that take the place of `old`; none: all of it goes. Raises PolicyError.

    Both are shown as `analyzers.policy.pretty` writes them. Where there are several new documents, their statements
    stand beside the old ones that they come from, and their heads are left out but for the first.
    """
    reasons = _reasons(changes)
    before = _lay(old, 0)
    after = [_lay(text, number) for number, text in enumerate(new, 1)]
    origin = _origins(old, new)
    found = list(_beside(before.head, after[0].head if after else [], None, reasons))
    for index, lines in enumerate(before.statements):
        mine = [line for key, laid in origin.items() if laid == index for line in after[key[0]].statements[key[1]]]
        found += _beside(lines, mine, index, reasons)
    strays = [line for key, laid in origin.items() if laid is None for line in after[key[0]].statements[key[1]]]
    found += _beside([], strays, None, reasons)
    found += _beside(before.tail, after[0].tail if after else [], None, reasons)
    return tuple(found)


def _lay(text: str, document: int) -> _Laid:
    value = json.loads(text.removeprefix("\ufeff"))
    written = pretty(value)
    lines = [_Line(number, line, document) for number, line in enumerate(written.splitlines(), 1)]
    places = locate(written)
    single = isinstance(value["Statement"], dict)
    count = len(statements_of(value))
    spans = [places[("Statement",) if single else ("Statement", index)].value for index in range(count)]
    if not spans:
        return _Laid(lines, [], [])
    statements = [lines[span.start.line - 1 : span.end.line] for span in spans]
    return _Laid(lines[: spans[0].start.line - 1], statements, lines[spans[-1].end.line :])


def _origins(old: str, new: Sequence[str]) -> dict[tuple[int, int], int | None]:
    """(document, statement) of the new ones -> the old statement that it comes from. They keep their order."""
    olds = parse(old).statements
    found: dict[tuple[int, int], int | None] = {}
    for document, text in enumerate(new):
        begin = 0
        for statement in parse(text).statements:
            order = [*range(begin, len(olds)), *range(begin)]
            index = next((one for one in order if same_origin(olds[one], statement)), None)
            begin = begin if index is None else index
            found[document, statement.index] = index
    return found


def _beside(old: Sequence[_Line], new: Sequence[_Line], statement: int | None, reasons: _Reasons) -> Iterator[Row]:
    matcher = SequenceMatcher(None, [_plain(line) for line in old], [_plain(line) for line in new], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for left, right in zip_longest(old[a:b], new[c:d]):
            mark = Mark.SAME if kind == "equal" else Mark.CHANGED if left and right else _alone(left)
            change = _why(left, statement, reasons) if left and mark is not Mark.SAME else None
            yield Row(
                mark,
                left.number if left else 0,
                left.text if left else "",
                right.number if right else 0,
                right.text if right else "",
                right.document if right else 0,
                statement,
                change.reason if change else "",
                change.last_use if change else None,
            )


def _alone(left: _Line | None) -> Mark:
    return Mark.REMOVED if left else Mark.ADDED


def _plain(line: _Line) -> str:
    return line.text.rstrip(",")


_Reasons = Mapping[tuple[int, str], Change]


def _reasons(changes: Sequence[Change]) -> _Reasons:
    """By statement and what a line shows: a pattern as JSON has it, or the name of an element."""
    found: dict[tuple[int, str], Change] = {}
    for change in changes:
        for text in filter(None, (change.old, *change.actions)):
            found.setdefault((change.statement, json.dumps(text, ensure_ascii=False)), change)
        found.setdefault((change.statement, change.element), change)
    return found


def _why(line: _Line, statement: int | None, reasons: _Reasons) -> Change | None:
    """The change that names what stands in the line."""
    if statement is None:
        return None
    key, colon, value = _plain(line).strip().partition(": ")
    named = reasons.get((statement, value if colon else key))
    if named or not colon:
        return named
    element = key.strip('"')
    return reasons.get((statement, element)) if element in {"NotAction", "Resource"} else None
