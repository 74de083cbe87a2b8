"""Amazon resource names taken apart. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""

from __future__ import annotations

import re

Fields = tuple[str, str, str, str, str, str]
"""`arn`, partition, service, region, account, resource; the last may hold colons."""

_ACCOUNT = re.compile(r"[0-9]{12}\Z")


def split(arn: str) -> Fields | None:
    """The six fields, or None if `arn` is not an ARN."""
    fields = arn.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        return None
    return fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]


def account_of(arn: str) -> str:
    """The account field; empty if there is none."""
    fields = split(arn)
    return fields[4] if fields else ""


def is_account(text: str) -> bool:
    return bool(_ACCOUNT.match(text))


def normalise_principal(value: str) -> str:
    """An account id as a principal means the account: the same as the ARN of its root."""
    return f"arn:aws:iam::{value}:root" if is_account(value) else value
