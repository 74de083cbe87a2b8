"""Wildcards and variables in the values of conditions: where they do nothing, or match too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from analyzers.policy.errors import quote
from analyzers.policy.model import SetQualifier
from analyzers.policy.operators import Family

from . import global_keys
from .condition_keys import lines
from .document import Document, Line, Text
from .knowledge import is_provider, is_wild
from .rule import Found, Rule, found
from .values import FindingType

_BEFORE = 6
"""Characters that have to stand before a wildcard."""
_ESCAPED = re.compile(r"\$\{[*?$]\}")
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def without_like_operator(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.family is Family.STRING and line.rule and not line.rule.glob:
            for value in line.values:
                if is_wild(_VARIABLE.sub("", value.value)):
                    yield found(
                        f"{line.name} takes * and ? literally. If they are meant as wildcards, write "
                        f"{_like(line.name)}.",
                        value.path,
                    )


def _like(name: str) -> str:
    return re.sub("Equals(IgnoreCase)?", "Like", name, flags=re.IGNORECASE)


class Sense(Enum):
    """When a condition that compares a text with `*` holds."""

    ALWAYS = 1
    NEVER = 2
    IF_PRESENT = 3
    IF_ABSENT = 4


def _sense(line: Line) -> Sense | None:
    """By how operators treat an absent key and, if present, any text: `*` matches every one."""
    if line.rule is None or line.family is not Family.STRING or not line.rule.glob:
        return None
    if not any(value.value and not value.value.strip("*") for value in line.values):
        return None
    present = not line.negated
    if line.operator.qualifier is SetQualifier.FOR_ALL_VALUES or line.operator.if_exists:
        absent = True
    elif line.operator.qualifier is SetQualifier.FOR_ANY_VALUE:
        absent = False
    else:
        absent = line.negated
    if line.lower in global_keys.ALWAYS_PRESENT:
        absent = present
    if present == absent:
        return Sense.ALWAYS if present else Sense.NEVER
    return Sense.IF_PRESENT if present else Sense.IF_ABSENT


def _having(document: Document, sense: Sense) -> Iterator[Line]:
    return (line for line in lines(document) if _sense(line) is sense)


def equivalent_to_null_false(document: Document) -> Iterator[Found]:
    for line in _having(document, Sense.IF_PRESENT):
        yield found(
            f'This only asks whether {line.key} is there. Write "Null": {{"{line.key}": "false"}} to say so.', line.path
        )


def equivalent_to_null_true(document: Document) -> Iterator[Found]:
    for line in _having(document, Sense.IF_ABSENT):
        yield found(
            f'This holds only where {line.key} is absent. Write "Null": {{"{line.key}": "true"}} to say so.', line.path
        )


def redundant_key(document: Document) -> Iterator[Found]:
    for line in _having(document, Sense.ALWAYS):
        yield found(f"The condition on {line.key} always holds. Remove it.", line.path)


def redundant_statement(document: Document) -> Iterator[Found]:
    for line in _having(document, Sense.NEVER):
        yield found(
            f"The condition on {line.key} never holds, so the statement does nothing. Remove the condition, or the "
            "statement.",
            line.path,
        )


def wildcard_too_permissive(document: Document) -> Iterator[Found]:
    for line, value in _patterns(document):
        yield from _too_permissive(line, value, _ESCAPED.sub("x", _VARIABLE_BUT_ESCAPES.sub("x", value.value)), "*")


def variable_too_permissive(document: Document) -> Iterator[Found]:
    for line, value in _patterns(document):
        # A variable as one character that cannot be written otherwise; wildcards as plain text.
        plain = _ESCAPED.sub("x", value.value)
        if "${" in plain:
            yield from _too_permissive(line, value, _VARIABLE.sub("\0", plain), "\0")


_VARIABLE_BUT_ESCAPES = re.compile(r"\$\{(?![*?$]\})[^}]*\}")


def _patterns(document: Document) -> Iterator[tuple[Line, Text]]:
    for line in lines(document):
        if line.family is Family.STRING and line.rule and line.rule.glob:
            for value in line.values:
                yield line, value


def _too_permissive(line: Line, value: Text, text: str, mark: str) -> Iterator[Found]:
    what = "wildcard" if mark == "*" else "variable"
    marks = "*?" if mark == "*" else mark
    if not any(char in text for char in marks):
        return
    if line.lower in global_keys.SENSITIVE:
        yield found(
            f"{quote(value.value)}: a {what} in {line.key} may let in accounts or networks of others. Write the values "
            "in full.",
            value.path,
        )
    elif line.lower == "aws:userid":
        left, colon, _ = text.partition(":")
        if not colon or (any(char in left for char in marks) and left not in tuple(marks)):
            yield found(
                f"{quote(value.value)}: a {what} in aws:userid may match the ids of others. Write it behind the colon, "
                "or alone before it.",
                value.path,
            )
    elif _is_subject(line.lower) and _short_before(text, marks):
        yield found(
            f"{quote(value.value)}: fewer than {_BEFORE} characters before a {what} may match subjects of others. "
            "Write more of it in full.",
            value.path,
        )


def _is_subject(lower: str) -> bool:
    prefix, _, name = lower.rpartition(":")
    return name == "sub" and is_provider(prefix)


def _short_before(text: str, marks: str) -> bool:
    """Whether fewer than six literal characters stand before one of the marks. Runs of marks count as one."""
    pieces = re.split(f"[{re.escape(marks)}]+", text)[:-1]
    return any(len(piece) < _BEFORE for piece in pieces)


RULES = (
    Rule("WILDCARD_WITHOUT_LIKE_OPERATOR", FindingType.WARNING, without_like_operator),
    Rule("EQUIVALENT_TO_NULL_FALSE", FindingType.SUGGESTION, equivalent_to_null_false),
    Rule("EQUIVALENT_TO_NULL_TRUE", FindingType.SUGGESTION, equivalent_to_null_true),
    Rule("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", FindingType.SUGGESTION, redundant_key),
    Rule("REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", FindingType.SUGGESTION, redundant_statement),
    Rule(
        "WILDCARD_USAGE_TOO_PERMISSIVE",
        FindingType.ERROR,
        wildcard_too_permissive,
        "of the documented sensitive keys, aws:userid, and the sub claim of OIDC providers (the six characters); for "
        "which other keys AWS asks for six characters is not documented",
    ),
    Rule(
        "VARIABLE_USAGE_TOO_PERMISSIVE",
        FindingType.ERROR,
        variable_too_permissive,
        "as the check before, and only with operators that read wildcards: with others a variable is no wildcard",
    ),
)
