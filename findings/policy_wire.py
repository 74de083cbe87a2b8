"""Recommendations and generated policies in the shapes of the Access Analyzer API."""

from __future__ import annotations

from typing import Any

from analyzers.generating.shown import variant_of
from analyzers.models import PolicyGeneration

from .models import Recommendation
from .wire import instant


def recommendation(row: Recommendation) -> dict[str, Any]:
    """The answer of GetFindingRecommendation. https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_GetFindingRecommendation.html"""
    shape: dict[str, Any] = {
        "startedAt": instant(row.started_at),
        "resourceArn": row.finding.resource,
        "recommendationType": "UnusedPermissionRecommendation",
        "recommendedSteps": row.steps,
        "status": row.status,
    }
    if row.completed_at is not None:
        shape["completedAt"] = instant(row.completed_at)
    if row.error_code:
        shape["error"] = {"code": row.error_code, "message": row.error_message}
    return shape


def policy_generation(row: PolicyGeneration) -> dict[str, Any]:
    """`PolicyGeneration` of the API."""
    return {"principalArn": row.principal, **job_details(row)}


def job_details(row: PolicyGeneration) -> dict[str, Any]:
    """`JobDetails` of the API."""
    shape: dict[str, Any] = {"jobId": str(row.pk), "status": row.status, "startedOn": instant(row.started_at)}
    if row.completed_at is not None:
        shape["completedOn"] = instant(row.completed_at)
    if row.error_code:
        shape["jobError"] = {"code": row.error_code, "message": row.error_message}
    return shape


def generated_policy(row: PolicyGeneration, *, placeholders: bool, services: bool) -> dict[str, Any]:
    """The answer of GetGeneratedPolicy, with our `details`."""
    found = row.result.get(variant_of(placeholders, services)) or {}
    told = found.get("wire") or {"properties": {"principalArn": row.principal}, "generatedPolicies": []}
    ours = {name: value for name, value in found.items() if name not in {"wire", "policies"}}
    return {"jobDetails": job_details(row), "generatedPolicyResult": told, "details": ours}
