"""The evaluator's tables, put to the solver: one element of a statement against one request, and against all requests.

A row that holds for the evaluator holds for the formulas, whether the request's values are known (decisions) or are
one of many (policy checks).
"""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.policy import parse_value
from analyzers.policy.operators import Family, lookup
from analyzers.reasoning import assumptions
from analyzers.reasoning.access import compare, grants
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.matching import Truth
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import ContextValue, Request
from analyzers.reasoning.solve_request import solve
from analyzers.reasoning.symbolic import action
from analyzers.reasoning.verdict import Answer

from .policies import allow, deny, document, policy
from .test_evaluate_conditions import KEY, MANY, ROWS, VARIABLES
from .test_evaluate_matching import ACCOUNT, ACTIONS, CHECKED, PRINCIPALS, RESOURCES, USER

ALLOWED = {True: Outcome.ALLOW, False: Outcome.DENY, None: Outcome.UNKNOWN}
DENIED = {True: Outcome.DENY, False: Outcome.ALLOW, None: Outcome.UNKNOWN}
SOME = {True: Answer.REFUTED, False: Answer.PROVED, None: Answer.UNKNOWN}
NONE = {True: Answer.PROVED, False: Answer.REFUTED, None: Answer.UNKNOWN}
ELSEWHERE = "333333333333"


def solved(
    statement: dict[str, Any],
    context: dict[str, ContextValue] | None = None,
    caller: str = USER,
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::b/k",
) -> Outcome:
    """What an identity policy of this statement, beside one that allows everything if it is a Deny, lets happen."""
    found = [statement] if statement["Effect"] == "Allow" else [allow(), statement]
    policies = PolicySet.from_json({"identity": [document(*found)]})
    return solve(Request(caller, action, resource, ACCOUNT, context or {}), policies, seconds=30)


# -- one request ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("operator", "values", "given", "expected"), ROWS)
def test_a_condition_on_one_value(operator: str, values: Any, given: Any, expected: Truth) -> None:
    context = {} if given is None else {KEY: given}
    assert solved(allow(Condition={operator: {KEY: values}}), context) is ALLOWED[expected]
    assert solved(deny(Condition={operator: {KEY: values}}), context) is DENIED[expected]


@pytest.mark.parametrize(("operator", "values", "given", "expected"), MANY)
def test_a_condition_on_many_values(operator: str, values: Any, given: Any, expected: Truth) -> None:
    context = {} if given is None else {"aws:TagKeys": given}
    assert solved(allow(Condition={operator: {"aws:TagKeys": values}}), context) is ALLOWED[expected]
    assert solved(deny(Condition={operator: {"aws:TagKeys": values}}), context) is DENIED[expected]


