"""From a change that CloudTrail tells of to what must be read again.

The table says, for each service, which elements of an event name a resource. A change that is not understood leads to
its service being read again in that account and region: rather too much than too little.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzers.models import Principal, Resource
from analyzers.policy import arn as arns

from .access import REGION
from .services import ORGANIZATION

MOST_CHARACTERS = 1_048_576
LONGEST_NAME = 1024


class NotUsable(Exception):
    """The message is no change event, or not a sound one; the text says why."""


@dataclass(frozen=True, order=True)
class Target:
    """What must be read again: one resource, or (`arn` empty) all of the service there."""

    service: str
    account: str
    region: str = ""
    arn: str = ""

    def whole(self) -> Target:
        return Target(self.service, self.account, self.region)


@dataclass(frozen=True)
class Source:
    """How the events of a service are read.

    `about`: an event whose name holds none of these concerns nothing that is read (empty: every event does). `never`:
    nor does one whose name holds one of these. `names`: elements of the request, or of the answer, that name the
    resource; each with the ARN made from it. `whole`: events after which all of the service is read again.
    """

    service: str
    arn: str
    names: tuple[str, ...]
    about: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    everywhere: bool = True


SOURCES: Mapping[str, Source] = {
    "apigateway.amazonaws.com": Source(
        "apigateway",
        "arn:{partition}:execute-api:{region}:{account}:{name}",
        ("restApiId", "id"),
        about=("RestApi",),
    ),
    "backup.amazonaws.com": Source(
        "backup",
        "arn:{partition}:backup:{region}:{account}:backup-vault:{name}",
        ("backupVaultArn", "backupVaultName"),
        about=("Vault",),
    ),
    "cloudtrail.amazonaws.com": Source(
        "cloudtrail",
        "",
        ("resourceArn", "eventDataStoreArn", "eventDataStore"),
        about=("EventDataStore", "ResourcePolicy"),
    ),
    "codeartifact.amazonaws.com": Source(
        "codeartifact",
        "arn:{partition}:codeartifact:{region}:{account}:domain/{name}",
        ("domain", "domainName"),
        about=("Domain",),
    ),
    "dynamodb.amazonaws.com": Source(
        "dynamodb",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
        ("resourceArn", "tableArn", "tableName", "targetTableName"),
        about=("Table", "ResourcePolicy", "TagResource", "UntagResource"),
    ),
    "ec2.amazonaws.com": Source(
        "ebs",
        "arn:{partition}:ec2:{region}:{account}:snapshot/{name}",
        ("snapshotId",),
        about=("Snapshot",),
    ),
    "ecr.amazonaws.com": Source(
        "ecr",
        "arn:{partition}:ecr:{region}:{account}:repository/{name}",
        ("repositoryArn", "resourceArn", "repositoryName"),
        never=("Image", "Layer", "Lifecycle", "Pull"),
        whole=("PutRegistryPolicy", "DeleteRegistryPolicy"),
    ),
    "elasticfilesystem.amazonaws.com": Source(
        "efs",
        "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{name}",
        ("fileSystemId", "resourceId"),
        about=("FileSystem", "TagResource", "UntagResource", "CreateTags", "DeleteTags"),
    ),
    "es.amazonaws.com": Source(
        "opensearch",
        "arn:{partition}:es:{region}:{account}:domain/{name}",
        ("domainArn", "domainName"),
        about=("Domain",),
    ),
    "glacier.amazonaws.com": Source(
        "glacier",
        "arn:{partition}:glacier:{region}:{account}:vaults/{name}",
        ("vaultARN", "vaultName"),
        about=("Vault",),
        never=("Notification",),
    ),
    "iam.amazonaws.com": Source(
        "iam",
        "arn:{partition}:iam::{account}:role/{name}",
        ("roleName",),
        never=("InstanceProfile", "ServerCertificate", "SSHPublicKey", "SigningCertificate", "AccountAlias"),
        everywhere=False,
    ),
    "kinesis.amazonaws.com": Source(
        "kinesis",
        "arn:{partition}:kinesis:{region}:{account}:stream/{name}",
        ("resourceARN", "streamARN", "consumerARN", "streamName"),
        about=("Stream", "ResourcePolicy"),
    ),
    "kms.amazonaws.com": Source(
        "kms",
        "arn:{partition}:kms:{region}:{account}:key/{name}",
        ("keyArn", "keyId"),
        never=("Encrypt", "Decrypt", "Alias", "ConnectCustomKeyStore", "DisconnectCustomKeyStore"),
    ),
    "lambda.amazonaws.com": Source(
        "lambda",
        "arn:{partition}:lambda:{region}:{account}:function:{name}",
        ("functionArn", "functionName", "resource", "layerVersionArn"),
        never=("EventSourceMapping", "Invoke", "CodeSigningConfig", "Concurrency", "FunctionEventInvokeConfig"),
    ),
    "organizations.amazonaws.com": Source(ORGANIZATION.name, "", (), everywhere=False),
    "rds.amazonaws.com": Source(
        "rds",
        "",
        ("dBSnapshotArn", "dBClusterSnapshotArn"),
        about=("Snapshot",),
    ),
    "s3.amazonaws.com": Source(
        "s3",
        "arn:{partition}:s3:::{name}",
        ("bucketName", "bucket"),
        never=("Object", "Multipart", "UploadPart", "CompleteUpload", "Job", "StorageLens", "BucketLifecycle"),
        whole=("PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"),
        everywhere=False,
    ),
    "s3express.amazonaws.com": Source(
        "s3express",
        "arn:{partition}:s3express:{region}:{account}:bucket/{name}",
        ("bucketName",),
        never=("Object", "Multipart", "UploadPart", "CreateSession"),
    ),
    "s3tables.amazonaws.com": Source(
        "s3tables",
        "",
        ("tableBucketARN", "tableBucketArn"),
        never=("Maintenance",),
    ),
    "secretsmanager.amazonaws.com": Source(
        "secretsmanager",
        "",
        ("aRN", "arn", "secretId"),
        never=("SecretVersionStage", "Rotat"),
    ),
    "sns.amazonaws.com": Source(
        "sns",
        "",
        ("topicArn", "resourceArn"),
        never=("Publish", "SMS", "Platform", "Endpoint", "Subscri"),
    ),
    "sqs.amazonaws.com": Source(
        "sqs",
        "arn:{partition}:sqs:{region}:{account}:{name}",
        ("queueUrl", "queueName"),
        never=("Message",),
    ),
}
_READS = re.compile(r"Get|List|Describe|Head|Lookup|BatchGet|Search|Select|Scan|Query|Generate|Simulate|Test|Validate")
"""Beginnings of calls that change nothing. Our own collector asks for reports, which must not lead to more reading."""
_API_VERSION = re.compile(r"20[0-9]{6}(v[0-9]+)?\Z")


def targets(body: str) -> list[Target]:
    """What a message asks to read again; nothing if it concerns nothing that is read. Raises NotUsable."""
    detail, envelope = _detail(body)
    source, event = _text(detail, "eventSource"), _API_VERSION.sub("", _text(detail, "eventName"))
    if not source or not event:
        raise NotUsable("The event has no eventSource or no eventName.")
    reader = SOURCES.get(source)
    if reader is None or detail.get("readOnly") is True or detail.get("errorCode"):
        return []
    if _READS.match(event) or _concerns_nothing(reader, event):
        return []
    account = _text(detail, "recipientAccountId") or _text(envelope, "account")
    region = _text(detail, "awsRegion") or _text(envelope, "region")
    if not arns.is_account(account):
        raise NotUsable("The event names no account.")
    if REGION.match(region) is None:
        raise NotUsable("The event names no region.")
    whole = Target(reader.service, account, region if reader.everywhere else "")
    if event in reader.whole:
        return [whole]
    found = sorted(set(_named(reader, detail, whole, region)))
    return found or [whole]


def _concerns_nothing(reader: Source, event: str) -> bool:
    if event in reader.whole:
        return False
    if reader.about and not any(word in event for word in reader.about):
        return True
    return any(word in event for word in reader.never)


def _detail(body: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The CloudTrail record of EventBridge's envelope, and the envelope."""
    if len(body) > MOST_CHARACTERS:
        raise NotUsable(f"The message has {len(body):,} characters.")
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotUsable(f"The message is no JSON: {str(error)[:200]}") from error
    if not isinstance(envelope, dict):
        raise NotUsable("The message is no JSON object.")
    detail = envelope.get("detail")
    if not isinstance(detail, dict):
        raise NotUsable("The message is no event of EventBridge: it has no detail.")
    kind = envelope.get("detail-type")
    if kind != "AWS API Call via CloudTrail" and kind != "AWS Service Event via CloudTrail":
        raise NotUsable(f"The message is no event of CloudTrail but {str(kind)[:80]!r}.")
    return detail, envelope


