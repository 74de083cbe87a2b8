"""A made-up organization of any size with policies that are shared by templates: the same seed gives the same one.

Resources are streamed in the shape of an inventory file (docs/inventory-file.md), so any number needs no memory.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
ORGANIZATION = "o-estate0001"
ROOT = "r-estt"
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")

KINDS: tuple[tuple[str, int, str, str, tuple[str, ...]], ...] = (
    ("AWS::S3::Bucket", 30, "arn:aws:s3:::{name}", "s3", ("GetObject", "PutObject", "ListBucket", "DeleteObject")),
    ("AWS::IAM::Role", 30, "arn:aws:iam::{account}:role/{name}", "sts", ("AssumeRole",)),
    ("AWS::KMS::Key", 10, "arn:aws:kms:{region}:{account}:key/{name}", "kms", ("Decrypt", "Encrypt", "DescribeKey")),
    ("AWS::SQS::Queue", 8, "arn:aws:sqs:{region}:{account}:{name}", "sqs", ("SendMessage", "ReceiveMessage")),
    ("AWS::SNS::Topic", 6, "arn:aws:sns:{region}:{account}:{name}", "sns", ("Publish", "Subscribe")),
    (
        "AWS::SecretsManager::Secret",
        6,
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
        "secretsmanager",
        ("GetSecretValue", "DescribeSecret"),
    ),
    (
        "AWS::Lambda::Function",
        5,
        "arn:aws:lambda:{region}:{account}:function:{name}",
        "lambda",
        ("InvokeFunction", "GetFunction"),
    ),
    (
        "AWS::ECR::Repository",
        3,
        "arn:aws:ecr:{region}:{account}:repository/{name}",
        "ecr",
        ("BatchGetImage", "GetDownloadUrlForLayer"),
    ),
    (
        "AWS::DynamoDB::Table",
        2,
        "arn:aws:dynamodb:{region}:{account}:table/{name}",
        "dynamodb",
        ("GetItem", "Query", "PutItem"),
    ),
)
"""Type, share in per cent, ARN, action prefix, actions."""

ARN = "ARN"
"""Stands for the ARN of the resource in the text of a template."""


@dataclass(frozen=True)
class Estate:
    """`policies`: distinct policies, but for the ARNs of the resources that they stand on. `outside`: the share of
    them that lets somebody outside the organization in."""

    resources: int
    policies: int
    accounts: int = 200
    outside: float = 0.25
    seed: int = 7

    def account_ids(self) -> list[str]:
        return [f"{100_000_000_000 + 7_919 * number:012d}" for number in range(self.accounts)]

    def head(self) -> Json:
        """The organization and its accounts, as sections of an inventory file."""
        ids = self.account_ids()
        return {
            "inventory_version": 1,
            "organization": {"id": ORGANIZATION, "management_account": ids[0], "root": ROOT, "units": []},
            "accounts": [{"id": account, "name": f"account {n}", "parent": ROOT} for n, account in enumerate(ids)],
        }

    def elements(self) -> Iterator[Json]:
        """The resources. The first `policies` have one template each; the others the first ones more often."""
        ids = self.account_ids()
        chance = random.Random(self.seed)
        for number in range(self.resources):
            template = number if number < self.policies else int(self.policies * chance.random() ** 2)
            account = ids[chance.randrange(len(ids))]
            kind, shape, text = self._template(template)
            region = "" if kind in {"AWS::S3::Bucket", "AWS::IAM::Role"} else REGIONS[number % len(REGIONS)]
            arn = shape.format(name=f"{kind.rsplit(':', 1)[-1].lower()}-{number:07d}", account=account, region=region)
            yield {
                "arn": arn,
                "type": kind,
                "account": account,
                "region": region,
                "policy": text.replace(ARN, arn),
            }

    def _template(self, number: int) -> tuple[str, str, str]:
        return _template(self.seed, number, self.outside, tuple(self.account_ids()[:50]))


@lru_cache(maxsize=200_000)
def _template(seed: int, number: int, outside: float, inside: tuple[str, ...]) -> tuple[str, str, str]:
    """Type, shape of the ARN and text of policy `number`."""
    chance = random.Random(seed * 1_000_003 + number)
    kind, _, shape, prefix, actions = chance.choices(KINDS, [row[1] for row in KINDS])[0]
    open_to = chance.randrange(1, 4) if chance.random() < outside else 0
    statements = [
        _statement(chance, kind, prefix, actions, number, index, inside, outside=index < open_to)
        for index in range(max(open_to, chance.randint(1, 4)))
    ]
    return kind, shape, json.dumps({"Version": "2012-10-17", "Statement": statements})


def _statement(
    chance: random.Random,
    kind: str,
    prefix: str,
    actions: tuple[str, ...],
    number: int,
    index: int,
    inside: tuple[str, ...],
    *,
    outside: bool,
) -> Json:
    account = f"{chance.randrange(2 * 10**11, 10**12):012d}" if outside else chance.choice(inside)
    who: list[Any] = [
        {"AWS": f"arn:aws:iam::{account}:root"},
        {"AWS": f"arn:aws:iam::{account}:role/r{number}"},
        {"AWS": [account, chance.choice(inside)]},
    ]
    statement: Json = {
        "Sid": f"S{number}x{index}",
        "Effect": "Allow",
        "Principal": chance.choice(who),
        "Action": [f"{prefix}:{action}" for action in chance.sample(actions, chance.randint(1, len(actions)))],
    }
    if kind != "AWS::IAM::Role":
        statement["Resource"] = chance.choice([ARN, [ARN, f"{ARN}/*"]]) if kind == "AWS::S3::Bucket" else "*"
    draw = chance.random()
    if outside:
        if draw < 0.2:
            statement["Principal"] = "*"
        if draw < 0.1:
            statement["Condition"] = {"StringEquals": {"aws:SourceVpce": f"vpce-{number:08x}"}}
        elif draw > 0.8:
            statement["Condition"] = {"StringEquals": {"sts:ExternalId": f"x{number}"}}
        return statement
    if draw < 0.2:
        statement["Principal"] = "*"
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    elif draw < 0.4:
        statement["Principal"] = {"Service": chance.choice(["logs", "events", "s3", "lambda"]) + ".amazonaws.com"}
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    elif draw < 0.5 and kind == "AWS::S3::Bucket":
        statement |= {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return statement
