"""What can be wrong with a file."""

from __future__ import annotations


class Unreadable(Exception):
    """A file or folder that cannot be read at all; the message says which and why."""
