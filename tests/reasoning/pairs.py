"""Pairs of identity policies, seeded: the second is the first with a few changes, which often allow something new."""

from __future__ import annotations

import copy
import random
from typing import Any

from analyzers.policy import Policy, parse_value

ACTIONS = ["s3:GetObject", "s3:Get*", "s3:*Object", "s3:*", "s3:Put*", "s3:PutObject", "ec2:*", "ec2:Describe*", "*"]
RESOURCES = [
    "*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::a/b/*",
    "arn:aws:s3:::*/b",
    "arn:aws:ec2:*:*:instance/*",
]
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
    {"StringEqualsIfExists": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}},
    {"StringNotEquals": {"aws:SourceVpc": "vpc-2"}},
    {"StringLike": {"s3:prefix": ["home/*", "tmp/?"]}},
    {"StringNotLike": {"s3:prefix": "home/a*"}},
    {"StringEqualsIgnoreCase": {"s3:prefix": "Home/x"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:1:t*"}},
    {"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:*:t1"}},
    {"NumericLessThan": {"s3:max-keys": "10"}},
    {"NumericGreaterThanEquals": {"s3:max-keys": "5"}},
    {"NumericNotEquals": {"s3:max-keys": "7"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    {"DateLessThanIfExists": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"BoolIfExists": {"aws:SecureTransport": "false"}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/25", "10.0.0.0/8"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.128/25"}},
    {"Null": {"aws:SourceVpc": "true"}},
    {"Null": {"aws:TagKeys": "false"}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}},
    {"ForAllValues:StringLike": {"aws:TagKeys": "a*"}},
    {"ForAnyValue:StringNotLike": {"aws:TagKeys": "b*"}},
]


def statement(chance: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": "Deny" if chance.random() < 0.2 else "Allow",
        "NotAction" if chance.random() < 0.12 else "Action": chance.sample(ACTIONS, chance.choice([1, 1, 2])),
        "NotResource" if chance.random() < 0.12 else "Resource": chance.sample(RESOURCES, chance.choice([1, 1, 2])),
    }
    condition: dict[str, Any] = {}
    for part in chance.sample(CONDITIONS, chance.choice([0, 0, 1, 1, 2])):
        for operator, keys in part.items():
            condition.setdefault(operator, {}).update(keys)
    return made | ({"Condition": condition} if condition else {})


def pair(seed: int, statements: int) -> tuple[Policy, Policy]:
    """The existing policy and the new one."""
    chance = random.Random(seed)
    old = [statement(chance) for _ in range(chance.randint(1, statements) if statements < 5 else statements)]
    new = copy.deepcopy(old)
    for _ in range(chance.choice([0, 1, 1, 2])):
        place = chance.randrange(len(new))
        match chance.randrange(7):
            case 0 | 1:
                new[place] = statement(chance)
            case 2:
                new.append(statement(chance) | {"Effect": "Allow"})
            case 3:
                new.append(statement(chance) | {"Effect": "Deny"})
            case 4 if len(new) > 1:
                del new[place]
            case 5:
                new[place].setdefault("Condition", {}).update(chance.choice(CONDITIONS))
            case _:
                new[place].pop("Condition", None)
    return _policy(old), _policy(new)


def _policy(statements: list[dict[str, Any]]) -> Policy:
    return parse_value({"Version": "2012-10-17", "Statement": statements})
