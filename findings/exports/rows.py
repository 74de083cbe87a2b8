"""One row a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from findings.models import Finding
from findings.outsiders import Names
from findings.wire import instant

HEADER = [
    "id",
    "analyzer",
    "status",
    "isPublic",
    "resource",
    "resourceType",
    "resourceOwnerAccount",
    "principalType",
    "principal",
    "principalName",
    "action",
    "condition",
    "sources",
    "proof",
    "verdict",
    "error",
    "createdAt",
    "updatedAt",
    "analyzedAt",
    "findingType",
    "accessType",
    "principalOwnerAccount",
    "serviceControlPolicyRestriction",
    "keyAllowsReading",
    "lastAccessed",
    "trackingPeriod",
    "accessKeyId",
    "unusedPermissions",
]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
LONGEST_CELL = 32_000
"""A spreadsheet takes 32,767 characters."""


def harmless(value: str) -> str:
    """Text that no spreadsheet evaluates (https://owasp.org/www-community/attacks/CSV_Injection)."""
    value = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    if len(value) > LONGEST_CELL:
        value = value[:LONGEST_CELL] + "…"
    return f"'{value}" if value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA) else value


def _unused(finding: Finding) -> Iterator[str]:
    """`s3:*` for a service that is not used at all, else the actions."""
    for service in finding.details.get("services", ()):
        if service["whole"]:
            yield f"{service['service']}:*"
        elif service["actions"]:
            yield from (action["action"] for action in service["actions"])
        else:
            yield f"{service['service']}:({service['unused']} actions)"


def row_of(finding: Finding, names: Names) -> list[str]:
    kind, principal = next(iter(finding.principal.items()), ("", ""))
    cells = [
        str(finding.pk),
        finding.analyzer.name,
        finding.status,
        "true" if finding.is_public else "false",
        finding.resource,
        finding.resource_type,
        finding.resource_owner_account,
        kind,
        principal,
        who.name if (who := names.of(finding)) else "",
        " ".join(finding.action),
        json.dumps(finding.condition, sort_keys=True) if finding.condition else "",
        " ".join(source.get("type", "") for source in finding.sources),
        finding.proof,
        names.summary(finding) if finding.details.get("summary") else "",
        finding.error,
        instant(finding.created_at),
        instant(finding.updated_at),
        instant(finding.analyzed_at),
        finding.finding_type,
        finding.access_type,
        finding.principal_owner_account,
        finding.service_control_policy_restriction,
        str((finding.details.get("encryption") or {}).get("readable", "")),
        instant(finding.last_accessed_at) if finding.last_accessed_at else "",
        str(finding.details.get("tracking_period", "")),
        str(finding.details.get("access_key_id", "")),
        " ".join(_unused(finding)),
    ]
    return [harmless(cell) for cell in cells]
