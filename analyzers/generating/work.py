"""A policy generation job: what is asked, with which evidence, and what is kept of the answer."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import product
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from analyzers.checks.generation import Generated, Trail, generate
from analyzers.models import PolicyGeneration, Principal, UsageCoverage
from analyzers.models.policy_generation import PATIENCE
from analyzers.usage import reading
from analyzers.usage.evidence import Evidence

from . import shown

logger = logging.getLogger(__name__)

SECONDS = 10.0
"""For each proof."""
LOST = "The worker that was at it was lost. Start again."

_Status, _Code = PolicyGeneration.Status, PolicyGeneration.ErrorCode


def generated(
    principal: Principal,
    since: datetime,
    until: datetime,
    *,
    guardrail: str = "",
    placeholders: bool = False,
    services: bool = False,
    seconds: float = SECONDS,
) -> Generated:
    """What the principal did in [since, until], as a policy. Options as in GetGeneratedPolicy."""
    known = reading.evidence([principal.arn]).get(principal.arn) or Evidence(principal.arn)
    return generate(
        known,
        start=since,
        end=until,
        include_resource_placeholders=placeholders,
        include_service_level_template=services,
        guardrail=guardrail,
        trails=trails_of(principal.account_id),
        seconds=seconds,
    )


def trails_of(account: str) -> tuple[Trail, ...]:
    """Where the events of the account come from: by the trail's ARN where the feed tells it, else by its place."""
    found: dict[Trail, None] = {}
    for row in UsageCoverage.objects.filter(account=account).select_related("feed").order_by("feed"):
        regions = () if "*" in row.regions else tuple(map(str, row.regions))
        found[Trail(str(row.feed.settings.get("trail") or row.feed.location), regions)] = None
    return tuple(found)


def work(pk: str) -> None:
    """Do a job. One that was cancelled meanwhile stays so."""
    job = PolicyGeneration.objects.filter(pk=pk, status=_Status.IN_PROGRESS).first()
    if job is None:
        return
    try:
        answer = _answer(job)
    except SoftTimeLimitExceeded:
        answer = failed(_Code.SERVICE, "The time was over before everything was proven. Choose a shorter time.")
    except Exception:
        logger.exception("policy generation %s failed", pk)
        answer = failed(_Code.SERVICE, "It could not be computed. The worker's log says why.")
    opened = PolicyGeneration.objects.filter(pk=pk, status=_Status.IN_PROGRESS)
    opened.update(**answer, completed_at=timezone.now())


def failed(code: str, message: str) -> dict[str, Any]:
    """Columns of a job that came to nothing."""
    return {"status": _Status.FAILED, "error_code": code, "error_message": message}


def _answer(job: PolicyGeneration) -> dict[str, Any]:
    principal = Principal.objects.filter(arn=job.principal).first()
    if principal is None:
        return failed(_Code.NOT_FOUND, "The principal is not in the inventory any more.")
    found = {
        (placeholders, services): generated(
            principal,
            job.since,
            job.until,
            guardrail=job.guardrail,
            placeholders=placeholders,
            services=services,
        )
        for placeholders, services in product((False, True), repeat=2)
    }
    kept = {"result": {shown.variant_of(*options): shown.of(one) for options, one in found.items()}}
    if any(one.proved for one in found.values()):
        return {"status": _Status.SUCCEEDED, "error_code": "", "error_message": "", **kept}
    return failed(_Code.SERVICE, found[True, True].refused) | kept


def give_up_lost() -> int:
    """Jobs that no worker finished in any time that it may take; how many."""
    late = PolicyGeneration.objects.filter(status=_Status.IN_PROGRESS, started_at__lt=timezone.now() - PATIENCE)
    return late.update(**failed(_Code.SERVICE, LOST), completed_at=timezone.now())
