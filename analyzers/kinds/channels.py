"""Each way into a resource as a policy: what is stored as one, and what an ACL, a grant or a share says in effect.

Grants that AWS does not write as a policy are written as one here, so that one engine judges them all and a page can
show them.
Sources: S3 guide "Access control list (ACL) overview"; KMS developer guide "Grants"; EC2 and RDS guides on sharing
snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analyzers.policy import Policy, PolicyError, parse, parse_value
from analyzers.reasoning.acl import policy_from_acl

from .subject import Subject


@dataclass(frozen=True, slots=True)
class Traits:
    """What a resource type means to the reasoning.

    `services`: the action prefixes it understands. `separator`: how the name of a part of it begins.
    `anonymous`: whether it answers requests without a signature.
    """

    services: tuple[str, ...]
    separator: str = ""
    anonymous: bool = False


TRAITS: Mapping[str, Traits] = {
    "AWS::S3::Bucket": Traits(("s3",), "/", anonymous=True),
    "AWS::S3Express::DirectoryBucket": Traits(("s3express",)),
    "AWS::IAM::Role": Traits(("sts",)),
    "AWS::KMS::Key": Traits(("kms",)),
    "AWS::SQS::Queue": Traits(("sqs",), anonymous=True),
    "AWS::SNS::Topic": Traits(("sns",), anonymous=True),
    "AWS::Lambda::Function": Traits(("lambda",), ":", anonymous=True),
    "AWS::Lambda::LayerVersion": Traits(("lambda",)),
    "AWS::SecretsManager::Secret": Traits(("secretsmanager",)),
    "AWS::ECR::Repository": Traits(("ecr",)),
    "AWS::EFS::FileSystem": Traits(("elasticfilesystem",), anonymous=True),
    "AWS::DynamoDB::Table": Traits(("dynamodb",), "/"),
    "AWS::DynamoDB::Stream": Traits(("dynamodb",)),
    "AWS::EC2::Snapshot": Traits(("ec2",)),
    "AWS::RDS::DBSnapshot": Traits(("rds",)),
    "AWS::RDS::DBClusterSnapshot": Traits(("rds",)),
    "AWS::Kinesis::Stream": Traits(("kinesis",)),
    "AWS::Kinesis::StreamConsumer": Traits(("kinesis",)),
    "AWS::OpenSearchService::Domain": Traits(("es",), "/", anonymous=True),
    "AWS::ApiGateway::RestApi": Traits(("execute-api",), "/", anonymous=True),
    "AWS::Backup::BackupVault": Traits(("backup",)),
    "AWS::CloudTrail::EventDataStore": Traits(("cloudtrail",)),
    "AWS::CodeArtifact::Domain": Traits(("codeartifact",)),
    "AWS::S3Tables::TableBucket": Traits(("s3tables",), "/"),
    "AWS::S3Tables::Table": Traits(("s3tables",)),
    "AWS::S3::Glacier": Traits(("glacier",)),
}

_SHARED_ACTIONS = {
    "AWS::EC2::Snapshot": ("ec2:CopySnapshot", "ec2:CreateVolume", "ec2:DescribeSnapshots"),
    "AWS::RDS::DBSnapshot": ("rds:CopyDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot"),
    "AWS::RDS::DBClusterSnapshot": ("rds:CopyDBClusterSnapshot", "rds:RestoreDBClusterFromSnapshot"),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One way in. `also` are policies of which one must allow too (a bucket's own, behind an access point); `denies`
    are policies that can only take away (a resource's own, beside an ACL or a grant).

    `constants` are condition keys that every request of this channel carries. `written`: the policy is ours.
    """

    source: Mapping[str, Any] | None
    name: str
    policy: Policy
    also: tuple[Policy, ...] = ()
    denies: tuple[Policy, ...] = ()
    constants: Mapping[str, str] | None = None
    written: bool = False
    resource: str = ""
    public_access_block: Mapping[str, bool] | None = None


class Unreadable(Exception):
    """A document of the resource cannot be understood; the message says which and why."""


def channels(subject: Subject) -> tuple[list[Channel], list[str]]:
    """The channels of a resource, and what is wrong with those that could not be read."""
    errors: list[str] = []
    found: list[Channel] = []
    own: Policy | None = None
    for document in subject.documents:
        if document.channel != "POLICY":
            continue
        try:
            own = parse(document.text)
        except PolicyError as error:
            errors.append(f"The policy cannot be understood: {error}")
        else:
            found.append(Channel(_source(subject, "POLICY"), "", own, public_access_block=_block(subject)))
    try:
        denies = (own,) if own is not None else ()
        found += [replace(channel, denies=denies) for channel in (*_acl(subject), *_grants(subject))]
        found += _share(subject)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        errors.append(f"The configuration cannot be understood: {error}")
    found += _access_points(subject, own, errors)
    return found, errors


