"""Reading through an aggregator of AWS Config instead of asking the services.

One query a resource type, over all accounts and regions that the aggregator holds. What Config does not hold is told
and never taken for "nothing": a resource whose grants it does not record becomes one that is not fully read. Nothing is
removed after such a reading, since an account that does not record is not told from one that has nothing.

https://docs.aws.amazon.com/config/latest/APIReference/API_SelectAggregateResourceConfig.html
https://docs.aws.amazon.com/config/latest/developerguide/resource-config-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from analyzers.inventory import iam_answer

from .place import Part, Place, Problem, Service

PREFIX = "config-"
CALLS = {"SelectAggregateResourceConfig": "config:SelectAggregateResourceConfig"}
_CALL = "Config SelectAggregateResourceConfig"
_COLUMNS = (
    "arn, accountId, awsRegion, resourceId, resourceName, resourceCreationTime, tags, configuration, "
    "supplementaryConfiguration"
)
_DEEP = 3
"""Config writes objects as texts, and texts of those."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """`missing`: what Config does not record of it, told with every reading."""

    read: Callable[[Place, str], Iterator[Part]]
    missing: str = ""


def is_part(service: str) -> bool:
    return service.startswith(PREFIX)


def names() -> list[str]:
    return [PREFIX + name for name in KINDS]


def service(name: str, aggregator: str) -> Service:
    """The reader of one part. Raises KeyError."""
    return Service(name=name, calls=CALLS, read=partial(_read, KINDS[name.removeprefix(PREFIX)], aggregator))


def _read(kind: Kind, aggregator: str, place: Place) -> Iterator[Part]:
    yield from kind.read(place, aggregator)
    if kind.missing:
        place.problems.append(Problem(_CALL, "NotRecorded", kind.missing))


def _rows(place: Place, aggregator: str, resource_type: str) -> Iterator[Row]:
    query: dict[str, Any] = {
        "ConfigurationAggregatorName": aggregator,
        "Expression": f"SELECT {_COLUMNS} WHERE resourceType = '{resource_type}'",
    }
    for text in place.pages(place.client("config"), "select_aggregate_resource_config", "Results", **query):
        row = _loose(text)
        if isinstance(row, dict) and isinstance(row.get("arn") or row.get("resourceId"), str):
            row["configuration"] = _object(row.get("configuration"))
            row["supplementaryConfiguration"] = _object(row.get("supplementaryConfiguration"))
            yield row
        else:
            place.problems.append(Problem(_CALL, "NotUnderstood", f"A row that is none: {str(text)[:200]}"))


def _loose(value: Any, depth: int = _DEEP) -> Any:
    """A value out of the text that it may be written as; a policy stays text if it is no JSON."""
    if not isinstance(value, str) or not depth or value.lstrip()[:1] not in {"{", "[", '"'}:
        return value
    try:
        return _loose(json.loads(value), depth - 1)
    except (ValueError, RecursionError):
        return value


def _object(value: Any) -> dict[str, Any]:
    found = _loose(value)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:
    found = _loose(value)
    return found if isinstance(found, list) else []


def _tags(row: Row) -> dict[str, str]:
    tags = _list(row.get("tags"))
    return {str(tag["key"]): str(tag.get("value", "")) for tag in tags if isinstance(tag, dict) and "key" in tag}


def _policy(value: Any) -> Any:
    """A policy however it is written: text, text of text, or under `policyText`."""
    found = _loose(value)
    if isinstance(found, Mapping) and "policyText" in found:
        found = _loose(found["policyText"])
    return found or None


def _resource(place: Place, row: Row, kind: str, **more: Any) -> Part:
    about = {
        "account": str(row.get("accountId", "")),
        "region": "" if row.get("awsRegion") in {None, "global"} else str(row["awsRegion"]),
        "name": str(row.get("resourceName") or row.get("resourceId") or ""),
        "created_at": row.get("resourceCreationTime"),
        "tags": _tags(row),
    }
    return place.resource(str(row["arn"]), kind, **{**about, **more})


def _unsure(place: Place, row: Row, message: str) -> None:
    place.problems.append(Problem(_CALL, "NotRecorded", message, "", str(row["arn"])))


# -- kinds ---------------------------------------------------------------------------------------------------------


def _simple(
    resource_type: str, kind: str, policy: Callable[[Row], Any], key: str = "", *, unknown: str = ""
) -> Callable[[Place, str], Iterator[Part]]:
    """Resources with one policy. `key`: where the configuration names the KMS key. `unknown`: what is missing of
    every one."""

    def read(place: Place, aggregator: str) -> Iterator[Part]:
        for row in _rows(place, aggregator, resource_type):
            if unknown:
                _unsure(place, row, unknown)
            encryption = row["configuration"].get(key) if key else None
            yield _resource(
                place, row, kind, policy=_policy(policy(row)), encryption_key=str(encryption) if encryption else None
            )

    return read


def _configured(*keys: str) -> Callable[[Row], Any]:
    return lambda row: next((row["configuration"][key] for key in keys if row["configuration"].get(key)), None)


def _supplement(*keys: str) -> Callable[[Row], Any]:
    return lambda row: next(
        (row["supplementaryConfiguration"][key] for key in keys if row["supplementaryConfiguration"].get(key)), None
    )


_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_PERMISSIONS = {
    "Read": "READ",
    "Write": "WRITE",
    "ReadAcp": "READ_ACP",
    "WriteAcp": "WRITE_ACP",
    "FullControl": "FULL_CONTROL",
}
_GROUPS = {
    "AllUsers": "http://acs.amazonaws.com/groups/global/AllUsers",
    "AuthenticatedUsers": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    "LogDelivery": "http://acs.amazonaws.com/groups/s3/LogDelivery",
}


def _block(value: Any) -> dict[str, bool] | None:
    found = _object(value)
    return {flag: bool(found.get(flag[:1].lower() + flag[1:], found.get(flag))) for flag in _FLAGS} if found else None


def _s3(place: Place, aggregator: str) -> Iterator[Part]:
    for row in _rows(place, aggregator, "AWS::S3::AccountPublicAccessBlock"):
        account = str(row.get("accountId", ""))
        yield "account_details", {"id": account, "public_access_block": _block(row["configuration"])}
    points: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(place, aggregator, "AWS::S3::AccessPoint"):
        points.setdefault((str(row.get("accountId")), str(row["configuration"].get("Bucket"))), []).append(row)
    for row in _rows(place, aggregator, "AWS::S3::Bucket"):
        yield _bucket(place, row, points)


def _bucket(place: Place, row: Row, points: Mapping[tuple[str, str], list[Row]]) -> Part:
    more = row["supplementaryConfiguration"]
    name = str(row.get("resourceName") or row.get("resourceId"))
    policy = _policy(more.get("BucketPolicy"))
    found = [_point(point) for point in points.get((str(row.get("accountId")), name), ())]
    if "dataaccesspoint" in json.dumps(policy, default=str).lower() and not found:
        _unsure(place, row, "The bucket leaves access to access points, and AWS Config holds none of it.")
    listed = more.get("AccessControlList")
    if listed is None:
        _unsure(place, row, "AWS Config does not hold the bucket's ACL.")
    rules = _list(_object(more.get("OwnershipControls")).get("rules"))
    ownership = next((rule.get("objectOwnership") for rule in rules if isinstance(rule, dict)), None)
    return _resource(
        place,
        row,
        "AWS::S3::Bucket",
        policy=policy,
        acl=list(_acl(place, row, _object(listed))),
        object_ownership=ownership,
        public_access_block=_block(more.get("PublicAccessBlockConfiguration")),
        access_points=found or None,
    )


def _acl(place: Place, row: Row, listed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    owner = _object(listed.get("owner")).get("id")
    for grant in _list(listed.get("grantList")):
        grantee = grant.get("grantee") if isinstance(grant, dict) else None
        permission = _PERMISSIONS.get(str(grant.get("permission"))) if isinstance(grant, dict) else None
        if isinstance(grantee, dict) and grantee.get("id") and grantee["id"] == owner:
            continue
        if isinstance(grantee, str) and grantee in _GROUPS and permission:
            yield {"grantee": {"uri": _GROUPS[grantee]}, "permission": permission}
        elif isinstance(grantee, dict) and grantee.get("id") and permission:
            yield {"grantee": {"id": str(grantee["id"])}, "permission": permission}
        else:
            _unsure(place, row, f"A grant of the ACL is not understood: {str(grant)[:200]}")


def _point(row: Row) -> dict[str, Any]:
    configuration = row["configuration"]
    described = {
        "arn": str(row["arn"]),
        "name": str(configuration.get("Name") or row.get("resourceName") or ""),
        "account": str(row.get("accountId")),
        "network_origin": configuration.get("NetworkOrigin"),
        "vpc_id": _object(configuration.get("VpcConfiguration")).get("VpcId"),
        "public_access_block": _block(configuration.get("PublicAccessBlockConfiguration")),
        "policy": _policy(configuration.get("Policy")),
    }
    return {key: value for key, value in described.items() if value is not None}


_IAM = {"GROUP": "GroupDetailList", "USER": "UserDetailList", "ROLE": "RoleDetailList"}


def _iam(place: Place, aggregator: str) -> Iterator[Part]:
    for row in _rows(place, aggregator, "AWS::IAM::Policy"):
        versions = [
            {"IsDefaultVersion": one.get("isDefaultVersion"), "Document": one.get("document")}
            for one in _list(row["configuration"].get("policyVersionList"))
            if isinstance(one, dict)
        ]
        yield from _understood(
            place,
            row,
            "managed_policies",
            lambda r=row, v=versions: iam_answer.managed_policy(  # type: ignore[misc]
                {"Arn": str(r["arn"]), "PolicyVersionList": v}
            ),
        )
    for kind, section in _IAM.items():
        for row in _rows(place, aggregator, f"AWS::IAM::{kind.capitalize()}"):
            value = _principal(row, kind.capitalize())
            account = str(row.get("accountId"))
            yield from _understood(
                place,
                row,
                "principals",
                lambda s=section, v=value, a=account: iam_answer.principal(s, v, a),  # type: ignore[misc]
            )


def _understood(place: Place, row: Row, section: str, make: Callable[[], dict[str, Any]]) -> Iterator[Part]:
    try:
        yield section, make()
    except (iam_answer.NotUnderstood, KeyError, TypeError, AttributeError) as error:
        about = str(row.get("arn", ""))
        place.problems.append(Problem(_CALL, "NotUnderstood", f"Not as Config writes it: {error}", "", about))


def _principal(row: Row, kind: str) -> dict[str, Any]:
    """Config's names as those of GetAccountAuthorizationDetails."""
    low, found = kind.lower(), row["configuration"]
    boundary = _object(found.get("permissionsBoundary"))
    return {
        "Arn": row.get("arn"),
        f"{kind}Name": found.get(f"{low}Name"),
        f"{kind}Id": found.get(f"{low}Id") or "",
        "Path": found.get("path") or "/",
        "CreateDate": found.get("createDate"),
        "Tags": [{"Key": key, "Value": value} for key, value in _tags(row).items()],
        "AssumeRolePolicyDocument": found.get("assumeRolePolicyDocument"),
        "GroupList": _list(found.get("groupList")),
        f"{kind}PolicyList": [
            {"PolicyName": one.get("policyName"), "PolicyDocument": one.get("policyDocument")}
            for one in _list(found.get(f"{low}PolicyList"))
            if isinstance(one, dict)
        ],
        "AttachedManagedPolicies": [
            {"PolicyArn": one.get("policyArn")}
            for one in _list(found.get("attachedManagedPolicies"))
            if isinstance(one, dict)
        ],
        "PermissionsBoundary": {"PermissionsBoundaryArn": boundary.get("permissionsBoundaryArn")},
    }


