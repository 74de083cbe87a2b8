"""Topics. https://docs.aws.amazon.com/sns/latest/api/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, tags

TOPIC = "AWS::SNS::Topic"


def read(place: Place) -> Iterator[Part]:
    client = place.client("sns")
    for topic in place.pages(client, "list_topics", "Topics"):
        arn = topic["TopicArn"]
        answer = place.ask(arn, client, "get_topic_attributes", absent=("NotFound",), TopicArn=arn)
        listed = place.ask(arn, client, "list_tags_for_resource", absent=("ResourceNotFound",), ResourceArn=arn)
        attributes = (answer or {}).get("Attributes") or {}
        yield place.resource(
            arn,
            TOPIC,
            tags=tags((listed or {}).get("Tags")),
            policy=attributes.get("Policy") or None,
            encryption_key=attributes.get("KmsMasterKeyId"),
        )


SERVICE = Service(
    name="sns",
    read=read,
    types=(TOPIC,),
    calls={
        "ListTopics": "sns:ListTopics",
        "GetTopicAttributes": "sns:GetTopicAttributes",
        "ListTagsForResource": "sns:ListTagsForResource",
    },
)
