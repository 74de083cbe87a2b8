"""Everybody who reaches a resource in some steps, the shortest chain of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzers.kinds.population import Member

from . import methods
from .graph import Graph, Move
from .questions import Reply
from .target import Target
from .world import ADDED, Standing

LENGTH = 3
"""Steps before the access itself."""
LONGEST = 6


@dataclass(frozen=True, slots=True)
class Path:
    """`steps` from the principal on; after the last one it has the access that `access` proves (None: the step itself
    is the proof, or the caller of the search knew)."""

    principal: str
    steps: tuple[Move, ...]
    access: Reply | None = None

    @property
    def known(self) -> bool:
        return all(step.known for step in self.steps) and (self.access is None or self.access.truth is True)


@dataclass(frozen=True, slots=True)
class Paths:
    """`found`: known ones first, short ones first. `complete`: nothing was left out for want of time."""

    found: tuple[Path, ...]
    complete: bool = True
    length: int = LENGTH


@dataclass
class _Spread:
    """The standings that reach the target so far. `ways`: the next step from each; None where it has access."""

    known: bool
    ways: dict[Standing, Move | None] = field(default_factory=dict)
    distance: dict[Standing, int] = field(default_factory=dict)

    def add(self, standing: Standing, move: Move | None, distance: int) -> bool:
        if standing in self.ways:
            return False
        self.ways[standing] = move
        self.distance[standing] = distance
        return True


def paths(graph: Graph, target: Target, direct: Mapping[str, bool | None], *, length: int = LENGTH) -> Paths:
    """`direct`: who has access without any step, by ARN; None where that is not known.

    Steps that are known are preferred to those that are not, whatever their number; those are used where there is no
    other way, and marked.
    """
    length = max(0, min(length, LONGEST))
    search = _Search(graph, target, direct, length)
    known, all_ = search.spread(known=True), search.spread(known=False)
    found = [*search.found(known)]
    seen = {path.principal for path in found}
    found += [path for path in search.found(all_) if path.principal not in seen]
    found.sort(key=lambda path: (not path.known, len(path.steps), path.principal))
    return Paths(tuple(found), not graph.asking.over, length)


@dataclass
class _Search:
    graph: Graph
    target: Target
    direct: Mapping[str, bool | None]
    length: int
    _access: dict[Standing, Reply] = field(default_factory=dict)
    _opened: dict[Standing, Move | None] = field(default_factory=dict)
    _climbers: dict[str, tuple[Move, ...]] | None = None

    def spread(self, *, known: bool) -> _Spread:
        found = _Spread(known)
        for arn, truth in self.direct.items():
            if arn in self.graph.world.members and (truth or (truth is None and not known)):
                found.add(Standing(arn), None, 0)
        for standing, move in self._seeds(known):
            found.add(standing, move, 0 if move is None else 1)
        for distance in range(self.length):
            frontier = [one for one, far in found.distance.items() if far == distance]
            for standing in frontier:
                if self.graph.asking.over:
                    return found
                for move in self._into(standing):
                    if move.known or not known:
                        found.add(move.source, move, distance + 1)
        return found

    def found(self, spread: _Spread) -> Iterator[Path]:
        for standing in spread.ways:
            if not standing.plain or self.direct.get(standing.arn) or spread.ways[standing] is None:
                continue
            if spread.distance[standing] > self.length:
                continue
            steps, at = [], standing
            while (move := spread.ways.get(at)) is not None:
                steps.append(move)
                if move.target is None:
                    break
                at = move.target
            yield Path(standing.arn, tuple(steps), self._access.get(at))

    # -- where it begins ---------------------------------------------------------------------------------------

    def _seeds(self, known: bool) -> Iterator[tuple[Standing, Move | None]]:
        """Standings with access that are no plain member's, and members who can open the resource to themselves."""
        for member in self._others():
            plain = Standing(member.arn)
            if self.graph.asking.over:
                return
            if (move := self._open(plain)) is not None and (move.known or not known):
                yield plain, move
        for standing in self._higher():
            if self.graph.asking.over:
                return
            reply = self.access(standing)
            if reply.truth or (reply.truth is None and not known):
                yield standing, None
            elif (move := self._open(standing)) is not None and (move.known or not known):
                yield standing, move

    def _others(self) -> Iterator[Member]:
        return (member for member in self.graph.world.population.members if not self.direct.get(member.arn))

    def _open(self, standing: Standing) -> Move | None:
        if standing not in self._opened:
            self._opened[standing] = self.graph.open(standing, self.target)
        return self._opened[standing]

    def _higher(self) -> Iterator[Standing]:
        seen: set[Standing] = set()
        for moves in self.climbers().values():
            for move in moves:
                if move.target is not None and move.target not in seen:
                    seen.add(move.target)
                    yield move.target
        for member in self._others():
            standing = Standing(member.arn, ADDED)
            if standing not in seen and self._editors(member):
                yield standing

    def climbers(self) -> dict[str, tuple[Move, ...]]:
        """By member: all steps that it can take by itself, one after the other."""
        if self._climbers is None:
            self._climbers = {}
            for member in self._others():
                if self.graph.asking.over:
                    break
                if moves := tuple(self._climb(Standing(member.arn))):
                    self._climbers[member.arn] = moves
        return self._climbers

    def _climb(self, start: Standing) -> Iterator[Move]:
        seen, stack = {start}, [start]
        while stack:
            for move in self.graph.climbs(stack.pop()):
                yield move
                if move.target is not None and move.target not in seen:
                    seen.add(move.target)
                    stack.append(move.target)

    def _editors(self, member: Member) -> list[Member]:
        world = self.graph.world
        found = {
            editor.arn: editor
            for action in methods.EDITS[member.kind]
            for editor in world.naming(member.account, action)
            if editor.arn != member.arn
        }
        return list(found.values())

    def access(self, standing: Standing) -> Reply:
        """Whether it has access without any further step."""
        if standing not in self._access:
            caller = self.graph.world.caller(standing)
            self._access[standing] = self.target.ask(caller, self.graph.asking)
        return self._access[standing]

    # -- one step back -----------------------------------------------------------------------------------------

    def _into(self, standing: Standing) -> Iterator[Move]:
        if not standing.plain:
            for move in self.climbers().get(standing.arn, ()):
                if move.target == standing:
                    yield move
            if standing == Standing(standing.arn, ADDED):
                yield from self._by_editors(standing.arn)
            return
        taken = self.graph.world.members[standing.arn]
        for source in self._sources(taken):
            if self.direct.get(source.arn):
                continue
            found = self.graph.take(source, taken.arn)
            if found is not None:
                yield found

    def _by_editors(self, arn: str) -> Iterator[Move]:
        for editor in self._editors(self.graph.world.members[arn]):
            if self.direct.get(editor.arn):
                continue
            found = self.graph.raise_and_take(Standing(editor.arn), arn)
            if found is not None:
                yield found

    def _sources(self, taken: Member) -> Iterator[Standing]:
        """Who may come to the rights of this one, going by what policies name."""
        world = self.graph.world
        seen: set[str] = {taken.arn}
        for member in world.candidates(taken.arn) if taken.kind == "IAM_ROLE" else ():
            if member.arn not in seen:
                seen.add(member.arn)
                yield Standing(member.arn)
        for action in _BY_MEMBERS_OF_THE_ACCOUNT[taken.kind]:
            for member in world.naming(taken.account, action):
                if member.arn not in seen:
                    seen.add(member.arn)
                    yield Standing(member.arn)
        trusted = world.trusted(taken.arn)
        for arn, moves in self.climbers().items():
            account = world.members[arn].account
            if arn == taken.arn or not (
                account == taken.account or account in trusted.accounts or arn in trusted.members or trusted.everybody
            ):
                continue
            for target in dict.fromkeys(move.target for move in moves):
                if target is not None:
                    yield target


_BY_MEMBERS_OF_THE_ACCOUNT: Mapping[str, tuple[str, ...]] = {
    "IAM_ROLE": (
        "iam:UpdateAssumeRolePolicy",
        "iam:PassRole",
        "lambda:UpdateFunctionCode",
        "ssm:SendCommand",
        "ssm:StartSession",
        "glue:UpdateDevEndpoint",
    ),
    "IAM_USER": ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"),
}
