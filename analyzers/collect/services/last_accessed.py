"""IAM's reports of what each user and role used, a job for each of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, PaginationError

from analyzers.collect.place import MISSING, Part, Place, Service, moment, problem

LEFT_OUT = "/aws-service-role/"
"""Service-linked roles: nobody can take a right from them."""
AT_ONCE = 20
"""Jobs that are under way at the same time."""
PAUSE = 0.5
PATIENCE = 300.0
"""Seconds for one job."""


def read(place: Place) -> Iterator[Part]:
    client = place.client("iam")
    begun: deque[tuple[str, str, float]] = deque()
    for arn in _principals(place, client):
        job = _begin(place, client, arn)
        if job:
            begun.append((arn, job, time.monotonic()))
        elif error := place.error(arn):
            yield "last_accessed", {"principal": arn, "error": error}
        while len(begun) >= AT_ONCE:
            yield from _report(place, client, *begun.popleft())
    while begun:
        yield from _report(place, client, *begun.popleft())


def _principals(place: Place, client: Any) -> list[str]:
    users = [str(user["Arn"]) for user in place.pages(client, "list_users", "Users")]
    roles = place.pages(client, "list_roles", "Roles")
    return users + [str(role["Arn"]) for role in roles if not str(role.get("Path", "/")).startswith(LEFT_OUT)]


def _begin(place: Place, client: Any, arn: str) -> str:
    """The job's id; empty if it could not be begun. What the role may not do at all ends the reading: it would be
    refused for everybody."""
    asked = {"Arn": arn, "Granularity": "ACTION_LEVEL"}
    try:
        return str(place.call(client, "generate_service_last_accessed_details", **asked)["JobId"])
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in MISSING:
            raise
        if code != "NoSuchEntity":
            place.problems.append(problem(error, client, "generate_service_last_accessed_details", place.calls, arn))
        return ""


def _report(place: Place, client: Any, arn: str, job: str, began: float) -> Iterator[Part]:
    """The report, or why there is none: a failure concerns this principal, and the others go on."""
    try:
        found = _answer(place, client, job, began)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NoSuchEntity":
            return  # it was deleted meanwhile
        place.problems.append(problem(error, client, "get_service_last_accessed_details", place.calls, arn))
        yield "last_accessed", {"principal": arn, "error": place.error(arn)}
        return
    if isinstance(found, str):
        yield "last_accessed", {"principal": arn, "error": found}
        return
    yield "last_accessed", {"principal": arn, **found}


def _answer(place: Place, client: Any, job: str, began: float) -> dict[str, Any] | str:
    """The report; or in words why IAM gives none."""
    services: list[dict[str, Any]] = []
    asked: dict[str, str] = {"JobId": job}
    while True:
        page = place.call(client, "get_service_last_accessed_details", **asked)
        if page["JobStatus"] == "IN_PROGRESS":
            if time.monotonic() - began > PATIENCE:
                return f"IAM did not complete the report within {PATIENCE:.0f} seconds."
            time.sleep(PAUSE)
            continue
        if page["JobStatus"] == "FAILED":
            error = page.get("Error") or {}
            return f"IAM could not make the report: {error.get('Code', '')}: {error.get('Message', '')}"[:500]
        services += [_service(one) for one in page.get("ServicesLastAccessed") or ()]
        if not page.get("IsTruncated"):
            return {
                "asked_at": moment(page.get("JobCompletionDate") or page.get("JobCreationDate")),
                "by_action": page.get("JobType", "ACTION_LEVEL") == "ACTION_LEVEL",
                "services": services,
            }
        if asked.get("Marker") == page["Marker"]:
            raise PaginationError(message="GetServiceLastAccessedDetails gives the same page again")
        asked["Marker"] = page["Marker"]


def _service(one: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "service": one["ServiceNamespace"],
        "last_accessed": moment(one.get("LastAuthenticated")),
        "region": one.get("LastAuthenticatedRegion", ""),
    }
    actions = [
        {"action": action["ActionName"], "last_accessed": moment(action.get("LastAccessedTime"))}
        for action in one.get("TrackedActionsLastAccessed") or ()
    ]
    return {**found, "actions": actions} if actions else found


SERVICE = Service(
    name="last-accessed",
    everywhere=False,
    read=read,
    calls={
        "ListUsers": "iam:ListUsers",
        "ListRoles": "iam:ListRoles",
        "GenerateServiceLastAccessedDetails": "iam:GenerateServiceLastAccessedDetails",
        "GetServiceLastAccessedDetails": "iam:GetServiceLastAccessedDetails",
    },
)
