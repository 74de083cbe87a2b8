"""Why somebody can, or cannot, do something with a resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzers import reasoning
from analyzers.policy import Effect
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, Outcome, StatementRef
from analyzers.reasoning.layers_in_words import kind_of, spell
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.remedies import Advice
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer

from .questions import Asking, Caller, Cited, Reply, joined, texts_of
from .target import Target


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something in the way: a statement that denies (`cited`), or a layer that does not allow. `sure`: False for a
    statement of which it is not known whether it denies."""

    layer: str
    sentence: str
    cited: Cited | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`reply` answers for all that was asked about. Of a no or a *not known*, `obstacles` stand in the way of
    `request`, the likeliest one; `proved`: the solver says that under no circumstances this action is allowed there.
    `advice`: what would change it, each proposal tried out."""

    reply: Reply
    request: Request
    policies: PolicySet
    obstacles: tuple[Obstacle, ...] = ()
    proved: bool = False
    advice: Advice | None = None


def why_not(caller: Caller, target: Target, asking: Asking) -> WhyNot:
    """The witness, or what is in the way of it. `target` has at least one question."""
    reply = target.ask(caller, asking)
    question = target.questions[0]
    place = question.place
    policies = joined(caller.policies, place)
    context = dict(caller.context)
    request = reply.request or Request(caller.arn, question.actions[0], place.wanted[-1], place.account, context)
    if reply.truth:
        return WhyNot(reply, request, policies)
    decision = decide(request, policies)
    exact = replace(place, patterns=(request.resource,), wanted=(request.resource,))
    verdict = reasoning.can(asking.access(caller, (request.action,), exact), seconds=asking.each)
    refs = [(blocker.layer, blocker.statement) for blocker in verdict.blockers]
    for layer, statement in _evident(policies, decision):
        if (layer, statement) not in refs and (layer, None) not in refs:
            refs.append((layer, statement))
    texts = texts_of(policies)
    obstacles = [_obstacle(layer, statement, texts) for layer, statement in refs]
    obstacles += _doubts(decision, texts)
    advice = reasoning.advise(request, policies, seconds=asking.each) if decision.outcome is Outcome.DENY else None
    proved = reply.truth is False and verdict.answer is Answer.PROVED
    return WhyNot(reply, request, policies, tuple(obstacles), proved, advice)


def _evident(policies: PolicySet, decision: Decision) -> Iterator[tuple[str, StatementRef | None]]:
    """Every Deny that matches, and every limit that stays silent: the solver names no more than it takes."""
    for step in decision.steps:
        if step.truth is True and step.statement.effect is Effect.DENY:
            yield str(step.statement.document), step.statement
    allowing = {
        str(step.statement.document).partition("[")[0]
        for step in decision.steps
        if step.truth is not False and step.statement.effect is Effect.ALLOW
    }
    limits = ["boundary"] if policies.boundary is not None else []
    if not policies.principal_account_is_management:
        limits += [f"scp:{level}" for level in policies.scp_levels or {}]
    for limit in limits:
        if limit not in allowing:
            yield limit, None


def _doubts(decision: Decision, texts: dict[str, str]) -> Iterator[Obstacle]:
    if decision.outcome is not Outcome.UNKNOWN:
        return
    for step in decision.steps:
        if step.truth is not None:
            continue
        label, reference = str(step.statement.document), step.statement
        deed = "denies" if reference.effect is Effect.DENY else "allows"
        yield Obstacle(
            label,
            f"Whether {reference} of {spell(label)} {deed} it is not known: {step.reason.rstrip('.')}.",
            Cited(label, reference.statement, reference.sid, texts.get(label, "")),
            sure=False,
        )


def _obstacle(layer: str, statement: StatementRef | None, texts: dict[str, str]) -> Obstacle:
    if statement is None:
        return Obstacle(layer, f"{_silent(layer)}")
    cited = Cited(layer, statement.statement, statement.sid, texts.get(layer, ""))
    return Obstacle(layer, f"{str(statement).capitalize()} of {spell(layer)} denies it.", cited)


def _silent(layer: str) -> str:
    if kind_of(layer) == "identity":
        return "No policy of the caller allows it."
    if kind_of(layer) == "resource":
        return "No statement on the resource lets the caller in."
    return f"Nothing in {spell(layer)} allows it."
