"""What is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from analyzers.policy.model import Policy

from .policy_set import PolicySet
from .request import ContextValue, Request
from .scene import Scene

SECONDS = 2.0
"""That an answer may take."""
DEFAULT_SECONDS = 10.0
"""The same for everybody who gets in: many answers at once."""


class PolicyType(StrEnum):
    """As the Access Analyzer API names them."""

    IDENTITY = "IDENTITY_POLICY"
    RESOURCE = "RESOURCE_POLICY"
    SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
    RESOURCE_CONTROL = "RESOURCE_CONTROL_POLICY"


Listed = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Pairs of action patterns and resource patterns; an empty list stands for any."""


@dataclass(frozen=True, slots=True)
class Access:
    """A caller, and what it may be after.

    `principal` as in `Request`; the ARN of a role stands for all of its sessions. `actions` and `resources` are
    patterns, of which any will do; none: whatever there is. `resource_account` may be left out where the resources
    tell it. `context` holds keys whose value is known of every request; all others are free, and may be absent.
    """

    policies: PolicySet
    principal: str
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_account: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)


class Part(NamedTuple):
    """A document in a question. Of those with the same `gate` one must allow; ONLY_DENIES: nothing is asked of its
    Allow statements. A Deny in any part binds."""

    policy: Policy
    scene: Scene
    gate: int = 0


ONLY_DENIES = -1


@dataclass(frozen=True, slots=True)
class Question:
    """Who gets through all gates, seen from this zone of trust.

    `services`: the action prefixes that the resource understands ("s3"). `anonymous`: whether the service takes
    requests without a signature. `accounts`, `organization`, `canonical_users`: the zone of trust.
    """

    parts: tuple[Part, ...]
    services: tuple[str, ...]
    accounts: frozenset[str]
    organization: str = ""
    by_organization: bool = False
    canonical_users: frozenset[str] = frozenset()
    anonymous: bool = True

    @property
    def federated(self) -> bool:
        """Whether identity providers can vouch for the caller: only where a role is assumed."""
        return self.services == ("sts",)


class Unanswered(Exception):
    """The question could not be answered within its limits; the message says why. Never means "no access"."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in. `principal` (key, value); `condition` as written in the documents; `statements` are those that
    grant, as (index into Question.parts, statement index). The witness's resource lacks the ARN in question: it is
    what follows it, so that a way can be shared by resources of one template."""

    principal: tuple[str, str]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...]
    is_public: bool
    witness: Request
    statements: tuple[tuple[int, int], ...]
