"""What was found and what people decided."""

from .archive_rule import ArchiveRule
from .event import Event
from .finding import Finding, FindingStatus, FindingType, Proof
from .rule_event import RuleEvent

__all__ = ["ArchiveRule", "Event", "Finding", "FindingStatus", "FindingType", "Proof", "RuleEvent"]
