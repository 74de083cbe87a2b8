"""Resource and NotResource: ARNs against the formats of the catalogue.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from analyzers.policy import arn
from analyzers.policy.errors import quote
from analyzers.policy.model import Path

from .coverage import meet
from .document import Document
from .knowledge import Template, is_service, is_wild, nearest_service, templates, templates_anywhere
from .partitions import ALL, REGIONS, regions_of
from .rule import Found, Place, Rule, found, part
from .values import FindingType

FORM = "arn:partition:service:region:account:resource"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_ARN_LENGTH = 2048
AWS_OWN = "aws"
"""In place of the account, in ARNs of what AWS itself provides; the catalogue has not all of them."""
_OF_AWS = re.compile(r"[^/:]*[/:]/?(aws|amazon)", re.IGNORECASE)


class Fault(NamedTuple):
    """What is wrong with an ARN; `field` (0 to 5) is the piece that is, -1 all of it."""

    code: str
    message: str
    field: int = -1


def _of(code: str, document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for resource in statement.texts("Resource") + statement.texts("NotResource"):
            for fault in faults(resource.value):
                if fault.code == code:
                    yield found(fault.message, _place(resource.path, resource.value, fault.field))


def _place(path: Path, value: str, field: int) -> Place | Path:
    if field < 0:
        return path
    pieces = value.split(":", 5)
    return part(path, sum(len(piece) + 1 for piece in pieces[:field]), len(pieces[field]))


@lru_cache(maxsize=16384)
def faults(value: str) -> tuple[Fault, ...]:
    """What is wrong with one resource of a policy."""
    if not value.strip("*") and value:
        return ()
    if len(value) > _ARN_LENGTH:
        return (Fault("INVALID_ARN_RESOURCE", f"The ARN has {len(value):,} characters; none has {_ARN_LENGTH:,}."),)
    plain = _VARIABLE.sub("*", value)
    if not plain.startswith("arn:"):
        return (Fault("INVALID_ARN_PREFIX", f'{quote(value)} is no ARN. Write {FORM}, or "*" for all.'),)
    fields = plain.split(":", 5)
    if len(fields) < 6:
        if fields[-1].endswith("*"):
            return ()  # the wildcard stands for the rest
        message = f"{quote(value)} has {len(fields)} of the six fields of an ARN. Write {FORM}."
        return (Fault("MISSING_ARN_FIELD", message),)
    return tuple(_field_faults(fields[1], fields[2], fields[3], fields[4], fields[5]))


def _field_faults(partition: str, service: str, region: str, account: str, resource: str) -> Iterator[Fault]:
    if not is_wild(partition) and partition not in REGIONS:
        known = ", ".join(sorted(REGIONS))
        yield Fault("INVALID_PARTITION", f"There is no partition {quote(partition)}. Use one of {known}.", 1)
    if is_wild(service):
        return
    if service != service.lower():
        yield Fault("INVALID_ARN_SERVICE_CASE", f"Write the service in small letters: {service.lower()}.", 2)
        service = service.lower()
    formats = templates(service)
    if not any(meet(resource, one.resource) for one in formats):
        formats = templates_anywhere().get(service, ())
    if not formats and not is_service(service):
        near = nearest_service(service)
        advice = f"Did you mean {near}?" if near else "Correct it."
        yield Fault("INVALID_SERVICE", f"There is no service {quote(service)}. {advice}", 2)
    yield from _region_faults(partition, region)
    if not _is_account(account, formats):
        message = f"{quote(account)} is no account. Write its 12 digits, or * for all accounts."
        yield Fault("INVALID_ARN_ACCOUNT", message, 4)
        return
    if formats:
        yield from _format_faults(service, region, account, resource, formats)


def _is_account(account: str, formats: tuple[Template, ...]) -> bool:
    if not account or is_wild(account) or account == AWS_OWN or arn.is_account(account):
        return True
    return any(one.account == account for one in formats)


def _region_faults(partition: str, region: str) -> Iterator[Fault]:
    if not region:
        return
    if not _is_region(region, regions_of(partition)):
        elsewhere = f" in the partition {partition}" if not is_wild(region) and region in ALL else ""
        yield Fault("INVALID_ARN_REGION", f"There is no region {quote(region)}{elsewhere}. Correct it, or write *.", 3)


def _is_region(region: str, known: frozenset[str]) -> bool:
    if is_wild(region):
        return not region.strip("*") or any(meet(region, one) for one in known)
    return region in known


def _format_faults(
    service: str, region: str, account: str, resource: str, formats: tuple[Template, ...]
) -> Iterator[Fault]:
    fitting = [one for one in formats if meet(resource, one.resource)]
    if not fitting and (account == AWS_OWN or _is_web_path(resource, formats)):
        return
    if not fitting:
        shapes = ", ".join(quote(one.resource) for one in formats[:3])
        yield Fault(
            "INVALID_ARN_RESOURCE",
            f"No resource of {service} is called {quote(resource)}. Its ARNs end in {shapes}.",
            5,
        )
        return
    best = min(fitting, key=lambda one: _misfit(region, one.region) + _misfit(account, one.account))
    if _misfit(region, best.region):
        if region:
            yield Fault("ARN_REGION_NOT_ALLOWED", f"ARNs of {service} have no region here. Leave it empty.", 3)
        else:
            yield Fault("MISSING_ARN_REGION", "The ARN needs a region. Write it, or * for all regions.", 3)
    if _misfit(account, best.account) and not (not account and _is_of_aws(resource)):
        if account:
            yield Fault("ARN_ACCOUNT_NOT_ALLOWED", f"ARNs of {service} have no account here. Leave it empty.", 4)
        else:
            yield Fault(
                "MISSING_ARN_ACCOUNT", "The ARN needs an account. Write its 12 digits, or * for all accounts.", 4
            )


def _is_of_aws(resource: str) -> bool:
    """What AWS provides to all accounts (`document/AWS-RunShellScript`) is in none."""
    return bool(_OF_AWS.match(resource))


def _is_web_path(resource: str, formats: tuple[Template, ...]) -> bool:
    """A service that names its resources by web addresses has more of them than the catalogue lists."""
    return resource.startswith("/") and any(one.resource.startswith("/") for one in formats)


def _misfit(written: str, wanted: str) -> int:
    """Whether a field cannot be what the format has there. `*` may be nothing too."""
    if not wanted:
        return int(bool(written.strip("*")))
    if not written:
        return 1
    return int(not meet(written, wanted))


def _rule(code: str, undecided: str = "") -> Rule:
    return Rule(code, FindingType.ERROR, partial(_of, code), undecided)


RULES = (
    _rule("INVALID_ARN_PREFIX"),
    _rule("MISSING_ARN_FIELD"),
    _rule("INVALID_PARTITION", "which services exist in which partition is not in the catalogue"),
    _rule("INVALID_ARN_SERVICE_CASE"),
    _rule("INVALID_ARN_REGION", "which resource types exist in which region is not in the catalogue"),
    _rule("INVALID_ARN_ACCOUNT"),
    _rule("INVALID_ARN_RESOURCE", "not of services for which the catalogue has no resource types"),
    _rule("ARN_REGION_NOT_ALLOWED"),
    _rule("MISSING_ARN_REGION"),
    _rule("ARN_ACCOUNT_NOT_ALLOWED"),
    _rule("MISSING_ARN_ACCOUNT"),
)
