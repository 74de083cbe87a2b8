"""Answers in sentences, and as a structure."""

from __future__ import annotations

import json

import pytest

import analyzers.reasoning as reasoning
from analyzers.reasoning.access import compare, grants, no_new_access, public
from analyzers.reasoning.layers_in_words import spell
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.sentences import explain

from .policies import allow, deny, policy


def test_a_refutation_names_a_request_the_statement_and_its_elements() -> None:
    wide = policy(allow("s3:Get*"), {"Sid": "Writers", **allow("s3:Put*", "arn:aws:s3:::b/*")})
    told = explain(no_new_access(policy(allow("s3:Get*")), wide, seconds=30))
    assert told.sentences == (
        "Refuted: The new policy allows nothing that the existing one does not.",
        "arn:aws:iam::999999999999:role/stranger can s3:PutObject on arn:aws:s3:::b/example.",
        "Statement 1 (Writers) of the second policy lets it in: action s3:Put*; resource arn:aws:s3:::b/*.",
        "Remove that statement, narrow its action or resource, or add a condition.",
    )
    [culprit] = told.structure["culprits"]
    assert (culprit["document"], culprit["statement"], culprit["sid"]) == ("second", 1, "Writers")
    assert culprit["elements"][0] == {"kind": "action", "path": ["Statement", 1, "Action", 0], "text": "s3:Put*"}
    assert told.structure["witness"]["action"] == "s3:PutObject"
    assert json.loads(json.dumps(told.structure)) == told.structure


def test_a_proof_names_what_prevents_it() -> None:
    told = explain(grants(policy(allow("s3:*"), deny("s3:Delete*")), [(["s3:DeleteBucket"], [])], seconds=30))
    assert told.sentences == (
        "Proved: The policy grants nothing of the listed access.",
        "Statement 1 of the policy denies it.",
        "If any one of these were otherwise, there would be such a request.",
    )
    assert told.structure["blockers"] == [
        {"document": "policy", "statement": 1, "sid": "", "change": "Remove or narrow the statement."}
    ]
    silent = explain(grants(policy(allow("s3:*")), [(["ec2:*"], [])], seconds=30))
    assert silent.sentences[1] == "Nothing in the policy allows it."
    assert silent.structure["blockers"][0]["statement"] is None


def test_what_is_unknown_is_not_taken_for_safe() -> None:
    odd = policy(allow(Condition={"Resembles": {"aws:SourceVpc": "a"}}))
    told = explain(grants(odd, [([], [])], policy_type=PolicyType.IDENTITY, seconds=30))
    assert told.sentences[0].startswith("Not known: ")
    assert told.sentences[-1] == "It must not be taken for safe."
    assert told.structure["answer"] == "unknown"


def test_an_anonymous_caller_is_called_anybody() -> None:
    listed = policy(allow("s3:GetObject", Principal="*", Condition={"Null": {"aws:PrincipalArn": "true"}}))
    assert "Anybody, without signing the request, can s3:GetObject" in explain(public(listed, seconds=30)).sentences[1]


def test_conditions_of_the_example_are_told() -> None:
    tagged = policy(
        allow(
            "s3:GetObject",
            Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}},
        )
    )
    told = explain(grants(tagged, [([], [])], seconds=30))
    assert told.sentences[1].endswith("if aws:TagKeys is a.")


@pytest.mark.parametrize(
    ("first", "second", "relation", "examples"),
    [
        ("s3:*", "s3:Get*", "contains", 1),
        ("s3:Get*", "s3:*", "within", 1),
        ("s3:Get*", "s3:Put*", "disjoint", 2),
        ("s3:*", "S3:*", "equal", 0),
    ],
)
def test_a_comparison_shows_an_example_of_each_difference(
    first: str, second: str, relation: str, examples: int
) -> None:
    told = explain(compare(policy(allow(first)), policy(allow(second)), seconds=30))
    assert told.structure["relation"] == relation
    assert sum(" allows this: " in sentence for sentence in told.sentences) == examples
    assert set(told.structure) == {"relation", "only_first", "only_second", "both"}


def test_an_unknown_comparison_says_why() -> None:
    odd = policy(allow(Condition={"Resembles": {"aws:SourceVpc": "a"}}))
    told = explain(compare(odd, policy(allow()), policy_type=PolicyType.IDENTITY, seconds=30))
    assert told.structure["relation"] == "unknown"
    assert any("Resembles" in sentence for sentence in told.sentences)


def test_layers_have_names() -> None:
    assert spell("scp:root") == "the service control policies at the level root"
    assert spell("identity[1]") == "the caller's policies [1]"
    assert spell("something else") == "something else"


def test_the_public_names_are_there() -> None:
    assert {name for name in reasoning.__all__ if callable(getattr(reasoning, name))} == set(reasoning.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = reasoning.nothing_of_the_kind
