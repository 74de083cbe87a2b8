"""Values of conditions: whether they are what the operator and the key read.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from analyzers.policy import values
from analyzers.policy.errors import quote
from analyzers.policy.operators import Family

from . import partitions
from .condition_keys import lines
from .document import Document, Line, Text
from .knowledge import is_wild, nearest
from .rule import Found, Rule, found
from .values import FindingType

_EPOCH = re.compile(r"\s*[+-]?\d{5,}(\.\d*)?\s*\Z", re.ASCII)
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9*?-]+(\.[a-z0-9*?-]+)*\.amazonaws\.com(\.cn)?\Z")
_VIA_SERVICE = re.compile(r"[a-z0-9*?-]+\.[a-z0-9*?-]+\.amazonaws\.com(\.cn)?\Z")
_KMS_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+\Z")
_SERVICE_KEYS = frozenset(
    {
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "iam:passedtoservice",
        "iam:awsservicename",
    }
)
_REGION_KEYS = frozenset({"aws:requestedregion", "ec2:region"})
_KMS_KEYS = frozenset({"s3:x-amz-server-side-encryption-aws-kms-key-id"})


def is_variable(text: str) -> bool:
    return "${" in text


def of_family(family: Family, reads: Callable[[str], object], advice: str, document: Document) -> Iterator[Found]:
    """Values that an operator of the family cannot read."""
    for line in lines(document):
        if line.family is family:
            for value in line.values:
                if not is_variable(value.value) and reads(value.value) is None:
                    yield found(f"{line.name} cannot read {quote(value.value)}. {advice}", value.path)


def type_mismatch_boolean(document: Document) -> Iterator[Found]:
    yield from of_family(Family.BOOL, values.boolean, "Write true or false.", document)
    yield from of_family(Family.NULL, values.boolean, "Write true or false.", document)


def invalid_date_value(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.family is Family.DATE and line.lower != "aws:epochtime":
            for value in line.values:
                if _EPOCH.match(value.value):
                    yield found(
                        f"{quote(value.value)} is read as seconds since 1970, which is easily off. Write a date such "
                        "as 2026-01-31 or 2026-01-31T12:00:00Z.",
                        value.path,
                    )


def _literal(document: Document, keys: frozenset[str]) -> Iterator[tuple[Line, Text]]:
    """The values of these keys that are no patterns and hold no variable."""
    for line in lines(document):
        if line.lower in keys and line.family is Family.STRING:
            for value in line.values:
                if not is_variable(value.value) and not (line.rule and line.rule.glob and is_wild(value.value)):
                    yield line, value


def invalid_region(document: Document) -> Iterator[Found]:
    for _, value in _literal(document, _REGION_KEYS):
        if value.value not in partitions.ALL and not is_wild(value.value):
            near = nearest(value.value, partitions.ALL)
            advice = f"Did you mean {near}?" if near else "Correct it."
            yield found(f"There is no region {quote(value.value)}. {advice}", value.path)


def invalid_vpc_format(document: Document) -> Iterator[Found]:
    yield from _identifiers(document, "aws:sourcevpc", "vpc-", "a VPC")


def invalid_vpce_format(document: Document) -> Iterator[Found]:
    yield from _identifiers(document, "aws:sourcevpce", "vpce-", "a VPC endpoint")


def _identifiers(document: Document, name: str, prefix: str, what: str) -> Iterator[Found]:
    form = re.compile(rf"{prefix}([0-9A-Za-z]{{8}}|[0-9A-Za-z]{{17}})\Z", re.ASCII)
    for _, value in _literal(document, frozenset({name})):
        if not form.match(value.value) and not is_wild(value.value):
            yield found(
                f"{quote(value.value)} is no id of {what}. Write {prefix} and 8 or 17 letters and digits.", value.path
            )


def invalid_service_principal_format(document: Document) -> Iterator[Found]:
    for line in lines(document):
        via = line.lower == "kms:viaservice"
        if not (via or line.lower in _SERVICE_KEYS) or line.family is not Family.STRING:
            continue
        form = _VIA_SERVICE if via else _SERVICE_PRINCIPAL
        expected = "service.region.amazonaws.com" if via else "service.amazonaws.com"
        for value in line.values:
            if is_variable(value.value) or form.match(value.value) or _may_end_so(line, value.value):
                continue
            yield found(
                f"{quote(value.value)} is not how {line.key} names a service. Write {expected}, in small letters.",
                value.path,
            )


def _may_end_so(line: Line, value: str) -> bool:
    return bool(line.rule and line.rule.glob and value.endswith("*"))


def invalid_kms_key_value(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.lower in _KMS_KEYS and line.compares:
            for value in line.values:
                wild = line.rule is not None and line.rule.glob and is_wild(value.value)
                if not wild and not is_variable(value.value) and not _KMS_KEY.match(value.value):
                    yield found(
                        f"{quote(value.value)} is no ARN of a key. Write arn:aws:kms:region:account:key/key-id; "
                        "aliases do not count.",
                        value.path,
                    )


def _of(family: Family, reads: Callable[[str], object], advice: str) -> Callable[[Document], Iterator[Found]]:
    return partial(of_family, family, reads, advice)


RULES = (
    Rule("TYPE_MISMATCH_BOOLEAN", FindingType.WARNING, type_mismatch_boolean),
    Rule(
        "TYPE_MISMATCH_DATE",
        FindingType.WARNING,
        _of(Family.DATE, values.instant, "Write a date such as 2026-01-31 or 2026-01-31T12:00:00Z."),
    ),
    Rule("TYPE_MISMATCH_NUMBER", FindingType.WARNING, _of(Family.NUMERIC, values.number, "Write a number.")),
    Rule(
        "TYPE_MISMATCH_IP_RANGE",
        FindingType.ERROR,
        _of(Family.IP, values.network, "Write a block of addresses such as 203.0.113.0/24."),
    ),
    Rule("TYPE_MISMATCH_STRING", FindingType.WARNING, _of(Family.BINARY, values.binary, "Write base-64 text.")),
    Rule("INVALID_DATE_VALUE", FindingType.WARNING, invalid_date_value),
    Rule("INVALID_REGION", FindingType.ERROR, invalid_region, "of aws:RequestedRegion and ec2:Region"),
    Rule("INVALID_VPC_FORMAT", FindingType.ERROR, invalid_vpc_format),
    Rule("INVALID_VPCE_FORMAT", FindingType.ERROR, invalid_vpce_format),
    Rule(
        "INVALID_SERVICE_PRINCIPAL_FORMAT",
        FindingType.ERROR,
        invalid_service_principal_format,
        "the form, not whether there is such a service principal: there is no list of them",
    ),
    Rule(
        "INVALID_KMS_KEY_VALUE",
        FindingType.ERROR,
        invalid_kms_key_value,
        "of s3:x-amz-server-side-encryption-aws-kms-key-id; for which other keys AWS asks is not documented",
    ),
)
