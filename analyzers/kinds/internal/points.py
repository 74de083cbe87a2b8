"""Access points of a bucket: its policy and the bucket's must both let a request through.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.reasoning.assumptions import BECAUSE

from .people import People
from .target import Target
from .weigh import Way

BOTH_MUST_ALLOW = BECAUSE["GRANT_ON_ACCESS_POINT"]


@dataclass(frozen=True, slots=True)
class Through:
    """`bucket`: what lies behind the point, for requests that come through it. `condition`: what every such request
    needs (the network, if the point is open to one only)."""

    bucket: Target
    source: Mapping[str, Any]
    condition: dict[str, str] = field(default_factory=dict)

    def way(self, way: Way) -> Way:
        """The example names objects as an access point does."""
        if way.rest and not way.rest.startswith("/object/"):
            return replace(way, rest=f"/object{way.rest}")
        return way


def access_points(subject: Subject, people: People, errors: list[str]) -> Iterator[tuple[Through, Target]]:
    """Each access point as a resource of its own. Those of which nothing can be said are added to `errors`."""
    if subject.type != "AWS::S3::Bucket":
        return
    texts = {document.name: document for document in subject.documents if document.channel != "POLICY"}
    for point in subject.configuration.get("access_points") or ():
        arn = str(point.get("arn") or "")
        account = str(point.get("account") or subject.account)
        if not arn:
            errors.append("An access point has no ARN.")
            continue
        document = texts.get(arn)
        own = point.get("public_access_block")
        blocks = [subject.configuration.get("public_access_block") or {}, own or {}]
        flags = {name: True for block in blocks for name, on in block.items() if on}
        alike = Subject(
            arn,
            subject.type,
            account,
            (ChannelDocument("POLICY", "", document.text),) if document else (),
            {"public_access_block": flags},
            subject.account_public_access_block,
        )
        known = {"s3:dataaccesspointarn": arn, "s3:dataaccesspointaccount": account}
        target = Target(alike, people, separator="/object/", known=known)
        errors += [f"Access point {arn}: {error}" for error in target.errors]
        bucket = Target(subject, people, known=known)
        source = {"type": "S3_ACCESS_POINT", "detail": {"accessPointArn": arn, "accessPointAccount": account}}
        network = {"aws:SourceVpc": str(point.get("vpc_id"))} if point.get("network_origin") == "VPC" else {}
        yield Through(bucket, source, network), target
