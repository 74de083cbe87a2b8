"""The table of condition operators."""

from __future__ import annotations

import pytest

from analyzers.policy.operators import RULES, Family, OperatorRule, lookup


@pytest.mark.parametrize(
    ("family", "names"),
    [
        (
            Family.STRING,
            "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike",
        ),
        (
            Family.NUMERIC,
            "NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan"
            " NumericGreaterThanEquals",
        ),
        (
            Family.DATE,
            "DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals",
        ),
        (Family.BOOL, "Bool"),
        (Family.BINARY, "BinaryEquals"),
        (Family.IP, "IpAddress NotIpAddress"),
        (Family.ARN, "ArnEquals ArnLike ArnNotEquals ArnNotLike"),
        (Family.NULL, "Null"),
    ],
)
def test_all_documented_operators_are_there(family: Family, names: str) -> None:
    assert {rule.name for rule in RULES if rule.family is family} == set(names.split())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_names_tell_the_properties(rule: OperatorRule) -> None:
    assert rule.negated == ("Not" in rule.name)
    assert rule.ignore_case == rule.name.endswith("IgnoreCase")
    assert rule.glob == ("Like" in rule.name or rule.family is Family.ARN)
    assert (rule.comparison is not None) == (rule.family in {Family.NUMERIC, Family.DATE})
    assert lookup(rule.name.upper()) is rule


@pytest.mark.parametrize(
    ("name", "comparison"),
    [
        ("NumericEquals", "eq"),
        ("NumericNotEquals", "ne"),
        ("DateLessThan", "lt"),
        ("DateLessThanEquals", "le"),
        ("NumericGreaterThan", "gt"),
        ("DateGreaterThanEquals", "ge"),
    ],
)
def test_comparisons(name: str, comparison: str) -> None:
    rule = lookup(name)
    assert rule is not None
    assert rule.comparison == comparison


@pytest.mark.parametrize("name", ["", "StringLikeIgnoreCase", "BoolNot", "StringEqualsIfExists", "StringLi\u212ae"])
def test_what_is_not_documented_is_unknown(name: str) -> None:
    assert lookup(name) is None
