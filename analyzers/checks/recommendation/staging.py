"""The first stage of a roll-out: a policy that denies what is to be removed, so that it can be taken back at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.policy import CURRENT_VERSION, PolicyError, parse

from . import fitting
from .inclusion import Actions
from .narrowing import Document
from .values import Answer, Kind, Proof, Recommendation, StepAction

DENIES_NOTHING_ELSE = "The Deny policy denies nothing that the new policies allow."


@dataclass(frozen=True, slots=True)
class Stage:
    """`document`: the Deny policy; None if there can be none, and `reason` says why."""

    document: Document | None
    proof: Proof | None = None
    reason: str = ""


def deny_stage(recommendation: Recommendation) -> Stage:
    """A Deny of the actions that go, by name if that fits into a managed policy, otherwise of all but what stays."""
    kept = _kept_patterns(recommendation)
    if isinstance(kept, str):
        return Stage(None, reason=kept)
    changes = {change for step in recommendation.steps for change in step.changes}
    named = {name for change in changes for name in change.dropped}
    allowed = [Actions(patterns) for patterns in kept]
    free = sorted(name for name in named if all(one.exclude(name.lower()) for one in allowed))
    if not free:
        return Stage(None, reason="No action goes as a whole: what is removed is narrower than that.")
    patterns = sorted({pattern for many in kept for pattern in many})
    for element, values in (("Action", free), ("NotAction", patterns)):
        document = {
            "Version": CURRENT_VERSION,
            "Statement": [{"Sid": "DenyUnused", "Effect": "Deny", element: values, "Resource": "*"}],
        }
        if values and fitting.size(document) <= fitting.MANAGED:
            return Stage(document, _proof(document, kept))
    return Stage(None, reason="The list of what goes is too long for one policy: go policy by policy instead.")


def _proof(document: Document, kept: Sequence[Sequence[str]]) -> Proof:
    """By the names alone: each pattern of a statement that allows lies outside of the Deny."""
    denied = parse(json.dumps(document)).statements[0].actions
    assert denied is not None
    deny = Actions(denied.values)
    outside = deny.include if denied.negated else deny.exclude
    fine = all(outside(pattern.lower()) for patterns in kept for pattern in patterns)
    words = "Each pattern that the new policies allow lies outside of it." if fine else "Patterns overlap."
    return Proof(DENIES_NOTHING_ELSE, Answer.PROVED if fine else Answer.UNKNOWN, words)


def _kept_patterns(recommendation: Recommendation) -> list[tuple[str, ...]] | str:
    """The Action patterns of the Allow statements that are left, or why they are not known."""
    replaced = {step.policy for step in recommendation.steps}
    texts = [step.text for step in recommendation.steps if step.action is not StepAction.DETACH_POLICY]
    texts += [one.text for one in recommendation.policies if one not in replaced and one.kind is not Kind.BOUNDARY]
    found: list[tuple[str, ...]] = []
    for text in texts:
        try:
            policy = parse(text)
        except PolicyError:
            return "A policy that stays cannot be read, so nobody can tell what a Deny would take from it."
        for statement in policy.statements:
            if statement.effect == "Allow" and statement.actions is not None:
                if statement.actions.negated:
                    return "A policy that stays allows all but some actions, so a Deny cannot be told apart from it."
                found.append(statement.actions.values)
    return found
