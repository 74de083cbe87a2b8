"""File systems. https://docs.aws.amazon.com/efs/latest/ug/api-reference.html"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

FILE_SYSTEM = "AWS::EFS::FileSystem"


def read(place: Place) -> Iterator[Part]:
    client = place.client("efs")
    for system in place.pages(client, "describe_file_systems", "FileSystems"):
        number = system["FileSystemId"]
        arn = (
            system.get("FileSystemArn")
            or f"arn:{place.partition}:elasticfilesystem:{place.region}:{place.account}:file-system/{number}"
        )
        gone = ("PolicyNotFound", "FileSystemNotFound")
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


SERVICE = Service(
    name="efs",
    read=read,
    types=(FILE_SYSTEM,),
    calls={
        "DescribeFileSystems": "elasticfilesystem:DescribeFileSystems",
        "DescribeFileSystemPolicy": "elasticfilesystem:DescribeFileSystemPolicy",
    },
)
