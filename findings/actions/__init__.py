"""One module per mutation: who may do it, what changes, and the event that tells of it."""

from .archive import Archive, Unarchive
from .recommend import Recommend
from .record import record, resolve_vanished
from .rules import ApplyRule, CreateRule, DeleteRule, UndoRule, UpdateRule
from .transfer_rules import CopyRules, ImportRules, RestoreRules

__all__ = [
    "ApplyRule",
    "Archive",
    "CopyRules",
    "CreateRule",
    "DeleteRule",
    "ImportRules",
    "Recommend",
    "RestoreRules",
    "Unarchive",
    "UndoRule",
    "UpdateRule",
    "record",
    "resolve_vanished",
]
