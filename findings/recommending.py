"""Recommendations of findings: computed, kept, and known to be out of date."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from analyzers.models import Principal
from analyzers.recommending import compute, shown
from analyzers.recommending.inputs import Inputs, digest, inputs_of
from findings.models import Finding, FindingType, Recommendation
from findings.models.recommendation import PATIENCE

logger = logging.getLogger(__name__)

DAYS = 90
"""Where neither analyzer nor finding tells its tracking period."""
LONGEST_DAYS = 365
LOST = "The worker that computed it was lost. Compute it again."


def offered_for(finding: Finding) -> bool:
    """The service recommends for unused permissions only."""
    return finding.finding_type == FindingType.UNUSED_PERMISSION and not finding.error


def days_of(finding: Finding) -> int:
    """The tracking period: of the analyzer as it is now, else as the finding was made."""
    configured = (finding.analyzer.configuration.get("unusedAccess") or {}).get("unusedAccessAge")
    for days in (configured, finding.details.get("tracking_period")):
        if isinstance(days, int) and 1 <= days <= LONGEST_DAYS:
            return days
    return DAYS


def inputs_for(finding: Finding, now: datetime) -> Inputs | None:
    """None: the principal is not in the inventory any more."""
    principal = Principal.objects.filter(arn=finding.resource).first()
    return inputs_of(principal, days=days_of(finding), now=now) if principal is not None else None


def is_out_of_date(row: Recommendation, now: datetime) -> bool:
    """Whether another recommendation may follow from what is known now."""
    if row.status != Recommendation.Status.SUCCEEDED or not row.input_digest:
        return False
    inputs = inputs_for(row.finding, now)
    return inputs is None or digest(inputs) != row.input_digest


def work(pk: int) -> None:
    """Compute a recommendation that was asked for. Somebody who asked again meanwhile gets the later answer."""
    row = Recommendation.objects.select_related("finding__analyzer").filter(pk=pk).first()
    if row is None or row.status != Recommendation.Status.IN_PROGRESS:
        return
    try:
        answer = _answer(row)
    except SoftTimeLimitExceeded:
        answer = failed("TIMEOUT", "The time was over before everything was proven.")
    except Exception:
        logger.exception("recommendation %s failed", pk)
        answer = failed("INTERNAL_ERROR", "It could not be computed. The worker's log says why.")
    mine = Recommendation.objects.filter(pk=pk, status=Recommendation.Status.IN_PROGRESS, started_at=row.started_at)
    mine.update(**answer, completed_at=timezone.now())


def failed(code: str, message: str) -> dict[str, Any]:
    """Columns of a recommendation that there is none of."""
    return {
        "status": Recommendation.Status.FAILED,
        "error_code": code,
        "error_message": shown.storable(message),
        "steps": [],
    }


def _answer(row: Recommendation) -> dict[str, Any]:
    inputs = inputs_for(row.finding, timezone.now())
    if inputs is None:
        return failed("RESOURCE_NOT_FOUND", "The principal is not in the inventory any more.")
    found = compute.recommendation(inputs, resources=row.variant == Recommendation.Variant.STRICT)
    losses = {days: compute.shorter(inputs, days) for days in compute.SHORTER}
    told = found.as_json()
    kept = {"details": shown.of(found, losses), "input_digest": digest(inputs)}
    if error := told.get("error"):
        return failed(error["code"], error["message"]) | kept
    if found.steps and not found.proved:
        return failed("NOT_PROVEN", "Not everything that is claimed of it could be proven.") | kept
    return {
        "status": Recommendation.Status.SUCCEEDED,
        "error_code": "",
        "error_message": "",
        "steps": shown.storable(told["recommendedSteps"]),
        **kept,
    }


def give_up_lost() -> int:
    """Recommendations that no worker finished in any time that it may take; how many."""
    late = Recommendation.objects.filter(
        status=Recommendation.Status.IN_PROGRESS, started_at__lt=timezone.now() - PATIENCE
    )
    return late.update(**failed("WORKER_LOST", LOST), completed_at=timezone.now())
