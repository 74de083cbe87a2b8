"""The way a decision takes through the layers of policies, as boxes to draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzers.policy.model import Effect
from analyzers.reasoning.evaluate import Decision, Outcome, Step
from analyzers.reasoning.layers_in_words import kind_of
from analyzers.reasoning.policy_set import PolicySet

WORDS = {
    "denied": "a statement denies it",
    "allowed": "allows it",
    "silent": "says nothing to it",
    "unknown": "cannot be decided",
    "absent": "not given",
    "passed over": "does not apply to this request",
}
GLYPHS = {"denied": "✕", "allowed": "✓", "silent": "–", "unknown": "?", "absent": "", "passed over": ""}


@dataclass
class Box:
    """A layer. `state` is a key of WORDS; `decides`: the answer comes from here. `y`: where it is drawn."""

    name: str
    title: str
    state: str
    decides: bool = False
    on_path: bool = True
    y: int = 0
    steps: list[Step] = field(default_factory=list)

    @property
    def words(self) -> str:
        if self.state == "allowed" and self.name.startswith("rcp:"):
            return "denies nothing"
        return WORDS[self.state]

    @property
    def glyph(self) -> str:
        return GLYPHS[self.state]

    @property
    def css(self) -> str:
        return self.state.replace(" ", "-")


HEIGHT = 64
"""From one box to the next."""


def boxes(decision: Decision, policies: PolicySet) -> list[Box]:
    """The layers in AWS's order. The path ends at the first that denies."""
    found = list(_boxes(decision, policies))
    deciding = {str(reference.document) for reference in decision.statements}
    ended = False
    for number, box in enumerate(found):
        box.y = number * HEIGHT
        box.decides = any(str(step.statement.document) in deciding for step in box.steps)
        box.on_path = not ended
        ended = ended or box.state == "denied"
    if decision.outcome is Outcome.DENY and decision.kind == "implicit" and not any(box.decides for box in found):
        for box in found:
            box.decides = box.state == "silent"
    return found


def _boxes(decision: Decision, policies: PolicySet) -> Iterator[Box]:
    by_document: dict[str, list[Step]] = {}
    for step in decision.steps:
        by_document.setdefault(str(step.statement.document), []).append(step)

    def box(kind: str, level: str, title: str, given: bool) -> Box:
        name = f"{kind}:{level}" if level else kind
        steps = [
            step for document, found in by_document.items() if document.partition("[")[0] == name for step in found
        ]
        state = _state(steps) if steps else "absent" if not given else "passed over"
        if given and not steps and kind in {"boundary", "session", "scp"}:
            state = "silent" if kind != "scp" else "passed over"
        return Box(name, title, state, steps=steps)

    for level, documents in (policies.rcp_levels or {}).items():
        yield box("rcp", level, f"Resource control policies · {level}", bool(documents))
    for level in policies.scp_levels or {}:
        found = box("scp", level, f"Service control policies · {level}", True)
        yield found
    yield box("resource", "", "Resource policy", bool(policies.resource))
    if policies.trust:
        yield box("trust", "", "Role trust policy", True)
    if policies.key_policy:
        yield box("key_policy", "", "Key policy", True)
    if policies.acl:
        yield box("acl", "", "Access control list", True)
    yield box("identity", "", "Policies of the caller", bool(policies.identity))
    yield box("boundary", "", "Permissions boundary", policies.boundary is not None)
    yield box("session", "", "Session policy", policies.session is not None)


def _state(steps: list[Step]) -> str:
    """The strongest thing that a statement says."""
    denies = [step.truth for step in steps if step.statement.effect is Effect.DENY]
    allows = [step.truth for step in steps if step.statement.effect is Effect.ALLOW]
    only_denies = all(kind_of(str(step.statement.document)) == "rcp" for step in steps)
    if True in denies:
        return "denied"
    if None in denies or (None in allows and True not in allows):
        return "unknown"
    return "allowed" if True in allows or (only_denies and False in denies) else "silent"
