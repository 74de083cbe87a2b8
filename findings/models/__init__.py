"""What was found and what people decided."""

from .archive_rule import ArchiveRule
from .event import Event
from .finding import AccessType, Finding, FindingStatus, FindingType, PrincipalType, Proof

__all__ = [
    "AccessType",
    "ArchiveRule",
    "Event",
    "Finding",
    "FindingStatus",
    "FindingType",
    "PrincipalType",
    "Proof",
]
