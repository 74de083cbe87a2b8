"""The questions with their limits. The solver answers in a process of its own, see `analyzers.reasoning.guard`; whoever
calls for pages does so in a worker, whose time is limited as a whole."""

from __future__ import annotations

from analyzers.checks.recommendation import Recommendation, WhatIf, recommend, what_if

from .inputs import Inputs

SECONDS = 10.0
"""For each proof."""
SHORTER = (7, 30, 90)
"""Days by which the evidence is thought shorter."""


def recommendation(inputs: Inputs, *, resources: bool, seconds: float = SECONDS) -> Recommendation:
    return recommend(
        inputs.policies,
        inputs.evidence,
        since=inputs.since,
        now=inputs.now,
        resources=resources,
        seconds=seconds,
    )


def shorter(inputs: Inputs, days: int) -> WhatIf | None:
    """What would be taken away too were the evidence `days` shorter. None: nothing would be left of it."""
    if days >= (inputs.now - inputs.since).days:
        return None
    return what_if(inputs.policies, inputs.evidence, since=inputs.since, now=inputs.now, days=days)
