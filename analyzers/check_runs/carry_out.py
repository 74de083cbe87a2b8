"""Check the policies of a run here: a step is one rule for one policy, so a run can be interrupted and resumed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from analyzers.checks import guardrails
from analyzers.checks.asking import Owner
from analyzers.checks.cli.output.json import outcome_of
from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy, readable
from analyzers.checks.guardrails import Rule
from analyzers.checks.outcome import Outcome
from analyzers.models import CheckRun

from .assigned import Holding, holdings
from .reading import found_policy
from .store import finish

logger = logging.getLogger(__name__)

AT_ONCE = 4.0
"""Seconds after which a worker goes on, so that no pipeline waits for long."""
BY_WORKER = 240.0
LEASE = timedelta(minutes=6)
GIVE_UP = timedelta(days=1)
"""After which a run ends as it is: something in it ends the workers."""
MOST_MENDED = 5
"""Failures of a run that a mend is looked for."""
MOST_STEPS = 5_000
NO_GUARDRAIL = "No guardrail is assigned to this pipeline, account or resource type, so nothing is proved."
NO_RULE = "No rule of the assigned guardrails is about these policies, so nothing is proved."


class Step(NamedTuple):
    """`rule` is None for a guardrail that cannot be used."""

    holding: Holding
    policy: FoundPolicy
    rule: Rule | None


def carry_out(pk: UUID, seconds: float) -> CheckRun | None:
    """Go on with a run for about that long. None if somebody else works on it; else the run, finished or not."""
    now = timezone.now()
    free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
    if not CheckRun.objects.filter(free, pk=pk, finished_at=None).update(lease_expires_at=now + LEASE):
        return None
    run = CheckRun.objects.get(pk=pk)
    asked: dict[str, Any] = run.asked or {"policies": [], "guardrails": []}
    if now - run.created_at > GIVE_UP:
        finish(run, run.outcomes, ["It could not be finished: the rest was not checked."])
        return run
    until = monotonic() + seconds
    policies = [found_policy(one) for one in asked["policies"]]
    unreadable = [readable(f"{one.title}: {one.unreadable}") for one in policies if one.unreadable]
    held = list(holdings(asked["guardrails"]))
    steps = list(_steps(held, [one for one in policies if not one.unreadable]))
    mended = sum(bool(one["mends"]) for one in run.outcomes)
    for step in steps[len(run.outcomes) :]:
        if monotonic() > until:
            run.lease_expires_at = None
            run.save(update_fields=["outcomes", "lease_expires_at"])
            return run
        outcome = _outcome(step, run.account)
        if outcome.mender is not None and mended < MOST_MENDED:
            mended += 1
            outcome = outcome.mended()
        run.outcomes.append({**outcome_of(outcome), "guardrail": step.holding.label})
    run.documents = _documents(policies)
    run.message = _message(asked, policies, steps)
    finish(run, run.outcomes, unreadable)
    return run


def _steps(held: list[Holding], policies: list[FoundPolicy]) -> Iterator[Step]:
    count = 0
    for policy in policies:
        for holding in held:
            if not holding.is_for(policy):
                continue
            rules = guardrails.applicable(holding.guardrail, policy) if holding.guardrail else [None]
            for rule in rules:
                count += 1
                if count > MOST_STEPS:
                    late = f"More than {MOST_STEPS:,} checks in one run: send the policies in several."
                    yield Step(holding._replace(guardrail=None, error=late), policy, None)
                    return
                yield Step(holding, policy, rule)


def _message(asked: dict[str, Any], policies: list[FoundPolicy], steps: list[Step]) -> str:
    """What no rule was about, which no result speaks of."""
    if not asked["guardrails"]:
        return NO_GUARDRAIL
    checked = {id(step.policy) for step in steps}
    left = [one.title for one in policies if not one.unreadable and id(one) not in checked]
    if left and not steps:
        return NO_RULE
    return f"No rule of the assigned guardrails is about {readable(', '.join(left[:5]))}." if left else ""


def _outcome(step: Step, account: str) -> Outcome:
    if step.rule is None:
        message = f"The guardrail cannot be used: {step.holding.error}"
        return Outcome("guardrail", step.policy, Result.UNKNOWN, message)
    try:
        return guardrails.outcome(step.rule, step.policy, owner=Owner(account=account))
    except ValueError as error:  # a reference of another type than the policy
        message = f"The rule cannot be asked of this policy: {error}"
    except Exception:
        logger.exception("a rule of %s could not be asked", step.holding.label)
        message = "The rule could not be asked of this policy; the portal's log says why."
    return Outcome(step.rule.kind, step.policy, Result.UNKNOWN, message).by_rule(step.rule.id, step.rule.why)


def _documents(policies: list[FoundPolicy]) -> list[dict[str, Any]]:
    """The policies' texts, for the page."""
    return [
        {"file": one.place.file, "name": one.name, "element": one.element, "text": readable(one.variants[0].text)}
        for one in policies
    ]
