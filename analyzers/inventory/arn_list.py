"""ARNs out of a pasted text or a CSV file: one a line, or a column called arn or resourceArn."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.policy import arn as arns

MOST_BYTES = 1_500_000
MOST_LINES = 20_000
MOST_ERRORS = 50
LONGEST = 2_048
_COLUMNS = frozenset({"arn", "resourcearn"})


@dataclass(frozen=True, slots=True)
class ArnList:
    """`arns` in their order, each once. `errors`: line number and message, the first `MOST_ERRORS`."""

    arns: tuple[str, ...]
    duplicates: int = 0
    errors: tuple[tuple[int, str], ...] = ()


def read_bytes(data: bytes) -> ArnList:
    """A file as it was uploaded. What is wrong with it is told in `errors`; line 0 is the file as a whole."""
    if len(data) > MOST_BYTES:
        return ArnList((), errors=((0, f"The file is larger than {MOST_BYTES:,} bytes."),))
    try:
        return read(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return ArnList((), errors=((line, "The file is not UTF-8 text."),))


def read(text: str) -> ArnList:
    """Commas, semicolons and tabs part columns. Blank lines and lines that begin with # are passed over."""
    if len(text) > MOST_BYTES:
        return ArnList((), errors=((0, f"The list is longer than {MOST_BYTES:,} characters."),))
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        return ArnList((), errors=((0, f"The list has more than {MOST_LINES:,} lines."),))
    found: dict[str, int] = {}
    errors: list[tuple[int, str]] = []
    duplicates = 0
    column: int | None = None
    first = True
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = _cells(line)
        if first:
            first = False
            column = _column(cells)
            if column is not None:
                continue
        value, problem = _arn(cells, column or 0)
        if problem:
            errors.append((number, problem))
        elif value in found:
            duplicates += 1
        else:
            found[value] = number
    return ArnList(tuple(found), duplicates, tuple(errors[:MOST_ERRORS]))


def _cells(line: str) -> list[str]:
    separator = next((mark for mark in ("\t", ";") if mark in line), ",")
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator))]
    except (csv.Error, StopIteration):
        return [line.strip()]


def _column(cells: Sequence[str]) -> int | None:
    names = [cell.lower().replace("_", "").replace(" ", "") for cell in cells]
    return next((place for place, name in enumerate(names) if name in _COLUMNS), None)


def _arn(cells: Sequence[str], column: int) -> tuple[str, str]:
    if column >= len(cells):
        return "", f"The line has no column {column + 1}."
    value = cells[column]
    if len(value) > LONGEST:
        return "", f"An ARN has at most {LONGEST:,} characters."
    fields = arns.split(value)
    if fields is None or not fields[5] or any(ord(char) < 33 for char in value):
        return "", f"{value[:80]!r} is no ARN."
    if {"*", "?"} & set(value):
        return "", f"{value[:80]!r} has wildcards; name each resource, or choose by type, account or tag."
    return value, ""