def _text(mapping: Any, name: str) -> str:
    value = mapping.get(name) if isinstance(mapping, dict) else None
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable() else ""


def _named(reader: Source, detail: Mapping[str, Any], whole: Target, region: str) -> Iterator[Target]:
    """The resources that the event names, as far as their ARNs are certain."""
    partition = _partition(region)
    for name in _values(reader, detail):
        place = {"partition": partition, "region": region, "account": whole.account}
        arn = _ARN_OF.get(reader.service, _plain)(reader, name, place)
        if arn:
            yield _owned(Target(reader.service, whole.account, _region_of(reader, arn, region), arn))


def _values(reader: Source, detail: Mapping[str, Any]) -> Iterator[str]:
    request, answer = detail.get("requestParameters"), detail.get("responseElements")
    places = [request, answer, *_children(answer)]
    if reader.service == "iam" and isinstance(answer, dict) and (made := _text(answer.get("role"), "arn")):
        yield made
        return
    for name in reader.names:
        for place in places:
            if value := _text(place, name):
                yield value
                return
    if reader.service == "lambda":
        layer = _text(request, "layerName")
        version = request.get("versionNumber") if isinstance(request, dict) else None
        if layer and isinstance(version, int | str):
            yield f"{layer}:{version}" if layer.startswith("arn:") else f"layer:{layer}:{version}"
    if reader.service == "rds":
        yield from _snapshots(request, answer)


