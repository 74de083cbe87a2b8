"""What policies allow, as sets of actions."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from analyzers import catalogue
from analyzers.kinds.unused.grants import expand, grants_of, join, less, names_of, split

from .builders import allow, deny, text


def names(bits: dict[str, int]) -> set[str]:
    return {name for prefix, found in bits.items() for name in split(prefix, found)}


def granted(*statements: object) -> set[str]:
    found = grants_of(text(*statements))  # type: ignore[arg-type]
    return names(less(found.allowed, found.denied))


@given(st.sampled_from(["sqs", "SQS"]), st.text("SendMsaggetDl*?ibu", max_size=12))
def test_a_pattern_covers_what_the_catalogue_says(prefix: str, name: str) -> None:
    pattern = f"{prefix}:{name}"
    assert names(dict(expand(pattern))) == {one.full_name for one in catalogue.matching(pattern)}


def test_a_pattern_may_cover_several_services() -> None:
    assert names(dict(expand("s?s:SendMessage"))) == {"sqs:SendMessage", "sms:SendMessage"}
    assert {"sqs:SendMessage", "sms:SendMessage"} <= names(dict(expand("*:SendMess*")))
    assert set(expand("*")) == {one.prefix for one in catalogue.services() if names_of(one.prefix)}


def test_not_action_allows_everything_else() -> None:
    found = grants_of(text({"Effect": "Allow", "NotAction": ["s3:*", "iam:*"], "Resource": "*"}))
    assert set(found.allowed) == {one.prefix for one in catalogue.services() if names_of(one.prefix)} - {"s3", "iam"}


def test_only_what_is_always_denied_is_taken_away() -> None:
    assert granted(allow("sqs:SendMessage"), deny("sqs:*")) == set()
    assert granted(allow("sqs:SendMessage"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}) == set()
    for more in ({"Resource": "arn:aws:sqs:*:*:one"}, {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}):
        assert granted(allow("sqs:SendMessage"), {**deny("sqs:*"), **more}) == {"sqs:SendMessage"}


def test_what_cannot_be_read_is_said() -> None:
    assert grants_of("{").problem
    assert grants_of(text({"Effect": "Allow", "Action": 5, "Resource": "*"})).problem
    assert not grants_of(text(allow("s3:GetObject"))).problem


def test_a_hostile_pattern_takes_no_time() -> None:
    began = time.process_time()
    assert names(dict(expand("s3:" + "*a" * 60 + "b"))) == set()
    assert expand("s3:" + "x*" * 100_000) == {}
    assert names(dict(expand("s3:Get[A-Z]*"))) == set()
    assert time.process_time() - began < 2


def test_sets_are_joined_service_by_service() -> None:
    both = join([expand("sqs:SendMessage"), expand("s3:GetObject"), expand("sqs:ReceiveMessage")])
    assert names(both) == {"sqs:SendMessage", "sqs:ReceiveMessage", "s3:GetObject"}
