"""The cheap answers are those of the solver."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.kinds.paths.direct import direct_access
from analyzers.kinds.paths.place import covers, narrowed, overlaps, place_of
from analyzers.kinds.paths.questions import Asking
from analyzers.kinds.paths.target import Level, level_of, target_of
from analyzers.kinds.policy_sets import Side, read_on_resource, side_of
from analyzers.kinds.subject import Subject
from analyzers.policy.pattern import tokens
from analyzers.reasoning import reach
from analyzers.reasoning.matching import glob_matches
from analyzers.reasoning.verdict import Answer
from tests.kinds.paths.planted import BUCKET, HERE, THERE, Planted, arn, document, role, trust, user

_ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:*", "*", "s3:Get*", "sqs:*"])
_RESOURCES = st.sampled_from(
    [
        "*",
        f"{BUCKET}/*",
        f"{BUCKET}/a/*",
        f"{BUCKET}/${{aws:username}}/*",
        "arn:aws:s3:::other/*",
        BUCKET,
        "arn:aws:s3:::v*",
    ]
)
_CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {"StringEquals": {"aws:PrincipalOrgID": "o-planted"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-planted"}},
        {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        {"StringNotEqualsIfExists": {"aws:PrincipalTag/team": "blue"}},
        {"Null": {"aws:PrincipalTag/other": "false"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"BoolIfExists": {"aws:SecureTransport": "false"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-planted/*"}},
        {"StringOdd": {"aws:SourceVpc": "x"}},
    ]
)
_PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": arn("user", "me")},
        {"AWS": arn("role", "me")},
        {"AWS": f"arn:aws:iam::{HERE}:root"},
        {"AWS": THERE},
        {"AWS": f"arn:aws:sts::{HERE}:assumed-role/me/session"},
        {"Service": "ec2.amazonaws.com"},
    ]
)


@st.composite
def _statement(draw: Any, on_resource: bool = False) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(_ACTIONS),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(_RESOURCES),
    }
    if condition := draw(_CONDITIONS):
        statement["Condition"] = condition
    if on_resource:
        statement[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(_PRINCIPALS)
    return statement


def _policy(on_resource: bool = False) -> st.SearchStrategy[str]:
    return st.lists(_statement(on_resource), min_size=1, max_size=2).map(lambda found: document(*found))


@settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")), deadline=None)
@given(
    identity=st.lists(_policy(), max_size=2),
    boundary=st.none() | _policy(),
    scp=_policy(),
    bucket=st.none() | _policy(on_resource=True),
    is_role=st.booleans(),
    account=st.sampled_from([HERE, THERE]),
)
def test_as_the_solver_says(
    identity: list[str], boundary: str | None, scp: str, bucket: str | None, is_role: bool, account: str
) -> None:
    made = role("me", trust=trust({"AWS": HERE}), account=account) if is_role else user("me", account=account)
    member = replace(made, identity=tuple(identity), boundary=boundary, tags={"team": "blue"})
    free = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    planted = Planted([member], scps={account: scp if "Allow" in scp else free})
    caller = planted.world.caller(member.arn)
    documents = (read_on_resource(bucket),) if bucket else ()
    place = place_of(Side(BUCKET, HERE, resource=documents), "AWS::S3::Bucket")
    asking = Asking(seconds=60, each=5)
    reply = asking.ask(caller, ("s3:GetObject",), place)
    verdict = reach.can(asking.access(caller, ("s3:GetObject",), place), seconds=5)
    if reply.truth:
        assert verdict.answer is not Answer.PROVED
    if reply.truth is False:
        assert verdict.answer is not Answer.REFUTED, verdict.witness


@settings(max_examples=300, deadline=None)
@given(one=st.text("ab*?", max_size=6), other=st.text("ab*?", max_size=6), text=st.text("ab", max_size=6))
def test_overlaps_never_says_a_wrong_no(one: str, other: str, text: str) -> None:
    def fits(pattern: str) -> bool:
        return glob_matches(tokens(pattern, wildcards=True, variables=False), text)

    if fits(one) and fits(other):
        assert overlaps(one, other)


_FIELD = st.text("ab*", max_size=4)


@settings(max_examples=300, deadline=None)
@given(wide=_FIELD, narrow=_FIELD, text=st.text("ab", max_size=5))
def test_covers_never_says_a_wrong_yes(wide: str, narrow: str, text: str) -> None:
    def fits(pattern: str) -> bool:
        return glob_matches(tokens(pattern, wildcards=True, variables=False), text)

    head = "arn:aws:s3:::"
    if covers(head + wide, head + narrow) and fits(narrow):
        assert fits(wide)


def test_covers_and_narrowed() -> None:
    assert covers("arn:aws:s3:::b*", "arn:aws:s3:::b/*")
    assert not covers("arn:aws:s3:::b/a*", "arn:aws:s3:::b/*")
    assert not covers("arn:aws:s3:*", "arn:aws:s3:::b/*")
    assert narrowed("arn:aws:s3:::b/a/*", "arn:aws:s3:::b/*") == "arn:aws:s3:::b/a/example"
    assert narrowed("arn:aws:s3:::*", "arn:aws:s3:::b/*") == ""
    assert narrowed("arn:aws:s3:::c/*", "arn:aws:s3:::b/*") == ""


@pytest.mark.parametrize(
    ("action", "level"),
    [
        ("s3:GetObject", Level.READ),
        ("s3:ListBucket", Level.READ),
        ("s3:PutObject", Level.WRITE),
        ("s3:TagResource", Level.WRITE),
        ("s3:DeleteObject", Level.DELETE),
        ("s3:PutBucketPolicy", Level.ADMINISTER),
        ("nobody:Knows", Level.ADMINISTER),
    ],
)
def test_levels(action: str, level: Level) -> None:
    assert level_of(action) is level


def test_actions_are_asked_on_what_they_concern() -> None:
    """Nobody can get an object of the name of the bucket."""
    target = target_of(Side(BUCKET, HERE), "AWS::S3::Bucket")
    places = {action: question.place.patterns for question in target.questions for action in question.actions}
    assert places["s3:GetObject"] == (f"{BUCKET}/*",)
    assert places["s3:ListBucket"] == (BUCKET,)
    assert "s3:ListAllMyBuckets" not in places
    assert target_of(Side(BUCKET, HERE), "AWS::S3::Bucket", ["s3:getobject"]).questions[0].actions == ("s3:GetObject",)


def test_direct_access_by_level() -> None:
    rights = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": f"{BUCKET}/*"}
    planted = Planted([user("one", rights), user("none")])
    found = direct_access(planted.world, planted.target(), planted.asking)
    assert found.complete
    assert set(found.replies) == {arn("user", "one")}
    replies = found.replies[arn("user", "one")]
    assert set(replies) == {Level.READ, Level.DELETE}
    assert replies[Level.DELETE].request is not None
    assert replies[Level.DELETE].request.action == "s3:DeleteObject"


def test_no_time_is_not_known_and_never_no() -> None:
    odd = {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}
    rights = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": odd}
    planted = Planted([user("one", rights)])
    caller, place = planted.world.caller(arn("user", "one")), planted.target("s3:GetObject").questions[0].place
    assert Asking(seconds=30).ask(caller, ("s3:GetObject",), place).truth is False
    late = Asking(seconds=0)
    assert late.ask(caller, ("s3:GetObject",), place).truth is None
    assert late.late


def test_an_access_control_list_lets_in() -> None:
    """Everybody with an account may list; what it grants to the owner is nothing new."""
    group = {"uri": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}
    acl = [{"grantee": group, "permission": "READ"}, {"grantee": {"id": "owner"}, "permission": "FULL_CONTROL"}]
    subject = Subject(BUCKET, "AWS::S3::Bucket", HERE, configuration={"acl": acl, "object_ownership": "ObjectWriter"})
    planted = Planted([user("plain")], subject=subject)
    side = side_of(subject, owner="owner")
    caller = planted.world.caller(arn("user", "plain"))
    assert target_of(side, subject.type, ["s3:ListBucket"]).ask(caller, planted.asking).truth
    assert target_of(side, subject.type, ["s3:PutBucketPolicy"]).ask(caller, planted.asking).truth is False
    strange = replace(subject, configuration={"acl": [{"grantee": {}, "permission": "ODD"}]})
    assert target_of(side_of(strange), subject.type, ["s3:ListBucket"]).ask(caller, planted.asking).truth is None


def test_somebody_whose_own_access_is_not_known_may_have_a_path() -> None:
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    named = trust({"AWS": arn("user", "start")})
    odd = reads | {"Condition": {"StringOdd": {"aws:SourceVpc": "x"}}}
    planted = Planted([user("start", odd), role("r", reads, trust=named)])
    assert planted.direct("s3:GetObject") == {arn("user", "start"): None, arn("role", "r"): True}
    way = planted.ways("s3:GetObject")["start"]
    assert way.known
    assert len(way.steps) == 1
