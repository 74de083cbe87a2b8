"""What a question is answered with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from analyzers.policy.model import Path

from .evaluate import StatementRef
from .request import Request

GRANTS_NOTHING = "The policy grants nothing of the listed access."
NOTHING_NEW = "The new policy allows nothing that the existing one does not."
NOT_PUBLIC = "The policy gives no public access."
COMPARED = (
    "The first policy allows nothing that the second does not.",
    "The second policy allows nothing that the first does not.",
    "No request is allowed by both policies.",
)
"""What verdicts of policy checks are about."""


class Answer(StrEnum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


class Blocker(NamedTuple):
    """What prevents access: a statement that denies, or with `statement` None a layer that does not allow."""

    layer: str
    statement: StatementRef | None = None


class Part(NamedTuple):
    """An element of a statement that matters: its path in the document, and what stands there. `kind` is one of
    principal, action, resource, condition."""

    kind: str
    path: Path
    text: str


class Culprit(NamedTuple):
    """An Allow statement that lets the witness in, and the elements by which it does."""

    statement: StatementRef
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to the claim that there is no request of a kind.

    PROVED: there is none; `blockers` are a smallest set of what prevents it (empty: nothing has to). REFUTED:
    `witness` is one, which the evaluator has confirmed; `culprits` let it in. UNKNOWN: `reason` says why; it may be
    either, and is never to be taken for safe.
    """

    claim: str
    answer: Answer
    reason: str = ""
    witness: Request | None = None
    culprits: tuple[Culprit, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    assumptions: tuple[str, ...] = ()


class Relation(StrEnum):
    """How the requests that one policy allows lie to those of another."""

    EQUAL = "equal"
    WITHIN = "within"
    CONTAINS = "contains"
    OVERLAPPING = "overlapping"
    DISJOINT = "disjoint"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`only_first`, `only_second`, `both` are the verdicts on there being no request that only the first policy
    allows, only the second, or both; their witnesses show the difference."""

    relation: Relation
    only_first: Verdict
    only_second: Verdict
    both: Verdict