def _source(subject: Subject, kind: str, **detail: str) -> Mapping[str, Any] | None:
    """FindingSource is filled for S3 buckets only, as the service does."""
    if subject.type not in {"AWS::S3::Bucket", "AWS::S3Express::DirectoryBucket"}:
        return None
    return {"type": kind, "detail": detail} if detail else {"type": kind}


def _block(subject: Subject, own: Mapping[str, Any] | None = None) -> dict[str, bool]:
    """The most restrictive of account, bucket and access point; a flag that is not known does not restrict."""
    layers = [subject.account_public_access_block, subject.configuration.get("public_access_block"), own]
    return {
        flag: any(bool(layer.get(flag)) for layer in layers if layer)
        for flag in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    }


def _acl(subject: Subject) -> Iterator[Channel]:
    grants = subject.configuration.get("acl")
    if not grants or subject.type != "AWS::S3::Bucket":
        return
    if subject.configuration.get("object_ownership") == "BucketOwnerEnforced":
        return
    policy = policy_from_acl(grants, subject.arn.rsplit(":", 1)[-1], ignore_public=_block(subject)["IgnorePublicAcls"])
    if policy is not None and policy.statements:
        yield Channel(_source(subject, "BUCKET_ACL"), "bucket ACL", policy, written=True)


def _grants(subject: Subject) -> Iterator[Channel]:
    """KMS grants: the operations are allowed to the grantee, under its encryption context."""
    statements = []
    for number, grant in enumerate(subject.configuration.get("grants") or ()):
        condition: dict[str, dict[str, str]] = {}
        constraints = grant.get("constraints") or {}
        for name in ("encryptionContextEquals", "encryptionContextSubset"):
            for key, value in (constraints.get(name) or {}).items():
                condition.setdefault("StringEquals", {})[f"kms:EncryptionContext:{key}"] = str(value)
        statements.append(
            {
                "Sid": f"Grant{number + 1}",
                "Effect": "Allow",
                "Principal": _grantee(str(grant["granteePrincipal"])),
                "Action": [f"kms:{operation}" for operation in grant["operations"]],
                "Resource": "*",
                **({"Condition": condition} if condition else {}),
            }
        )
    if statements:
        yield Channel(None, "KMS grants", _written(statements), written=True)


def _grantee(principal: str) -> dict[str, str]:
    if principal.endswith(".amazonaws.com"):
        return {"Service": principal}
    return {"AWS": principal}


def _share(subject: Subject) -> Iterator[Channel]:
    share = subject.configuration.get("share")
    actions = _SHARED_ACTIONS.get(subject.type)
    if not share or actions is None:
        return
    principals: list[Any] = []
    if share.get("public") and not subject.configuration.get("encrypted"):
        principals.append("*")
    if accounts := sorted(str(account) for account in share.get("accounts") or ()):
        principals.append({"AWS": accounts})
    statements = [
        {
            "Sid": f"Share{i + 1}",
            "Effect": "Allow",
            "Principal": who,
            "Action": list(actions),
            "Resource": "*",
        }
        for i, who in enumerate(principals)
    ]
    if statements:
        yield Channel(None, "snapshot sharing", _written(statements), written=True)


def _access_points(subject: Subject, own: Policy | None, errors: list[str]) -> Iterator[Channel]:
    """An access point and its bucket must both permit."""
    texts = {document.name: document.text for document in subject.documents if document.channel != "POLICY"}
    for point in subject.configuration.get("access_points") or ():
        text = texts.get(str(point.get("arn")))
        if text is None or point.get("network_origin") == "VPC" or own is None:
            continue  # no policy admits nobody from outside; one within a VPC is never open to strangers
        try:
            policy = parse(text)
        except PolicyError as error:
            errors.append(f"The policy of access point {point.get('arn')} cannot be understood: {error}")
            continue
        arn, account = str(point["arn"]), str(point.get("account") or subject.account)
        yield Channel(
            _source(subject, "S3_ACCESS_POINT", accessPointArn=arn, accessPointAccount=account),
            arn,
            policy,
            also=(own,),
            constants={"s3:dataaccesspointarn": arn, "s3:dataaccesspointaccount": account},
            resource=arn,
            public_access_block=_block(subject, point.get("public_access_block")),
        )


def _written(statements: Sequence[Mapping[str, Any]]) -> Policy:
    return parse_value({"Version": "2012-10-17", "Statement": list(statements)})
