"""Topics. https://docs.aws.amazon.com/sns/latest/api/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Listing, Part, Place, Service, tags

TOPIC = "AWS::SNS::Topic"


_GONE = ("NotFound", "NotFoundException")


def _items(place: Place, wanted: str) -> Iterator[str]:
    client = place.client("sns")
    if wanted:
        place.call(client, "get_topic_attributes", TopicArn=wanted)
        yield wanted
    else:
        for topic in place.pages(client, "list_topics", "Topics"):
            yield topic["TopicArn"]


def _describe(place: Place, arn: str) -> Iterator[Part]:
    client = place.client("sns")
    answer = place.ask(arn, client, "get_topic_attributes", absent=_GONE, TopicArn=arn)
    gone = ("ResourceNotFound", "ResourceNotFoundException")
    listed = place.ask(arn, client, "list_tags_for_resource", absent=gone, ResourceArn=arn)
    attributes = (answer or {}).get("Attributes") or {}
    yield place.resource(
        arn,
        TOPIC,
        tags=tags((listed or {}).get("Tags")),
        policy=attributes.get("Policy") or None,
        encryption_key=attributes.get("KmsMasterKeyId"),
    )


_TOPICS = Listing(_items, lambda _, arn: arn, _describe, gone=_GONE)
SERVICE = Service(
    name="sns",
    read=_TOPICS.read,
    read_one=_TOPICS.read_one,
    types=(TOPIC,),
    calls={
        "ListTopics": "sns:ListTopics",
        "GetTopicAttributes": "sns:GetTopicAttributes",
        "ListTagsForResource": "sns:ListTagsForResource",
    },
)
