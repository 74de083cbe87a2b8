"""What is analysed: one resource with every channel that can let somebody in, and the zone of trust.

Plain values, so that an analysis is a pure function that can be repeated, split and memoised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from analyzers.reasoning.request import Request


@dataclass(frozen=True, slots=True)
class ZoneOfTrust:
    """`accounts` are the ids inside: the one account, or every known account of the organization.

    `organization` is the zone's own organization id where it is known, whatever the kind.
    """

    by_organization: bool
    accounts: frozenset[str]
    organization: str = ""
    canonical_users: frozenset[str] = frozenset()


class ChannelDocument(NamedTuple):
    """A policy text as stored. `channel` is POLICY or S3_ACCESS_POINT; `name` the access point's ARN."""

    channel: str
    name: str
    text: str


class Asked(Protocol):
    """What findings are about: a resource, or a user or role. `type` as on the wire."""

    @property
    def arn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def account(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource to analyse. `configuration` as in `analyzers.models.Resource`; `account_public_access_block` are
    the four S3 flags of the owner; `control_documents` the texts of the RCPs that bind the resource, root first.
    """

    arn: str
    type: str
    account: str
    documents: tuple[ChannelDocument, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    account_public_access_block: Mapping[str, bool] | None = None
    control_documents: tuple[str, ...] = ()
    error: str = ""


class StatementRef(NamedTuple):
    """A statement that grants. `text` is the document it stands in: stored, or written by us for an ACL, a grant or
    a share (then `written` is true)."""

    channel: str
    name: str
    text: str
    statement: int
    sid: str
    effect: str
    written: bool = False


class FurtherCondition(NamedTuple):
    """A condition of a granting statement that does not limit who: the caller can satisfy it himself."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalFinding:
    """One way in. Wire names: `principal` {"AWS": …}, `action`, `condition`, `isPublic`, `sources`.

    `notes`: what else such access takes, or what could not be looked at, in sentences.
    """

    principal: Mapping[str, str]
    action: tuple[str, ...]
    condition: Mapping[str, str]
    is_public: bool
    sources: tuple[Mapping[str, Any], ...]
    restriction: str
    summary: str
    witness: Request | None
    statements: tuple[StatementRef, ...]
    proved: bool = True
    reason: str = ""
    further_conditions: tuple[FurtherCondition, ...] = ()
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer about one resource. `error` says why (part of) it could not be analysed: then it becomes a finding
    with an error, beside the findings of the part that could."""

    findings: tuple[ExternalFinding, ...] = ()
    error: str = ""