def test_a_multivalued_key_with_one_empty_text_has_no_value() -> None:
    """The solver took it for a value."""
    given: dict[str, ContextValue] = {"aws:TagKeys": ""}
    assert solved(allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}), given) is Outcome.ALLOW
    assert solved(allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ""}}), given) is Outcome.DENY
    assert solved(allow(Condition={"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}), given) is Outcome.DENY


@pytest.mark.parametrize("operator", ["NumericNotEquals", "DateNotEquals", "NotIpAddress"])
def test_an_empty_text_is_no_number(operator: str) -> None:
    wanted = "10.0.0.0/8" if operator == "NotIpAddress" else "1"
    assert solved(allow(Condition={operator: {KEY: wanted}}), {KEY: ""}) is Outcome.UNKNOWN
    block = {"NotIpAddress": {KEY: "10.0.0.0/8"}}
    assert solved(allow(Condition=block), {KEY: "11.0.0.0/8"}) is Outcome.UNKNOWN, "a block is no address"


@pytest.mark.parametrize("reading", [True, False])
def test_whether_the_unreadable_differs_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "UNREADABLE_NUMBER_IS_NOT_EQUAL", reading)
    for operator, wanted in (
        ("NumericNotEquals", "1"),
        ("DateNotEquals", "2026-01-01"),
        ("NotIpAddress", "10.0.0.0/8"),
    ):
        assert solved(allow(Condition={operator: {KEY: wanted}}), {KEY: "x"}) is ALLOWED[reading]
        several = {f"ForAnyValue:{operator}": {"aws:TagKeys": wanted}}
        assert solved(allow(Condition=several), {"aws:TagKeys": ("x",)}) is ALLOWED[reading]
        assert solved(allow(Condition={operator: {KEY: "x"}}), {KEY: "1"}) is ALLOWED[reading]


@pytest.mark.parametrize("reading", [True, False])
def test_how_resources_are_read_is_three_constants(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"resource": "arn:aws:logs:eu:1:log:x"}
    for name in ("SHORT_ARN", "ALLOW_ACROSS_COLONS", "DENY_ACROSS_COLONS"):
        with monkeypatch.context() as patch:
            patch.setattr(assumptions, name, reading)
            short, crossing = ALLOWED[reading], Outcome.UNKNOWN
            if name != "SHORT_ARN":
                short, crossing = Outcome.UNKNOWN, ALLOWED[reading] if name.startswith("ALLOW") else Outcome.UNKNOWN
            assert solved(allow(Resource="arn:aws:logs"), **asked) is short
            assert solved(allow(Resource="arn:aws:*:x"), **asked) is crossing
            denied = DENIED[reading] if name.startswith("DENY") else Outcome.UNKNOWN
            assert solved(deny(Resource="arn:aws:*:x"), **asked) is denied


@pytest.mark.parametrize(("wanted", "tag", "expected"), VARIABLES)
def test_a_policy_variable(wanted: str, tag: str, expected: bool) -> None:
    assert solved(allow(Condition={"StringEquals": {KEY: wanted}}), {KEY: tag}) is ALLOWED[expected]
    assert solved(allow(Condition={"StringNotEquals": {KEY: wanted}}), {KEY: tag}) is DENIED[expected]


def test_any_value_if_exists_without_the_key_depends_on_the_effect() -> None:
    condition = {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}
    assert solved(allow(Condition=condition)) is Outcome.ALLOW
    assert solved(deny(Condition=condition)) is Outcome.ALLOW


def test_a_service_is_spelled_in_any_case() -> None:
    assert solved(allow("XRAY:Get*"), action="xray:GetGroup") is Outcome.ALLOW


@pytest.mark.parametrize(("pattern", "reading"), [("?3:GetObject", True), ("??:GetObject", False)])
def test_what_an_action_without_a_service_matches_is_one_constant(
    pattern: str, reading: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assumptions, "ACTION_WITHOUT_SERVICE", reading)
    action.cache_clear()
    assert solved(allow(pattern)) is ALLOWED[reading]
    assert solved(allow("?3:PutObject")) is Outcome.DENY
    action.cache_clear()


@pytest.mark.parametrize(("principal", "caller", "expected"), PRINCIPALS)
def test_a_principal(principal: Any, caller: str, expected: bool) -> None:
    policies = {"identity": [document(allow())], "session": document(allow())}
    known = PolicySet.from_json({**policies, "resource": document(allow(Principal=principal))})
    assert solve(Request(caller, "s3:GetObject", "arn:aws:s3:::b/k", ELSEWHERE), known) is ALLOWED[expected]


@pytest.mark.parametrize(("pattern", "expected"), ACTIONS)
def test_an_action(pattern: str, expected: Truth) -> None:
    assert solved(allow(pattern)) is ALLOWED[expected]
    assert solved({"Effect": "Allow", "NotAction": pattern, "Resource": "*"}) is DENIED[expected]


@pytest.mark.parametrize(("pattern", "resource", "expected"), RESOURCES)
def test_a_resource(pattern: str, resource: str, expected: Truth) -> None:
    assert solved(allow(Resource=pattern), resource=resource) is ALLOWED[expected]
    assert solved(deny(Resource=pattern), resource=resource) is DENIED[expected]
    without = {"Effect": "Allow", "Action": "*", "NotResource": pattern}
    assert solved(without, resource=resource) is DENIED[expected]


# -- all requests --------------------------------------------------------------------------------------------------

PINS = {Family.NUMERIC: "NumericEquals", Family.DATE: "DateEquals", Family.BINARY: "BinaryEquals"}
PINS |= {Family.IP: "IpAddress", Family.BOOL: "Bool"}


def pinned(operator: str, given: str | None) -> dict[str, Any]:
    """The condition that holds for this value alone, as the operator sees it."""
    if given is None:
        return {"Null": {KEY: "true"}}
    rule = lookup(operator.removesuffix("IfExists"))
    name = PINS.get(rule.family, "StringEquals") if rule else "StringEquals"
    return {name: {KEY: given}, "Null": {KEY: "false"}}


READABLE = [row for row in ROWS if row[2] not in ("ten", "soon", "no address")]


@pytest.mark.parametrize(("operator", "values", "given", "expected"), READABLE)
def test_a_condition_among_all_requests(operator: str, values: Any, given: Any, expected: Truth) -> None:
    whole = policy(allow(Condition={operator: {KEY: values}}))
    one = policy(allow(Condition=pinned(operator, given)))
    found = compare(whole, one, policy_type=PolicyType.IDENTITY, seconds=30)
    assert found.both.answer is SOME[expected]
    assert found.only_second.answer is NONE[expected]


SETS = [
    row
    for row in MANY
    if "${" not in str(row[1]) and (row[2] is None or (isinstance(row[2], tuple) and not {"", "x", "!"} & set(row[2])))
]


@pytest.mark.parametrize(("operator", "values", "given", "expected"), SETS)
def test_a_set_of_values_among_all_requests(operator: str, values: Any, given: Any, expected: Truth) -> None:
    key, base = "aws:TagKeys", operator.rpartition(":")[2].removesuffix("IfExists")
    rule = lookup(base)
    same = PINS.get(rule.family, "StringEquals") if rule else "StringEquals"
    other = {"NumericEquals": "NumericNotEquals", "IpAddress": "NotIpAddress"}.get(same, "StringNotEquals")
    if given:  # no value but these, and each of these
        only = allow(Condition={f"ForAllValues:{same}": {key: list(given)}, "Null": {key: "false"}})
        one = policy(only, *(deny(Condition={f"ForAllValues:{other}": {key: value}}) for value in given))
    else:
        one = policy(allow(Condition={"Null": {key: "true"}}))
    found = compare(policy(allow(Condition={operator: {key: values}})), one, seconds=30)
    assert found.both.answer is SOME[expected]
    assert found.only_second.answer is NONE[expected]


@pytest.mark.parametrize(("pattern", "expected"), ACTIONS)
def test_an_action_among_all_requests(pattern: str, expected: Truth) -> None:
    assert grants(policy(allow(pattern)), [(["s3:GetObject"], [])], seconds=30).answer is SOME[expected]
    negated = parse_value(document({"Effect": "Allow", "NotAction": pattern, "Resource": "*"}))
    assert grants(negated, [(["s3:GetObject"], [])], seconds=30).answer is NONE[expected]


@pytest.mark.parametrize(("pattern", "resource", "expected"), CHECKED)
def test_a_resource_among_all_requests(pattern: str, resource: str, expected: Truth) -> None:
    assert grants(policy(allow(Resource=pattern)), [([], [resource])], seconds=30).answer is SOME[expected]
    negated = parse_value(document({"Effect": "Allow", "Action": "*", "NotResource": pattern}))
    assert grants(negated, [([], [resource])], seconds=30).answer is NONE[expected]
