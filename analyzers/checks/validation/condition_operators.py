"""Condition operators, and lists that they have nothing to compare with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.policy.errors import quote
from analyzers.policy.model import Path, SetQualifier
from analyzers.policy.operators import RULES as OPERATORS
from analyzers.policy.operators import Family
from analyzers.policy.parse import read_operator

from .condition_keys import lines
from .document import Document, Line
from .knowledge import nearest
from .rule import Found, Rule, found, key
from .values import FindingType


def _blocks(document: Document) -> Iterator[tuple[str, Any, Path]]:
    """Each operator with what it holds."""
    for statement in document.statements:
        condition = statement.raw.get("Condition")
        for name, keys in condition.items() if isinstance(condition, dict) else ():
            yield name, keys, (*statement.path, "Condition", name)


def _is_null_with_if_exists(name: str) -> bool:
    return name.lower().rpartition(":")[2] == "nullifexists"


def invalid_condition_operator(document: Document) -> Iterator[Found]:
    for name, _, path in _blocks(document):
        if not read_operator(name).known and not _is_null_with_if_exists(name):
            near = nearest(name, (rule.name for rule in OPERATORS))
            advice = f"Did you mean {near}?" if near else "Use one such as StringEquals, ArnLike or Bool."
            yield found(f"There is no condition operator {quote(name)}. {advice}", key(path))


def null_with_if_exists(document: Document) -> Iterator[Found]:
    for name, _, path in _blocks(document):
        if _is_null_with_if_exists(name):
            yield found("Null asks whether the key is there; it has no IfExists. Write Null.", key(path))


def null_with_qualifier(document: Document) -> Iterator[Found]:
    for name, _, path in _blocks(document):
        operator = read_operator(name)
        if operator.name == "Null" and operator.qualifier:
            truth = "true" if operator.qualifier is SetQualifier.FOR_ALL_VALUES else "false"
            yield found(f"With {operator.qualifier.value} Null is always {truth}. Write Null alone.", key(path))


def duplicate_keys_with_different_case(document: Document) -> Iterator[Found]:
    for name, keys, path in _blocks(document):
        seen: dict[str, Path] = {}
        for written in keys if isinstance(keys, dict) else ():
            where = (*path, written)
            if written.lower() in seen:
                yield found(
                    f"{quote(written)} occurs twice under {name}, in different case, and case does not matter here. "
                    "Write its values into one list.",
                    key(where),
                    key(seen[written.lower()]),
                )
            seen.setdefault(written.lower(), where)


def _empty(document: Document) -> Iterator[Line]:
    return (line for line in lines(document) if line.raw == [])


def empty_array_condition(document: Document) -> Iterator[Found]:
    for line in _empty(document):
        if line.operator.qualifier is None and not line.operator.if_exists:
            yield found(f"{line.key} is compared with nothing. Give values, or remove it.", line.path)


def empty_array_condition_for_all_values(document: Document) -> Iterator[Found]:
    for line in _empty(document):
        if line.operator.qualifier is SetQualifier.FOR_ALL_VALUES:
            yield found(_absent_only(line), line.path)


def empty_array_condition_for_any_value(document: Document) -> Iterator[Found]:
    for line in _empty(document):
        if line.operator.qualifier is SetQualifier.FOR_ANY_VALUE and not line.operator.if_exists:
            yield found(f"No value of {line.key} is in an empty list: this is never true. Give values.", line.path)


def empty_array_condition_if_exists(document: Document) -> Iterator[Found]:
    for line in _empty(document):
        if line.operator.if_exists and line.operator.qualifier is not SetQualifier.FOR_ALL_VALUES:
            yield found(_absent_only(line), line.path)


def _absent_only(line: Line) -> str:
    return f'This is true only where {line.key} is absent. Write "Null": {{"{line.key}": "true"}} to say so.'


def invalid_condition_data_type(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if isinstance(line.raw, list):
            kinds = {_kind(item) for item in line.raw} - {""}
            if len(kinds) > 1:
                yield found(
                    f"The values of {line.key} are of different JSON types ({', '.join(sorted(kinds))}). Write all of "
                    "them as texts.",
                    line.path,
                )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, str):
        return "text" if type(value) is str else "number"
    return ""


def invalid_condition_multiple_boolean(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.family in {Family.BOOL, Family.NULL} and isinstance(line.raw, list) and len(line.raw) > 1:
            yield found(
                f"{line.key} is true or false: with several values the condition always holds, or says one thing "
                "twice. Give one value.",
                line.path,
            )


RULES = (
    Rule("INVALID_CONDITION_OPERATOR", FindingType.ERROR, invalid_condition_operator),
    Rule("NULL_WITH_IF_EXISTS", FindingType.ERROR, null_with_if_exists),
    Rule("NULL_WITH_QUALIFIER", FindingType.SUGGESTION, null_with_qualifier),
    Rule("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", FindingType.ERROR, duplicate_keys_with_different_case),
    Rule("EMPTY_ARRAY_CONDITION", FindingType.SUGGESTION, empty_array_condition),
    Rule("EMPTY_ARRAY_CONDITION_FORALLVALUES", FindingType.SUGGESTION, empty_array_condition_for_all_values),
    Rule("EMPTY_ARRAY_CONDITION_FORANYVALUE", FindingType.SUGGESTION, empty_array_condition_for_any_value),
    Rule("EMPTY_ARRAY_CONDITION_IFEXISTS", FindingType.SUGGESTION, empty_array_condition_if_exists),
    Rule("INVALID_CONDITION_DATA_TYPE", FindingType.ERROR, invalid_condition_data_type),
    Rule("INVALID_CONDITION_MULTIPLE_BOOLEAN", FindingType.ERROR, invalid_condition_multiple_boolean),
)
