"""One module per mutation: who may do it, what changes, and the event that tells of it."""

from .archive import Archive, Unarchive
from .record import record, resolve_vanished
from .rules import ApplyRule, CreateRule, DeleteRule, UpdateRule

__all__ = [
    "ApplyRule",
    "Archive",
    "CreateRule",
    "DeleteRule",
    "Unarchive",
    "UpdateRule",
    "record",
    "resolve_vanished",
]
