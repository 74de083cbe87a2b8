"""Queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Listing, Part, Place, Service, tags

QUEUE = "AWS::SQS::Queue"


MOST = 1000
"""Without a size of the page, SQS gives this many queues and no sign that there are more."""


def _items(place: Place, wanted: str) -> Iterator[str]:
    client = place.client("sqs")
    chosen = {"QueueNamePrefix": wanted.rsplit(":", 1)[-1]} if wanted else {}
    yield from place.pages(client, "list_queues", "QueueUrls", size=MOST, **chosen)


def _arn(place: Place, url: str) -> str:
    return f"arn:{place.partition}:sqs:{place.region}:{place.account}:{url.rsplit('/', 1)[-1]}"


def _describe(place: Place, url: str) -> Iterator[Part]:
    arn, client = _arn(place, url), place.client("sqs")
    gone = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    answer = place.ask(arn, client, "get_queue_attributes", absent=gone, QueueUrl=url, AttributeNames=["All"])
    listed = place.ask(arn, client, "list_queue_tags", absent=gone, QueueUrl=url)
    attributes = (answer or {}).get("Attributes") or {}
    yield place.resource(
        arn,
        QUEUE,
        name=arn.rsplit(":", 1)[-1],
        tags=tags((listed or {}).get("Tags")),
        policy=attributes.get("Policy") or None,
        encryption_key=attributes.get("KmsMasterKeyId"),
    )


_QUEUES = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="sqs",
    read=_QUEUES.read,
    read_one=_QUEUES.read_one,
    types=(QUEUE,),
    calls={
        "ListQueues": "sqs:ListQueues",
        "GetQueueAttributes": "sqs:GetQueueAttributes",
        "ListQueueTags": "sqs:ListQueueTags",
    },
)
