"""EBS snapshots and with whom they are shared.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshotAttribute.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

SNAPSHOT = "AWS::EC2::Snapshot"


_GONE = ("InvalidSnapshot.NotFound", "InvalidSnapshotID.NotFound")


def _items(place: Place, wanted: str) -> Iterator[Any]:
    client = place.client("ec2")
    chosen = {"SnapshotIds": [wanted.rsplit("/", 1)[-1]]} if wanted else {}
    size = 0 if wanted else 1000
    yield from place.pages(client, "describe_snapshots", "Snapshots", size=size, OwnerIds=["self"], **chosen)


def _arn(place: Place, snapshot: Any) -> str:
    return f"arn:{place.partition}:ec2:{place.region}:{place.account}:snapshot/{snapshot['SnapshotId']}"


def _describe(place: Place, snapshot: Any) -> Iterator[Part]:
    arn, number = _arn(place, snapshot), snapshot["SnapshotId"]
    named = tags(snapshot.get("Tags"))
    answer = place.ask(
        arn,
        place.client("ec2"),
        "describe_snapshot_attribute",
        absent=_GONE,
        SnapshotId=number,
        Attribute="createVolumePermission",
    )
    permissions = (answer or {}).get("CreateVolumePermissions") or ()
    yield place.resource(
        arn,
        SNAPSHOT,
        name=named.get("Name") or number,
        created_at=moment(snapshot.get("StartTime")),
        tags=named,
        share={
            "accounts": sorted(one["UserId"] for one in permissions if one.get("UserId")),
            "public": any(one.get("Group") == "all" for one in permissions),
        },
        encrypted=bool(snapshot.get("Encrypted")),
        encryption_key=snapshot.get("KmsKeyId"),
    )


_SNAPSHOTS = Listing(_items, _arn, _describe, gone=_GONE)
SERVICE = Service(
    name="ebs",
    read=_SNAPSHOTS.read,
    read_one=_SNAPSHOTS.read_one,
    types=(SNAPSHOT,),
    calls={
        "DescribeSnapshots": "ec2:DescribeSnapshots",
        "DescribeSnapshotAttribute": "ec2:DescribeSnapshotAttribute",
    },
)
