"""Queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, tags

QUEUE = "AWS::SQS::Queue"


def read(place: Place) -> Iterator[Part]:
    client = place.client("sqs")
    for url in place.pages(client, "list_queues", "QueueUrls"):
        name = url.rsplit("/", 1)[-1]
        arn = f"arn:{place.partition}:sqs:{place.region}:{place.account}:{name}"
        gone = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
        answer = place.ask(arn, client, "get_queue_attributes", absent=gone, QueueUrl=url, AttributeNames=["All"])
        listed = place.ask(arn, client, "list_queue_tags", absent=gone, QueueUrl=url)
        attributes = (answer or {}).get("Attributes") or {}
        yield place.resource(
            arn,
            QUEUE,
            name=name,
            tags=tags((listed or {}).get("Tags")),
            policy=attributes.get("Policy") or None,
            encryption_key=attributes.get("KmsMasterKeyId"),
        )


SERVICE = Service(
    name="sqs",
    read=read,
    types=(QUEUE,),
    calls={
        "ListQueues": "sqs:ListQueues",
        "GetQueueAttributes": "sqs:GetQueueAttributes",
        "ListQueueTags": "sqs:ListQueueTags",
    },
)
