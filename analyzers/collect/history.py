"""Who changed last who may reach a resource: CloudTrail's history of the last 90 days.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .place import Place, problem

CALLS = {"LookupEvents": "cloudtrail:LookupEvents"}
MOST_PAGES = 3
"""Of 50 events each, a question: the service answers two calls a second."""
GLOBAL_REGION = "us-east-1"
"""Where events of IAM are kept."""

_RESOURCE_POLICY = ("PutResourcePolicy", "DeleteResourcePolicy")
CHANGES: Mapping[str, tuple[str, ...]] = {
    "AWS::S3::Bucket": (
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "PutBucketAcl",
        "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
        "PutBucketOwnershipControls",
        "PutAccessPointPolicy",
        "CreateBucket",
    ),
    "AWS::S3Express::DirectoryBucket": ("PutBucketPolicy", "DeleteBucketPolicy", "CreateBucket"),
    "AWS::IAM::Role": ("UpdateAssumeRolePolicy", "CreateRole"),
    "AWS::KMS::Key": ("PutKeyPolicy", "CreateGrant", "CreateKey"),
    "AWS::SQS::Queue": ("SetQueueAttributes", "AddPermission", "RemovePermission", "CreateQueue"),
    "AWS::SNS::Topic": ("SetTopicAttributes", "AddPermission", "RemovePermission", "CreateTopic"),
    "AWS::Lambda::Function": ("AddPermission20150331v2", "RemovePermission20150331v2", "AddPermission20150331"),
    "AWS::Lambda::LayerVersion": ("AddLayerVersionPermission", "RemoveLayerVersionPermission"),
    "AWS::SecretsManager::Secret": (*_RESOURCE_POLICY, "CreateSecret"),
    "AWS::ECR::Repository": ("SetRepositoryPolicy", "DeleteRepositoryPolicy"),
    "AWS::EFS::FileSystem": ("PutFileSystemPolicy", "DeleteFileSystemPolicy"),
    "AWS::DynamoDB::Table": (*_RESOURCE_POLICY, "CreateTable"),
    "AWS::DynamoDB::Stream": _RESOURCE_POLICY,
    "AWS::EC2::Snapshot": ("ModifySnapshotAttribute", "ResetSnapshotAttribute"),
    "AWS::RDS::DBSnapshot": ("ModifyDBSnapshotAttribute",),
    "AWS::RDS::DBClusterSnapshot": ("ModifyDBClusterSnapshotAttribute",),
    "AWS::Kinesis::Stream": _RESOURCE_POLICY,
    "AWS::Kinesis::StreamConsumer": _RESOURCE_POLICY,
    "AWS::OpenSearchService::Domain": ("UpdateDomainConfig", "CreateDomain", "UpdateElasticsearchDomainConfig"),
    "AWS::ApiGateway::RestApi": ("UpdateRestApi", "CreateRestApi", "PutRestApi"),
    "AWS::Backup::BackupVault": ("PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy"),
    "AWS::CloudTrail::EventDataStore": _RESOURCE_POLICY,
    "AWS::CodeArtifact::Domain": ("PutDomainPermissionsPolicy", "DeleteDomainPermissionsPolicy"),
    "AWS::S3Tables::TableBucket": ("PutTableBucketPolicy", "DeleteTableBucketPolicy"),
    "AWS::S3Tables::Table": ("PutTablePolicy", "DeleteTablePolicy"),
    "AWS::S3::Glacier": ("SetVaultAccessPolicy", "DeleteVaultAccessPolicy"),
}
"""The calls that decide who may reach a resource, as CloudTrail names them."""


@dataclass(frozen=True)
class Change:
    """`by`: ARN where CloudTrail has it. `source`: address, or the AWS service that called."""

    event: str
    event_id: str
    at: datetime
    by: str
    source: str


class NotTold(Exception):
    """CloudTrail does not say; the message tells why."""


def last_change(place: Place, kind: str, arn: str) -> Change:
    """The last successful change. `place.region` is that of the resource, or empty for IAM. Raises NotTold."""
    wanted = CHANGES.get(kind)
    if not wanted:
        raise NotTold(f"Which events change a resource of type {kind} is not known.")
    client = place.client("cloudtrail", place.region or GLOBAL_REGION)
    names = _names(kind, arn)
    try:
        found = [
            change
            for name in names
            for event in _events(place, client, "ResourceName", name)
            if event.get("EventName") in wanted and (change := _change(event)) is not None
        ]
        if not found:  # some services do not tell CloudTrail which resource it was
            found = [
                change
                for name in wanted
                for event in _events(place, client, "EventName", name)
                if _speaks_of(event, names) and (change := _change(event)) is not None
            ]
    except (ClientError, BotoCoreError) as error:
        raise NotTold(str(problem(error, client, "lookup_events", CALLS))) from error
    if not found:
        where = place.region or GLOBAL_REGION
        raise NotTold(f"CloudTrail has no event of the last 90 days in {where} that changed it.")
    return max(found, key=lambda change: change.at)


def _names(kind: str, arn: str) -> list[str]:
    """How CloudTrail may name the resource, the likeliest first."""
    tail = arn.split(":", 5)[-1]
    short = tail.rsplit("/", 1)[-1] if kind != "AWS::ECR::Repository" else tail.partition("/")[2]
    if kind in {"AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot"} or tail.startswith(("secret:", "function:")):
        short = tail.partition(":")[2].partition(":")[0]
    return list(dict.fromkeys([short, arn]))


def _events(place: Place, client: Any, key: str, value: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = place.call(
            client,
            "lookup_events",
            LookupAttributes=[{"AttributeKey": key, "AttributeValue": value[:2000]}],
            MaxResults=50,
            **token,
        )
        yield from page.get("Events") or ()
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _record(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _speaks_of(event: Mapping[str, Any], names: list[str]) -> bool:
    """Whether a parameter of the call is the resource's name, its ARN, or an address that ends with its name."""
    parameters = json.dumps(_record(event).get("requestParameters") or {})
    return any(f'"{name}"' in parameters or f'/{name}"' in parameters for name in names)


def _change(event: Mapping[str, Any]) -> Change | None:
    """None for what failed, or tells no time."""
    record = _record(event)
    at = event.get("EventTime")
    if record.get("errorCode") or not isinstance(at, datetime):
        return None
    identity = record.get("userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    by = identity.get("arn") or identity.get("invokedBy") or event.get("Username") or ""
    return Change(
        event=str(event.get("EventName", ""))[:128],
        event_id=str(event.get("EventId", ""))[:64],
        at=at,
        by=str(by)[:2000],
        source=str(record.get("sourceIPAddress") or "")[:300],
    )
