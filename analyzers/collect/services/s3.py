"""Buckets with policy, ACL, ownership, Block Public Access and access points.

https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.collect.place import Part, Place, Problem, Service, moment, problem, tags

BUCKET = "AWS::S3::Bucket"
MULTI_REGION = "us-west-2"
"""Where multi-region access points are listed, whatever regions they span."""


MOST = 1000
"""Buckets a page; without a size S3 refuses to list more than ten thousand."""


def read(place: Place) -> Iterator[Part]:
    client = place.client("s3")
    listed: list[Any] = []
    owner = ""
    for page in _bucket_pages(place, client):
        listed += page.get("Buckets") or ()
        owner = str((page.get("Owner") or {}).get("ID", owner))
    yield from _account(place, owner)
    yield from _buckets(place, client, listed)


def read_one(place: Place, arn: str) -> Iterator[Part]:
    client = place.client("s3")
    name = arn.rsplit(":", 1)[-1]
    for page in _bucket_pages(place, client, Prefix=name):
        yield from _buckets(place, client, [bucket for bucket in page.get("Buckets") or () if bucket["Name"] == name])


def _account(place: Place, owner: str) -> Iterator[Part]:
    control = place.client("s3control")
    block = place.ask(
        place.account,
        control,
        "get_public_access_block",
        absent=("NoSuchPublicAccessBlockConfiguration",),
        AccountId=place.account,
    )
    flags = (block or {}).get("PublicAccessBlockConfiguration")
    if not place.error(place.account):
        yield "account_details", {"id": place.account, "canonical_user_id": owner, "public_access_block": flags}


def _buckets(place: Place, client: Any, listed: list[Any]) -> Iterator[Part]:
    regions = {bucket["Name"]: _region(place, client, bucket) for bucket in listed}
    points = _access_points(place, regions)
    for bucket in listed:
        yield _bucket(place, bucket, regions[bucket["Name"]], points)


def _bucket_pages(place: Place, client: Any, **chosen: str) -> Iterator[Any]:
    parameters: dict[str, Any] = {"MaxBuckets": MOST, **chosen}
    while True:
        page = place.call(client, "list_buckets", **parameters)
        yield page
        if not page.get("ContinuationToken"):
            return
        parameters["ContinuationToken"] = page["ContinuationToken"]


def _arn(place: Place, name: str) -> str:
    return f"arn:{place.partition}:s3:::{name}"


def _region(place: Place, client: Any, bucket: Any) -> str:
    if bucket.get("BucketRegion"):
        return str(bucket["BucketRegion"])
    answer = place.ask(_arn(place, bucket["Name"]), client, "get_bucket_location", Bucket=bucket["Name"])
    if answer is None:
        return ""
    constraint = answer.get("LocationConstraint")
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(constraint, str(constraint))


def _bucket(place: Place, bucket: Any, region: str, points: dict[str, list[dict[str, Any]]]) -> Part:
    name = bucket["Name"]
    arn = _arn(place, name)
    client = place.client("s3", region)

    def ask(operation: str, *absent: str) -> Any:
        return place.ask(arn, client, operation, absent=absent, Bucket=name) or {}

    policy = ask("get_bucket_policy", "NoSuchBucketPolicy").get("Policy")
    listed = ask("get_bucket_acl")
    owner = (listed.get("Owner") or {}).get("ID")
    acl = [_grant(place, arn, grant) for grant in listed.get("Grants") or () if not _is_own(grant, owner)]
    rules = ask("get_bucket_ownership_controls", "OwnershipControlsNotFoundError").get("OwnershipControls") or {}
    ownership = next((rule["ObjectOwnership"] for rule in rules.get("Rules") or ()), None)
    block = ask("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    tagging = ask("get_bucket_tagging", "NoSuchTagSet")
    encryption = ask("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    return place.resource(
        arn,
        BUCKET,
        name=name,
        region=region,
        created_at=moment(bucket.get("CreationDate")),
        tags=tags(tagging.get("TagSet")),
        policy=policy,
        acl=[grant for grant in acl if grant],
        object_ownership=ownership,
        public_access_block=block.get("PublicAccessBlockConfiguration"),
        access_points=points.get(name) or None,
        encryption_key=_key(encryption),
    )


def _key(answer: Any) -> str | None:
    """The KMS key that new objects are encrypted with, if it is not S3's own."""
    rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    for rule in rules:
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or "alias/aws/s3")
    return None


def _is_own(grant: Any, owner: str | None) -> bool:
    """Every bucket's list begins with its owner, which is the account."""
    return owner is not None and (grant.get("Grantee") or {}).get("ID") == owner


