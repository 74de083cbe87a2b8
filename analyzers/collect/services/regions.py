"""The regions that an account uses. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service


def read(place: Place) -> Iterator[Part]:
    client = place.client("ec2")
    for region in place.call(client, "describe_regions")["Regions"]:
        yield "regions", {"name": region["RegionName"]}


SERVICE = Service(name="regions", everywhere=False, read=read, calls={"DescribeRegions": "ec2:DescribeRegions"})
