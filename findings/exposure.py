"""Whether an archive rule could hide public access. In doubt it could."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from . import filter_keys
from .filters import Criteria
from .models import Proof

PUBLIC_OR_UNREAD = Q(is_public=True) | ~Q(error="")
"""Findings that are public, or that say only that nobody could analyse the resource, which may be public."""

_UNREAD: Mapping[str, str | None] = {"isPublic": None, "proof": Proof.ERROR, "action": None}
"""What a finding says of a resource that could not be analysed; it has neither principal nor condition."""


def could_hide_public(criteria: Criteria, analyzer_type: str) -> bool:
    """True unless the criteria rule out `isPublic:true`, and resources that could not be analysed.

    Only analyzers of external access find public access.
    """
    if filter_keys.kind_of(analyzer_type) != filter_keys.EXTERNAL:
        return False
    return _holds(criteria.get("isPublic", {}), "true") or _could_be_unread(criteria)


def _could_be_unread(criteria: Criteria) -> bool:
    for name, criterion in criteria.items():
        if name in _UNREAD:
            if not _holds(criterion, _UNREAD[name]):
                return False
        elif name.startswith(("principal.", "condition.")) or name == "resourceControlPolicyRestriction":
            if not _holds(criterion, None):
                return False
        elif name == "error" and criterion.get("exists") is False:
            return False
    return True


def _holds(criterion: Mapping[str, Any], value: str | None) -> bool:
    """Whether all operators of a criterion hold for the value of a property; None: the finding lacks it."""
    return all(_operator_holds(operator, wanted, value) for operator, wanted in criterion.items())


def _operator_holds(operator: str, wanted: Any, value: str | None) -> bool:
    if operator == "exists":
        return bool(wanted) == (value is not None)
    if operator == "neq":
        return value not in wanted
    if value is None:
        return False
    if operator == "contains":
        return any(part in value for part in wanted)
    return value in wanted
