"""What the parser makes of the documented forms, and what it keeps and marks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.policy import (
    CURRENT_VERSION,
    OLD_VERSION,
    Condition,
    Effect,
    Operator,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Problem,
    SetQualifier,
    parse,
    parse_value,
)
from tests import shared

ANY, AWS = PrincipalKind.ANY, PrincipalKind.AWS


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}


def policy(*statements: dict[str, Any], **elements: Any) -> Policy:
    return parse(json.dumps({"Version": CURRENT_VERSION, "Statement": list(statements), **elements}))


def condition(block: str) -> tuple[Condition, ...]:
    text = f'{{"Statement": {{"Effect": "Allow", "Action": "*", "Condition": {block}}}}}'
    return parse(text).statements[0].conditions


def test_every_element_is_read() -> None:
    read = policy(
        statement(
            Sid="One",
            Effect="Deny",
            Principal={"AWS": "111122223333"},
            Action=["s3:Get*", "s3:List*"],
            Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}},
        ),
        Id="Two",
    )
    assert (read.version, read.id, read.problems, read.opaque) == (CURRENT_VERSION, "Two", (), False)
    (one,) = read.statements
    assert (one.index, one.sid, one.effect, one.opaque) == (0, "One", Effect.DENY, False)
    assert one.principals == Principals((PrincipalEntry(AWS, "111122223333"),))
    assert one.actions == Patterns(("s3:Get*", "s3:List*"))
    assert one.resources == Patterns(("*",))
    assert one.conditions == (Condition(Operator("StringEquals"), "aws:PrincipalOrgID", ("o-1", "o-2")),)


def test_the_negated_elements_are_read() -> None:
    (read,) = policy(
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": ["a", "b"], "NotPrincipal": {"AWS": "x"}}
    ).statements
    assert read.actions == Patterns(("iam:*",), negated=True)
    assert read.resources == Patterns(("a", "b"), negated=True)
    assert read.principals == Principals((PrincipalEntry(AWS, "x"),), negated=True)


def test_a_trust_policy_needs_no_resource() -> None:
    (read,) = policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}).statements
    assert read.resources is None
    assert read.principals == Principals((PrincipalEntry(ANY, "*"),))


def test_an_identity_policy_needs_no_principal() -> None:
    assert policy(statement()).statements[0].principals is None


def test_without_a_version_the_old_one_counts() -> None:
    read = parse('{"Statement": [{"Effect": "Allow", "Action": "*"}]}')
    assert (read.version, read.has_variables) == (OLD_VERSION, False)
    assert policy(statement()).has_variables


def test_a_single_statement_is_the_same_as_a_list_of_one() -> None:
    assert parse_value({"Statement": statement()}) == parse_value({"Statement": [statement()]})


def test_equal_documents_give_equal_values_that_hash() -> None:
    one, two = policy(statement()), policy(statement())
    assert one == two
    assert hash(one) == hash(two)


def test_all_principal_types_are_read_in_their_order() -> None:
    (read,) = policy(
        statement(
            Principal={
                "Service": ["a.amazonaws.com", "b.amazonaws.com"],
                "AWS": "*",
                "Federated": "accounts.google.com",
                "CanonicalUser": "79a5",
            }
        )
    ).statements
    assert read.principals is not None
    assert [(entry.kind.value, entry.value) for entry in read.principals.entries] == [
        ("Service", "a.amazonaws.com"),
        ("Service", "b.amazonaws.com"),
        ("AWS", "*"),
        ("Federated", "accounts.google.com"),
        ("CanonicalUser", "79a5"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("StringEquals", Operator("StringEquals")),
        ("stringequals", Operator("StringEquals")),
        ("STRINGNOTLIKEIFEXISTS", Operator("StringNotLike", if_exists=True)),
        ("ForAllValues:StringLike", Operator("StringLike", SetQualifier.FOR_ALL_VALUES)),
        ("foranyvalue:ArnLikeIfExists", Operator("ArnLike", SetQualifier.FOR_ANY_VALUE, if_exists=True)),
        ("Null", Operator("Null")),
    ],
)
def test_operators_are_read_in_any_case(name: str, expected: Operator) -> None:
    assert condition(f'{{"{name}": {{"k": "v"}}}}') == (Condition(expected, "k", ("v",)),)


@pytest.mark.parametrize(
    "name",
    [
        "StringIs",
        "NullIfExists",
        "IfExists",
        "ForSomeValues:StringLike",
        ":StringLike",
        "ForAllValues:",
        "ForAllValues:ForAllValues:StringLike",
        "StringLi\N{KELVIN SIGN}e",
        "",
        "x" * 200,
    ],
)
def test_an_unknown_operator_is_kept_and_leaves_the_statement_decidable(name: str) -> None:
    (read,) = policy(statement(Condition={name: {"k": "v"}})).statements
    assert read.conditions == (Condition(Operator(name, known=False), "k", ("v",)),)
    assert [(problem.path, problem.opaque) for problem in read.problems] == [
        (("Statement", 0, "Condition", name), False)
    ]
    assert not read.opaque


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", ("true",)),
        ("false", ("false",)),
        ("1", ("1",)),
        ("1.5", ("1.5",)),
        ("1.50", ("1.50",)),
        ("1E+2", ("1E+2",)),
        ("-0", ("-0",)),
        ("123456789012345678901234567890", ("123456789012345678901234567890",)),
        ('["a", true, 7]', ("a", "true", "7")),
    ],
)
def test_json_truths_and_numbers_become_their_spelling(value: str, expected: tuple[str, ...]) -> None:
    assert condition(f'{{"NumericEquals": {{"k": {value}}}}}')[0].values == expected


def test_keys_under_one_operator_are_separate_conditions() -> None:
    read = condition('{"Bool": {"a": "true", "b": "false"}, "Null": {"a": "true"}}')
    assert [(each.operator.name, each.key) for each in read] == [("Bool", "a"), ("Bool", "b"), ("Null", "a")]


@pytest.mark.parametrize("block", ["{}", '{"StringEquals": {}}'])
def test_an_empty_condition_is_none(block: str) -> None:
    assert condition(block) == ()


def test_keys_that_differ_only_in_case_are_kept_and_reported() -> None:
    (read,) = policy(statement(Condition={"Bool": {"aws:x": "true", "AWS:X": "false"}})).statements
    assert [each.key for each in read.conditions] == ["aws:x", "AWS:X"]
    assert [problem.opaque for problem in read.problems] == [False]


def test_an_unknown_element_makes_its_statement_undecidable() -> None:
    first, second = policy(statement(effect="Deny"), statement()).statements
    (problem,) = first.problems
    wanted = Problem("A statement has no element 'effect'.", ("Statement", 0, "effect"), opaque=True)
    assert problem._replace(content="") == wanted
    assert (first.opaque, second.opaque) == (True, False)


def test_an_unknown_element_of_the_document_is_reported() -> None:
    read = policy(statement(), Comment={"by": ["me"]})
    (problem,) = read.problems
    assert problem._replace(content="") == Problem("A policy has no element 'Comment'.", ("Comment",), opaque=True)
    assert read.opaque


def test_an_unknown_principal_type_makes_its_statement_undecidable() -> None:
    (read,) = policy(statement(Principal={"aws": "x", "AWS": "y"})).statements
    assert read.principals == Principals((PrincipalEntry(AWS, "y"),))
    assert [problem.path for problem in read.problems] == [("Statement", 0, "Principal", "aws")]
    assert read.opaque


def test_a_long_foreign_name_is_not_repeated_in_full() -> None:
    (read,) = policy(statement(**{"x" * 100_000: 1})).statements
    assert len(read.problems[0].message) < 200


@pytest.mark.parametrize("text", ['{"Version": "2012-10-17"}', '{"Version": "2012-10-17", "Statement": []}'])
def test_statements_can_be_optional(text: str) -> None:
    assert parse(text, statement_required=False).statements == ()
    assert parse_value(json.loads(text), statement_required=False).statements == ()


def test_bytes_and_a_byte_order_mark_are_read() -> None:
    text = json.dumps({"Statement": statement()})
    plain = parse(text)
    assert parse(text.encode()) == parse("\ufeff" + text) == parse(b"\xef\xbb\xbf" + text.encode()) == plain
    assert parse("\ufeff" + text).text == text


def test_a_value_has_its_pretty_form_as_text_unless_its_source_is_given() -> None:
    value = {"Statement": {"Effect": "Allow", "Action": "*"}}
    assert parse_value(value).text == json.dumps(value, indent=2)
    assert parse_value(value, "source").text == "source"
    assert parse_value(value, "source") == parse_value(value)


def test_astral_characters_and_escapes_are_read() -> None:
    assert condition('{"StringEquals": {"k": ["\\ud83d\\ude00", "\U0001f600", "\\\\ud83d"]}}')[0].values == (
        "\U0001f600",
        "\U0001f600",
        "\\ud83d",
    )


def test_the_managed_policies_parse_without_a_problem() -> None:
    documents: dict[str, Any] = shared.data("aws_managed_policies.json.gz")
    read = {name: parse(json.dumps(document)) for name, document in documents.items()}
    assert len(read) == 1523
    assert {name: each.problems for name, each in read.items() if each.problems} == {}
    assert {name for name, each in read.items() if any(one.problems for one in each.statements)} == set()
    for name, document in documents.items():
        written = document["Statement"]
        assert len(read[name].statements) == (len(written) if isinstance(written, list) else 1)
        assert parse_value(document) == read[name]
