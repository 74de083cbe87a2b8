"""Whose rights one principal can take on, what it can give itself, and which critical resources that opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from analyzers.kinds.paths.graph import Graph, Move
from analyzers.kinds.paths.questions import Asking
from analyzers.kinds.paths.search import LENGTH
from analyzers.kinds.paths.summary import levels_of
from analyzers.kinds.paths.target import Level
from analyzers.kinds.paths.world import Standing, World
from analyzers.kinds.population import ROLE
from analyzers.models import Principal
from findings.models import Finding, FindingType

from .resource import internal_findings
from .worlds import digest, fingerprint, scope_of, world_of

MOST_TAKEN = 300


@dataclass(frozen=True)
class Taken:
    """A principal whose rights can be taken on, and the steps to it."""

    principal: str
    steps: tuple[Move, ...]

    @property
    def known(self) -> bool:
        return all(step.known for step in self.steps)


@dataclass(frozen=True)
class PrincipalAccess:
    """`gains`: what it can give itself, step by step. `taken`: nearest first; `count` of them in all."""

    taken: tuple[Taken, ...]
    count: int
    gains: tuple[Move, ...]
    complete: bool
    seconds: float
    bounded: bool = False
    open: bool = False


@dataclass(frozen=True)
class Critical:
    """A resource of an internal analyzer. `through`: the principal whose rights reach it; the one asked about first."""

    resource: str
    resource_type: str
    account: str
    through: str
    levels: tuple[Level, ...]
    finding: str
    known: bool


def key_of(principal: Principal, length: int) -> str:
    scope = scope_of(principal.account)
    return f"principal:{digest(scope, fingerprint(scope), principal.arn, length)}"


def principal_access(principal: Principal, *, length: int = LENGTH, seconds: float) -> PrincipalAccess:
    began = monotonic()
    world = world_of(scope_of(principal.account))
    if principal.arn not in world.members:
        return PrincipalAccess((), 0, (), True, 0.0)
    asking = Asking(seconds=seconds)
    graph = Graph(world, asking)
    start = Standing(principal.arn)
    gains = tuple(_gains(graph, start))
    taken = list(_taken(graph, start, gains, length))
    taken.sort(key=lambda one: (not one.known, len(one.steps), one.principal))
    member = world.members[principal.arn]
    return PrincipalAccess(
        tuple(taken[:MOST_TAKEN]),
        len(taken),
        gains,
        not asking.over,
        monotonic() - began,
        member.boundary is not None,
        bool(member.unknown),
    )


def _gains(graph: Graph, start: Standing) -> Iterator[Move]:
    seen, stack = {start}, [start]
    while stack:
        for move in graph.climbs(stack.pop()):
            yield move
            if move.target is not None and move.target not in seen:
                seen.add(move.target)
                stack.append(move.target)


def _taken(graph: Graph, start: Standing, gains: tuple[Move, ...], length: int) -> Iterator[Taken]:
    """Breadth first from the principal and from what it can make of itself; known steps before others."""
    chains: dict[Standing, tuple[Move, ...]] = {start: ()}
    for move in gains:
        if move.target is not None and move.source in chains and move.target not in chains:
            chains[move.target] = (*chains[move.source], move)
    frontier = list(chains)
    seen = {start.arn}
    for _ in range(length):
        following: list[Standing] = []
        for standing in frontier:
            if len(chains[standing]) >= length:
                continue
            for taken in _reachable(graph.world, standing):
                if taken in seen or graph.asking.over:
                    continue
                step = graph.take(standing, taken)
                if step is None:
                    continue
                seen.add(taken)
                target = Standing(taken)
                chains[target] = (*chains[standing], step)
                following.append(target)
                yield Taken(taken, chains[target])
        frontier = following


def _reachable(world: World, standing: Standing) -> Iterator[str]:
    """Whose rights it could come to, going by names alone."""
    member = world.members[standing.arn]
    for other in world.by_account.get(member.account, ()):
        if other.arn != member.arn:
            yield other.arn
    for other in world.population.members:
        if other.kind != ROLE or other.account == member.account:
            continue
        trusted = world.trusted(other.arn)
        if trusted.everybody or member.account in trusted.accounts or member.arn in trusted.members:
            yield other.arn


def critical(principal: str, taken: tuple[Taken, ...]) -> list[Critical]:
    """The findings of internal analyzers about it and about those whose rights it can take on; one for each resource,
    the nearest."""
    order: Mapping[str, int] = {
        arn: number for number, arn in enumerate([principal, *(one.principal for one in taken)])
    }
    known = {one.principal: one.known for one in taken}
    rows = Finding.objects.filter(
        finding_type=FindingType.INTERNAL_ACCESS,
        status__in=internal_findings(),
        error="",
        principal__AWS__in=list(order),
    )
    best: dict[str, Critical] = {}
    columns = ("id", "resource", "resource_type", "resource_owner_account", "principal__AWS", "action", "proof")
    for pk, resource, kind, account, who, actions, proof in rows.values_list(*columns):
        found = best.get(resource)
        levels = {level for action in actions for level in levels_of(action)}
        if found is not None and found.through == who:
            levels |= set(found.levels)
        elif found is not None and order[found.through] <= order[who]:
            continue
        sure = proof == "PROVED" and known.get(who, True)
        ordered = tuple(level for level in Level if level in levels)
        best[resource] = Critical(resource, kind, account, who, ordered, str(pk), sure)
    return [best[resource] for resource in sorted(best)]
