"""Everybody inside who reaches one resource, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from analyzers.kinds.paths.direct import direct_access
from analyzers.kinds.paths.graph import Graph
from analyzers.kinds.paths.methods import OPENS
from analyzers.kinds.paths.questions import Asking
from analyzers.kinds.paths.search import LENGTH, Path, paths
from analyzers.kinds.paths.summary import Effective, effective, levels_of
from analyzers.kinds.paths.target import Level
from analyzers.models import Analyzer, AnalyzerType, Resource
from findings.models import Finding, FindingStatus, FindingType, Proof

from .worlds import digest, fingerprint, scope_of, target_for, world_of

MOST_PATHS = 500
"""Kept of one answer; the rest is counted."""
MOST_HELD = 100
"""Principals that are named of one reason; the rest is counted."""
INTERNAL = (AnalyzerType.ACCOUNT_INTERNAL_ACCESS, AnalyzerType.ORGANIZATION_INTERNAL_ACCESS)


@dataclass(frozen=True)
class Row:
    """A principal with access of its own. `levels`: by level the actions that show it; `unknown`: levels of which it
    could not be proved either way. `finding`: id, if an internal analyzer found it."""

    principal: str
    levels: Mapping[Level, tuple[str, ...]]
    unknown: tuple[Level, ...] = ()
    finding: str = ""


@dataclass(frozen=True)
class Held:
    """What the key of the resource keeps from some principals. `count`: of them; `principals`: the first."""

    principals: tuple[str, ...]
    count: int
    actions: tuple[str, ...]
    key: str
    blockers: tuple[str, ...]


@dataclass(frozen=True)
class ResourceAccess:
    """`analyzer`: name of the internal analyzer whose findings the rows are; empty: asked directly. `path_count`: how
    many there are, of which `paths` are the first. `opens`: whether it is known how this type can be opened."""

    rows: tuple[Row, ...]
    summary: Effective
    paths: tuple[Path, ...]
    path_count: int
    known_paths: int
    principals: int
    complete: bool
    seconds: float
    analyzer: str = ""
    opens: bool = True
    message: str = ""


def key_of(resource: Resource, length: int, level: Level | None) -> str:
    scope = scope_of(resource.account)
    analyzer = covering(resource)
    found = [analyzer.pk, *_state_of_findings(analyzer, resource)] if analyzer else []
    documents = list(resource.documents.values_list("channel", "name", "document").order_by("channel", "name"))
    block = resource.account.public_access_block
    asked = (resource.arn, resource.input_hash, documents, block, resource.error, length, level)
    return f"resource:{digest(scope, fingerprint(scope), asked, found)}"


def resource_access(
    resource: Resource, *, length: int = LENGTH, level: Level | None = None, seconds: float
) -> ResourceAccess:
    """`level`: only that kind of access counts."""
    began = monotonic()
    world = world_of(scope_of(resource.account))
    target = target_for(resource, world, level)
    principals = len(world.population.members)
    if not target.questions:
        said = f"It is not known which actions {resource.get_type_display()} resources take."
        return ResourceAccess((), effective(()), (), 0, 0, principals, True, 0.0, message=said)
    asking = Asking(seconds=seconds)
    analyzer = covering(resource)
    complete = True
    if analyzer is not None:
        rows = _found(analyzer, resource, level)
    else:
        direct = direct_access(world, target, asking)
        complete = direct.complete
        rows = tuple(
            Row(
                arn,
                {one: (reply.request.action,) for one, reply in replies.items() if reply.truth and reply.request},
                tuple(one for one, reply in replies.items() if reply.truth is None),
            )
            for arn, replies in direct.replies.items()
        )
    truths = {row.principal: True if row.levels else None for row in rows}
    found = paths(Graph(world, asking), target, truths, length=length)
    return ResourceAccess(
        rows,
        effective((row.principal, [action for actions in row.levels.values() for action in actions]) for row in rows),
        found.found[:MOST_PATHS],
        len(found.found),
        sum(path.known for path in found.found),
        principals,
        complete and found.complete,
        monotonic() - began,
        analyzer.name if analyzer else "",
        resource.type in OPENS,
    )


def covering(resource: Resource) -> Analyzer | None:
    """The internal analyzer that has answered about the resource, of the whole organization if it is in one."""
    scope = scope_of(resource.account)
    return (
        Analyzer.objects.filter(
            type__in=INTERNAL,
            scope=scope,
            analyzed_resources__resource_arn=resource.arn,
            analyzed_resources__error="",
        )
        .order_by("pk")
        .first()
    )


def held_back(resource: Resource) -> list[Held]:
    """What the analyzer that covers the resource left out of its findings because of the key."""
    analyzer = covering(resource)
    row = analyzer and analyzer.analyzed_resources.filter(resource_arn=resource.arn).first()
    return [
        Held(
            tuple(line["principals"][:MOST_HELD]),
            len(line["principals"]),
            tuple(line["actions"]),
            line["key"],
            tuple(line["blockers"]),
        )
        for line in (row.withheld if row else ())
    ]


def internal_findings() -> list[str]:
    """Statuses of findings that say that there is access."""
    return [FindingStatus.ACTIVE, FindingStatus.ARCHIVED]


def _state_of_findings(analyzer: Analyzer, resource: Resource) -> list[object]:
    rows = _rows(analyzer, resource)
    last = rows.order_by("-updated_at").values_list("updated_at", flat=True).first()
    return [rows.count(), last]


def _rows(analyzer: Analyzer, resource: Resource):  # type: ignore[no-untyped-def]
    return Finding.objects.filter(
        analyzer=analyzer,
        finding_type=FindingType.INTERNAL_ACCESS,
        resource=resource.arn,
        status__in=internal_findings(),
        error="",
    )


def _found(analyzer: Analyzer, resource: Resource, level: Level | None) -> tuple[Row, ...]:
    """Out of the findings; several of one principal are one row."""
    merged: dict[str, Row] = {}
    columns = ("id", "principal", "action", "proof")
    for pk, principal, actions, proof in _rows(analyzer, resource).values_list(*columns):
        arn = str(principal.get("AWS", ""))
        if not arn:
            continue
        levels: dict[Level, list[str]] = {}
        for action in actions:
            for one in levels_of(action):
                if level is None or one is level:
                    levels.setdefault(one, []).append(action)
        if not levels:
            continue
        row = merged.get(arn) or Row(arn, {}, (), str(pk))
        if proof == Proof.PROVED:
            united = {one: tuple(dict.fromkeys((*row.levels.get(one, ()), *levels.get(one, ())))) for one in Level}
            row = Row(arn, {one: found for one, found in united.items() if found}, row.unknown, row.finding)
        else:
            row = Row(arn, row.levels, tuple(dict.fromkeys((*row.unknown, *levels))), row.finding)
        merged[arn] = row
    return tuple(merged[arn] for arn in sorted(merged))
