"""Policies without what is surely unused, proven before they are shown. docs/recommendations.md is the way in."""

from .recommending import recommend
from .supposing import what_if
from .values import (
    Answer,
    Change,
    Held,
    Kind,
    Left,
    Loss,
    Proof,
    Recommendation,
    Step,
    StepAction,
    WhatIf,
)

__all__ = [
    "Answer",
    "Change",
    "Held",
    "Kind",
    "Left",
    "Loss",
    "Proof",
    "Recommendation",
    "Step",
    "StepAction",
    "WhatIf",
    "recommend",
    "what_if",
]
