"""Organizations of any size, out of a seed: accounts, users and roles, policies shared and unique, resources.

`make(Size(...))` gives the plain values that an analysis takes, `inventory(Size(...))` the same as an inventory file.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from analyzers.kinds.population import ROLE, USER, Home, Member, Population
from analyzers.kinds.subject import ChannelDocument, Subject

ORGANIZATION, ROOT = "o-bench00001", "r-bench"
FULL_ACCESS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
REGION = "eu-west-1"
_UNITS = 4
TYPES = (
    *["AWS::S3::Bucket"] * 10,
    *["AWS::KMS::Key"] * 2,
    *["AWS::SQS::Queue"] * 2,
    *["AWS::SecretsManager::Secret"] * 3,
    *["AWS::DynamoDB::Table"] * 3,
)
_ACTIONS = {
    "AWS::S3::Bucket": ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:Get*", "s3:*", "s3:DeleteObject"),
    "AWS::KMS::Key": ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:*", "kms:DescribeKey"),
    "AWS::SQS::Queue": ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:*"),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:GetSecretValue",
        "secretsmanager:*",
        "secretsmanager:PutSecretValue",
    ),
    "AWS::DynamoDB::Table": ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:*"),
}
_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    {"StringEquals": {"aws:RequestedRegion": REGION}},
)


@dataclass(frozen=True)
class Size:
    """`shared`: policies that many hold, 1 to 4 each. `unique`: the part of the principals with an inline policy that
    nobody else has; `bounded`: the part with a permissions boundary."""

    principals: int = 10_000
    resources: int = 1_000
    accounts: int = 40
    shared: int = 500
    unique: float = 0.2
    bounded: float = 1 / 3
    seed: int = 11


@dataclass(frozen=True)
class Made:
    population: Population
    subjects: tuple[Subject, ...]
    names: dict[str, str]
    """Names of shared policies by text."""


def make(size: Size) -> Made:
    """The organization as plain values; the same for the same size."""
    return _make(size)


@cache
def _make(size: Size) -> Made:
    chance = random.Random(size.seed)
    accounts = [f"{100_000_000_000 + 7 * number:012d}" for number in range(size.accounts)]
    homes = {account: _home(account, number) for number, account in enumerate(accounts)}
    subjects = [_subject(random.Random(size.seed * 31 + n), n, accounts, size) for n in range(size.resources)]
    shared = [_policy(random.Random(size.seed * 37 + n), n, subjects) for n in range(size.shared)]
    boundaries = [_boundary(n) for n in range(5)]
    members = [_member(chance, n, accounts, shared, boundaries, subjects, size) for n in range(size.principals)]
    keys = [subject for subject in subjects if subject.type == "AWS::KMS::Key"]
    finished = [_finished(random.Random(size.seed * 41 + n), s, members, keys) for n, s in enumerate(subjects)]
    population = Population(tuple(sorted(members, key=lambda one: one.arn)), homes, ORGANIZATION)
    return Made(population, tuple(finished), {text: f"shared-{number}" for number, text in enumerate(shared)})


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _home(account: str, number: int) -> Home:
    unit = number % _UNITS
    region = {"StringNotEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}}
    admin = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/guard-*"}}
    levels = {
        "root": (
            FULL_ACCESS,
            _document({"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}),
        ),
        f"ou-{unit}": (
            FULL_ACCESS,
            _document(
                {
                    "Effect": "Deny",
                    "Action": ["s3:DeleteBucket", "kms:ScheduleKeyDeletion"],
                    "Resource": "*",
                    "Condition": admin,
                },
                *(
                    [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": region}]
                    if unit
                    else []
                ),
            ),
        ),
        account: (
            FULL_ACCESS,
            *([_document({"Effect": "Deny", "Action": "dynamodb:Delete*", "Resource": "*"})] if number % 3 else []),
        ),
    }
    perimeter = _document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*", "kms:*", "sqs:*", "secretsmanager:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        }
    )
    return Home(
        account,
        f"account-{number}",
        management=number == 0,
        path=f"{ORGANIZATION}/{ROOT}/ou-bench-{unit}/",
        scp_levels=levels,
        rcp_levels={"root": (perimeter,), f"ou-{unit}": (), account: ()},
        canonical_user=f"{number:064x}",
    )


def _subject(chance: random.Random, number: int, accounts: list[str], size: Size) -> Subject:
    type_ = TYPES[number % len(TYPES)]
    account = accounts[chance.randrange(len(accounts))]
    team = chance.randrange(60)
    name = f"team-{team}-{number}"
    arn = {
        "AWS::S3::Bucket": f"arn:aws:s3:::{name}",
        "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{account}:key/{number:08x}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{account}:{name}",
        "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{account}:table/{name}",
    }[type_]
    return Subject(arn, type_, account)


def _finished(chance: random.Random, subject: Subject, members: list[Member], keys: list[Subject]) -> Subject:
    """The resource with its policy, which may name members, and the key that encrypts it."""
    statements: list[dict[str, Any]] = []
    everything = [subject.arn, f"{subject.arn}/*"] if subject.type == "AWS::S3::Bucket" else "*"
    configuration: dict[str, Any] = {}
    if subject.type == "AWS::KMS::Key":
        root = {"AWS": f"arn:aws:iam::{subject.account}:root"}
        statements.append({"Sid": "Delegate", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    elif subject.type == "AWS::S3::Bucket":
        if chance.random() < 0.6:
            statements.append(
                {
                    "Sid": "Transport",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": everything,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            )
        same = [key for key in keys if key.account == subject.account]
        if same and chance.random() < 0.3:
            configuration = {"encrypted": True, "encryption_key": chance.choice(same).arn}
    if subject.type != "AWS::DynamoDB::Table" and chance.random() < 0.4:
        named = [chance.choice(members).arn for _ in range(chance.randint(1, 3))]
        actions = chance.sample(_ACTIONS[subject.type], 2)
        statements.append(
            {"Sid": "Named", "Effect": "Allow", "Principal": {"AWS": named}, "Action": actions, "Resource": everything}
        )
    if subject.type == "AWS::S3::Bucket" and chance.random() < 0.1:
        other = chance.choice(members).account
        statements.append(
            {
                "Sid": "Other",
                "Effect": "Allow",
                "Principal": {"AWS": other},
                "Action": "s3:Get*",
                "Resource": everything,
            }
        )
    documents = (ChannelDocument("POLICY", "", _document(*statements)),) if statements else ()
    return Subject(subject.arn, subject.type, subject.account, documents, configuration)


def _policy(chance: random.Random, number: int, subjects: list[Subject]) -> str:
    """A shared policy. Most are about some resources by name or by the beginning of it; few about a whole service."""
    statements = []
    for _ in range(chance.randint(1, 3)):
        example = chance.choice(subjects)
        actions = chance.sample(_ACTIONS[example.type], chance.randint(1, 2))
        kind = chance.random()
        resources: Any
        if number % 100 == 0:
            actions, resources = ["*"], "*"
        elif kind < 0.08:
            resources = "*"
        elif kind < 0.4 and example.type == "AWS::S3::Bucket":
            resources = [f"arn:aws:s3:::team-{chance.randrange(60)}-*"]
        else:
            chosen = [s for s in chance.sample(subjects, min(len(subjects), 12)) if s.type == example.type] or [example]
            resources = [text for s in chosen[:4] for text in _named(s)]
        statement: dict[str, Any] = {
            "Effect": "Deny" if kind > 0.93 else "Allow",
            "Action": actions,
            "Resource": resources,
        }
        if chance.random() < 0.15:
            statement["Condition"] = chance.choice(_CONDITIONS)
        statements.append(statement)
    return _document(*statements)


def _named(subject: Subject) -> list[str]:
    return [subject.arn, f"{subject.arn}/*"] if subject.type == "AWS::S3::Bucket" else [subject.arn]


def _boundary(number: int) -> str:
    services = ["s3:*", "kms:*", "sqs:*", "secretsmanager:*", "dynamodb:*", "ec2:*", "logs:*"]
    return _document(
        {"Effect": "Allow", "Action": services[: 4 + number % 3], "Resource": "*"},
        {"Effect": "Deny", "Action": ["kms:Put*", "iam:*"], "Resource": "*"},
    )


def _member(
    chance: random.Random,
    number: int,
    accounts: list[str],
    shared: list[str],
    boundaries: list[str],
    subjects: list[Subject],
    size: Size,
) -> Member:
    account = accounts[number % len(accounts)]
    role = chance.random() < 0.7
    held = [shared[min(int(chance.expovariate(4) * len(shared)), len(shared) - 1)] for _ in range(chance.randint(1, 4))]
    if chance.random() < size.unique:
        near = [subject for subject in chance.sample(subjects, min(len(subjects), 60)) if subject.account == account]
        chosen = near[:2] or [chance.choice(subjects)]
        held.append(
            _document(
                *(
                    {
                        "Sid": f"Own{number}",
                        "Effect": "Allow",
                        "Action": chance.sample(_ACTIONS[one.type], 2),
                        "Resource": _named(one),
                    }
                    for one in chosen
                )
            )
        )
    kind = "role" if role else "user"
    return Member(
        f"arn:aws:iam::{account}:{kind}/{kind}-{number}",
        ROLE if role else USER,
        account,
        unique_id=f"{'AROA' if role else 'AIDA'}{number:017d}",
        identity=tuple(dict.fromkeys(held)),
        boundary=chance.choice(boundaries) if chance.random() < size.bounded else None,
        trust=_document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
        if role
        else None,
        tags={"team": chance.choice(["blue", "green", "red"])},
    )


def inventory(made: Made) -> dict[str, Any]:
    """The organization as an inventory file."""
    return dict(_sections(made))


def _sections(made: Made) -> Iterator[tuple[str, Any]]:
    homes = list(made.population.homes.values())
    yield "inventory_version", 1
    units = sorted({home.path.split("/")[2] for home in homes})
    yield (
        "organization",
        {
            "id": ORGANIZATION,
            "root": ROOT,
            "management_account": next((home.account for home in homes if home.management), homes[0].account),
            "units": [{"id": unit, "name": unit.replace("-bench", ""), "parent": ROOT} for unit in units],
        },
    )
    yield (
        "accounts",
        [
            {
                "id": home.account,
                "name": home.name,
                "parent": home.path.split("/")[2],
                "canonical_user_id": home.canonical_user,
                "complete": True,
            }
            for home in homes
        ],
    )
    yield "control_policies", list(_control_policies(homes))
    shared = {text: f"arn:aws:iam::aws:policy/{name}" for text, name in made.names.items()}
    boundaries = {_boundary(number): f"arn:aws:iam::aws:policy/boundary-{number}" for number in range(5)}
    yield "managed_policies", [{"arn": arn, "document": text} for text, arn in (shared | boundaries).items()]
    yield "principals", [_principal(member, shared | boundaries) for member in made.population.members]
    yield (
        "resources",
        [
            {
                "arn": subject.arn,
                "type": subject.type,
                "account": subject.account,
                **({"policy": subject.documents[0].text} if subject.documents else {}),
                **subject.configuration,
            }
            for subject in made.subjects
        ],
    )


def _control_policies(homes: list[Home]) -> Iterator[dict[str, Any]]:
    targets: dict[tuple[str, str], set[str]] = {}
    for home in homes:
        steps = [ROOT, home.path.split("/")[2], home.account]
        for kind, levels in (("SERVICE_CONTROL_POLICY", home.scp_levels), ("RESOURCE_CONTROL_POLICY", home.rcp_levels)):
            for step, texts in zip(steps, (levels or {}).values(), strict=True):
                for text in texts:
                    targets.setdefault((kind, text), set()).add(step)
    for number, ((kind, text), found) in enumerate(targets.items()):
        yield {
            "id": f"p-bench{number:05d}",
            "type": kind,
            "name": f"policy-{number}",
            "document": text,
            "targets": sorted(found),
        }


def _principal(member: Member, named: dict[str, str]) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "arn": member.arn,
        "kind": "ROLE" if member.kind == ROLE else "USER",
        "unique_id": member.unique_id,
        "tags": dict(member.tags),
        "managed_policies": [named[text] for text in member.identity if text in named],
        "inline_policies": [
            {"name": f"own-{number}", "document": text}
            for number, text in enumerate(text for text in member.identity if text not in named)
        ],
    }
    if member.boundary is not None:
        shape["permissions_boundary"] = named[member.boundary]
    if member.trust is not None:
        shape["trust_policy"] = member.trust
    return shape
