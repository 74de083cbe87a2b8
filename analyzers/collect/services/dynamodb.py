"""Tables and their streams. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

TABLE = "AWS::DynamoDB::Table"
STREAM = "AWS::DynamoDB::Stream"
_NONE = ("PolicyNotFoundException", "ResourceNotFoundException")


def read(place: Place) -> Iterator[Part]:
    client = place.client("dynamodb")
    for name in place.pages(client, "list_tables", "TableNames"):
        arn = f"arn:{place.partition}:dynamodb:{place.region}:{place.account}:table/{name}"
        answer = place.ask(arn, client, "describe_table", absent=("ResourceNotFoundException",), TableName=name)
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


SERVICE = Service(
    name="dynamodb",
    read=read,
    types=(TABLE, STREAM),
    calls={
        "ListTables": "dynamodb:ListTables",
        "DescribeTable": "dynamodb:DescribeTable",
        "GetResourcePolicy": "dynamodb:GetResourcePolicy",
        "ListTagsOfResource": "dynamodb:ListTagsOfResource",
    },
)
