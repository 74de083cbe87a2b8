"""What is recommended for the policies of one principal, and what is proven of it.

The entry points stand in `analyzers.checks.recommendation`:

    recommend(policies, evidence, *, since, now, resources=False, seconds=2.0) -> Recommendation
    what_if(policies, evidence, *, since, now, days=30) -> WhatIf
    side_by_side.rows(old: str, new: str, changes) -> tuple[Row, ...]        # for pages
    downloads.as_json | as_cli | as_cloudformation | as_terraform | as_roll_out(recommendation) -> str

`since` and `now` are aware instants; `resources` asks for the stricter variant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How a principal has a policy; values as `PrincipalPolicy.Kind`."""

    INLINE = "INLINE"
    MANAGED = "MANAGED"
    BOUNDARY = "BOUNDARY"


class StepAction(StrEnum):
    """DETACH_POLICY and CREATE_POLICY are the API's. KEEP_POLICY is ours: whoever leaves a group needs those of the
    group's policies that stay as they are attached to itself."""

    DETACH_POLICY = "DETACH_POLICY"
    CREATE_POLICY = "CREATE_POLICY"
    KEEP_POLICY = "KEEP_POLICY"


class Answer(StrEnum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """A policy that the principal has. `arn`: of a managed policy. `text`: the document; empty if it is not known.
    `via`: ARN of the group that it comes from, or empty. `updated_at`: its last change; None if that is not known."""

    name: str
    arn: str = ""
    kind: Kind = Kind.INLINE
    text: str = ""
    updated_at: datetime | None = None
    via: str = ""

    @property
    def id(self) -> str:
        """`existingPolicyId` of the API: the ARN of a managed policy, the name of one inline."""
        return self.arn or self.name

    @property
    def by_aws(self) -> bool:
        """Whether AWS manages it."""
        return ":iam::aws:policy/" in self.arn


@dataclass(frozen=True, slots=True)
class Change:
    """One pattern that is taken out of a statement or replaced in it, or (element Statement) a statement that goes.

    `statement`: its index in the old document. `element`: Action, NotAction, Resource or Statement. `old`: the pattern
    as it stood (empty for Statement). `new`: what stands there instead; empty: nothing. `dropped`: the actions that it
    covered and that go, as the catalogue spells them; `*` after a service where all of it goes. `kept`: number of
    known actions that stay. `reason`: in words. `last_use`: the latest known use of what goes; None: none is known.
    `actions`: of Resource, those that are narrowed; `last_use` is theirs then.
    """

    statement: int
    sid: str
    element: str
    old: str
    new: tuple[str, ...]
    dropped: tuple[str, ...]
    kept: int
    reason: str
    last_use: datetime | None = None
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim about the recommended set, and whether it holds. `words`: how it is known, for people. A claim that is
    not PROVED is the reason of a refusal."""

    claim: str
    verdict: Answer
    words: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one policy; the steps of one policy follow each other, CREATE before DETACH.

    `policy`: the one that is replaced, detached or kept. `text`: of CREATE_POLICY, the new document, pretty JSON.
    `name`, `kind`: proposed for the new policy; an inline policy that keeps its name is overwritten in place.
    `number` counts the policies that one old policy is split into, from 1.
    `changes`: all changes of the old policy (the same on each of its steps). `words`: what is to be done and why.
    `overwritten`: of DETACH_POLICY: the inline policy was overwritten in place, and there is nothing more to do.
    """

    action: StepAction
    policy: Held
    text: str = ""
    name: str = ""
    kind: Kind = Kind.MANAGED
    number: int = 1
    changes: tuple[Change, ...] = ()
    words: str = ""
    overwritten: bool = False

    @property
    def attaches_existing(self) -> bool:
        """Whether an existing managed policy is attached as it is."""
        return self.action is StepAction.KEEP_POLICY and self.policy.kind is Kind.MANAGED

    def as_json(self) -> dict[str, Any]:
        """`RecommendedStep` of the API; instants as ISO texts. KEEP_POLICY is told as a policy to create."""
        creates = self.action is not StepAction.DETACH_POLICY
        told: dict[str, Any] = {"recommendedAction": "CREATE_POLICY" if creates else "DETACH_POLICY"}
        if self.policy.updated_at is not None:
            told["policyUpdatedAt"] = self.policy.updated_at.isoformat()
        if creates:
            told["recommendedPolicy"] = self.text
        told["existingPolicyId"] = self.policy.id
        return {"unusedPermissionsRecommendedStep": told}


@dataclass(frozen=True, slots=True)
class Left:
    """A policy that stays as it is, or a statement of one (index; None: all of it), and why."""

    policy: Held
    reason: str
    statement: int | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`refused`: why nothing is recommended although something is unused; there are no steps then, and `proofs` tell
    which claim failed. `unchanged`: nothing surely unused is allowed; no steps either. `left`: what was not judged.
    `notes`: what to know before following it. `actions_before`, `actions_after`: numbers of known actions."""

    principal: str
    since: datetime
    now: datetime
    resources: bool = False
    steps: tuple[Step, ...] = ()
    proofs: tuple[Proof, ...] = ()
    refused: str = ""
    unchanged: bool = False
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    policies: tuple[Held, ...] = ()
    actions_before: int = 0
    actions_after: int = 0
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether there are steps, and all that is claimed of them is proven."""
        return bool(self.steps) and not self.refused and all(proof.verdict is Answer.PROVED for proof in self.proofs)

    def as_json(self) -> dict[str, Any]:
        """The parts of GetFindingRecommendation that follow from the recommendation alone: `resourceArn`,
        `recommendationType`, `status`, `recommendedSteps`, and `error` if it was refused."""
        told: dict[str, Any] = {
            "resourceArn": self.principal,
            "recommendationType": "UnusedPermissionRecommendation",
            "status": "FAILED" if self.refused else "SUCCEEDED",
            "recommendedSteps": [step.as_json() for step in self.steps],
        }
        if self.refused:
            told["error"] = {"code": "NOT_PROVEN", "message": self.refused}
        return told


@dataclass(frozen=True, slots=True)
class Loss:
    """An action, or a whole service (`s3:*`), with its last known use."""

    action: str
    last_use: datetime | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`broken`: what would be taken away too if the evidence began `days` later: it was last used in the oldest days
    of the period. `spared`: what would stay if it began `days` earlier, as far as uses are known from then."""

    days: int
    broken: tuple[Loss, ...] = ()
    spared: tuple[Loss, ...] = field(default=())