def _children(value: Any) -> Iterable[Any]:
    return [item for item in value.values() if isinstance(item, dict)] if isinstance(value, dict) else ()


_SNAPSHOT_NAMES = (
    ("targetDBSnapshotIdentifier", "snapshot"),
    ("targetDBClusterSnapshotIdentifier", "cluster-snapshot"),
    ("dBSnapshotIdentifier", "snapshot"),
    ("dBClusterSnapshotIdentifier", "cluster-snapshot"),
)


def _snapshots(*places: Any) -> Iterator[str]:
    for place in places:
        for key, word in _SNAPSHOT_NAMES:
            if value := _text(place, key):
                yield value if value.startswith("arn:") else f"{word}:{value}"
                return


def _plain(reader: Source, name: str, place: Mapping[str, str]) -> str:
    if name.startswith("arn:"):
        return name
    return reader.arn.format(name=name, **place) if reader.arn else ""


def _queue(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """A queue is named by its address, whose last steps are account and name."""
    steps = name.split("/")
    if len(steps) < 2:
        return _plain(reader, name, place)
    account = steps[-2] if arns.is_account(steps[-2]) else place["account"]
    return reader.arn.format(name=steps[-1], **{**place, "account": account})


def _function(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """A function by its name, `account:function:name` or ARN, without its qualifier; or a version of a layer."""
    if name.startswith("layer:"):
        return "arn:{partition}:lambda:{region}:{account}:".format(**place) + name
    fields = name.split(":")
    if ":layer:" in name:
        return name
    if "function" in fields:
        at = fields.index("function")
        owner = fields[at - 1] if at and arns.is_account(fields[at - 1]) else place["account"]
        short = fields[at + 1] if len(fields) > at + 1 else ""
        return reader.arn.format(name=short, **{**place, "account": owner}) if short else ""
    return reader.arn.format(name=fields[0], **place)


def _key(reader: Source, name: str, place: Mapping[str, str]) -> str:
    return "" if "alias/" in name else _plain(reader, name, place)


def _role(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """Events name a role without its path, unless it is new."""
    if name.startswith("arn:"):
        return name if ":role/" in name else ""
    known = Principal.objects.filter(account=place["account"], kind=Principal.Kind.ROLE, name=name).first()
    return known.arn if known else ""


def _secret(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """By its ARN, its name, or an ARN without the six characters at the end."""
    rows = Resource.objects.filter(account=place["account"], region=place["region"], type="AWS::SecretsManager::Secret")
    if name.startswith("arn:"):
        known = rows.filter(arn=name).first()
        if known is None and re.search(r"-[A-Za-z0-9]{6}\Z", name) is None:
            return ""
        return name
    known = rows.filter(name=name).first()
    return known.arn if known else ""


def _parent(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """What belongs to a table or stream is read with it."""
    arn = _plain(reader, name, place)
    for separator in ("/stream/", "/consumer/", "/index/", "/table/"):
        arn = arn.partition(separator)[0]
    return arn


def _snapshot(reader: Source, name: str, place: Mapping[str, str]) -> str:
    return name if name.startswith("arn:") else "arn:{partition}:rds:{region}:{account}:".format(**place) + name


def _store(reader: Source, name: str, place: Mapping[str, str]) -> str:
    """CloudTrail's resource policies are those of event data stores, channels and dashboards."""
    return name if ":eventdatastore/" in name else ""


_ARN_OF = {
    "cloudtrail": _store,
    "dynamodb": _parent,
    "iam": _role,
    "kinesis": _parent,
    "kms": _key,
    "lambda": _function,
    "rds": _snapshot,
    "s3tables": _parent,
    "secretsmanager": _secret,
    "sqs": _queue,
}


def _owned(target: Target) -> Target:
    """A resource of another account is read there."""
    owner = arns.account_of(target.arn)
    return Target(target.service, owner, target.region, target.arn) if arns.is_account(owner) else target


def _region_of(reader: Source, arn: str, region: str) -> str:
    if not reader.everywhere:
        return ""
    named = arn.split(":")[3] if arn.count(":") >= 5 else ""
    return named if REGION.match(named) else region


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
