"""Table buckets and tables. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3_Tables.html"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment

BUCKET = "AWS::S3Tables::TableBucket"
TABLE = "AWS::S3Tables::Table"
_NONE = ("NotFoundException",)


def read(place: Place) -> Iterator[Part]:
    client = place.client("s3tables")
    for bucket in place.pages(client, "list_table_buckets", "tableBuckets"):
        arn = bucket["arn"]
        answer = place.ask(arn, client, "get_table_bucket_policy", absent=_NONE, tableBucketARN=arn)
        created = moment(bucket.get("createdAt"))
        text = (answer or {}).get("resourcePolicy")
        yield place.resource(arn, BUCKET, name=bucket["name"], created_at=created, policy=text)
        for table in place.all(arn, client, "list_tables", "tables", tableBucketARN=arn):
            about = table["tableARN"]
            space = table["namespace"][0] if table.get("namespace") else ""
            asked = {"tableBucketARN": arn, "namespace": space, "name": table["name"]}
            answer = place.ask(about, client, "get_table_policy", absent=_NONE, **asked)
            created = moment(table.get("createdAt"))
            text = (answer or {}).get("resourcePolicy")
            yield place.resource(about, TABLE, name=f"{space}.{table['name']}", created_at=created, policy=text)


SERVICE = Service(
    name="s3tables",
    read=read,
    types=(BUCKET, TABLE),
    calls={
        "ListTableBuckets": "s3tables:ListTableBuckets",
        "GetTableBucketPolicy": "s3tables:GetTableBucketPolicy",
        "ListTables": "s3tables:ListTables",
        "GetTablePolicy": "s3tables:GetTablePolicy",
    },
)
