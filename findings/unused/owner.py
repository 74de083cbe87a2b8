"""Whom to ask about a role or user: what its tags say, and who made it, where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from analyzers.models import PolicyChange

OWNER_TAGS = (
    "owner", "owneremail", "ownercontact", "technicalowner", "businessowner", "contact", "maintainer", "maintainedby",
    "email", "team", "squad", "department", "costcenter", "costcentre", "createdby", "creator", "managedby",
    "application", "app", "service", "project", "repository", "repo",
)  # fmt: skip
"""In the order in which they help. Tag keys are compared in small letters, without what separates words."""
STACK = "aws:cloudformation:stack-name"
MOST_HINTS = 6
_CREATED = {"CreateRole", "CreateUser"}


class Hint(NamedTuple):
    """`says`: where it comes from, as people call it."""

    says: str
    value: str


class Owner(NamedTuple):
    """`stack`: of CloudFormation, which would bring back what is removed by hand."""

    hints: tuple[Hint, ...] = ()
    stack: str = ""


def owner_of(tags: Mapping[str, Any], change: PolicyChange | None) -> Owner:
    by_name: dict[str, tuple[str, str]] = {}
    for key, value in tags.items():
        by_name.setdefault("".join(c for c in key.lower() if c.isalnum()), (key, str(value)))
    found = [Hint(f"tag {by_name[name][0]}", by_name[name][1]) for name in OWNER_TAGS if name in by_name]
    found = [hint for hint in found if hint.value.strip()][:MOST_HINTS]
    if change is not None and change.status == PolicyChange.Status.KNOWN and change.by:
        found.append(Hint("created by" if change.event in _CREATED else f"changed last ({change.event}) by", change.by))
    return Owner(tuple(found), str(tags.get(STACK, "")))
