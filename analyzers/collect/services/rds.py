"""Manual snapshots of databases and clusters, and with whom they are shared. Automatic ones cannot be shared.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

SNAPSHOT = "AWS::RDS::DBSnapshot"
CLUSTER_SNAPSHOT = "AWS::RDS::DBClusterSnapshot"


def read(place: Place) -> Iterator[Part]:
    yield from _OF_DATABASES.read(place)
    yield from _OF_CLUSTERS.read(place)


def read_one(place: Place, arn: str) -> Iterator[Part]:
    yield from (_OF_CLUSTERS if ":cluster-snapshot:" in arn else _OF_DATABASES).read_one(place, arn)


def _databases(place: Place, wanted: str) -> Iterator[Any]:
    chosen: dict[str, Any] = {"DBSnapshotIdentifier": wanted.rsplit(":", 1)[-1]} if wanted else {}
    return place.pages(place.client("rds"), "describe_db_snapshots", "DBSnapshots", SnapshotType="manual", **chosen)


def _clusters(place: Place, wanted: str) -> Iterator[Any]:
    chosen: dict[str, Any] = {"DBClusterSnapshotIdentifier": wanted.rsplit(":", 1)[-1]} if wanted else {}
    client = place.client("rds")
    return place.pages(client, "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual", **chosen)


def _of_database(place: Place, snapshot: Any) -> Iterator[Part]:
    yield _snapshot(place, snapshot, "DBSnapshot", SNAPSHOT, bool(snapshot.get("Encrypted")))


def _of_cluster(place: Place, snapshot: Any) -> Iterator[Part]:
    yield _snapshot(place, snapshot, "DBClusterSnapshot", CLUSTER_SNAPSHOT, bool(snapshot.get("StorageEncrypted")))


def _snapshot(place: Place, snapshot: Any, prefix: str, kind: str, encrypted: bool) -> Part:
    arn, name = snapshot[f"{prefix}Arn"], snapshot[f"{prefix}Identifier"]
    cluster = kind == CLUSTER_SNAPSHOT
    answer = place.ask(
        arn,
        place.client("rds"),
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


_OF_DATABASES = Listing(
    _databases,
    lambda _, snapshot: str(snapshot["DBSnapshotArn"]),
    _of_database,
    gone=("DBSnapshotNotFound", "DBSnapshotNotFoundFault"),
)
_OF_CLUSTERS = Listing(
    _clusters,
    lambda _, snapshot: str(snapshot["DBClusterSnapshotArn"]),
    _of_cluster,
    gone=("DBClusterSnapshotNotFound", "DBClusterSnapshotNotFoundFault"),
)
SERVICE = Service(
    name="rds",
    read=read,
    read_one=read_one,
    types=(SNAPSHOT, CLUSTER_SNAPSHOT),
    calls={
        "DescribeDBSnapshots": "rds:DescribeDBSnapshots",
        "DescribeDBSnapshotAttributes": "rds:DescribeDBSnapshotAttributes",
        "DescribeDBClusterSnapshots": "rds:DescribeDBClusterSnapshots",
        "DescribeDBClusterSnapshotAttributes": "rds:DescribeDBClusterSnapshotAttributes",
    },
)
