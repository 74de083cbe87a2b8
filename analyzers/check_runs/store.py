"""Keep runs: what was sent, what is to be checked here, and how a run ends."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from analyzers.models import CheckPipeline, CheckResult, CheckRun, CheckToken

from . import assigned
from .reading import plain_json

logger = logging.getLogger(__name__)

NOTHING = "Nothing was checked, so nothing is proved."
BATCH = 1_000
_ABOUT = {
    "pipeline": "pipeline",
    "repository": "repository",
    "branch": "branch",
    "commit": "commit",
    "commitUrl": "commit_url",
    "url": "url",
}


def keep_sent(sent: Mapping[str, Any], token: CheckToken) -> CheckRun:
    """A run that a pipeline has checked by itself. Its result is what follows from its outcomes, not what it says."""
    run = _begun(sent, token, CheckRun.Source.SENT)
    output = plain_json(sent["output"])
    named = [one["guardrail"] for one in output["outcomes"] if one["guardrail"]]
    run.guardrails = list(dict.fromkeys([*sent["guardrails"], *named]))[:50]
    run.documents = plain_json(sent["documents"])
    finish(run, output["outcomes"], output["unreadable"])
    return run


def keep_asked(asked: Mapping[str, Any], token: CheckToken) -> CheckRun:
    """A run that is to be checked here, by the guardrails that hold now."""
    run = _begun(asked, token, CheckRun.Source.PORTAL)
    run.account = asked["account"]
    planned = assigned.plan(run.pipeline, run.account)
    run.guardrails = [one["label"] for one in planned][:50]
    run.asked = {"policies": plain_json(asked["policies"]), "guardrails": planned}
    run.save(force_insert=True)
    return run


def _begun(said: Mapping[str, Any], token: CheckToken, source: CheckRun.Source) -> CheckRun:
    about = {column: said[name] for name, column in _ABOUT.items()}
    return CheckRun(**about, source=source, token=token, token_name=token.name)


def finish(run: CheckRun, outcomes: Sequence[Mapping[str, Any]], unreadable: Sequence[str]) -> None:
    """Store what came of it, and that this is the newest of its pipeline."""
    counts = [sum(one["result"] == wanted for one in outcomes) for wanted in ("PASS", "FAIL", "UNKNOWN")]
    run.passed, run.failed, run.unknown = counts
    run.outcomes, run.unreadable = list(outcomes), list(unreadable)
    run.result = result_of(run)
    run.message = run.message or ("" if outcomes or unreadable else NOTHING)
    run.finished_at, run.asked, run.lease_expires_at = timezone.now(), None, None
    with transaction.atomic():
        run.save()
        pipeline, _ = CheckPipeline.objects.get_or_create(name=run.pipeline)
        CheckPipeline.objects.filter(Q(latest=None) | Q(latest__created_at__lte=run.created_at), pk=pipeline.pk).update(
            latest=run
        )


def result_of(run: CheckRun) -> CheckResult:
    """A pass only if something was checked and all of it passed."""
    if run.failed:
        return CheckResult.FAIL
    if run.unreadable:
        return CheckResult.UNREADABLE
    return CheckResult.PASS if run.passed and not run.unknown else CheckResult.UNKNOWN


def forget_old() -> int:
    """Delete runs that are older than CHECK_RUNS_DAYS, but for the newest of each pipeline. How many went."""
    if settings.CHECK_RUNS_DAYS <= 0:
        return 0
    before = timezone.now() - timedelta(days=settings.CHECK_RUNS_DAYS)
    newest = CheckPipeline.objects.exclude(latest=None).values("latest")
    gone = 0
    while True:
        old = CheckRun.objects.filter(created_at__lt=before).exclude(pk__in=newest).order_by()
        deleted = CheckRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
        gone += deleted
        if deleted < BATCH:
            return gone
