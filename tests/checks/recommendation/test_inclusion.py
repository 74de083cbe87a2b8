"""Inclusion and disjointness of patterns, against texts that they match."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.checks.recommendation.inclusion import Actions, disjoint, resource_within, within

PATTERNS = st.text("ab*?", max_size=5)
TEXTS = ["".join(letters) for length in range(7) for letters in product("abc", repeat=length)]


def matched(pattern: str) -> set[str]:
    return {text for text in TEXTS if fnmatchcase(text, pattern)}


@given(PATTERNS, PATTERNS)
def test_within_is_never_said_of_a_pattern_that_matches_more(one: str, other: str) -> None:
    if within(one, other):
        assert matched(one) <= matched(other)


@given(PATTERNS, PATTERNS)
def test_disjoint_is_exactly_that_no_text_matches_both(one: str, other: str) -> None:
    assert disjoint(one, other) == (not matched(one) & matched(other))


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::*", True),
        ("arn:aws:s3:::b/*", "*", True),
        ("arn:aws:s3:::b*", "arn:aws:s3:::b/*", False),
        ("arn:aws:ecs:*:1:task/a", "arn:aws:ecs:*:*:task/*", True),
        ("arn:aws:ecs:a:1:task/a", "arn:aws:ecs:*", False),  # five colons are needed to tell fields apart
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::*", False),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${aws:username}/*", True),
    ],
)
def test_resources_are_compared_field_by_field(pattern: str, other: str, expected: bool) -> None:
    assert resource_within(pattern, other) is expected


def test_a_variable_may_stand_for_anything() -> None:
    assert not disjoint("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::bob/x")
    assert disjoint("arn:aws:s3:::${aws:username}/*", "arn:aws:sqs:::x")


def test_hostile_patterns_take_no_time() -> None:
    long = "a*" * 20_000
    assert not within(long + "b", long + "c")
    assert not disjoint(long + "b", long + "bb")


def test_actions_ignore_case_and_know_their_service() -> None:
    actions = Actions(["s3:Get*", "SQS:SendMessage", "*"])
    assert actions.match("iam:createuser")
    assert Actions(["s3:Get*"]).include("s3:getobject*")
    assert not Actions(["s3:Get*"]).include("s3:g*")
    assert Actions(["s3:Get*"]).exclude("sqs:*")
    assert not Actions(["s3:Get*"]).exclude("s3:*object")
