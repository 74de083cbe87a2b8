"""Data streams and their consumers. https://docs.aws.amazon.com/kinesis/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Listing, Part, Place, Service, moment

STREAM = "AWS::Kinesis::Stream"
CONSUMER = "AWS::Kinesis::StreamConsumer"
_NONE = ("ResourceNotFoundException",)


def _items(place: Place, wanted: str) -> Iterator[str]:
    return place.pages(place.client("kinesis"), "list_streams", "StreamNames")


def _arn(place: Place, name: str) -> str:
    return f"arn:{place.partition}:kinesis:{place.region}:{place.account}:stream/{name}"


def _describe(place: Place, name: str) -> Iterator[Part]:
    arn, client = _arn(place, name), place.client("kinesis")
    policy = place.ask(arn, client, "get_resource_policy", absent=_NONE, ResourceARN=arn)
    consumers = place.listed((CONSUMER,), arn, client, "list_stream_consumers", "Consumers", StreamARN=arn)
    yield place.resource(arn, STREAM, name=name, policy=(policy or {}).get("Policy") or None)
    for consumer in consumers:
        about = consumer["ConsumerARN"]
        policy = place.ask(about, client, "get_resource_policy", absent=_NONE, ResourceARN=about)
        created = moment(consumer.get("ConsumerCreationTimestamp"))
        text = (policy or {}).get("Policy") or None
        yield place.resource(about, CONSUMER, name=consumer["ConsumerName"], created_at=created, policy=text)


_STREAMS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="kinesis",
    read=_STREAMS.read,
    read_one=_STREAMS.read_one,
    beneath=("/consumer/",),
    types=(STREAM, CONSUMER),
    calls={
        "ListStreams": "kinesis:ListStreams",
        "GetResourcePolicy": "kinesis:GetResourcePolicy",
        "ListStreamConsumers": "kinesis:ListStreamConsumers",
    },
)
