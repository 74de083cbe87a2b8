"""EBS snapshots and with whom they are shared.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshotAttribute.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

SNAPSHOT = "AWS::EC2::Snapshot"


def read(place: Place) -> Iterator[Part]:
    client = place.client("ec2")
    for snapshot in place.pages(client, "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        number = snapshot["SnapshotId"]
        arn = f"arn:{place.partition}:ec2:{place.region}:{place.account}:snapshot/{number}"
        named = tags(snapshot.get("Tags"))
        answer = place.ask(
            arn,
            client,
            "describe_snapshot_attribute",
            absent=("InvalidSnapshot.NotFound",),
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


SERVICE = Service(
    name="ebs",
    read=read,
    types=(SNAPSHOT,),
    calls={
        "DescribeSnapshots": "ec2:DescribeSnapshots",
        "DescribeSnapshotAttribute": "ec2:DescribeSnapshotAttribute",
    },
)
