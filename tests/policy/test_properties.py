"""What holds for every policy document."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analyzers.policy import (
    Path,
    Patterns,
    Policy,
    PolicyError,
    Principals,
    Statement,
    locate,
    parse,
    parse_value,
    pretty,
)

from .strategies import documents


def reversed_elements(value: Any) -> Any:
    """The same document with the elements of each object in the opposite order; lists keep theirs."""
    if isinstance(value, dict):
        return {name: reversed_elements(item) for name, item in reversed(value.items())}
    return [reversed_elements(item) for item in value] if isinstance(value, list) else value


def listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def written_again(policy: Policy) -> dict[str, Any]:
    """A parsed policy as a document; what it could not represent is lost."""
    document: dict[str, Any] = {"Version": policy.version, "Statement": []}
    if policy.id is not None:
        document["Id"] = policy.id
    for each in policy.statements:
        document["Statement"].append(_statement(each))
    return document


def _statement(read: Statement) -> dict[str, Any]:
    written: dict[str, Any] = {"Effect": read.effect.value}
    if read.sid is not None:
        written["Sid"] = read.sid
    for name, patterns in (("Action", read.actions), ("Resource", read.resources)):
        if patterns is not None:
            written[f"{'Not' * patterns.negated}{name}"] = list(patterns.values)
    if read.principals is not None:
        by_kind: dict[str, list[str]] = {}
        for kind, value in read.principals.entries:
            by_kind.setdefault(kind.value, []).append(value)
        name = f"{'Not' * read.principals.negated}Principal"
        written[name] = "*" if "*" in by_kind else by_kind
    for operator, key, values in read.conditions:
        prefix = f"{operator.qualifier.value}:" if operator.qualifier else ""
        name = f"{prefix}{operator.name}{'IfExists' * operator.if_exists}"
        written.setdefault("Condition", {}).setdefault(name, {})[key] = list(values)
    return written


def order_free(policy: Policy) -> Policy:
    return replace(
        policy,
        problems=tuple(sorted(policy.problems, key=str)),
        statements=tuple(
            replace(
                each,
                principals=each.principals
                and Principals(tuple(sorted(each.principals.entries)), each.principals.negated),
                conditions=tuple(sorted(each.conditions, key=str)),
                problems=tuple(sorted(each.problems, key=str)),
            )
            for each in policy.statements
        ),
    )


@given(documents)
def test_pretty_loses_nothing(document: dict[str, Any]) -> None:
    text = pretty(document)
    assert json.loads(text) == document
    assert parse(text) == parse_value(document)
    assert parse(text).text == text == parse_value(document).text


@given(documents, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_layout_and_escapes_do_not_matter(document: dict[str, Any], indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    compact = json.dumps(document, separators=(",", ":"))
    assert parse(text) == parse(compact) == parse(text.encode())


@given(documents)
def test_the_order_of_elements_does_not_matter(document: dict[str, Any]) -> None:
    assert order_free(parse_value(reversed_elements(document))) == order_free(parse_value(document))


@given(documents)
def test_a_text_and_a_list_of_it_are_the_same(document: dict[str, Any]) -> None:
    read = parse_value(document)
    longer = {**document, "Statement": [_all_lists(each) for each in listed(document["Statement"])]}
    again = parse_value(longer)
    assert [replace(each, problems=()) for each in again.statements] == [
        replace(each, problems=()) for each in read.statements
    ]


def _all_lists(statement: dict[str, Any]) -> dict[str, Any]:
    longer = dict(statement)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in longer:
            longer[name] = listed(longer[name])
    longer["Condition"] = {
        operator: {key: listed(values) for key, values in keys.items()}
        for operator, keys in longer.get("Condition", {}).items()
    }
    for name in ("Principal", "NotPrincipal"):
        if longer.get(name, "*") != "*":
            longer[name] = {kind: listed(texts) for kind, texts in longer[name].items()}
    return longer


@given(documents)
def test_what_was_understood_can_be_written_and_read_again(document: dict[str, Any]) -> None:
    read = parse_value(document)
    if read.opaque or any(each.problems for each in read.statements):
        return
    again = parse_value(written_again(read))
    assert order_free(again) == order_free(read)


@given(documents)
def test_nothing_is_dropped_in_silence(document: dict[str, Any]) -> None:
    read = parse_value(document)
    for each, statement in zip(read.statements, listed(document["Statement"]), strict=True):
        assert each.opaque == (
            "Novelty" in statement
            or any("Martian" in statement.get(name, "") for name in ("Principal", "NotPrincipal"))
        )
        keys = [key for by_key in statement.get("Condition", {}).values() for key in by_key]
        assert [condition.key for condition in each.conditions] == keys
        for patterns, name in ((each.actions, "Action"), (each.resources, "Resource")):
            expected = next((statement[n] for n in (name, f"Not{name}") if n in statement), None)
            assert patterns == (
                None if expected is None else Patterns(tuple(listed(expected)), f"Not{name}" in statement)
            )
    assert read.opaque == ("Comment" in document)


@given(documents)
def test_each_problem_has_a_place(document: dict[str, Any]) -> None:
    read = parse_value(document)
    places = locate(read.text)
    for problem in (*read.problems, *(problem for each in read.statements for problem in each.problems)):
        assert problem.path in places


def attempt(read: Callable[[Any], Policy], document: Any) -> tuple[PolicyError | None, Policy | None]:
    try:
        return None, read(document)
    except PolicyError as error:
        return error, None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document in which something was replaced."""
    document = draw(documents)
    path: Path = ()
    place: Any = document
    parent: Any = document
    while draw(st.booleans()) and isinstance(place, (dict, list)) and place:
        step = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        path, parent, place = (*path, step), place, place[step]
    if path:
        parent[path[-1]] = draw(json_values)
    return document


@given(damaged())
def test_a_damaged_document_is_read_or_refused_and_nothing_else(document: Any) -> None:
    error, read = attempt(parse_value, document)
    assert error is None or error.message.rstrip(".") in str(error)
    assert read is None or parse(read.text) == read


@given(documents, st.data())
def test_a_truncated_document_is_refused(document: dict[str, Any], data: st.DataObject) -> None:
    text = pretty(document)
    cut = data.draw(st.integers(0, len(text) - 1))
    error, _ = attempt(parse, text[:cut])
    assert error is not None
    assert error.position is None or error.position.offset <= cut


@given(st.text() | st.binary())
def test_no_text_does_more_than_be_refused(text: str | bytes) -> None:
    error, _ = attempt(parse, text)
    assert error is not None
    assert str(error)
