"""Quotas of policy sizes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

from collections.abc import Iterator

from .document import TRUST, Document
from .rule import Found, Rule, found
from .values import FindingType

IDENTITY = 10_240
"""The largest of IAM's quotas (inline policies of roles); managed policies have 6,144. White space does not count."""
TRUST_POLICY = 2_048
SCP = 10_240
RCP = 5_120
RESOURCE = {
    "AWS::S3::Bucket": 20_480,
    "AWS::S3::AccessPoint": 20_480,
    "AWS::S3::MultiRegionAccessPoint": 20_480,
    "AWS::S3ObjectLambda::AccessPoint": 20_480,
    "AWS::DynamoDB::Table": 20_480,
}
LARGEST_RESOURCE = 102_400
"""The largest quota of any service (domains of OpenSearch), where it is not said what the policy is attached to."""


def _without_space(text: str) -> int:
    return len("".join(text.split()))


def _over(size: int, quota: int, what: str) -> Iterator[Found]:
    if size > quota:
        yield found(f"{what} has {size:,} characters; {quota:,} are allowed. Split it into several policies.", ())


def identity(document: Document) -> Iterator[Found]:
    if document.is_identity:
        yield from _over(_without_space(document.text), IDENTITY, "Without white space the policy")


def resource(document: Document) -> Iterator[Found]:
    if document.is_resource and document.resource_type != TRUST and not document.is_trust:
        quota = RESOURCE.get(document.resource_type, LARGEST_RESOURCE)
        size = len(document.text.encode(errors="replace"))
        if size > quota:
            yield found(
                f"The policy has {size:,} bytes; {quota:,} are allowed. Say the same with fewer statements.", ()
            )


def trust(document: Document) -> Iterator[Found]:
    if document.is_trust:
        size = _without_space(document.text)
        if size > TRUST_POLICY:
            yield found(
                f"Without white space the trust policy has {size:,} characters; {TRUST_POLICY:,} are allowed unless "
                "AWS has raised your quota. Shorten it, or ask for a higher quota.",
                (),
            )


def scp(document: Document) -> Iterator[Found]:
    if document.is_scp:
        yield from _over(len(document.text), SCP, "The service control policy")


def rcp(document: Document) -> Iterator[Found]:
    if document.is_rcp:
        yield from _over(len(document.text), RCP, "The resource control policy")


RULES = (
    Rule(
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        FindingType.WARNING,
        identity,
        "whether the policy becomes a managed one, whose quota is 6,144, is not known",
    ),
    Rule(
        "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        FindingType.WARNING,
        resource,
        "without a resource type only above 102,400 bytes, which no service takes",
    ),
    Rule("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", FindingType.WARNING, trust),
    Rule("POLICY_SIZE_EXCEEDS_SCP_QUOTA", FindingType.ERROR, scp),
    Rule("POLICY_SIZE_EXCEEDS_RCP_QUOTA", FindingType.ERROR, rcp),
)
