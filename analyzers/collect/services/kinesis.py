"""Data streams and their consumers. https://docs.aws.amazon.com/kinesis/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment

STREAM = "AWS::Kinesis::Stream"
CONSUMER = "AWS::Kinesis::StreamConsumer"
_NONE = ("ResourceNotFoundException",)


def read(place: Place) -> Iterator[Part]:
    client = place.client("kinesis")
    for name in place.pages(client, "list_streams", "StreamNames"):
        arn = f"arn:{place.partition}:kinesis:{place.region}:{place.account}:stream/{name}"
        policy = place.ask(arn, client, "get_resource_policy", absent=_NONE, ResourceARN=arn)
        yield place.resource(arn, STREAM, name=name, policy=(policy or {}).get("Policy") or None)
        for consumer in place.all(arn, client, "list_stream_consumers", "Consumers", StreamARN=arn):
            about = consumer["ConsumerARN"]
            policy = place.ask(about, client, "get_resource_policy", absent=_NONE, ResourceARN=about)
            created = moment(consumer.get("ConsumerCreationTimestamp"))
            text = (policy or {}).get("Policy") or None
            yield place.resource(about, CONSUMER, name=consumer["ConsumerName"], created_at=created, policy=text)


SERVICE = Service(
    name="kinesis",
    read=read,
    types=(STREAM, CONSUMER),
    calls={
        "ListStreams": "kinesis:ListStreams",
        "GetResourcePolicy": "kinesis:GetResourcePolicy",
        "ListStreamConsumers": "kinesis:ListStreamConsumers",
    },
)
