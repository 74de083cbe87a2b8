"""Who is inside a zone of trust: its users and roles with everything that decides what they can do.

Plain values, so that an analysis is a pure function that can be repeated, split and memoised. Policies are texts that
are stored once: equal policies are the same object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Levels = Mapping[str, tuple[str, ...]]
"""Texts of control policies by the name of their level, from the organization's root down to the account."""

USER, ROLE = "IAM_USER", "IAM_ROLE"
"""`PrincipalType` of the Access Analyzer API."""


@dataclass(frozen=True, slots=True)
class Member:
    """A user or role. `kind`: `USER` or `ROLE`. `identity`: its own policies and those of its groups. `boundary`: None
    if it has none. `trust`: who may take on the role; None for a user, or if it is not known. `unknown`: names of
    policies whose text is not known, so that "no access" cannot be said of it.
    """

    arn: str
    kind: str
    account: str
    unique_id: str = ""
    identity: tuple[str, ...] = ()
    boundary: str | None = None
    trust: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """An account inside. Levels are None where the organization does not use that kind of control policy, or the
    account is in no organization. `path`: of its unit, as in aws:PrincipalOrgPaths (`o-…/r-…/ou-…/`).
    `canonical_user`: the account in S3 access control lists; empty if it is not known."""

    account: str
    name: str = ""
    management: bool = False
    path: str = ""
    scp_levels: Levels | None = None
    rcp_levels: Levels | None = None
    canonical_user: str = ""


@dataclass(frozen=True, slots=True)
class Population:
    """`members` by ARN, `homes` by account id. `organization` is its id, or empty for accounts in none."""

    members: tuple[Member, ...]
    homes: Mapping[str, Home]
    organization: str = ""
