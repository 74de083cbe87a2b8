"""What findings can be filtered by: one line a property, and for which analyzers a rule may name it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-filter-keys.html, and of our own
`action`, `proof`, `lastAccessed` (a day, 2026-07-01), `unusedFor` (a class of age), `principal.CanonicalUser` and every
condition key. A property whose values lie in a new column of `Finding` is one more line of `_TABLE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from analyzers.models import AnalyzerType, ResourceType

from .ages import AGES
from .models import AccessType, FindingStatus, FindingType, PrincipalType, Proof

EXTERNAL, INTERNAL, UNUSED = "external", "internal", "unused"
EVERY = frozenset({EXTERNAL, INTERNAL, UNUSED})
ACCESS = frozenset({EXTERNAL, INTERNAL})
NO_RULE: frozenset[str] = frozenset()
"""An archive rule decides about findings of its analyzer that are new, so these say nothing in it."""
RESTRICTIONS = ("APPLIED", "APPLICABLE", "NOT_APPLICABLE", "FAILED_TO_EVALUATE_RCP")
SERVICE_RESTRICTIONS = ("APPLIED", "APPLICABLE", "NOT_APPLICABLE", "FAILED_TO_EVALUATE_SCP")
UNUSED_TYPES = tuple(value for value in FindingType.values if value.startswith("Unused"))


class Property(NamedTuple):
    """`column` of `Finding`; `rules`: the kinds of analyzers whose rules may name it; `choices`: the values it has."""

    column: str
    rules: frozenset[str] = EVERY
    choices: tuple[str, ...] = ()
    rule_choices: tuple[str, ...] = ()


_TABLE: Mapping[str, Property] = {
    "resource": Property("resource"),
    "resourceType": Property("resource_type", EVERY, tuple(ResourceType.values)),
    "resourceOwnerAccount": Property("resource_owner_account"),
    "error": Property("error", ACCESS),
    "status": Property("status", NO_RULE, tuple(FindingStatus.values)),
    "id": Property("id", NO_RULE),
    "findingType": Property("finding_type", frozenset({UNUSED}), tuple(FindingType.values), UNUSED_TYPES),
    "lastAccessed": Property("last_accessed_at", NO_RULE),
    "unusedFor": Property("last_accessed_at", NO_RULE, tuple(AGES)),
    "proof": Property("proof", ACCESS, tuple(Proof.values)),
    "resourceControlPolicyRestriction": Property("resource_control_policy_restriction", ACCESS, RESTRICTIONS),
    "analyzer": Property("analyzer__name", NO_RULE),
    "isPublic": Property("is_public", frozenset({EXTERNAL}), ("true", "false")),
    "action": Property("action", ACCESS),
    "principal.AWS": Property("principal", ACCESS),
    "principal.Federated": Property("principal", ACCESS),
    "principal.CanonicalUser": Property("principal", frozenset({EXTERNAL})),
    "accessType": Property("access_type", frozenset({INTERNAL}), tuple(AccessType.values)),
    "principalType": Property("principal_type", frozenset({INTERNAL}), tuple(PrincipalType.values)),
    "principalOwnerAccount": Property("principal_owner_account", frozenset({INTERNAL})),
    "serviceControlPolicyRestriction": Property(
        "service_control_policy_restriction", frozenset({INTERNAL}), SERVICE_RESTRICTIONS
    ),
}
_CONDITION = Property("condition", ACCESS)
CONDITION_KEYS = (
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:UserId",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "kms:CallerAccount",
    "cognito-identity.amazonaws.com:aud",
    "graph.facebook.com:app_id",
    "accounts.google.com:aud",
    "www.amazon.com:app_id",
    "lambda:EventSourceToken",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3express:SessionMode",
)
"""Those that the service names; any other key may be written, too."""
PROPERTIES = tuple(_TABLE)
CHOICES: Mapping[str, tuple[str, ...]] = {name: entry.choices for name, entry in _TABLE.items() if entry.choices}
_CONDITION_NAME = re.compile(r"condition\.[^\s:~\"]+:[^\s:~\"]+\Z")
_LONGEST_NAME = 300


def kind_of(analyzer_type: str) -> str:
    """`external`, `internal` or `unused`, of an analyzer's type."""
    if analyzer_type in {AnalyzerType.ACCOUNT, AnalyzerType.ORGANIZATION}:
        return EXTERNAL
    return INTERNAL if analyzer_type.endswith("_INTERNAL_ACCESS") else UNUSED


def find(name: str) -> Property | None:
    """The property of this name, or None."""
    if len(name) > _LONGEST_NAME or not name.isprintable():
        return None
    return _TABLE.get(name) or (_CONDITION if _CONDITION_NAME.match(name) else None)


def properties() -> list[str]:
    """Every property that a filter may name, for suggestions."""
    return [*PROPERTIES, *(f"condition.{key}" for key in CONDITION_KEYS)]


def for_rules(kind: str) -> list[str]:
    """What a rule of such an analyzer may name; `condition.KEY` stands for every condition key."""
    named = [name for name, entry in _TABLE.items() if kind in entry.rules]
    return [*named, "condition.KEY"] if kind in _CONDITION.rules else named
