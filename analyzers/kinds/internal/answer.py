"""What comes out of an internal analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzers.kinds.subject import FurtherCondition, StatementRef
from analyzers.reasoning.request import Request

INTRA_ACCOUNT, INTRA_ORG = "INTRA_ACCOUNT", "INTRA_ORG"
"""`InternalAccessType` of the Access Analyzer API."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """Whether the key lets the principal read what it reaches, and write: yes, no or unknown; empty where none of the
    actions does so. `blockers`: why not, in sentences."""

    key: str
    readable: str = ""
    writable: str = ""
    blockers: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "readable": self.readable,
            "writable": self.writable,
            "blockers": list(self.blockers),
        }


@dataclass(frozen=True, slots=True)
class InternalFinding:
    """Somebody inside who can reach the resource. Wire names: `principal`, `action`, `condition`, `accessType`,
    `principalType`, `principalOwnerAccount`, `sources`, `resourceControlPolicyRestriction`,
    `serviceControlPolicyRestriction`. `unless`: conditions under which a statement denies it."""

    principal: str
    principal_type: str
    principal_owner_account: str
    access_type: str
    action: tuple[str, ...]
    condition: Mapping[str, str]
    sources: tuple[Mapping[str, Any], ...]
    restriction: str
    service_restriction: str
    summary: str
    witness: Request | None
    statements: tuple[StatementRef, ...]
    proved: bool = True
    reason: str = ""
    further_conditions: tuple[FurtherCondition, ...] = ()
    unless: tuple[FurtherCondition, ...] = ()
    assumptions: tuple[str, ...] = ()
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Actions on data that every policy but the key's side allows a principal: it is proved that the key does not let
    it. `blockers`: why, in sentences."""

    principal: str
    actions: tuple[str, ...]
    key: str
    blockers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InternalAnalysis:
    """The answer about one resource, as `kinds.subject.Analysis` is for those outside. `withheld`: what is not in the
    findings only because of the key, at most one of each principal and key, by principal."""

    findings: tuple[InternalFinding, ...] = ()
    error: str = ""
    withheld: tuple[Withheld, ...] = ()
