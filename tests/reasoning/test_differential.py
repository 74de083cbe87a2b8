"""Solver against evaluator: whoever the evaluator lets in from outside, the solver must have reported.

This is the test of soundness: a request that is allowed but described by no finding would be a wrong "safe".
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.policy import Policy, PrincipalEntry, PrincipalKind, parse_value
from analyzers.policy.pattern import tokens
from analyzers.policy.values import network
from analyzers.reasoning import ways
from analyzers.reasoning.evaluate import Outcome, resource_side
from analyzers.reasoning.matching import Call, glob_matches, principal_matches
from analyzers.reasoning.question import Part, Question
from analyzers.reasoning.request import Request
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.ways import Way, who

OWN, OTHER, THIRD = "111111111111", "222222222222", "333333333333"
BUCKET = "arn:aws:s3:::b"

PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": OTHER},
    {"AWS": f"arn:aws:iam::{OTHER}:user/eve"},
    {"AWS": [f"arn:aws:iam::{THIRD}:role/r", OWN]},
    {"AWS": f"arn:aws:sts::{THIRD}:assumed-role/r/s"},
    {"CanonicalUser": "canonical-1"},
    {"Service": "logs.amazonaws.com"},
]
ACTIONS: list[Any] = ["s3:GetObject", "s3:*", "s3:Get*", ["s3:PutObject", "s3:ListBucket"], "*"]
RESOURCES: list[Any] = ["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/a/*", [BUCKET, f"{BUCKET}/?"], "arn:aws:s3:::*"]
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
    {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}},
    {"StringEqualsIfExists": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}},
    {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:*"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
    {"StringEquals": {"aws:PrincipalAccount": [OTHER, OWN]}},
    {"StringNotEquals": {"aws:PrincipalAccount": OTHER}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-1/r/*", "o-2/*"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/25"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"BoolIfExists": {"aws:SecureTransport": "true"}},
    {"Null": {"aws:PrincipalArn": "true"}},
    {"Null": {"aws:SourceVpc": "false"}},
    {"NumericLessThanEquals": {"s3:max-keys": "10"}},
    {"NumericGreaterThan": {"s3:max-keys": "10"}},
    {"NumericNotEquals": {"s3:max-keys": 10}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"StringEqualsIgnoreCase": {"s3:prefix": "Home"}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}},
]


@st.composite
def statements(draw: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    negated = statement["Effect"] == "Deny" and draw(st.booleans())
    choices = [p for p in PRINCIPALS if not negated or p not in ("*", {"AWS": "*"})]
    statement["NotPrincipal" if negated else "Principal"] = draw(st.sampled_from(choices))
    statement[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(st.sampled_from(ACTIONS))
    statement[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(st.sampled_from(RESOURCES))
    condition: dict[str, Any] = {}
    for part in draw(st.lists(st.sampled_from(CONDITIONS), max_size=2)):
        for operator, keys in part.items():
            condition.setdefault(operator, {}).update(keys)
    if condition:
        statement["Condition"] = condition
    return statement


POLICIES = st.lists(statements(), min_size=1, max_size=4).map(
    lambda found: parse_value({"Version": "2012-10-17", "Statement": found})
)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "aws:SourceVpc": st.sampled_from(["vpc-1", "vpc-2", "vpc-3"]),
        "aws:SourceIp": st.sampled_from(["203.0.113.5", "203.0.113.200", "8.8.8.8", "2001:db8::1", "2a00::1"]),
        "aws:SecureTransport": st.sampled_from(["true", "false"]),
        "aws:TagKeys": st.sampled_from([("a",), ("b", "c"), ("a", "b")]),
        "s3:max-keys": st.sampled_from(["5", "10", "11"]),
        "aws:CurrentTime": st.sampled_from(["2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z"]),
        "s3:prefix": st.sampled_from(["home", "HOME", "x"]),
    },
)
SIGNED = st.fixed_dictionaries(
    {}, optional={"aws:PrincipalOrgID": st.just("o-1"), "aws:PrincipalOrgPaths": st.just(("o-1/r/ou-1/",))}
)
CALLERS = [
    "anonymous",
    f"arn:aws:iam::{OTHER}:user/eve",
    f"arn:aws:iam::{OTHER}:role/r",
    f"arn:aws:iam::{THIRD}:role/r",
    f"arn:aws:iam::{THIRD}:role/q",
    "canonical:canonical-1",
]


@st.composite
def requests(draw: Any) -> Request:
    principal = draw(st.sampled_from(CALLERS))
    context = dict(draw(CONTEXTS))
    if principal.startswith("arn:"):
        signed = draw(SIGNED)
        if len(signed) == 2:  # id and path belong together
            context |= signed
    elif principal.startswith("canonical:"):  # an AWS account, which signs
        arn = f"arn:aws:iam::{OTHER}:user/c"
        context |= {"aws:PrincipalArn": arn, "aws:PrincipalAccount": OTHER, "aws:PrincipalIsAWSService": "false"}
    return Request(
        principal=principal,
        action=draw(st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketAcl"])),
        resource=draw(st.sampled_from([BUCKET, f"{BUCKET}/a/x", f"{BUCKET}/z", f"{BUCKET}/a"])),
        resource_account=OWN,
        context=context,
    )


def ask(policy: Policy, *, like_aws: bool = False) -> tuple[Way, ...]:
    scene = Scene(BUCKET, "/", {"aws:resourceaccount": OWN})
    return who(Question((Part(policy, scene),), ("s3",), frozenset({OWN})), like_aws=like_aws, seconds=30)


def describes(way: Way, request: Request) -> bool:
    """Whether the finding's own words cover the request."""
    call = Call(request)
    kind = PrincipalKind(way.principal[0])
    if not principal_matches(PrincipalEntry(kind, way.principal[1]), call):
        return False
    action = request.action.lower()
    if not any(glob_matches(tokens(a.lower(), wildcards=True, variables=False), action) for a in way.actions):
        return False
    return all(_holds(key.lower(), value, call) for key, value in way.condition)


