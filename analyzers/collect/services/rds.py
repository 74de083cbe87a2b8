"""Manual snapshots of databases and clusters, and with whom they are shared. Automatic ones cannot be shared.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Part, Place, Service, moment, tags

SNAPSHOT = "AWS::RDS::DBSnapshot"
CLUSTER_SNAPSHOT = "AWS::RDS::DBClusterSnapshot"


def read(place: Place) -> Iterator[Part]:
    client = place.client("rds")
    for snapshot in place.pages(client, "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        yield _snapshot(place, client, snapshot, "DBSnapshot", SNAPSHOT, bool(snapshot.get("Encrypted")))
    found = place.pages(client, "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual")
    for snapshot in found:
        encrypted = bool(snapshot.get("StorageEncrypted"))
        yield _snapshot(place, client, snapshot, "DBClusterSnapshot", CLUSTER_SNAPSHOT, encrypted)


def _snapshot(place: Place, client: Any, snapshot: Any, prefix: str, kind: str, encrypted: bool) -> Part:
    arn, name = snapshot[f"{prefix}Arn"], snapshot[f"{prefix}Identifier"]
    cluster = kind == CLUSTER_SNAPSHOT
    answer = place.ask(
        arn,
        client,
        "describe_db_cluster_snapshot_attributes" if cluster else "describe_db_snapshot_attributes",
        absent=(f"{prefix}NotFound", f"{prefix}NotFoundFault"),
        **{f"{prefix}Identifier": name},
    )
    attributes = ((answer or {}).get(f"{prefix}AttributesResult") or {}).get(f"{prefix}Attributes") or ()
    values = {
        value
        for attribute in attributes
        if attribute.get("AttributeName") == "restore"
        for value in attribute.get("AttributeValues") or ()
    }
    return place.resource(
        arn,
        kind,
        name=name,
        created_at=moment(snapshot.get("SnapshotCreateTime")),
        tags=tags(snapshot.get("TagList")),
        share={"accounts": sorted(values - {"all"}), "public": "all" in values},
        encrypted=encrypted,
        encryption_key=snapshot.get("KmsKeyId"),
    )


SERVICE = Service(
    name="rds",
    read=read,
    types=(SNAPSHOT, CLUSTER_SNAPSHOT),
    calls={
        "DescribeDBSnapshots": "rds:DescribeDBSnapshots",
        "DescribeDBSnapshotAttributes": "rds:DescribeDBSnapshotAttributes",
        "DescribeDBClusterSnapshots": "rds:DescribeDBClusterSnapshots",
        "DescribeDBClusterSnapshotAttributes": "rds:DescribeDBClusterSnapshotAttributes",
    },
)