_NO_GRANTS = "AWS Config does not hold the grants of a key; access by grants could not be ruled out."


def _kms(place: Place, aggregator: str) -> Iterator[Part]:
    for row in _rows(place, aggregator, "AWS::KMS::Key"):
        if row["configuration"].get("keyManager") == "AWS":
            continue
        _unsure(place, row, _NO_GRANTS)
        policy = _policy(row["supplementaryConfiguration"].get("Policy"))
        if policy is None:
            _unsure(place, row, "AWS Config does not hold the policy of the key.")
        yield _resource(
            place, row, "AWS::KMS::Key", policy=policy, name=str(row["configuration"].get("description") or "")
        )


def _rds(place: Place, aggregator: str) -> Iterator[Part]:
    for kind in ("DBSnapshot", "DBClusterSnapshot"):
        for row in _rows(place, aggregator, f"AWS::RDS::{kind}"):
            found = row["configuration"]
            if found.get("snapshotType") not in {None, "manual"}:
                continue
            attributes = row["supplementaryConfiguration"].get(f"{kind}Attributes")
            if attributes is None:
                _unsure(place, row, "AWS Config does not hold with whom the snapshot is shared.")
            values = {
                str(value)
                for attribute in _list(attributes)
                if isinstance(attribute, dict) and attribute.get("attributeName") == "restore"
                for value in _list(attribute.get("attributeValues"))
            }
            yield _resource(
                place,
                row,
                f"AWS::RDS::{kind}",
                share={"accounts": sorted(values - {"all"}), "public": "all" in values},
                encrypted=bool(found.get("encrypted") or found.get("storageEncrypted")),
                encryption_key=found.get("kmsKeyId"),
            )


