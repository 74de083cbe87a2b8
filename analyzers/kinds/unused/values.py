"""What is judged and what comes of it. Plain values, so that a judgement is a pure function of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

ROLE, USER = "AWS::IAM::Role", "AWS::IAM::User"

UNUSED_ROLE = "UnusedIAMRole"
UNUSED_KEY = "UnusedIAMUserAccessKey"
UNUSED_PASSWORD = "UnusedIAMUserPassword"  # noqa: S105 - a `FindingType` of the API
UNUSED_PERMISSION = "UnusedPermission"


class AccessKey(NamedTuple):
    """`known`: IAM was asked when the key was used last; without a time, it never was."""

    id: str
    active: bool
    created_at: datetime | None
    last_used_at: datetime | None = None
    known: bool = False


class Password(NamedTuple):
    """Of a user that can sign in to the console. `known` as with keys."""

    created_at: datetime | None
    last_used_at: datetime | None = None
    known: bool = False


class HeldPolicy(NamedTuple):
    """`text`: None if it is not known. `updated_at`: None if it is not known when the policy was changed last.
    `group`: the name of the group that it comes from."""

    name: str
    text: str | None
    updated_at: datetime | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A user or role with what it holds. `type`: `ROLE` or `USER`. `read_at`: when the inventory learned all this; None
    if that is not known. `last_used_at` and `last_used_known`: of a role, as IAM tells. `keys` and `password` are of a
    user, with `credentials_known` if they were read; `password` is None if there is none. `policies`: its own and those
    of its groups, but no boundary, which grants nothing."""

    arn: str
    type: str
    account: str
    name: str
    created_at: datetime | None
    read_at: datetime | None
    last_used_at: datetime | None = None
    last_used_known: bool = False
    keys: tuple[AccessKey, ...] = ()
    password: Password | None = None
    credentials_known: bool = False
    policies: tuple[HeldPolicy, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def holding(self, policies: tuple[HeldPolicy, ...]) -> Holder:
        return replace(self, policies=policies)

    @property
    def called(self) -> str:
        return f"{'Role' if self.type == ROLE else 'User'} {self.name}"


@dataclass(frozen=True, slots=True)
class UnusedFinding:
    """`kind`: a `FindingType` of the API. `details`: as stored, JSON."""

    kind: str
    last_accessed: datetime | None
    details: Mapping[str, Any]
    access_key_id: str = ""


class Gap(NamedTuple):
    """Actions of the catalogue that the policies allow: all, those seen in use, those surely not used."""

    granted: int
    used: int
    unused: int


@dataclass(frozen=True, slots=True)
class UnusedAnalysis:
    """`unknown`: what could not be judged, in sentences that are equal for equal reasons. `undecided`: the (finding
    type, access key id) of which it is not known whether there is a finding, without an id all of the type; None: of
    none at all. `gap`: None for a principal that is not judged."""

    findings: tuple[UnusedFinding, ...] = ()
    unknown: tuple[str, ...] = ()
    undecided: frozenset[tuple[str, str]] | None = frozenset()
    gap: Gap | None = None

    @property
    def error(self) -> str:
        return "\n".join(self.unknown)

    def decides(self, kind: str, access_key_id: str) -> bool:
        """Whether the absence of such a finding says that there is none."""
        return self.undecided is not None and self.undecided.isdisjoint({(kind, access_key_id), (kind, "")})
