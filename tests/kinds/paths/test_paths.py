"""Planted chains, and traps that break them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.kinds.paths.world import Standing, Surroundings
from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from tests.kinds.paths.planted import (
    BUCKET,
    HERE,
    THERE,
    Planted,
    allow,
    arn,
    deny,
    document,
    names,
    role,
    trust,
    user,
)

READ = "s3:GetObject"
READS = allow(READ, f"{BUCKET}/*")
ROOT = {"AWS": f"arn:aws:iam::{HERE}:root"}
THAT_ROOT = {"AWS": f"arn:aws:iam::{THERE}:root"}


def assume(name: str, account: str = HERE) -> dict[str, object]:
    return allow("sts:AssumeRole", arn("role", name, account))


def by(name: str, account: str = HERE, kind: str = "user") -> dict[str, str]:
    return {"AWS": arn(kind, name, account)}


def chain(length: int) -> list[object]:
    """`start` may take on `r1`, which may take on `r2`, ... the last of which reads."""
    members: list[object] = [user("start", assume("r1"))]
    for number in range(1, length + 1):
        rights = READS if number == length else assume(f"r{number + 1}")
        before = by("start") if number == 1 else by(f"r{number - 1}", kind="role")
        members.append(role(f"r{number}", rights, trust=trust(before)))
    return members


# -- roles ---------------------------------------------------------------------------------------------------------


def test_a_chain_of_roles_with_its_proofs() -> None:
    planted = Planted(chain(2))  # type: ignore[arg-type]
    assert planted.direct(READ) == {arn("role", "r2"): True}
    ways = planted.ways(READ)
    assert set(ways) == {"start", "r1"}
    assert names(ways["r1"]) == ["sts:AssumeRole"]
    assert names(ways["start"]) == ["sts:AssumeRole", "sts:AssumeRole"]
    assert [step.target.arn for step in ways["start"].steps if step.target] == [arn("role", "r1"), arn("role", "r2")]
    reply = ways["start"].steps[0].replies[0]
    assert reply.request is not None
    assert reply.request.action == "sts:AssumeRole"
    assert {cited.layer for cited in reply.statements} >= {"trust"}
    assert ways["start"].known


@pytest.mark.parametrize(("length", "found"), [(1, {"r3"}), (2, {"r3", "r2"}), (3, {"r3", "r2", "r1"})])
def test_length_is_a_limit(length: int, found: set[str]) -> None:
    assert set(Planted(chain(4)).ways(READ, length=length)) == found  # type: ignore[arg-type]


def test_a_shorter_chain_wins() -> None:
    members = [
        user("start", assume("long"), assume("short")),
        role("long", assume("short"), trust=trust(by("start"))),
        role("short", READS, trust=trust(by("start"), by("long", kind="role"))),
    ]
    assert len(Planted(members).ways(READ)["start"].steps) == 1


def test_roles_that_take_on_each_other_end() -> None:
    members = [
        role("a", assume("b"), trust=trust(by("b", kind="role"))),
        role("b", assume("a"), trust=trust(by("a", kind="role"))),
    ]
    assert Planted(members).ways(READ) == {}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"scps": {HERE: document(allow("*"), deny("sts:AssumeRole"))}}, id="denied by SCP"),
        pytest.param({"scps": {HERE: document(allow("s3:*"))}}, id="not allowed by SCP"),
    ],
)
def test_broken_by_a_control_policy(broken: dict[str, object]) -> None:
    members = [user("start", assume("r")), role("r", READS, trust=trust(ROOT))]
    assert set(Planted(members).ways(READ)) == {"start"}
    assert Planted(members, **broken).ways(READ) == {}  # type: ignore[arg-type]


def test_broken_by_a_resource_control_policy() -> None:
    members = [user("start", assume("r", HERE), account=THERE), role("r", READS, trust=trust(THAT_ROOT))]
    assert set(Planted(members).ways(READ)) == {"start"}
    fence = document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRole",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": HERE}},
        }
    )
    assert Planted(members, rcps={HERE: fence}).ways(READ) == {}


def test_broken_by_a_boundary() -> None:
    edge = document(allow("s3:*"))
    free, bound = [
        [user("start", assume("r"), boundary=boundary), role("r", READS, trust=trust(ROOT))]
        for boundary in (None, edge)
    ]
    assert set(Planted(free).ways(READ)) == {"start"}
    assert Planted(bound).ways(READ) == {}


def test_a_trust_that_names_the_user_needs_no_policy_of_his() -> None:
    """SEMANTICS 3.4: in the same account; from another one both must allow."""
    members = [user("near"), role("r", READS, trust=trust(by("near"))), user("far", account=THERE)]
    assert set(Planted(members).ways(READ)) == {"near"}
    both = [role("r", READS, trust=trust(by("near"), by("far", THERE))), *members[::2]]
    assert set(Planted(both).ways(READ)) == {"near"}
    assert set(Planted([both[0], user("far", assume("r"), account=THERE)]).ways(READ)) == {"far"}


def test_a_trust_in_the_account_needs_the_policy() -> None:
    members = [user("with", assume("r")), user("without"), role("r", READS, trust=trust(ROOT))]
    assert set(Planted(members).ways(READ)) == {"with"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, set()),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-planted"}}, {"start"}),
        ({"StringEquals": {"aws:PrincipalTag/team": "other"}}, set()),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, {"start"}),
        ({"StringEquals": {"aws:PrincipalTag/absent": "x"}}, set()),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, set()),
        ({"StringEquals": {"sts:ExternalId": "secret"}}, {"start"}),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"start"}),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"start"}),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}, {"start"}),
        ({"StringEquals": {"sts:ExternalId": "a"}, "StringNotEquals": {"sts:ExternalId": "a"}}, set()),
    ],
)
def test_conditions_of_a_trust(condition: dict[str, object], found: set[str]) -> None:
    """What the caller cannot change must hold; what he can is in the witness."""
    members = [
        user("start", assume("r"), tags={"team": "blue"}),
        role("r", READS, trust=trust(by("start"), Condition=condition)),
    ]
    ways = Planted(members).ways(READ)
    assert set(ways) == found
    for path in ways.values():
        assert path.known


def test_a_trust_that_is_not_known_is_marked_and_not_dropped() -> None:
    members = [
        user("start", assume("r")),
        replace(role("r", READS, trust=""), trust=None),
    ]
    way = Planted(members).ways(READ)["start"]
    assert not way.known
    assert "not known" in way.steps[0].reason


def test_a_policy_that_is_not_known_is_marked_and_not_dropped() -> None:
    members = [user("start", unknown=("Missing",)), role("r", READS, trust=trust(ROOT))]
    planted = Planted(members)
    assert planted.direct(READ)[arn("user", "start")] is None
    assert planted.direct(READ)[arn("role", "r")] is True


def test_known_ways_are_preferred_to_shorter_ones_that_are_not() -> None:
    members = [
        user("start", assume("r1"), assume("odd")),
        role("r1", assume("r2"), trust=trust(by("start"))),
        role("r2", READS, trust=trust(by("r1", kind="role"))),
        role("odd", READS, trust="not json"),
    ]
    way = Planted(members).ways(READ)["start"]
    assert way.known
    assert len(way.steps) == 2


def test_roles_of_another_account_and_of_everybody() -> None:
    anyone = trust({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-planted"}})
    members = [
        user("far", assume("open"), account=THERE),
        user("idle", account=THERE),
        user("near"),
        role("open", READS, trust=anyone),
    ]
    assert set(Planted(members).ways(READ)) == {"far", "near"}


def test_roles_of_services_cannot_be_changed() -> None:
    rights = allow(["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:PassRole", "lambda:*"])
    trusting = trust({"Service": "lambda.amazonaws.com"})
    for path, found in (("", {"start"}), ("aws-service-role/lambda.amazonaws.com/", set()), ("aws-reserved/x/", set())):
        assert set(Planted([user("start", rights), role(f"{path}r", READS, trust=trusting)]).ways(READ)) == found


@settings(max_examples=40, deadline=None)
@given(
    edges=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]), max_size=14),
    length=st.integers(1, 4),
)
def test_shortest_chains_as_a_plain_search_finds_them(edges: set[tuple[int, int]], length: int) -> None:
    members = []
    for number in range(7):
        sources = [by(f"r{one}", kind="role") for one, other in edges if other == number]
        trusts = trust(*(sources or [{"Service": "ec2.amazonaws.com"}]))
        members.append(role(f"r{number}", *([READS] if number == 0 else []), trust=trusts))
    distance = {0: 0}
    for far in range(length):
        for one, other in sorted(edges):
            if distance.get(other) == far:
                distance.setdefault(one, far + 1)
    ways = Planted(members).ways(READ, length=length)
    assert {name: len(path.steps) for name, path in ways.items()} == {
        f"r{number}": far for number, far in distance.items() if far
    }


# -- rights that give rights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["iam:PutUserPolicy", "iam:AttachUserPolicy"])
def test_a_user_who_writes_its_own_policy(action: str) -> None:
    planted = Planted([user("climber", allow(action, arn("user", "${aws:username}")))])
    way = planted.ways(READ)["climber"]
    assert names(way) == [action]
    assert way.access is not None
    assert way.access.truth
    assert way.access.request is not None


def test_a_boundary_caps_what_is_gained() -> None:
    """Adding policies beyond the boundary gains nothing."""
    edge = document(allow(["iam:*", "sqs:*"]), deny("iam:Delete*"), deny("iam:Put*Boundary"))
    capped = user("climber", allow("iam:PutUserPolicy"), boundary=edge)
    assert Planted([capped]).ways(READ) == {}
    moves = Planted([capped]).graph().climbs(_standing("climber"))
    assert [move.method.name for move in moves] == ["iam:PutUserPolicy"]
    assert "boundary still limits" in moves[0].note


def _standing(name: str) -> Standing:
    return Standing(arn("user", name))


def test_a_boundary_that_can_be_removed_does_not_cap() -> None:
    edge = document(allow("iam:*"))
    planted = Planted([user("climber", allow("iam:*"), boundary=edge)])
    way = planted.ways(READ)["climber"]
    assert way.known
    assert len(way.steps) == 2
    assert any("Boundary" in name for name in names(way))


def test_a_boundary_that_was_narrower_than_the_policies() -> None:
    edge = document(allow("iam:DeleteUserPermissionsBoundary"))
    planted = Planted([user("climber", READS, allow("iam:DeleteUserPermissionsBoundary"), boundary=edge)])
    assert names(planted.ways(READ)["climber"]) == ["iam:DeleteUserPermissionsBoundary"]


def test_a_control_policy_binds_whatever_is_gained() -> None:
    fence = document(allow("*"), deny("s3:GetObject"))
    assert Planted([user("climber", allow("iam:*"))], scps={HERE: fence}).ways(READ) == {}


def test_an_own_deny_binds_until_it_is_removed() -> None:
    kept = user("kept", allow("iam:PutUserPolicy"), deny(["s3:*", "iam:D*"]))
    free = user("free", allow("iam:PutUserPolicy"), deny("s3:*"))
    ways = Planted([kept, free]).ways(READ)
    assert set(ways) == {"free"}
    assert names(ways["free"]) == ["iam:PutUserPolicy", "iam:DetachUserPolicy + iam:DeleteUserPolicy"]


def test_managed_policies_and_groups() -> None:
    mine, group, strong = (f"arn:aws:iam::{HERE}:{name}" for name in ("policy/mine", "group/mine", "group/strong"))
    aws = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    around = Surroundings(
        attached={arn("user", "rewrites"): (aws, mine), arn("user", "older"): (mine,), arn("user", "aws"): (aws,)},
        groups={arn("user", "grouped"): (group,)},
        group_policies={group: (), strong: (document(READS),)},
    )
    members = [
        user("rewrites", allow("iam:CreatePolicyVersion")),
        user("aws", allow("iam:CreatePolicyVersion")),
        user("older", allow("iam:SetDefaultPolicyVersion")),
        user("grouped", allow("iam:PutGroupPolicy", group)),
        user("ungrouped", allow("iam:PutGroupPolicy", group)),
        user("joins", allow("iam:AddUserToGroup", strong)),
        user("wrong", allow("iam:AddUserToGroup", group)),
    ]
    ways = Planted(members, around=around).ways(READ)
    assert set(ways) == {"rewrites", "older", "grouped", "joins"}
    assert ways["rewrites"].known
    assert not ways["older"].known
    assert "older versions" in ways["older"].steps[0].reason
    assert names(ways["joins"]) == ["iam:AddUserToGroup"]
    assert ways["joins"].access is not None


def test_trust_of_a_role_rewritten() -> None:
    members = [
        user("start", allow("iam:UpdateAssumeRolePolicy", arn("role", "r"))),
        user("wrong", allow("iam:UpdateAssumeRolePolicy", arn("role", "other"))),
        role("r", READS, trust=trust({"Service": "ec2.amazonaws.com"})),
    ]
    ways = Planted(members).ways(READ)
    assert set(ways) == {"start"}
    assert len(ways["start"].steps[0].replies) == 2
    fence = document(allow("*"), deny("sts:AssumeRole"))
    assert Planted(members, scps={HERE: fence}).ways(READ) == {}


@pytest.mark.parametrize("action", ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"])
def test_credentials_of_another_user(action: str) -> None:
    members = [user("start", allow(action)), user("far", allow(action), account=THERE), user("reader", READS)]
    ways = Planted(members).ways(READ)
    assert set(ways) == {"start"}
    assert ways["start"].known is (action == "iam:CreateAccessKey")


def passes(service: str, *actions: str) -> list[dict[str, object]]:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return [allow("iam:PassRole", arn("role", "r"), Condition=condition), allow(list(actions))]


@pytest.mark.parametrize(
    ("service", "actions", "name"),
    [
        ("lambda.amazonaws.com", ["lambda:CreateFunction", "lambda:InvokeFunction"], "lambda:CreateFunction"),
        ("ec2.amazonaws.com", ["ec2:RunInstances"], "ec2:RunInstances"),
        ("glue.amazonaws.com", ["glue:CreateDevEndpoint"], "glue:CreateDevEndpoint"),
        ("cloudformation.amazonaws.com", ["cloudformation:CreateStack"], "cloudformation:CreateStack"),
        ("ecs-tasks.amazonaws.com", ["ecs:RegisterTaskDefinition", "ecs:RunTask"], "ecs:RunTask"),
        (
            "sagemaker.amazonaws.com",
            ["sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"],
            "sagemaker:CreateNotebookInstance",
        ),
        ("codebuild.amazonaws.com", ["codebuild:CreateProject", "codebuild:StartBuild"], "codebuild:CreateProject"),
    ],
)
def test_a_role_passed_to_a_service(service: str, actions: list[str], name: str) -> None:
    target = role("r", READS, trust=trust({"Service": service}))
    other = role("r", READS, trust=trust({"Service": "other.amazonaws.com"}))
    start = user("start", *passes(service, *actions))
    way = Planted([start, target]).ways(READ)["start"]
    assert names(way) == [f"iam:PassRole + {name}"]
    assert way.known
    assert Planted([start, other]).ways(READ) == {}
    assert Planted([user("start", *passes("other.amazonaws.com", *actions)), target]).ways(READ) == {}
    assert Planted([user("start", *passes(service, *actions[:-1], "s3:ListAllMyBuckets")), target]).ways(READ) == {}


def test_the_code_of_a_function() -> None:
    function = f"arn:aws:lambda:eu-west-1:{HERE}:function:f"
    members = [
        user("start", allow("lambda:UpdateFunctionCode", function)),
        role("r", READS, trust=trust({"Service": "lambda.amazonaws.com"})),
    ]
    way = Planted(members).ways(READ)["start"]
    assert not way.known
    assert "not in the inventory" in way.steps[0].reason
    runs_as = {function: arn("role", "r")}
    assert Planted(members, around=Surroundings(runs_as=runs_as)).ways(READ)["start"].known
    other = {function: arn("role", "else")}
    assert Planted(members, around=Surroundings(runs_as=other)).ways(READ) == {}


def test_somebody_else_strengthened_and_taken_on() -> None:
    members = [
        user("start", assume("weak"), allow("iam:PutRolePolicy", arn("role", "weak"))),
        role("weak", trust=trust(ROOT)),
    ]
    way = Planted(members).ways(READ)["start"]
    assert names(way) == ["iam:PutRolePolicy + sts:AssumeRole"]
    assert way.known
    assert Planted([members[0], role("weak", trust=trust({"Service": "ec2.amazonaws.com"}))]).ways(READ) == {}
    bounded = role("weak", trust=trust(ROOT), boundary=document(allow("sqs:*")))
    assert Planted([members[0], bounded]).ways(READ) == {}


def test_a_gain_and_then_a_role_elsewhere() -> None:
    members = [
        user("climber", allow("iam:PutUserPolicy"), account=THERE),
        role("r", READS, trust=trust(THAT_ROOT)),
    ]
    way = Planted(members).ways(READ)["climber"]
    assert names(way) == ["iam:PutUserPolicy", "sts:AssumeRole"]


# -- the resource itself -------------------------------------------------------------------------------------------


def test_the_policy_of_the_bucket_rewritten() -> None:
    lock = document(
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"},
    )
    editor = user("editor", allow("s3:PutBucketPolicy", BUCKET))
    reader = user("reader", READS)
    ways = Planted([editor, reader], policy=lock).ways(READ)
    assert set(ways) == {"editor"}
    assert "s3:PutBucketPolicy" in names(ways["editor"])[0]
    assert ways["editor"].steps[0].target is None
    fence = document(allow("*"), deny("s3:GetObject"))
    assert Planted([editor], policy=lock, scps={HERE: fence}).ways(READ) == {}


def test_a_grant_on_a_key() -> None:
    key = f"arn:aws:kms:eu-west-1:{HERE}:key/1"
    policy = document({"Effect": "Allow", "Principal": ROOT, "Action": "kms:*", "Resource": "*"})
    subject = Subject(key, "AWS::KMS::Key", HERE, (ChannelDocument("POLICY", "", policy),))
    granter = user("granter", allow("kms:CreateGrant", key))
    ways = Planted([granter, user("nobody")], subject=subject).ways("kms:Decrypt")
    assert set(ways) == {"granter"}


def test_every_witness_is_allowed_by_the_evaluator() -> None:
    planted = Planted(
        [
            *chain(3),  # type: ignore[list-item]
            user("climber", allow("iam:*")),
            user("passer", *passes("lambda.amazonaws.com", "lambda:*")),
            role("r", READS, trust=trust({"Service": "lambda.amazonaws.com"})),
        ]
    )
    found = planted.paths(READ)
    seen = 0
    world = planted.world
    for path in found.found:
        for step in path.steps:
            for reply in step.replies:
                assert reply.request is not None
                if step.method.name == "sts:AssumeRole":
                    assert step.target is not None
                    policies = replace(world.caller(step.source).policies, trust=world.role(step.target.arn).side.trust)
                    assert decide(reply.request, policies).outcome is Outcome.ALLOW
                    seen += 1
    assert seen >= 3