def _nothing(place: Place, aggregator: str) -> Iterator[Part]:
    yield from ()


KINDS: Mapping[str, Kind] = {
    "s3": Kind(_s3, "Access points of several regions, and those of other accounts."),
    "iam": Kind(_iam, "Policies that AWS manages, access keys, passwords and identity providers."),
    "kms": Kind(_kms, "Grants of keys."),
    "sqs": Kind(_simple("AWS::SQS::Queue", "AWS::SQS::Queue", _configured("Policy"), "KmsMasterKeyId")),
    "sns": Kind(_simple("AWS::SNS::Topic", "AWS::SNS::Topic", _configured("Policy"), "KmsMasterKeyId")),
    "lambda": Kind(
        _simple("AWS::Lambda::Function", "AWS::Lambda::Function", _supplement("Policy")),
        "Policies of versions and aliases of functions, and layer versions.",
    ),
    "secretsmanager": Kind(
        _simple(
            "AWS::SecretsManager::Secret",
            "AWS::SecretsManager::Secret",
            lambda _: None,
            "KmsKeyId",
            unknown="AWS Config does not hold the policy of a secret.",
        ),
        "Policies of secrets.",
    ),
    "ecr": Kind(
        _simple("AWS::ECR::Repository", "AWS::ECR::Repository", _configured("RepositoryPolicyText")),
        "Policies of registries.",
    ),
    "efs": Kind(_simple("AWS::EFS::FileSystem", "AWS::EFS::FileSystem", _configured("FileSystemPolicy"), "KmsKeyId")),
    "backup": Kind(
        _simple("AWS::Backup::BackupVault", "AWS::Backup::BackupVault", _configured("AccessPolicy"), "EncryptionKeyArn")
    ),
    "opensearch": Kind(
        _simple("AWS::OpenSearch::Domain", "AWS::OpenSearchService::Domain", _configured("AccessPolicies"))
    ),
    "rds": Kind(_rds),
    "rest": Kind(
        _nothing,
        "Tables and streams of DynamoDB, EBS snapshots, streams of Kinesis, REST APIs, event data stores, domains of "
        "CodeArtifact, directory buckets, S3 tables and Glacier vaults are not read through AWS Config.",
    ),
}
