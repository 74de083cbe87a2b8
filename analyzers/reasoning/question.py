"""What is asked: who gets through these documents, seen from this zone of trust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from analyzers.policy.model import Policy

from .scene import Scene


class Part(NamedTuple):
    """A document in a question. Of those with the same `gate` one must allow; ONLY_DENIES: nothing is asked of its
    Allow statements. A Deny in any part binds."""

    policy: Policy
    scene: Scene
    gate: int = 0


ONLY_DENIES = -1


@dataclass(frozen=True, slots=True)
class Question:
    """Who gets through all gates.

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
