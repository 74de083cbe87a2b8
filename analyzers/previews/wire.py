"""A preview and its findings in the shapes of the Access Analyzer API, with what goes beyond them apart."""

from __future__ import annotations

from typing import Any

from analyzers.models import AccessPreview, AccessPreviewFinding
from findings.wire import instant


def preview(row: AccessPreview, analyzer_arn: str = "") -> dict[str, Any]:
    """`AccessPreview`, with `x-` elements of ours: the sentence, the counts and the notes."""
    return {
        "id": str(row.pk),
        "analyzerArn": analyzer_arn or row.analyzer.name,
        "configurations": row.configurations,
        "createdAt": instant(row.created_at),
        "status": row.status,
        **({"statusReason": {"code": row.reason}} if row.reason else {}),
        "x-summary": row.summary or row.error,
        "x-counts": row.counts,
        "x-notes": row.notes,
    }


def finding(row: AccessPreviewFinding) -> dict[str, Any]:
    """`AccessPreviewFinding`: what would be gone is CHANGED with the status RESOLVED there. `x-uncertain`: whether it
    stays is not known; `x-proof` and `x-witness` as on the pages."""
    shape: dict[str, Any] = {
        "id": str(row.pk),
        "changeType": row.change_type,
        "status": row.status,
        "resource": row.resource,
        "resourceType": row.resource_type,
        "resourceOwnerAccount": row.resource_owner_account,
        "createdAt": instant(row.preview.created_at),
        "isPublic": row.is_public,
    }
    if row.existing_id is not None:
        shape |= {"existingFindingId": str(row.existing_id), "existingFindingStatus": row.existing_status}
    if row.error:
        shape["error"] = row.error
    else:
        shape |= {"principal": row.principal, "action": row.action, "condition": row.condition}
    if row.sources:
        shape["sources"] = row.sources
    if row.resource_control_policy_restriction:
        shape["resourceControlPolicyRestriction"] = row.resource_control_policy_restriction
    shape |= {"x-uncertain": row.uncertain, "x-proof": row.proof, "x-summary": row.details.get("summary", "")}
    if witness := row.details.get("witness"):
        shape["x-witness"] = witness
    return shape
