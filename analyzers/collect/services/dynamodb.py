"""Tables and their streams. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

TABLE = "AWS::DynamoDB::Table"
STREAM = "AWS::DynamoDB::Stream"
_NONE = ("PolicyNotFoundException", "ResourceNotFoundException")


def _items(place: Place, wanted: str) -> Iterator[str]:
    client = place.client("dynamodb")
    if not wanted:
        yield from place.pages(client, "list_tables", "TableNames")
        return
    name = wanted.rsplit("/", 1)[-1]
    place.call(client, "describe_table", TableName=name)
    yield name


def _arn(place: Place, name: str) -> str:
    return f"arn:{place.partition}:dynamodb:{place.region}:{place.account}:table/{name}"


def _describe(place: Place, name: str) -> Iterator[Part]:
    arn, client = _arn(place, name), place.client("dynamodb")
    answer = place.ask(arn, client, "describe_table", absent=("ResourceNotFoundException",), TableName=name)
    if place.error(arn):
        place.kept.add(STREAM)
    table = (answer or {}).get("Table") or {}
    policy = place.ask(arn, client, "get_resource_policy", absent=_NONE, ResourceArn=arn)
    listed = place.all(arn, client, "list_tags_of_resource", "Tags", ResourceArn=arn)
    yield place.resource(
        arn,
        TABLE,
        name=name,
        created_at=moment(table.get("CreationDateTime")),
        tags=tags(listed),
        policy=(policy or {}).get("Policy"),
        encryption_key=(table.get("SSEDescription") or {}).get("KMSMasterKeyArn"),
    )
    stream = table.get("LatestStreamArn")
    if stream:
        policy = place.ask(stream, client, "get_resource_policy", absent=_NONE, ResourceArn=stream)
        yield place.resource(stream, STREAM, name=f"{name}/stream", policy=(policy or {}).get("Policy"))


_TABLES = Listing(_items, _arn, _describe, gone=("ResourceNotFoundException",))
SERVICE = Service(
    name="dynamodb",
    read=_TABLES.read,
    read_one=_TABLES.read_one,
    beneath=("/stream/",),
    types=(TABLE, STREAM),
    calls={
        "ListTables": "dynamodb:ListTables",
        "DescribeTable": "dynamodb:DescribeTable",
        "GetResourcePolicy": "dynamodb:GetResourcePolicy",
        "ListTagsOfResource": "dynamodb:ListTagsOfResource",
    },
)
