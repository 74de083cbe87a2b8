"""From the inventory and the usage index to what a recommendation follows from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analyzers.checks.recommendation import Held, Kind
from analyzers.models import Principal, PrincipalPolicy
from analyzers.usage import reading
from analyzers.usage.evidence import FRESH, Evidence

VERSION = 1
"""Raise it when the same inputs give other recommendations."""


@dataclass(frozen=True)
class Inputs:
    """`since`, `now`: the time in question."""

    principal: str
    policies: tuple[Held, ...]
    evidence: Evidence
    since: datetime
    now: datetime


def inputs_of(principal: Principal, *, days: int, now: datetime) -> Inputs:
    """Everything that is known now; `days` before `now` are asked about."""
    known = reading.evidence([principal.arn]).get(principal.arn) or Evidence(principal.arn)
    return Inputs(principal.arn, held(principal), known, now - timedelta(days=days), now)


def held(principal: Principal) -> tuple[Held, ...]:
    """Its own policies and its boundary, then the policies of its groups."""
    owners = [principal.arn, *principal.groups]
    rows = PrincipalPolicy.objects.filter(principal__arn__in=owners).select_related("document", "principal")
    order = {arn: number for number, arn in enumerate(owners)}
    found = [row for row in rows if row.principal_id == principal.pk or row.kind != PrincipalPolicy.Kind.BOUNDARY]
    found.sort(key=lambda row: (order[row.principal.arn], row.kind, row.arn, row.name))
    return tuple(
        Held(
            name=row.name,
            arn=row.arn,
            kind=Kind(row.kind),
            text=row.document.text if row.document is not None else "",
            updated_at=row.updated_at,
            via="" if row.principal_id == principal.pk else row.principal.arn,
        )
        for row in found
    )


def digest(inputs: Inputs) -> str:
    """Changes when another recommendation may follow: by the policies, by what is used within the time in question,
    and by which sources tell of it. A further use of the same thing changes nothing."""
    told = [
        VERSION,
        (inputs.now - inputs.since).days,
        sorted((policy.kind, policy.arn, policy.name, policy.via, _digest(policy.text)) for policy in inputs.policies),
        sorted(set(_used(inputs))),
        _sources(inputs),
    ]
    return _digest(json.dumps(told))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _used(inputs: Inputs) -> Iterator[tuple[str, str, bool]]:
    """What was used, on what, and whether within the time in question or in the days before: evidence that ends a few
    days ago is asked about as many days earlier."""
    for name, resource, last in _uses(inputs.evidence):
        if last is not None and last >= inputs.since - FRESH:
            yield name, resource, last >= inputs.since


def _uses(evidence: Evidence) -> Iterator[tuple[str, str, datetime | None]]:
    for use in evidence.uses:
        yield use.action.lower(), use.resource, use.last
    report = evidence.report
    for prefix, access in report.services.items() if report else ():
        yield f"{prefix}:*", "", access.last
        for action, last in access.actions.items():
            yield action, "", last


def _sources(inputs: Inputs) -> list[Any]:
    """What tells of absence: the services of a report that is fresh, and trails that tell of the whole time."""
    evidence, fresh = inputs.evidence, inputs.now - FRESH
    report = evidence.report
    services = sorted((prefix, sorted(one.actions)) for prefix, one in report.services.items()) if report else []
    trails = sorted(
        (sorted(one.regions), sorted(one.data_events), one.first_day <= (inputs.since - FRESH).date())
        for one in evidence.coverage
        if one.first_day <= inputs.since.date()
        and one.last_day >= fresh.date()
        and not any(inputs.since.date() <= hole <= inputs.now.date() for hole in one.holes)
    )
    return [services if report is not None and report.asked_at >= fresh else [], trails]
