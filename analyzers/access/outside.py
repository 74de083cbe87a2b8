"""Who outside gets in, and who would, were it not for what prevents it."""

from __future__ import annotations

from dataclasses import dataclass

from analyzers.inventory.subjects import Inputs, zone_of_trust
from analyzers.kinds.prevented import Obstacle, prevented
from analyzers.models import EXTERNAL_TYPES, Analyzer, AnalyzerType, ControlPolicy, Document, Resource
from findings.models import Finding, FindingStatus

from . import on_demand

SECONDS = 2.0
VERSION = 1
MOST = 50


@dataclass(frozen=True)
class Held:
    """Access that does not exist: what it would be, in a sentence, and what prevents it."""

    would: str
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class Outside:
    """`by_organization`: whether outside means outside the organization, or the account. `error`: what could not be
    answered."""

    findings: tuple[Finding, ...]
    held: tuple[Held, ...]
    by_organization: bool
    error: str = ""


def outside(resource: Resource) -> Outside:
    account = resource.account
    kind = AnalyzerType.ORGANIZATION if account.organization_id else AnalyzerType.ACCOUNT
    zone = zone_of_trust(Analyzer(type=kind, scope=account.organization_id or account.pk))
    inputs = Inputs(zone)
    outlines = inputs.outlines([resource.pk])
    key = f"outside:{VERSION}:{inputs.input_hash(outlines[0])}"
    known: tuple[tuple[Held, ...], str] | None = on_demand.known(key)
    if known is None:
        [subject] = inputs.subjects(outlines)
        found, error = prevented(subject, zone, seconds=SECONDS)
        held = tuple(Held(one.finding.summary, tuple(map(_name, one.obstacles))) for one in found[:MOST])
        known = held, error
        if not error:
            on_demand.keep(key, known)
    active = Finding.objects.filter(
        resource=resource.arn, status=FindingStatus.ACTIVE, analyzer__type__in=EXTERNAL_TYPES
    ).order_by("-is_public", "-updated_at")
    return Outside(tuple(active[:MOST]), known[0], zone.by_organization, known[1])


def _name(obstacle: Obstacle) -> str:
    if obstacle.kind != "control-policy":
        return obstacle.name
    names = ControlPolicy.objects.filter(document=Document.digest(obstacle.text)).values_list("name", flat=True)
    return f"the resource control policy {', '.join(sorted(set(names)))}" if names else obstacle.name
