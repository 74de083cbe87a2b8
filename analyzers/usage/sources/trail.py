"""What a trail records, as CloudTrail tells: only then does the absence of an event in its files say something.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.collect.access import Access
from analyzers.collect.place import told

CALLS = ("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus")

_ALL_OF: Mapping[str, frozenset[str]] = {
    "dynamodb": frozenset({"AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"}),
    "lambda": frozenset({"AWS::Lambda::Function"}),
    "s3": frozenset({"AWS::S3::Object", "AWS::S3::AccessPoint"}),
}
"""The resource types whose data events are all that a service has; a service that is not here is never sure."""


@dataclass(frozen=True)
class Facts:
    """`all_regions`: management events of all regions are recorded, reading and writing, without exception.
    `words`: for the page. `since`: from when on, as far as CloudTrail knows."""

    all_regions: bool
    words: str
    organization: bool = False
    account: str = ""
    since: date | None = None
    data_events: frozenset[str] = frozenset()


def facts(access: Access, bucket: str, prefix: str) -> Facts:
    """About the trail that writes to this place, asked with the caller's own credentials."""
    client = access.client(access.caller().account, "cloudtrail", access.region)
    try:
        trails = client.describe_trails(includeShadowTrails=True)["trailList"]
        mine = [one for one in trails if one.get("S3BucketName") == bucket and _prefix(one) == prefix]
        if not mine:
            return _unsure("the account that collects has no trail that writes there")
        return _best([_of(client, one) for one in mine])
    except (ClientError, BotoCoreError) as error:
        problem = told(error, "CloudTrail", "")
        return _unsure(f"CloudTrail did not say ({problem.code}); it needs {', '.join(CALLS)}")


def _prefix(one: Mapping[str, Any]) -> str:
    given = str(one.get("S3KeyPrefix") or "")
    return given.rstrip("/") + "/" if given else ""


def _best(found: list[Facts]) -> Facts:
    """Two trails may write to one place; one that records everything is enough."""
    return max(found, key=lambda one: (one.all_regions, one.organization))


def _unsure(why: str) -> Facts:
    return Facts(False, f"Whether the trail records all regions is not known: {why}. So nothing is taken for unused.")


def _of(client: Any, one: Mapping[str, Any]) -> Facts:
    arn = str(one["TrailARN"])
    if not one.get("IsMultiRegionTrail"):
        return _unsure("it is a trail of one region")
    status = client.get_trail_status(Name=arn)
    if not status.get("IsLogging"):
        return _unsure("the trail is switched off")
    answer = client.get_event_selectors(TrailName=arn)
    classic, advanced = answer.get("EventSelectors") or [], answer.get("AdvancedEventSelectors") or []
    if not (any(map(_all_management, classic)) or any(map(_all_management_advanced, advanced))):
        return _unsure("it leaves out some management events")
    begun = status.get("StartLoggingTime")
    types = {name for selector in advanced if (name := _all_data(selector))}
    data = frozenset(prefix for prefix, needed in _ALL_OF.items() if needed <= types)
    words = f"Trail {arn.rsplit('/', 1)[-1]} records all regions" + (
        f", and the data events of {', '.join(sorted(data))}." if data else ", and no data events in full."
    )
    return Facts(
        True,
        words,
        organization=bool(one.get("IsOrganizationTrail")),
        account=arn.split(":")[4],
        since=begun.date() + timedelta(days=1) if begun is not None else None,
        data_events=data,
    )


def _all_management(selector: Mapping[str, Any]) -> bool:
    return bool(
        selector.get("IncludeManagementEvents")
        and selector.get("ReadWriteType") == "All"
        and not selector.get("ExcludeManagementEventSources")
    )


def _fields(selector: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("Field")): one for one in selector.get("FieldSelectors") or ()}


def _equals(field: Mapping[str, Any]) -> list[str]:
    """Empty if anything but `Equals` is asked."""
    other = {name for name, value in field.items() if value and name not in {"Field", "Equals"}}
    return [] if other else list(field.get("Equals") or ())


def _all_management_advanced(selector: Mapping[str, Any]) -> bool:
    fields = _fields(selector)
    return set(fields) == {"eventCategory"} and _equals(fields["eventCategory"]) == ["Management"]


def _all_data(selector: Mapping[str, Any]) -> str:
    """The resource type whose data events are all recorded; empty if it is a part of them."""
    fields = _fields(selector)
    if set(fields) != {"eventCategory", "resources.type"} or _equals(fields["eventCategory"]) != ["Data"]:
        return ""
    types = _equals(fields["resources.type"])
    return types[0] if len(types) == 1 else ""
