"""Directory buckets of S3 Express One Zone, with their access points.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-directory-buckets.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment

KIND = "AWS::S3Express::DirectoryBucket"
SUFFIX = "--x-s3"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    for bucket in place.pages(place.client("s3"), "list_directory_buckets", "Buckets"):
        if bucket["Name"].endswith(SUFFIX):  # others are ordinary buckets, which are read with those
            yield bucket


def _arn(place: Place, bucket: Any) -> str:
    return f"arn:{place.partition}:s3express:{place.region}:{place.account}:bucket/{bucket['Name']}"


def _describe(place: Place, bucket: Any) -> Iterator[Part]:
    arn, name = _arn(place, bucket), bucket["Name"]
    answer = place.ask(arn, place.client("s3"), "get_bucket_policy", absent=("NoSuchBucketPolicy",), Bucket=name)
    points = _access_points(place, arn, name)
    yield place.resource(
        arn,
        KIND,
        name=name,
        created_at=moment(bucket.get("CreationDate")),
        policy=(answer or {}).get("Policy"),
        access_points=points or None,
    )


def _access_points(place: Place, arn: str, name: str) -> list[dict[str, Any]]:
    control = place.client("s3control")
    asked = {"AccountId": place.account, "DirectoryBucket": name}
    found = []
    for point in place.all(arn, control, "list_access_points_for_directory_buckets", "AccessPointList", **asked):
        mine = {"AccountId": place.account, "Name": point["Name"]}
        details = place.ask(arn, control, "get_access_point", **mine) or {}
        policy = place.ask(arn, control, "get_access_point_policy", absent=("NoSuchAccessPointPolicy",), **mine)
        made = f"arn:{place.partition}:s3express:{place.region}:{place.account}:accesspoint/{point['Name']}"
        described = {
            "arn": point.get("AccessPointArn") or made,
            "name": point["Name"],
            "account": place.account,
            "network_origin": point.get("NetworkOrigin"),
            "vpc_id": (point.get("VpcConfiguration") or {}).get("VpcId"),
            "public_access_block": details.get("PublicAccessBlockConfiguration"),
            "policy": (policy or {}).get("Policy"),
        }
        found.append({key: item for key, item in described.items() if item is not None})
    return found


_BUCKETS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="s3express",
    read=_BUCKETS.read,
    read_one=_BUCKETS.read_one,
    types=(KIND,),
    calls={
        "ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
        "GetBucketPolicy": "s3express:GetBucketPolicy",
        "ListAccessPointsForDirectoryBuckets": "s3express:ListAccessPointsForDirectoryBuckets",
        "GetAccessPoint": "s3express:GetAccessPoint",
        "GetAccessPointPolicy": "s3express:GetAccessPointPolicy",
    },
)
