"""Directory buckets of S3 Express One Zone, with their access points.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-directory-buckets.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Part, Place, Service, moment

KIND = "AWS::S3Express::DirectoryBucket"
SUFFIX = "--x-s3"


def read(place: Place) -> Iterator[Part]:
    client = place.client("s3")
    for bucket in place.pages(client, "list_directory_buckets", "Buckets"):
        name = bucket["Name"]
        if not name.endswith(SUFFIX):
            continue  # an ordinary bucket, which is read with the others
        arn = f"arn:{place.partition}:s3express:{place.region}:{place.account}:bucket/{name}"
        policy = place.ask(arn, client, "get_bucket_policy", absent=("NoSuchBucketPolicy",), Bucket=name)
        points = _access_points(place, arn, name)
        yield place.resource(
            arn,
            KIND,
            name=name,
            created_at=moment(bucket.get("CreationDate")),
            policy=(policy or {}).get("Policy"),
            access_points=points or None,
        )


def _access_points(place: Place, arn: str, bucket: str) -> list[dict[str, Any]]:
    control = place.client("s3control")
    listed = place.all(
        arn,
        control,
        "list_access_points_for_directory_buckets",
        "AccessPointList",
        AccountId=place.account,
        DirectoryBucket=bucket,
    )
    return [_point(place, control, arn, point) for point in listed]


def _point(place: Place, control: Any, arn: str, point: Any) -> dict[str, Any]:
    asked = {"AccountId": place.account, "Name": point["Name"]}
    details = place.ask(arn, control, "get_access_point", **asked) or {}
    policy = place.ask(arn, control, "get_access_point_policy", absent=("NoSuchAccessPointPolicy",), **asked)
    described = {
        "arn": point["AccessPointArn"],
        "name": point["Name"],
        "account": place.account,
        "network_origin": point.get("NetworkOrigin"),
        "vpc_id": (point.get("VpcConfiguration") or {}).get("VpcId"),
        "public_access_block": details.get("PublicAccessBlockConfiguration"),
        "policy": (policy or {}).get("Policy"),
    }
    return {key: value for key, value in described.items() if value is not None}


SERVICE = Service(
    name="s3express",
    read=read,
    types=(KIND,),
    calls={
        "ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
        "GetBucketPolicy": "s3express:GetBucketPolicy",
        "ListAccessPointsForDirectoryBuckets": "s3express:ListAccessPointsForDirectoryBuckets",
        "GetAccessPoint": "s3express:GetAccessPoint",
        "GetAccessPointPolicy": "s3express:GetAccessPointPolicy",
    },
)
