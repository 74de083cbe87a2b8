"""One file of CloudTrail events to its tally."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from .tally import Tally


def read(stream: BinaryIO, name: str) -> Tally:
    """The sums of one file, gzip or plain JSON. All or nothing: raises `NotALog` with a reason if it is no whole log.

    `name`: the file's name or key, by which digest files are known.
    """
    raise NotImplementedError


def tally_events(events: Iterable[Mapping[str, Any]]) -> Tally:
    """The same rules for events that come one by one: records, or the answers of `lookup_events`, which hold the record
    as text in `CloudTrailEvent`."""
    raise NotImplementedError
