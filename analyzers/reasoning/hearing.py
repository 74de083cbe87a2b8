"""What the documents of one kind say to a request: denied, allowed, silent, or not to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzers.policy.model import Effect, Policy, Statement

from . import assumptions
from .evaluate import StatementRef, Step
from .matching import Call, Truth, all_of, any_of, match_statement
from .strength import Strength, named, not_principal_denies


@dataclass(slots=True)
class Said:
    """`allowed` by strength; documents of the caller know only DIRECT. `steps`: statement by statement."""

    denied: Truth = False
    allowed: dict[Strength, Truth] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    assumptions: set[str] = field(default_factory=set)

    def allows(self, *strengths: Strength) -> Truth:
        """Whether it allows in one of these ways, by default in any."""
        return any_of(self.allowed.get(strength, False) for strength in strengths or tuple(Strength))


def hear(
    name: str, documents: Sequence[Policy], call: Call, *, on_resource: bool = False, bounded: bool = False
) -> Said:
    """Ask each statement. `on_resource`: they name principals. `bounded`: the caller has a permissions boundary."""
    said = Said()
    for number, policy in enumerate(documents):
        label = f"{name}[{number}]" if len(documents) > 1 else name
        for statement in policy.statements:
            _hear(label, policy, statement, call, said, on_resource=on_resource, bounded=bounded)
    return said


def united(voices: Sequence[Said]) -> Said:
    """Documents of several kinds that stand beside each other."""
    said = Said()
    for voice in voices:
        said.denied = any_of((said.denied, voice.denied))
        for strength, truth in voice.allowed.items():
            said.allowed[strength] = any_of((said.allowed.get(strength, False), truth))
        said.steps += voice.steps
        said.assumptions |= voice.assumptions
    return said


def _hear(
    label: str, policy: Policy, statement: Statement, call: Call, said: Said, *, on_resource: bool, bounded: bool
) -> None:
    rest = match_statement(policy, statement, call, anybody=True)
    reference = StatementRef(label, statement.index, statement.sid or "", statement.effect)
    if rest.truth is False:
        said.steps.append(Step(reference, False, rest.reason))
        return
    ways = _ways(statement, call, on_resource=on_resource)
    truth = all_of((rest.truth, any_of(ways.values())))
    reason = rest.reason
    if truth is False:
        reason = "the principal does not match"
        if because := not_principal_denies(statement, call, bounded=bounded):
            truth, reason = rest.truth, assumptions.BECAUSE[because]
            said.assumptions.add(because)
    elif rest.truth is True and truth is None:
        because = "MISPLACED_PRINCIPAL"
        if on_resource and statement.principals is not None:
            because = "CANONICAL_USER_IS_CALLER"
        reason = assumptions.BECAUSE[because]
        said.assumptions.add(because)
    if ways.get(Strength.VIA_USER):
        said.assumptions.add("FEDERATED_USER_IS_NAMESAKE")
    said.steps.append(Step(reference, truth, reason))
    if statement.effect is Effect.DENY:
        said.denied = any_of((said.denied, truth))
        return
    for strength, way in ways.items():
        said.allowed[strength] = any_of((said.allowed.get(strength, False), all_of((rest.truth, way))))


def _ways(statement: Statement, call: Call, *, on_resource: bool) -> Mapping[Strength, Truth]:
    if on_resource:
        return named(statement, call)
    misplaced = statement.principals is not None or statement.resources is None
    return {Strength.DIRECT: assumptions.MISPLACED_PRINCIPAL if misplaced else True}
