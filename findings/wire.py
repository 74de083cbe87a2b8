"""A finding in the shape of the Access Analyzer API. https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Finding.html"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from analyzers.models import ResourceType

from .filter_keys import UNUSED_TYPES
from .models import Finding, FindingType


def finding(row: Finding) -> dict[str, Any]:
    """`Finding` of the API, with the members of `InternalAccessDetails` for internal access; of unused access that of
    GetFindingV2, with all `findingDetails`. Members that do not apply are left out."""
    shape: dict[str, Any] = {
        "id": str(row.id),
        "resource": row.resource,
        "resourceType": row.resource_type,
        "resourceOwnerAccount": row.resource_owner_account,
        "status": row.status,
        "condition": row.condition,
        "createdAt": instant(row.created_at),
        "analyzedAt": instant(row.analyzed_at),
        "updatedAt": instant(row.updated_at),
    }
    if row.error:
        return shape | {"error": row.error}
    if row.finding_type in UNUSED_TYPES:
        del shape["condition"]
        return shape | {"findingType": row.finding_type, "findingDetails": unused_details(row)}
    shape |= {"principal": row.principal, "action": row.action}
    if row.finding_type == FindingType.INTERNAL_ACCESS:
        shape |= {
            "findingType": row.finding_type,
            "accessType": row.access_type,
            "principalType": row.principal_type,
            "principalOwnerAccount": row.principal_owner_account,
            "serviceControlPolicyRestriction": row.service_control_policy_restriction,
        }
    else:
        shape["isPublic"] = row.is_public
    if row.sources:
        shape["sources"] = row.sources
    if row.resource_control_policy_restriction:
        shape["resourceControlPolicyRestriction"] = row.resource_control_policy_restriction
    return shape


def unused_details(row: Finding) -> list[dict[str, Any]]:
    """`findingDetails` of the API for unused access: one entry, or one a service for permissions, whose `actions` are
    left out where the whole service is unused."""
    if row.finding_type == FindingType.UNUSED_PERMISSION:
        return [{"unusedPermissionDetails": _service(one)} for one in row.details.get("services", ())]
    last = {"lastAccessed": instant(row.last_accessed_at)} if row.last_accessed_at else {}
    if row.finding_type == FindingType.UNUSED_ACCESS_KEY:
        key = {"accessKeyId": row.details.get("access_key_id", "")}
        return [{"unusedIamUserAccessKeyDetails": key | last}]
    member = (
        "unusedIamRoleDetails" if row.finding_type == FindingType.UNUSED_IAM_ROLE else "unusedIamUserPasswordDetails"
    )
    return [{member: last}]


def _service(one: Mapping[str, Any]) -> dict[str, Any]:
    actions = [{"action": action["action"], **_last(action)} for action in one["actions"]]
    return {"serviceNamespace": one["service"], **_last(one), **({"actions": actions} if actions else {})}


def _last(told: Mapping[str, Any]) -> dict[str, str]:
    return {"lastAccessed": told["last_accessed"]} if told.get("last_accessed") else {}


def regions_of(row: Finding) -> list[str]:
    """The regions in which the API lists the finding. The service repeats a role's in each that is enabled; which those
    are is the analyzer's configuration `regions`. Without it, a role is listed once, without a region."""
    region = row.resource.split(":")[3] if row.resource.count(":") >= 5 else ""
    if row.resource_type != ResourceType.IAM_ROLE:
        return [region]
    return list(row.analyzer.configuration.get("regions") or [""])


def instant(moment: datetime) -> str:
    """ISO 8601 with milliseconds, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