def _holds(key: str, value: str, call: Call) -> bool:
    given = call.context.get(key)
    if given is None:
        return False
    if key == "aws:sourceip":
        from ipaddress import ip_address

        block = network(value)
        return block is not None and ip_address(str(given)) in block
    pattern = tokens(value, wildcards=True, variables=False)
    return any(glob_matches(pattern, one) for one in (given if isinstance(given, tuple) else (given,)))


def full(request: Request) -> Request:
    return Request(
        principal=request.principal,
        action=request.action,
        resource=BUCKET + request.resource,
        resource_account=OWN,
        context=request.context,
    )


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES, st.lists(requests(), min_size=5, max_size=25))
def test_whoever_gets_in_is_reported(policy: Policy, asked: list[Request]) -> None:
    found = ask(policy)
    for request in asked:
        if resource_side(request, [policy]).outcome is Outcome.ALLOW:
            assert any(describes(way, request) for way in found), (request, found)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES)
def test_every_witness_is_allowed(policy: Policy) -> None:
    for way in ask(policy):
        decision = resource_side(full(way.witness), [policy])
        assert decision.outcome is Outcome.ALLOW, (way, decision.reason)
        assert describes(way, full(way.witness))
        assert way.statements


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES)
def test_the_reduced_report_is_never_larger_and_never_empties(policy: Policy) -> None:
    complete, reduced = ask(policy, like_aws=True), ask(policy)
    assert len(reduced) <= len(complete)
    assert bool(reduced) == bool(complete)
    assert any(way.is_public for way in reduced) == any(way.is_public for way in complete)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(statements(), min_size=2, max_size=4), st.randoms())
def test_the_order_of_statements_changes_nothing(found: list[dict[str, Any]], random: Any) -> None:
    def said(order: list[dict[str, Any]]) -> set[Any]:
        told = ask(parse_value({"Version": "2012-10-17", "Statement": order}), like_aws=True)
        return {(way.principal, way.condition, way.is_public) for way in told}

    shuffled = list(found)
    random.shuffle(shuffled)
    assert said(found) == said(shuffled)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POLICIES)
def test_ways_that_nothing_replaces_are_the_smallest_report(policy: Policy) -> None:
    """Where a report is told without all combinations, it is the one that they would give."""
    found: list[Any] = []
    shortcut = ways._Finder.indispensable

    def said() -> set[Any]:
        return {(way.principal, way.actions, way.condition, way.is_public, way.statements) for way in ask(policy)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways._Finder, "indispensable", lambda self: found.append(shortcut(self)) or found[-1])
        short = said()
        if None in found:
            return
        patch.setattr(ways._Finder, "indispensable", lambda _: None)
        assert said() == short
