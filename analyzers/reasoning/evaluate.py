"""The concrete evaluator: one request, decided directly and explained, without a solver.

It shares nothing with the symbolic engine but the reading of patterns, so each can check the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from analyzers.policy.model import Effect, Policy

from .matching import Call, match_statement
from .request import Request


class Outcome(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    UNKNOWN = "unknown"


class StatementRef(NamedTuple):
    """A statement of one of the documents that were asked: its number there, or its name in a policy set."""

    document: int | str
    statement: int
    sid: str
    effect: Effect

    def __str__(self) -> str:
        return f"statement {self.statement}" + (f" ({self.sid})" if self.sid else "")


class Step(NamedTuple):
    """What one statement said: it matched, did not, or could not be decided, and why."""

    statement: StatementRef
    truth: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind` says of a DENY whether a statement makes it (explicit) or nothing allows (implicit); else it is None.

    `assumptions` names the constants of `assumptions.py` that the answer rests on.
    """

    outcome: Outcome
    kind: str | None
    reason: str
    statements: tuple[StatementRef, ...] = ()
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()


def resource_side(request: Request, allows: Sequence[Policy], denies: Sequence[Policy] = ()) -> Decision:
    """What the documents on the resource's side say to a caller from another account.

    A Deny in any document binds; only Allow statements of `allows` grant. The caller's own policies are not asked.
    """
    call = Call(request)
    steps: list[Step] = []
    allowed: list[Step] = []
    denied: list[Step] = []
    for number, policy in enumerate((*allows, *denies)):
        for statement in policy.statements:
            if statement.effect is Effect.ALLOW and number >= len(allows):
                continue
            match = match_statement(policy, statement, call)
            reference = StatementRef(number, statement.index, statement.sid or "", statement.effect)
            step = Step(reference, match.truth, match.reason)
            steps.append(step)
            if match.truth is not False:
                (denied if statement.effect is Effect.DENY else allowed).append(step)
    return _decide(tuple(steps), allowed, denied)


def _decide(steps: tuple[Step, ...], allowed: list[Step], denied: list[Step]) -> Decision:
    sure = [step for step in denied if step.truth]
    if sure:
        return _decision(Outcome.DENY, "explicit", f"Denied by {sure[0].statement}.", sure, steps)
    if not allowed:
        return _decision(Outcome.DENY, "implicit", "No statement allows the request.", [], steps)
    if denied:
        reason = f"Whether {denied[0].statement} denies it is not known: {denied[0].reason}."
        return _decision(Outcome.UNKNOWN, None, reason, denied, steps)
    granted = [step for step in allowed if step.truth]
    if granted:
        return _decision(Outcome.ALLOW, None, f"Allowed by {granted[0].statement}.", granted, steps)
    reason = f"Whether {allowed[0].statement} allows it is not known: {allowed[0].reason}."
    return _decision(Outcome.UNKNOWN, None, reason, allowed, steps)


def _decision(
    outcome: Outcome, kind: str | None, reason: str, decisive: list[Step], steps: tuple[Step, ...]
) -> Decision:
    return Decision(outcome, kind, reason, tuple(step.statement for step in decisive), steps)
