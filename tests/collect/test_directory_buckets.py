"""Access points of directory buckets, which moto does not know."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber

from analyzers.collect.place import Place
from analyzers.collect.services.s3_directory import SERVICE

ACCOUNT, BUCKET = "111122223333", "b--euc1-az1--x-s3"
POINT = f"arn:aws:s3express:eu-central-1:{ACCOUNT}:accesspoint/p--euc1-az1--xa-s3"


def stubbed(name: str) -> tuple[Any, Stubber]:
    client = boto3.client(name, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client, Stubber(client)


def test_access_points_come_with_their_bucket() -> None:
    s3, buckets = stubbed("s3")
    control, points = stubbed("s3control")
    buckets.add_response("list_directory_buckets", {"Buckets": [{"Name": BUCKET}]})
    buckets.add_client_error("get_bucket_policy", "NoSuchBucketPolicy")
    named = {"AccountId": ACCOUNT, "Name": "p--euc1-az1--xa-s3"}
    points.add_response(
        "list_access_points_for_directory_buckets",
        {
            "AccessPointList": [
                {"Name": named["Name"], "NetworkOrigin": "Internet", "Bucket": BUCKET, "AccessPointArn": POINT}
            ]
        },
        {"AccountId": ACCOUNT, "DirectoryBucket": BUCKET},
    )
    points.add_response("get_access_point", {"Name": named["Name"], "Bucket": BUCKET}, named)
    points.add_response("get_access_point_policy", {"Policy": '{"Statement": []}'}, named)
    clients = {"s3": s3, "s3control": control}
    place = Place(ACCOUNT, "eu-central-1", "aws", SERVICE.calls, lambda service, region: clients[service])
    with buckets, points:
        ((section, found),) = list(SERVICE.read(place))
    assert (section, found.get("error")) == ("resources", None)
    (point,) = found["access_points"]
    assert (point["arn"], point["policy"], point["network_origin"]) == (POINT, '{"Statement": []}', "Internet")
