"""Table buckets and tables. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3_Tables.html"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment

BUCKET = "AWS::S3Tables::TableBucket"
TABLE = "AWS::S3Tables::Table"
_NONE = ("NotFoundException",)


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("s3tables"), "list_table_buckets", "tableBuckets")


def _arn(place: Place, bucket: Any) -> str:
    return str(bucket["arn"])


def _describe(place: Place, bucket: Any) -> Iterator[Part]:
    arn, client = _arn(place, bucket), place.client("s3tables")
    answer = place.ask(arn, client, "get_table_bucket_policy", absent=_NONE, tableBucketARN=arn)
    created = moment(bucket.get("createdAt"))
    text = (answer or {}).get("resourcePolicy")
    tables = place.listed((TABLE,), arn, client, "list_tables", "tables", tableBucketARN=arn)
    yield place.resource(arn, BUCKET, name=bucket["name"], created_at=created, policy=text)
    for table in tables:
        about = table["tableARN"]
        space = table["namespace"][0] if table.get("namespace") else ""
        asked = {"tableBucketARN": arn, "namespace": space, "name": table["name"]}
        answer = place.ask(about, client, "get_table_policy", absent=_NONE, **asked)
        created = moment(table.get("createdAt"))
        text = (answer or {}).get("resourcePolicy")
        yield place.resource(about, TABLE, name=f"{space}.{table['name']}", created_at=created, policy=text)


_BUCKETS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="s3tables",
    read=_BUCKETS.read,
    read_one=_BUCKETS.read_one,
    beneath=("/table/",),
    types=(BUCKET, TABLE),
    calls={
        "ListTableBuckets": "s3tables:ListTableBuckets",
        "GetTableBucketPolicy": "s3tables:GetTableBucketPolicy",
        "ListTables": "s3tables:ListTables",
        "GetTablePolicy": "s3tables:GetTablePolicy",
    },
)
