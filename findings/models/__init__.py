"""What was found and what people decided."""

from .archive_rule import ArchiveRule
from .event import Event
from .finding import Finding, FindingStatus, FindingType, Proof

__all__ = ["ArchiveRule", "Event", "Finding", "FindingStatus", "FindingType", "Proof"]
