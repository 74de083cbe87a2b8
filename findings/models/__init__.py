"""What was found and what people decided."""

from .archive_rule import ArchiveRule
from .event import Event
from .finding import (
    ORDER_OF_WORK,
    UNUSED_FINDINGS,
    AccessType,
    Finding,
    FindingStatus,
    FindingType,
    PrincipalType,
    Proof,
)
from .recommendation import Recommendation
from .rule_event import RuleEvent

__all__ = [
    "ORDER_OF_WORK",
    "UNUSED_FINDINGS",
    "AccessType",
    "ArchiveRule",
    "Event",
    "Finding",
    "FindingStatus",
    "FindingType",
    "PrincipalType",
    "Proof",
    "Recommendation",
    "RuleEvent",
]
