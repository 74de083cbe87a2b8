"""Every operator of the guide against a present, an absent and an unreadable value (SEMANTICS 2.2 to 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.policy import parse_value
from analyzers.policy.operators import RULES
from analyzers.reasoning import assumptions
from analyzers.reasoning.matching import Call, Truth, match_statement
from analyzers.reasoning.request import ContextValue, Request

KEY = "aws:PrincipalTag/t"
ABSENT = None

ROWS: list[tuple[str, Any, ContextValue | None, Truth]] = [
    # operator, values in the policy, value in the request, matches
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a", ABSENT, False),
    ("StringEquals", "", "", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", ABSENT, True),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringEqualsIgnoreCase", "a", ABSENT, False),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringNotEqualsIgnoreCase", "a", ABSENT, True),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "*:c", "a:b:c", True),
    ("StringLike", "a?", "a", False),
    ("StringLike", "A*", "abc", False),
    ("StringLike", "*", "", True),
    ("StringLike", "*", ABSENT, False),
    ("StringLike", "a${*}", "a*", True),
    ("StringLike", "a${*}", "ab", False),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", "a*", "b", True),
    ("StringNotLike", "*", ABSENT, True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "11", False),
    ("NumericEquals", "10", "ten", False),
    ("NumericEquals", "10", ABSENT, False),
    ("NumericEquals", "2026", "2026.0", True),
    ("NumericLessThan", "0", "-5", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "10.0", False),
    ("NumericNotEquals", "10", ABSENT, True),
    ("NumericNotEquals", "10", "ten", None),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "11", False),
    ("NumericLessThanEquals", "10", "9", True),
    ("NumericGreaterThanEquals", "10", "11", True),
    ("NumericGreaterThan", "10", "11", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("NumericGreaterThanEquals", "10", ABSENT, False),
    ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),
    ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", ABSENT, True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "soon", None),
    ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
    ("DateLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
    ("DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateLessThanEquals", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z", True),
    ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", True),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", ABSENT, False),
    ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("Bool", "true", "TRUE", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("Bool", "false", ABSENT, False),
    ("BoolIfExists", "false", ABSENT, True),
    ("BinaryEquals", "aGk=", "aGk=", True),
    ("BinaryEquals", "aGk=", "aGo=", False),
    ("BinaryEquals", "aGk=", ABSENT, False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "203.0.113.0/24", "no address", False),
    ("IpAddress", "203.0.113.0/24", ABSENT, False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", False),
    ("NotIpAddress", "203.0.113.0/24", "8.8.8.8", True),
    ("NotIpAddress", "0.0.0.0/0", "2001:db8::1", True),
    ("NotIpAddress", "203.0.113.0/24", ABSENT, True),
    # a bound that cannot be read
    ("NumericEquals", "x", "1", False),
    ("NumericNotEquals", "x", "1", None),
    ("DateEquals", "then", "1", False),
    ("DateNotEquals", "then", "1", None),
    ("IpAddress", "here", "8.8.8.8", False),
    ("NotIpAddress", "here", "8.8.8.8", None),
    ("NotIpAddress", ["here", "8.0.0.0/8"], "8.8.8.8", False),
    ("NotIpAddress", "203.0.113.0/24", "no address", None),
    ("ArnEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", True),
    ("ArnEquals", "arn:aws:sns:*:t", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu-west-1:1:t:sub:x", True),
    ("ArnLike", "arn:aws:sns:*:1:t", "arn:aws:sns:a:b:1:t", False),
    ("ArnLike", "*", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnLike", "arn:aws:sns:*:1:t", ABSENT, False),
    ("ArnNotEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnNotLike", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:2:t", True),
    ("ArnNotLike", "arn:aws:sns:*:1:t", ABSENT, True),
    ("Null", "true", ABSENT, True),
    ("Null", "true", "a", False),
    ("Null", "false", ABSENT, False),
    ("Null", "false", "", True),
    ("Null", ["true", "false"], "a", True),
    ("Null", ["true", "false"], ABSENT, True),
    ("Null", "perhaps", "a", None),
    ("StringEqualsIfExists", "a", ABSENT, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEqualsIfExists", "a", ABSENT, True),
    ("IpAddressIfExists", "203.0.113.0/24", ABSENT, True),
    # a key of one value under a set operator: an empty text is no value
    ("ForAllValues:StringEquals", "a", "", True),
    ("ForAllValues:StringEquals", "a", "a", True),
    ("ForAllValues:StringEquals", "a", "b", False),
    ("ForAllValues:StringNotEquals", "a", "a", False),
    ("ForAnyValue:StringEquals", "", "", False),
    ("ForAnyValue:StringEquals", "a", "a", True),
    ("ForAnyValue:StringNotEquals", "a", "", False),
    ("ForAnyValue:StringNotEquals", "a", "b", True),
    ("ForAnyValue:StringLike", "*", "", False),
    ("stringequals", "a", "a", True),
    ("StringLikeIgnoreCase", "a", "a", None),
    ("NullIfExists", "true", "a", None),
]
MANY: list[tuple[str, Any, ContextValue | None, Truth]] = [
    ("ForAnyValue:StringEquals", ["a", "b"], ("b", "c"), True),
    ("ForAnyValue:StringEquals", ["a"], ("b", "c"), False),
    ("ForAnyValue:StringEquals", ["a"], (), False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringEquals", [""], ("",), False),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "c"), True),
    ("ForAnyValue:StringNotEquals", ["a"], ("a",), False),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
    ("ForAllValues:StringEquals", ["a"], (), True),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringEquals", ["a"], ("",), True),
    ("ForAllValues:StringNotEquals", ["a"], ("b", "c"), True),
    ("ForAllValues:StringNotEquals", ["a"], ("a", "c"), False),
    ("ForAllValues:StringLike", ["a*"], ("ab", "ac"), True),
    ("ForAllValues:NumericNotEquals", ["1"], ("2", "x"), None),
    ("StringEquals", ["a"], ("a",), False),
    ("StringNotEquals", ["a"], ("b",), False),
    ("ForAnyValue:StringEquals", ["ab"], "ab", True),
    ("ForAnyValue:StringEquals", ["a"], "ab", False),
    ("ForAllValues:StringEquals", ["ab"], "ab", True),
    ("ForAllValues:StringEquals", ["a"], "", True),
    ("ForAnyValue:StringEquals", [""], "", False),
    ("ForAllValues:StringEqualsIfExists", ["a"], None, True),
    ("ForAllValues:StringEqualsIfExists", ["a"], ("b",), False),
    ("StringEqualsIfExists", ["a"], ("a",), False),
    ("StringEqualsIfExists", ["a"], None, True),
    ("ForAnyValue:IpAddress", ["10.0.0.0/8"], ("10.1.1.1", "x"), True),
    ("ForAllValues:IpAddress", ["10.0.0.0/8"], ("10.1.1.1", "x"), False),
    ("ForAnyValue:NotIpAddress", ["10.0.0.0/8"], ("10.1.1.1", "x"), None),
    ("ForAnyValue:NotIpAddress", ["10.0.0.0/8"], ("8.8.8.8", "x"), True),
    ("ForAnyValue:NumericNotEquals", ["1"], ("1", "x"), None),
    ("ForAnyValue:NumericNotEquals", ["1"], ("2", "x"), True),
    ("ForAllValues:NumericNotEquals", ["1"], ("1", "x"), False),
    ("ForAnyValue:NumericEquals", ["x"], ("1",), False),
    ("ForAnyValue:NumericNotEquals", ["x"], ("1",), None),
    ("ForAllValues:NumericNotEquals", ["x", "1"], ("1",), False),
    ("ForAllValues:NumericNotEquals", ["1"], ("", "2"), True),
    ("ForAnyValue:NumericNotEquals", ["1"], ("", "1"), False),
    ("ForAnyValue:BinaryEquals", ["YQ=="], ("YQ==", "!"), True),
    ("ForAnyValue:StringLike", ["${aws:username}*"], ("bobby",), True),
    ("ForAnyValue:StringLike", ["${aws:username}*"], ("eve",), False),
    ("Null", "true", (), True),
]
VARIABLES = [
    ("${aws:username}", "bob", True),
    ("${AWS:UserName}", "bob", True),
    ("x-${aws:username}", "x-bob", True),
    ("${aws:nothing}", "bob", False),
    ("${aws:nothing, 'anyone'}", "anyone", True),
    ("${aws:username, 'anyone'}", "anyone", False),
    ("${$}{x}", "${x}", True),
    ("x${aws:nothing, ''}", "x", True),
    ("x${aws:nothing, ''}", "", False),
]


def matches(condition: dict[str, Any], context: dict[str, ContextValue], effect: str = "Allow") -> Truth:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse_value({"Version": "2012-10-17", "Statement": [statement]})
    request = Request("arn:aws:iam::111111111111:user/bob", "s3:GetObject", "arn:aws:s3:::b/k", context=context)
    return match_statement(policy, policy.statements[0], Call(request)).truth


@pytest.mark.parametrize(("operator", "values", "given", "expected"), ROWS)
def test_a_single_value(operator: str, values: Any, given: ContextValue | None, expected: Truth) -> None:
    context = {} if given is None else {KEY: given}
    assert matches({operator: {KEY: values}}, context) is expected
    assert matches({operator: {KEY: values}}, context, "Deny") is expected


def test_every_documented_operator_has_rows() -> None:
    assert {rule.name for rule in RULES} <= {row[0] for row in ROWS}


@pytest.mark.parametrize(("operator", "values", "given", "expected"), MANY)
def test_many_values(operator: str, values: Any, given: ContextValue | None, expected: Truth) -> None:
    context = {} if given is None else {"aws:TagKeys": given}
    assert matches({operator: {"aws:TagKeys": values}}, context) is expected
    assert matches({operator: {"aws:TagKeys": values}}, context, "Deny") is expected


def test_any_value_if_exists_without_the_key_depends_on_the_effect() -> None:
    condition = {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}
    assert matches(condition, {}) is True
    assert matches(condition, {}, "Deny") is False


def test_conditions_and_keys_are_all_required() -> None:
    condition = {"StringEquals": {"a:x": "1", "a:y": "2"}, "StringLike": {"a:x": "*"}}
    assert matches(condition, {"a:x": "1", "a:y": "2"}) is True
    assert matches(condition, {"a:x": "1", "a:y": "3"}) is False


def test_keys_compare_without_case_and_values_with() -> None:
    assert matches({"StringEquals": {"AWS:principaltag/T": "a"}}, {KEY: "a"}) is True


@pytest.mark.parametrize(("wanted", "tag", "expected"), VARIABLES)
def test_variables(wanted: str, tag: str, expected: bool) -> None:
    assert matches({"StringEquals": {KEY: wanted}}, {KEY: tag}) is expected
    assert matches({"StringNotEquals": {KEY: wanted}}, {KEY: tag}) is not expected


def test_the_value_of_a_variable_is_no_pattern() -> None:
    assert matches({"StringLike": {"a:x": "${a:y}"}}, {"a:x": "abc", "a:y": "a*"}) is False


def test_a_set_of_values_is_no_variable() -> None:
    assert matches({"StringEquals": {"a:x": "${aws:TagKeys}"}}, {"a:x": "a", "aws:TagKeys": ("a",)}) is False


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringLike"])
def test_several_values_need_a_set_operator_whatever_the_key(operator: str) -> None:
    assert matches({operator: {"app:any": "a"}}, {"app:any": ("a",)}) is False
    assert matches({operator: {"app:any": "a"}}, {"app:any": ("b", "c")}) is False


def test_a_variable_in_an_arn() -> None:
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:iam::1:user/${aws:username}"}}
    assert matches(condition, {"aws:SourceArn": "arn:aws:iam::1:user/bob"}) is True
    assert matches(condition, {"aws:SourceArn": "arn:aws:iam::1:user/eve"}) is False


@pytest.mark.parametrize("reading", [True, False])
def test_whether_the_unreadable_differs_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "UNREADABLE_NUMBER_IS_NOT_EQUAL", reading)
    for operator, wanted in (
        ("NumericNotEquals", "1"),
        ("DateNotEquals", "2026-01-01"),
        ("NotIpAddress", "10.0.0.0/8"),
    ):
        assert matches({operator: {KEY: wanted}}, {KEY: "x"}) is reading
        assert matches({f"ForAnyValue:{operator}": {"aws:TagKeys": wanted}}, {"aws:TagKeys": ("x",)}) is reading
        assert matches({operator: {KEY: "x"}}, {KEY: "1"}) is reading
    assert matches({"NumericEquals": {KEY: "1"}}, {KEY: "x"}) is False


def test_whether_a_star_is_an_arn_is_one_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "ANYTHING_AS_ARN", None)
    given: dict[str, ContextValue] = {"aws:SourceArn": "arn:aws:sns:eu-west-1:1:t"}
    assert matches({"ArnLike": {"aws:SourceArn": "*"}}, given) is None
    assert matches({"ArnNotLike": {"aws:SourceArn": "*"}}, given) is None
    assert matches({"ArnLike": {"aws:SourceArn": "arn:*"}}, given) is False
