"""Conditions that other open tools have misjudged, each with where it was reported."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.reasoning.access import public
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Part, Question
from analyzers.reasoning.request import Request
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.solve_request import solve
from analyzers.reasoning.verdict import Answer
from analyzers.reasoning.ways import who

from .policies import allow, deny, document, policy

BUCKET = "arn:aws:s3:::b"


def guarded(**condition: Any) -> dict[str, Any]:
    return allow("s3:*", "*", Principal={"AWS": "*"}, Condition=condition)


IS_PUBLIC = [
    ("prowler 5386: a condition that ties down", guarded(StringEquals={"aws:SourceVpc": "vpc-12345678"}), False),
    ("prowler 4281: the key in lower case", guarded(StringEquals={"aws:sourcevpc": "vpc-12345678"}), False),
    ("prowler 8565: a public address, not a private one", guarded(IpAddress={"aws:SourceIp": "203.0.113.9"}), False),
    ("prowler 8565: all addresses", guarded(IpAddress={"aws:SourceIp": ["203.0.113.9", "0.0.0.0/0"]}), True),
    (
        "prowler 8326: the ARN of a bucket, which has no account",
        guarded(ArnLike={"aws:SourceArn": "arn:aws:s3:::x"}),
        False,
    ),
    (
        "cloud-custodian 10500: organization and a role in any account",
        guarded(StringEquals={"AWS:PrincipalOrgID": "o-1"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/r"}),
        False,
    ),
    ("cloud-custodian 10500: the role alone", guarded(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/r"}), True),
    (
        "cloud-custodian 10266: several keys under one operator",
        guarded(StringEquals={"aws:ResourceOrgID": "o-1", "aws:PrincipalAccount": "111111111111"}),
        False,
    ),
    (
        "cloud-custodian 11074: ForAnyValue",
        guarded(**{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}),
        False,
    ),
    (
        "the same with ForAllValues, which callers outside of any organization pass",
        guarded(**{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}),
        True,
    ),
    ("steampipe 952: an organization", guarded(StringEquals={"aws:PrincipalOrgID": "o-1"}), False),
    ("steampipe 952: any organization", guarded(StringLike={"aws:PrincipalOrgID": "*"}), True),
    (
        "steampipe 866: the caller's account and a service in between",
        guarded(StringEquals={"kms:ViaService": "rds.eu-north-1.amazonaws.com", "kms:CallerAccount": "111111111111"}),
        False,
    ),
    ("steampipe 852: the owner of the source", guarded(StringEquals={"AWS:SourceOwner": "111111111111"}), False),
    (
        "policyuniverse 163: a negated operator ties nobody down",
        guarded(StringNotLike={"aws:PrincipalArn": "arn:*"}),
        True,
    ),
    ("panther 1590: a session of one role", guarded(StringLike={"aws:userId": "AROAQXXXXXXYYYYYYZZZZ:foo"}), False),
    ("a condition that everybody meets", guarded(Bool={"aws:SecureTransport": "true"}), True),
]


@pytest.mark.parametrize(("what", "statement", "expected"), IS_PUBLIC, ids=[case[0] for case in IS_PUBLIC])
def test_public_or_not(what: str, statement: dict[str, Any], expected: bool) -> None:
    verdict = public(policy(statement), "AWS::S3::Bucket", seconds=30)
    assert verdict.answer is (Answer.REFUTED if expected else Answer.PROVED), what
    scene = Scene(BUCKET, "/", {"aws:resourceaccount": "999999999999"})
    ways = who(Question((Part(policy(statement), scene),), ("s3",), frozenset({"999999999999"})), seconds=30)
    assert any(way.is_public for way in ways) is expected, what


HOME, ABROAD = "111111111111", "222222222222"
EVERYTHING = document(allow())


def decided(
    policies: dict[str, Any], principal: str, resource: str = "arn:aws:s3:::b/k", **context: str
) -> set[Outcome]:
    request = Request(principal, "s3:GetObject", resource, HOME, context)
    given = PolicySet.from_json(policies)
    return {decide(request, given).outcome, solve(request, given, seconds=30)}


def test_a_grant_to_another_account_is_not_enough() -> None:
    shared = document(allow("s3:GetObject", Principal={"AWS": f"arn:aws:iam::{ABROAD}:user/eve"}))
    eve = f"arn:aws:iam::{ABROAD}:user/eve"
    assert decided({"resource": shared}, eve) == {Outcome.DENY}
    assert decided({"resource": shared, "identity": [EVERYTHING]}, eve) == {Outcome.ALLOW}


def test_not_principal_exempts_only_who_is_named_with_account() -> None:
    bob = f"arn:aws:iam::{HOME}:user/bob"
    exempt = document({**deny("s3:*"), "NotPrincipal": {"AWS": [bob, f"arn:aws:iam::{HOME}:root"]}})
    assert decided({"resource": exempt, "identity": [EVERYTHING]}, bob) == {Outcome.ALLOW}
    other = f"arn:aws:iam::{ABROAD}:user/eve"
    shared = document(*exempt["Statement"], allow("s3:*", Principal="*"))
    assert decided({"resource": shared, "identity": [EVERYTHING]}, other) == {Outcome.DENY}


def test_several_not_resources_are_all_left_out() -> None:
    but = {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}
    bob = f"arn:aws:iam::{HOME}:user/bob"
    assert decided({"identity": [document(but)]}, bob) == {Outcome.DENY}
    assert decided({"identity": [document(but)]}, bob, "arn:aws:s3:::a/k") == {Outcome.DENY}
    assert decided({"identity": [document(but)]}, bob, "arn:aws:s3:::c/k") == {Outcome.ALLOW}


def test_a_negated_condition_holds_without_the_key() -> None:
    bob = f"arn:aws:iam::{HOME}:user/bob"
    negated = document(allow("s3:*", Condition={"StringNotEquals": {"aws:PrincipalTag/team": "red"}}))
    assert decided({"identity": [negated]}, bob) == {Outcome.ALLOW}
    assert decided({"identity": [negated]}, bob, **{"aws:PrincipalTag/team": "red"}) == {Outcome.DENY}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (f"arn:aws:iam::{HOME}:role/app", Outcome.DENY),
        (f"arn:aws:sts::{HOME}:assumed-role/app/s1", Outcome.ALLOW),
        (f"arn:aws:iam::{HOME}:root", Outcome.DENY),
    ],
)
def test_a_boundary_is_passed_by_a_grant_to_the_session_and_not_to_the_role(named: str, expected: Outcome) -> None:
    policies = {
        "resource": document(allow("s3:GetObject", Principal={"AWS": named})),
        "boundary": document(allow("ec2:*")),
    }
    assert decided(policies, f"arn:aws:sts::{HOME}:assumed-role/app/s1") == {expected}
