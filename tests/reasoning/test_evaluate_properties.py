"""What must hold for every set of policies and every request."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.policy import Policy, parse_value
from analyzers.policy.pattern import tokens
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, Outcome, resource_side
from analyzers.reasoning.explanation import explain_statement
from analyzers.reasoning.matching import Call, all_of, glob_matches, match_statement
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import Request

HOME, ABROAD = "111111111111", "222222222222"
CALLERS = [
    "anonymous",
    "sns.amazonaws.com",
    f"arn:aws:iam::{HOME}:user/bob",
    f"arn:aws:iam::{HOME}:root",
    f"arn:aws:sts::{HOME}:assumed-role/app/s1",
    f"arn:aws:sts::{HOME}:federated-user/bob",
    f"arn:aws:iam::{ABROAD}:user/eve",
    "canonical:abc",
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": HOME},
    {"AWS": ABROAD},
    {"AWS": f"arn:aws:iam::{HOME}:user/bob"},
    {"AWS": f"arn:aws:iam::{HOME}:role/app"},
    {"AWS": f"arn:aws:sts::{HOME}:assumed-role/app/s1"},
    {"Service": "sns.amazonaws.com"},
    {"CanonicalUser": "abc"},
]
CONDITIONS: list[Any] = [
    {},
    {},
    {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}},
    {"ForAllValues:StringLike": {"aws:TagKeys": ["a*", "b"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{HOME}:user/*"}},
    {"StringLike": {"s3:prefix": "${aws:username}/*"}},
    {"NotAnOperator": {"a": "b"}},
]
ACTIONS = ["*", "s3:*", "s3:Get*", ["s3:PutObject", "kms:Decrypt"], "kms:*", "sts:AssumeRole", "s3*"]
RESOURCES = ["*", "arn:aws:s3:::b/*", ["arn:aws:s3:::b/k", "arn:aws:s3:::c"], "arn:aws:*:b/k", "arn:aws:s3"]
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "aws:SourceVpc": st.sampled_from(["vpc-1", "vpc-2"]),
        "aws:PrincipalOrgID": st.sampled_from(["o-1", "o-2"]),
        "aws:TagKeys": st.sampled_from([(), ("a",), ("a", "c"), ("ab", "b"), ("",)]),
        "aws:SourceIp": st.sampled_from(["203.0.113.1", "8.8.8.8", "2001:db8::1"]),
        "aws:SecureTransport": st.sampled_from(["true", "false"]),
        "s3:prefix": st.sampled_from(["bob/x", "eve/x"]),
    },
)


@st.composite
def statements(draw: Any, *, principals: bool, effects: tuple[str, ...] = ("Allow", "Deny")) -> dict[str, Any]:
    statement = {
        "Effect": draw(st.sampled_from(effects)),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(st.sampled_from(RESOURCES)),
        "Condition": draw(st.sampled_from(CONDITIONS)),
    }
    if principals:
        negated = statement["Effect"] == "Deny" and draw(st.integers(0, 3)) == 0
        statement["NotPrincipal" if negated else "Principal"] = draw(st.sampled_from(PRINCIPALS))
    return statement


def policy(found: list[dict[str, Any]]) -> Policy:
    return parse_value({"Version": "2012-10-17", "Statement": found})


def documents(*, principals: bool, **more: Any) -> st.SearchStrategy[Policy]:
    return st.lists(statements(principals=principals, **more), min_size=1, max_size=3).map(policy)


OWN = documents(principals=False)
RESOURCE = documents(principals=True)
GUARD = documents(principals=True, effects=("Deny",))
SETS = st.builds(
    PolicySet,
    identity=st.lists(OWN, max_size=2).map(tuple),
    resource=st.lists(RESOURCE, max_size=2).map(tuple),
    boundary=st.none() | st.tuples(OWN),
    session=st.none() | st.tuples(OWN),
    scp_levels=st.none() | st.dictionaries(st.sampled_from(["root", "ou"]), st.lists(OWN, max_size=2).map(tuple)),
    rcp_levels=st.none() | st.dictionaries(st.just("root"), st.lists(GUARD, max_size=1).map(tuple)),
    trust=st.lists(RESOURCE, max_size=1).map(tuple),
    key_policy=st.lists(RESOURCE, max_size=1).map(tuple),
    bpa=st.sampled_from([{}, {"RestrictPublicBuckets": True}, {"IgnorePublicAcls": True}]),
    acl=st.sampled_from([(), ({"grantee": "AllUsers", "permission": "READ"},)]),
)
REQUESTS = st.builds(
    Request,
    principal=st.sampled_from(CALLERS),
    action=st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt", "sts:AssumeRole", "s3:ListAllMyBuckets"]),
    resource=st.sampled_from(
        ["arn:aws:s3:::b/k", "arn:aws:s3:::c", "*", f"arn:aws:kms:eu:{HOME}:key/k", f"arn:aws:iam::{HOME}:role/app"]
    ),
    resource_account=st.sampled_from([HOME, HOME, ABROAD, ""]),
    context=CONTEXTS,
)
ORDER = {Outcome.DENY: 0, Outcome.UNKNOWN: 1, Outcome.ALLOW: 2}


def weight(decision: Decision) -> int:
    return ORDER[decision.outcome]


@settings(max_examples=300, deadline=None)
@given(SETS, REQUESTS, st.sampled_from(["identity", "resource", "trust", "key_policy"]), st.data())
def test_a_further_deny_never_adds_access(policies: PolicySet, request: Request, where: str, data: Any) -> None:
    deny = data.draw(documents(principals=where != "identity", effects=("Deny",)))
    more = replace(policies, **{where: (*getattr(policies, where), deny)})
    # Public as a whole is judged of a policy as it stands; another document must not change how this one is judged.
    before = decide(request, policies, is_public=lambda _: False)
    assert weight(decide(request, more, is_public=lambda _: False)) <= weight(before)


@settings(max_examples=300, deadline=None)
@given(SETS, REQUESTS, st.sampled_from(["identity", "resource", "trust", "key_policy"]), st.data())
def test_a_further_allow_never_removes_access(policies: PolicySet, request: Request, where: str, data: Any) -> None:
    allow = data.draw(documents(principals=where != "identity", effects=("Allow",)))
    more = replace(policies, **{where: (*getattr(policies, where), allow)})
    before = decide(request, policies, is_public=lambda _: False)
    assert weight(decide(request, more, is_public=lambda _: False)) >= weight(before)


@settings(max_examples=150, deadline=None)
@given(SETS, REQUESTS)
def test_limits_only_take_away(policies: PolicySet, request: Request) -> None:
    told = weight(decide(request, policies))
    assert told <= weight(decide(request, replace(policies, boundary=None)))
    assert told <= weight(decide(request, replace(policies, scp_levels=None)))
    assert told <= weight(decide(request, replace(policies, rcp_levels=None)))
    assert told <= weight(decide(request, replace(policies, bpa={})))


@settings(max_examples=200, deadline=None)
@given(SETS, REQUESTS, st.randoms(use_true_random=False))
def test_order_changes_nothing(policies: PolicySet, request: Request, random: Any) -> None:
    def shuffled(found: tuple[Policy, ...]) -> tuple[Policy, ...]:
        turned = [replace(one, statements=tuple(random.sample(one.statements, len(one.statements)))) for one in found]
        return tuple(random.sample(turned, len(turned)))

    other = replace(policies, identity=shuffled(policies.identity), resource=shuffled(policies.resource))
    one, two = decide(request, policies), decide(request, other)
    assert (one.outcome, one.kind) == (two.outcome, two.kind)


@settings(max_examples=200, deadline=None)
@given(SETS, REQUESTS)
def test_splitting_documents_and_statements_changes_nothing(policies: PolicySet, request: Request) -> None:
    def split(found: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(
            replace(one, statements=(replace(statement, actions=actions._replace(values=values)),))
            for one in found
            for statement in one.statements
            if (actions := statement.actions) is not None
            for values in ([actions.values] if actions.negated else [(value,) for value in actions.values])
        )

    other = replace(policies, identity=split(policies.identity), resource=split(policies.resource))
    never_public = lambda _: False  # noqa: E731
    one, two = decide(request, policies, is_public=never_public), decide(request, other, is_public=never_public)
    assert (one.outcome, one.kind) == (two.outcome, two.kind)


@settings(max_examples=200, deadline=None)
@given(SETS, REQUESTS)
def test_an_answer_is_well_formed(policies: PolicySet, request: Request) -> None:
    decision = decide(request, policies)
    assert (decision.kind is not None) == (decision.outcome is Outcome.DENY)
    assert decision.reason.endswith(".")
    if decision.kind == "explicit":
        assert decision.statements
        assert all(reference.effect == "Deny" for reference in decision.statements)
    assert set(decision.statements) <= {step.statement for step in decision.steps}


@settings(max_examples=200, deadline=None)
@given(RESOURCE, RESOURCE, REQUESTS)
def test_the_resource_side_alone(one: Policy, two: Policy, request: Request) -> None:
    alone = weight(resource_side(request, [one]))
    assert weight(resource_side(request, [one], [two])) <= alone
    assert resource_side(request, [one], [two]).outcome != Outcome.ALLOW or alone == ORDER[Outcome.ALLOW]
    assert resource_side(request, [one, two]).outcome == resource_side(request, [two, one]).outcome
    assert resource_side(request, []).kind == "implicit"


@settings(max_examples=300, deadline=None)
@given(RESOURCE, REQUESTS)
def test_an_explanation_agrees_with_the_match(document: Policy, request: Request) -> None:
    call = Call(request)
    for statement in document.statements:
        said = explain_statement(document, statement, call)
        assert all_of(element.truth for element in said) is match_statement(document, statement, call).truth
        assert all(element.reason.endswith(".") for element in said)


@settings(max_examples=2000, deadline=None)
@given(st.text("ab*?", max_size=12), st.text("ab:", max_size=12))
def test_globs_agree_with_another_matcher(pattern: str, text: str) -> None:
    known = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in re.sub(r"\*+", "*", pattern))
    found = glob_matches(tokens(pattern, wildcards=True, variables=False), text)
    assert found is bool(re.fullmatch(known, text, re.DOTALL))
