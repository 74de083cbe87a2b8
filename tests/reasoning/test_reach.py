"""Whether a caller can get at something, all policies taken together."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Access
from analyzers.reasoning.reach import can, is_public
from analyzers.reasoning.verdict import Answer, Verdict

from .policies import allow, deny, document

HOME, ABROAD = "111111111111", "222222222222"
BOB, EVE = f"arn:aws:iam::{HOME}:user/bob", f"arn:aws:iam::{ABROAD}:user/eve"
APP = f"arn:aws:iam::{HOME}:role/team/app"
OBJECTS = ("arn:aws:s3:::b/*",)


def ask(
    policies: dict[str, Any], principal: str = BOB, actions: tuple[str, ...] = ("s3:GetObject",), **more: Any
) -> Verdict:
    given = {"resources": OBJECTS, "resource_account": HOME} | more
    access = Access(PolicySet.from_json(policies), principal, actions, **given)
    verdict = can(access, seconds=30)
    if verdict.witness is not None:
        assert decide(verdict.witness, access.policies, is_public=is_public).outcome is Outcome.ALLOW
        assert verdict.culprits
    return verdict


def blockers(verdict: Verdict) -> set[tuple[str, int | None]]:
    assert verdict.answer is Answer.PROVED
    return {(b.layer, b.statement.statement if b.statement else None) for b in verdict.blockers}


S3 = document(allow("s3:*"))
EC2 = document(allow("ec2:*"))
BLOCKED: list[tuple[str, dict[str, Any], set[tuple[str, int | None]]]] = [
    ("nothing allows", {"identity": [EC2]}, {("identity", None), ("resource", None)}),
    ("denied", {"identity": [document(allow("s3:*"), deny("s3:Get*"))]}, {("identity", 1)}),
    ("boundary", {"identity": [S3], "boundary": EC2}, {("boundary", None), ("resource", None)}),
    ("session", {"identity": [S3], "session": EC2}, {("session", None), ("resource", None)}),
    ("an organization's level", {"identity": [S3], "scp_levels": {"root": [S3], "ou": [EC2]}}, {("scp:ou", None)}),
    ("a level without policies", {"identity": [S3], "scp_levels": {"root": []}}, {("scp:root", None)}),
    (
        "control policy on the resource",
        {"identity": [S3], "rcp_levels": {"root": [document(deny("s3:*", Principal="*"))]}},
        {("rcp:root", 0)},
    ),
    (
        "denied for everybody",
        {"identity": [S3], "resource": document(deny("s3:*", Principal="*"))},
        {("resource", 0)},
    ),
]


@pytest.mark.parametrize(("what", "policies", "expected"), BLOCKED, ids=[case[0] for case in BLOCKED])
def test_what_blocks(what: str, policies: dict[str, Any], expected: set[tuple[str, int | None]]) -> None:
    assert blockers(ask(policies)) == expected, what


def test_across_accounts_both_sides_must_allow() -> None:
    shared = document(allow("s3:GetObject", Principal={"AWS": ABROAD}))
    assert ask({"identity": [S3], "resource": shared}, EVE).answer is Answer.REFUTED
    assert blockers(ask({"identity": [EC2], "resource": shared}, EVE)) == {("identity", None)}
    assert blockers(ask({"identity": [S3], "resource": EC2_FOR_ALL}, EVE)) == {("resource", None)}


EC2_FOR_ALL = document(allow("ec2:*", Principal="*"))


def test_a_condition_that_a_request_can_meet_is_shown_in_the_witness() -> None:
    verdict = ask({"identity": [document(allow("s3:*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}))]})
    assert verdict.answer is Answer.REFUTED
    assert verdict.witness is not None
    assert verdict.witness.context == {"aws:SourceVpc": "vpc-1"}


def test_what_is_known_of_the_request_is_heeded() -> None:
    policies = {
        "identity": [document(allow("s3:*"), deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}}))]
    }
    assert ask(policies, context={"aws:SecureTransport": "true"}).answer is Answer.REFUTED
    assert blockers(ask(policies, context={"aws:SecureTransport": "false"})) == {("identity", 1)}


def test_a_variable_of_the_caller_is_filled_in() -> None:
    own = {"identity": [document(allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"))]}
    verdict = ask(own)
    assert verdict.witness is not None
    assert verdict.witness.resource.startswith("arn:aws:s3:::b/bob/")
    assert ask(own, resources=("arn:aws:s3:::b/eve/*",)).answer is Answer.PROVED
    assert ask(own, APP).answer is Answer.PROVED, "a role has no user name"


def test_a_tag_that_is_not_known_may_be_any() -> None:
    tagged = {"identity": [document(allow("s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"))]}
    verdict = ask(tagged, resources=("arn:aws:s3:::b/red/*",))
    assert verdict.answer is not Answer.PROVED
    assert (
        ask(tagged, context={"aws:PrincipalTag/team": "blue"}, resources=("arn:aws:s3:::b/red/*",)).answer
        is Answer.PROVED
    )


def test_a_role_stands_for_all_of_its_sessions() -> None:
    one = document(allow("s3:GetObject", Principal={"AWS": f"arn:aws:sts::{HOME}:assumed-role/app/s9"}))
    verdict = ask({"resource": one}, APP)
    assert verdict.witness is not None
    assert verdict.witness.principal == f"arn:aws:sts::{HOME}:assumed-role/app/s9"
    assert ask({"resource": one}, f"arn:aws:sts::{HOME}:assumed-role/app/other").answer is Answer.PROVED


def test_a_grant_to_the_account_needs_its_own_policies() -> None:
    key = f"arn:aws:kms:eu-west-1:{HOME}:key/k"
    root = document(allow("kms:*", Principal={"AWS": HOME}))
    decrypt: Any = {"actions": ("kms:Decrypt",), "resources": (key,)}
    assert ask({"key_policy": root, "identity": [document(allow("kms:*"))]}, **decrypt).answer is Answer.REFUTED
    assert blockers(ask({"key_policy": root, "identity": [S3]}, **decrypt)) >= {("identity", None)}
    assert ask({"identity": [document(allow("kms:*"))]}, **decrypt).answer is Answer.PROVED


def test_the_owner_follows_from_the_resources() -> None:
    queue = f"arn:aws:sqs:eu-west-1:{ABROAD}:*"
    access: Any = {"actions": ("sqs:*",), "resources": (queue,), "resource_account": ""}
    assert ask({"identity": [document(allow("sqs:*"))]}, **access).answer is Answer.PROVED
    assert ask({"identity": [document(allow("sqs:*"))]}, EVE, **access).answer is Answer.REFUTED


OPEN = "It depends on what is not understood or not documented: "
SNS: Any = {"actions": ("sns:*",), "resources": (f"arn:aws:sns:eu:{HOME}:t",)}
POINT: Any = {"resources": (f"arn:aws:s3:eu:{HOME}:accesspoint/p/object/k",)}


@pytest.mark.parametrize(
    ("policies", "principal", "more", "reason"),
    [
        ({"identity": [S3]}, BOB, {"resource_account": ""}, "the owner of the resource is the caller's account"),
        (
            {"identity": [document(allow())], "rcp_levels": {"root": [document(deny(Principal="*"))]}},
            BOB,
            SNS,
            "services with resource control policies",
        ),
        ({"resource": document(allow(Principal="*"))}, "anonymous", POINT, "the bucket agrees"),
        ({"resource": document(allow())}, "anonymous", {}, "misplaced principal"),
        ({"identity": [document(allow(Principal="*"))]}, BOB, {}, "misplaced principal"),
        (
            {"identity": [document(allow(Condition={"NumericNotEquals": {"app:n": "x"}, "Null": {"app:n": "false"}}))]},
            BOB,
            {},
            "NumericNotEquals on app:n with ['x']: x",
        ),
        (
            {"identity": [document(allow(Condition={"Odd": {"APP:n": "x"}}))]},
            BOB,
            {},
            "Odd on app:n with ['x']",
        ),
        (
            {"resource": document(allow(Principal={"CanonicalUser": "abc"})), "identity": [S3]},
            EVE,
            {},
            "the caller is abc",
        ),
        (
            {"identity": [S3], "scp_levels": {"root": []}},
            f"arn:aws:iam::{HOME}:role/AWSServiceRoleForX",
            {},
            "a service-linked role",
        ),
    ],
)
def test_what_it_depends_on_is_said(policies: Any, principal: str, more: Any, reason: str) -> None:
    verdict = ask(policies, principal, **more)
    assert verdict.answer is Answer.UNKNOWN
    assert verdict.reason.startswith(OPEN)
    assert reason in verdict.reason.removeprefix(OPEN).removesuffix(".").split("; ")


@pytest.mark.parametrize("place", ["identity", "boundary", "session", "resource", "scp_levels"])
def test_a_key_has_one_value_if_any_document_compares_it_so(place: str) -> None:
    both = {"ForAnyValue:StringEquals": {"app:x": "a"}, "ForAnyValue:StringLike": {"app:x": "b"}}
    policies: dict[str, Any] = {"identity": [document(allow("s3:*", Condition=both))]}
    assert ask(policies).answer is Answer.REFUTED
    single = {"StringNotEquals": {"app:x": "c"}}
    statements = [allow(), deny("ec2:*", Condition=single)]
    if place == "resource":
        statements = [{**deny("ec2:*", Condition=single), "Principal": "*"}]
    if place == "identity":
        policies["identity"].append(document(deny("ec2:*", Condition=single)))
    else:
        policies[place] = {"root": [document(*statements)]} if place == "scp_levels" else document(*statements)
    assert ask(policies).answer is Answer.PROVED


def test_blockers_and_culprits_tell_which_of_several_documents() -> None:
    closed = document(allow("s3:*"), deny("s3:Get*"))
    assert blockers(ask({"identity": [S3, closed]})) == {("identity[1]", 1)}
    assert blockers(ask({"identity": [S3], "scp_levels": {"ou": [S3, closed]}})) == {("scp:ou[1]", 1)}
    assert blockers(ask({"identity": [S3], "session": [S3], "boundary": closed})) == {("boundary", 1)}
    assert blockers(ask({"identity": [S3], "session": [closed]})) == {("session", 1)}
    shut = document(allow(Principal="*"), deny(Principal="*"))
    assume: Any = {"actions": ("sts:AssumeRole",), "resources": (f"arn:aws:iam::{HOME}:role/r",)}
    assert blockers(ask({"trust": shut}, **assume)) == {("trust", 1)}
    decrypt: Any = {"actions": ("kms:Decrypt",), "resources": (f"arn:aws:kms:eu:{HOME}:key/k",)}
    assert blockers(ask({"key_policy": shut}, **decrypt)) == {("key_policy", 1)}
    acl = {"acl": [{"grantee": "AllUsers", "permission": "READ"}]}
    [culprit] = ask(acl, "anonymous", ("s3:ListBucket",), resources=("arn:aws:s3:::b",)).culprits
    assert culprit.statement.document == "acl"
    assert [part.kind for part in culprit.parts] == ["principal", "action", "resource"]


def test_block_public_access_closes_what_is_public_as_a_whole() -> None:
    policies: dict[str, Any] = {
        "resource": document(
            allow("s3:GetObject", Principal="*"),
            deny("s3:*", Principal="*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
        ),
        "identity": [S3],
    }
    open_, closed = ask(policies, EVE), ask({**policies, "bpa": {"RestrictPublicBuckets": True}}, EVE)
    assert open_.answer is closed.answer is Answer.REFUTED, "the Deny ties everybody to an endpoint: not public"
    wide = {"resource": document(allow("s3:GetObject", Principal="*")), "identity": [S3]}
    assert ask({**wide, "bpa": {"RestrictPublicBuckets": True}}, EVE).answer is Answer.PROVED


def test_an_access_control_list_of_an_unknown_object_is_never_a_proof() -> None:
    listed = {"acl": [{"grantee": "AllUsers", "permission": "READ"}]}
    assert ask(listed, "anonymous").answer is not Answer.PROVED
    assert ask(listed, "anonymous", resources=("arn:aws:s3:::b/k",)).answer is Answer.REFUTED


def test_no_time_is_no_answer() -> None:
    verdict = can(Access(PolicySet.from_json({"identity": [S3]}), BOB), seconds=0)
    assert (verdict.answer, verdict.reason) == (Answer.UNKNOWN, "No answer within 0 s.")


@pytest.mark.parametrize(
    "principal", ["anonymous", "sns.amazonaws.com", "canonical:abc", "federated:accounts.google.com"]
)
def test_callers_of_every_kind(principal: str) -> None:
    everybody = document(allow("s3:GetObject", Principal="*"))
    verdict = ask({"resource": everybody}, principal)
    assert verdict.witness is not None
    assert verdict.witness.principal == principal
    assert ask({"identity": [S3]}, principal).answer is Answer.PROVED


def test_doubts_about_two_policies_are_two_doubts() -> None:
    """What is not understood of one statement says nothing about another that is not understood either."""
    opaque = {"Version": "2012-10-17", "Statement": [{**allow("s3:*"), "Principals": "x"}]}
    denied = {"Version": "2012-10-17", "Statement": [{**deny("s3:*"), "Principals": "x"}]}
    verdict = ask({"identity": [opaque], "boundary": S3, "scp_levels": {"root": [S3, denied]}})
    assert verdict.answer is Answer.UNKNOWN


def test_a_public_access_list_is_no_proof_of_no_access_where_the_resource_is_not_told() -> None:
    """Within the account a grant to everybody needs no policy of the caller's."""
    everybody = {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"}
    caller, resources = "arn:aws:iam::111111111111:user/u", ("arn:aws:s3:::b", "arn:aws:s3:::b/*")
    policies = PolicySet(acl=(everybody,), ownership="ObjectWriter")
    asked = Access(policies, caller, ("s3:ListBucket",), resources, "111111111111")
    assert can(asked).answer is not Answer.PROVED