def _grant(place: Place, arn: str, grant: Any) -> dict[str, Any] | None:
    grantee = grant.get("Grantee") or {}
    who = {"id": grantee["ID"]} if grantee.get("ID") else {"uri": grantee["URI"]} if grantee.get("URI") else None
    if who is None:
        message = f"A grantee that is neither a canonical user nor a group: {str(grantee)[:200]}"
        place.problems.append(Problem("S3 GetBucketAcl", "NotUnderstood", message, "", arn))
        return None
    return {"grantee": who, "permission": grant["Permission"]}


def _access_points(place: Place, regions: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """By bucket. Where they cannot be listed, any bucket of the region might have one."""
    found: dict[str, list[dict[str, Any]]] = {}
    for region in sorted({region for region in regions.values() if region}):
        control = place.client("s3control", region)
        inside = [name for name, where in regions.items() if where == region]
        for point in _listed(place, control, "list_access_points", "AccessPointList", inside):
            if point.get("BucketAccountId") in {None, "", place.account} and point["Bucket"] in regions:
                found.setdefault(point["Bucket"], []).append(_point(place, control, point))
    if place.partition == "aws" and regions:
        _multi_region(place, regions, found)
    return found


def _listed(place: Place, control: Any, operation: str, key: str, buckets: Collection[str]) -> list[Any]:
    try:
        return list(place.pages(control, operation, key, AccountId=place.account))
    except (ClientError, BotoCoreError) as error:
        failed = [problem(error, control, operation, place.calls, _arn(place, name)) for name in buckets]
        place.problems += failed
        return []


def _point(place: Place, control: Any, point: Any) -> dict[str, Any]:
    about = _arn(place, point["Bucket"])
    shared = {"AccountId": place.account, "Name": point["Name"]}
    details = place.ask(about, control, "get_access_point", **shared) or {}
    policy = place.ask(about, control, "get_access_point_policy", absent=("NoSuchAccessPointPolicy",), **shared)
    vpc = (point.get("VpcConfiguration") or {}).get("VpcId")
    return _without_nothing(
        {
            "arn": point["AccessPointArn"],
            "name": point["Name"],
            "account": place.account,
            "network_origin": point.get("NetworkOrigin"),
            "vpc_id": vpc,
            "public_access_block": details.get("PublicAccessBlockConfiguration"),
            "policy": (policy or {}).get("Policy"),
        }
    )


def _multi_region(place: Place, names: Collection[str], found: dict[str, list[dict[str, Any]]]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPoints.html"""
    control = place.client("s3control", MULTI_REGION)
    points = _listed(place, control, "list_multi_region_access_points", "AccessPoints", names)
    for point in points:
        arn = f"arn:{place.partition}:s3::{place.account}:accesspoint/{point['Alias']}"
        buckets = [region["Bucket"] for region in point.get("Regions") or () if region["Bucket"] in names]
        if not buckets:
            continue
        about = _arn(place, buckets[0])
        asked = {"AccountId": place.account, "Name": point["Name"]}
        before = len(place.problems)
        answer = place.ask(
            about,
            control,
            "get_multi_region_access_point_policy",
            absent=("NoSuchMultiRegionAccessPoint",),
            **asked,
        )
        for failed in place.problems[before:]:
            place.problems += [replace(failed, about=_arn(place, other)) for other in buckets[1:]]
        established = (((answer or {}).get("Policy") or {}).get("Established") or {}).get("Policy")
        described = _without_nothing(
            {
                "arn": arn,
                "name": point["Name"],
                "account": place.account,
                "network_origin": "Internet",
                "public_access_block": point.get("PublicAccessBlock"),
                "policy": established,
            }
        )
        for bucket in buckets:
            found.setdefault(bucket, []).append(dict(described))


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


SERVICE = Service(
    name="s3",
    everywhere=False,
    read=read,
    read_one=read_one,
    types=(BUCKET,),
    calls={
        "ListBuckets": "s3:ListAllMyBuckets",
        "GetBucketLocation": "s3:GetBucketLocation",
        "GetBucketPolicy": "s3:GetBucketPolicy",
        "GetBucketAcl": "s3:GetBucketAcl",
        "GetBucketOwnershipControls": "s3:GetBucketOwnershipControls",
        "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
        "S3 Control.GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
        "GetBucketTagging": "s3:GetBucketTagging",
        "GetBucketEncryption": "s3:GetEncryptionConfiguration",
        "ListAccessPoints": "s3:ListAccessPoints",
        "GetAccessPoint": "s3:GetAccessPoint",
        "GetAccessPointPolicy": "s3:GetAccessPointPolicy",
        "ListMultiRegionAccessPoints": "s3:ListMultiRegionAccessPoints",
        "GetMultiRegionAccessPointPolicy": "s3:GetMultiRegionAccessPointPolicy",
    },
)
