"""Amazon resource names."""

from __future__ import annotations

import pytest

from analyzers.policy.arn import account_of, is_account, normalise_principal, split


def test_an_arn_has_six_fields() -> None:
    assert split("arn:aws:iam::111122223333:role/x") == ("arn", "aws", "iam", "", "111122223333", "role/x")
    assert split("arn:aws:logs:eu-west-1:1:log-group:a:*") == (
        *("arn", "aws", "logs", "eu-west-1", "1"),
        "log-group:a:*",
    )
    assert split("arn:::::") == ("arn", "", "", "", "", "")


@pytest.mark.parametrize("text", ["", "*", "arn", "arn:aws:s3:::"[:-1], "urn:a:b:c:d:e", "ARN:aws:s3:::b"])
def test_what_is_no_arn(text: str) -> None:
    assert split(text) is None
    assert account_of(text) == ""


def test_the_account_of_an_arn() -> None:
    assert account_of("arn:aws:iam::111122223333:role/x") == "111122223333"
    assert account_of("arn:aws:s3:::bucket") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("111122223333", True),
        ("11112222333", False),
        ("1111222233334", False),
        ("111122223333\n", False),
        ("\u0661" * 12, False),
        ("*", False),
    ],
)
def test_an_account_id_has_twelve_digits(text: str, expected: bool) -> None:
    assert is_account(text) is expected
    assert normalise_principal(text) == (f"arn:aws:iam::{text}:root" if expected else text)
