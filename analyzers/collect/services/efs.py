"""File systems. https://docs.aws.amazon.com/efs/latest/ug/api-reference.html"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

FILE_SYSTEM = "AWS::EFS::FileSystem"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    client = place.client("efs")
    chosen: dict[str, Any] = {"FileSystemId": wanted.rsplit("/", 1)[-1]} if wanted else {}
    yield from place.pages(client, "describe_file_systems", "FileSystems", **chosen)


def _arn(place: Place, system: Any) -> str:
    made = f"arn:{place.partition}:elasticfilesystem:{place.region}:{place.account}:file-system/"
    return str(system.get("FileSystemArn") or made + system["FileSystemId"])


def _describe(place: Place, system: Any) -> Iterator[Part]:
    arn, number = _arn(place, system), system["FileSystemId"]
    gone = ("PolicyNotFound", "FileSystemNotFound")
    client = place.client("efs")
    answer = place.ask(arn, client, "describe_file_system_policy", absent=gone, FileSystemId=number)
    yield place.resource(
        arn,
        FILE_SYSTEM,
        name=system.get("Name") or number,
        created_at=moment(system.get("CreationTime")),
        tags=tags(system.get("Tags")),
        policy=(answer or {}).get("Policy"),
        encryption_key=system.get("KmsKeyId"),
    )


_SYSTEMS = Listing(_items, _arn, _describe, gone=("FileSystemNotFound",))
SERVICE = Service(
    name="efs",
    read=_SYSTEMS.read,
    read_one=_SYSTEMS.read_one,
    types=(FILE_SYSTEM,),
    calls={
        "DescribeFileSystems": "elasticfilesystem:DescribeFileSystems",
        "DescribeFileSystemPolicy": "elasticfilesystem:DescribeFileSystemPolicy",
    },
)
