"""A finding in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from analyzers.reasoning.question import Way

from .channels import Channel
from .subject import Subject

_NOUNS = {
    "AWS::S3::Bucket": "bucket",
    "AWS::S3Express::DirectoryBucket": "directory bucket",
    "AWS::IAM::Role": "role",
    "AWS::KMS::Key": "key",
    "AWS::SQS::Queue": "queue",
    "AWS::SNS::Topic": "topic",
    "AWS::Lambda::Function": "function",
    "AWS::Lambda::LayerVersion": "layer version",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::ECR::Repository": "repository",
    "AWS::EFS::FileSystem": "file system",
    "AWS::DynamoDB::Table": "table",
    "AWS::DynamoDB::Stream": "stream",
    "AWS::EC2::Snapshot": "snapshot",
    "AWS::RDS::DBSnapshot": "snapshot",
    "AWS::RDS::DBClusterSnapshot": "snapshot",
}
MOST_ACTIONS = 3


def summary(subject: Subject, channel: Channel, way: Way) -> str:
    """ "Anyone on the internet can s3:GetObject on bucket photos." """
    can = f"{_who(way)} can {some_of(way.actions)} on {noun_of(subject)}"
    if "type" in (channel.source or {}) and channel.source and channel.source["type"] == "S3_ACCESS_POINT":
        can += f" through access point {channel.name.rsplit('/', 1)[-1]}"
    if way.condition:
        can += ", if " + " and ".join(f"{key} is {value}" for key, value in way.condition)
    return can + "."


def noun_of(subject: Subject) -> str:
    """ "bucket photos" """
    name = subject.arn.split(":", 5)[-1].rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return f"{_NOUNS.get(subject.type, 'resource')} {name}"


def _who(way: Way) -> str:
    kind, value = way.principal
    if kind == "AWS" and value == "*":
        if way.is_public:
            return "Anyone on the internet" if way.witness.principal == "anonymous" else "Any AWS account"
        return "Anyone" if way.witness.principal == "anonymous" else "Any AWS principal"
    if kind == "Federated":
        return f"Users whom {value} vouches for"
    if kind == "CanonicalUser":
        return f"The account with canonical user id {value}"
    if value.isdigit():
        return f"Account {value}"
    fields = value.split(":", 5)
    if len(fields) < 6:
        return value
    kind_of, _, name = fields[5].partition("/")
    return f"{kind_of.replace('-', ' ').capitalize()} {name or fields[5]} of account {fields[4]}"


def some_of(actions: Sequence[str]) -> str:
    """The first actions, and how many more there are."""
    shown = ", ".join(actions[:MOST_ACTIONS])
    more = len(actions) - MOST_ACTIONS
    return f"{shown} and {more} more" if more > 0 else shown
