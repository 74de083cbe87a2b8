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
    "AWS::Kinesis::Stream": "stream",
    "AWS::Kinesis::StreamConsumer": "stream consumer",
    "AWS::OpenSearchService::Domain": "domain",
    "AWS::ApiGateway::RestApi": "REST API",
    "AWS::Backup::BackupVault": "backup vault",
    "AWS::CloudTrail::EventDataStore": "event data store",
    "AWS::CodeArtifact::Domain": "package domain",
    "AWS::S3Tables::TableBucket": "table bucket",
    "AWS::S3Tables::Table": "table",
    "AWS::S3::Glacier": "vault",
}
MOST_ACTIONS = 3


def summary(subject: Subject, channel: Channel, way: Way) -> str:
    """ "Anyone on the internet can s3:GetObject on bucket photos." """
    source = channel.source or {"type": "POLICY"}
    who = _who(way)
    if source["type"] == "S3_ACCESS_POINT_ACCOUNT":
        who = f"Whoever an access point of account {source['detail']['accessPointAccount']} lets in"
    can = f"{who} can {some_of(way.actions)} on {noun_of(subject)}"
    if source["type"] == "S3_ACCESS_POINT":
        can += f" through access point {channel.name.rsplit('/', 1)[-1]}"
    if way.condition:
        can += ", if " + " and ".join(f"{key} is {value}" for key, value in way.condition)
    return can + "."


def noun_of(subject: Subject) -> str:
    """ "bucket photos" """
    return f"{_NOUNS.get(subject.type, 'resource')} {_name(subject)}"


def _name(subject: Subject) -> str:
    """What people call it; of a version or a part with what it belongs to."""
    name = subject.arn.split(":", 5)[-1]
    if subject.type in {"AWS::Lambda::Function", "AWS::Lambda::LayerVersion"}:
        return name.partition(":")[2] or name
    if subject.type == "AWS::Kinesis::StreamConsumer":
        return name.partition("/consumer/")[2].partition(":")[0] or name
    if subject.type == "AWS::DynamoDB::Stream":
        return name.partition("/")[2] or name
    return name.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def notes(subject: Subject, channel: Channel) -> tuple[str, ...]:
    """What else the caller needs, or what the answer leaves open."""
    if (channel.source or {}).get("type") == "S3_ACCESS_POINT_ACCOUNT":
        return ("The policy of that access point belongs to the other account and is not read.",)
    return (_NOTES[subject.type],) if subject.type in _NOTES else ()


_NOTES = {
    "AWS::ECR::Repository": "Whoever it is also needs ecr:GetAuthorizationToken, by a policy of their own account, to "
    "pull or push images.",
    "AWS::EFS::FileSystem": "Whoever it is also needs a way to one of the file system's mount targets in its VPC.",
    "AWS::OpenSearchService::Domain": "If the domain is within a VPC, whoever it is also needs a way into that VPC.",
}


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
