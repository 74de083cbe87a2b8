"""One file of CloudTrail events to its tally: unpacked, decoded and summed in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, BinaryIO

import msgspec

from .gather import Gathering
from .records import batches, record
from .tally import NotALog, Tally
from .unpack import blocks

_NO_EVENTS = {
    "CloudTrail-Digest": "This is a digest file: it holds check sums of log files, no events.",
    "CloudTrail-Insight": "This is a file of Insights: it tells of unusual numbers of calls, not of the calls.",
}


def read(stream: BinaryIO, name: str, until: datetime | None = None) -> Tally:
    """The sums of one file, gzip or plain JSON, in any of the forms of `records`.

    All or nothing: raises `NotALog` with the reason if the file is none of them, damaged, cut off, or too large. A
    single record that is odd is counted with its reason. `name`: the file's name or key, by which digest files are
    known. `until`: records of a later day are odd; by default those of after tomorrow.
    """
    for part, reason in _NO_EVENTS.items():
        if part in name:
            raise NotALog(reason)
    gathering = Gathering(until)
    for batch in batches(blocks(stream), gathering.malformed):
        gathering.add(batch)
    if gathering.only_insights:
        raise NotALog(_NO_EVENTS["CloudTrail-Insight"])
    return gathering.tally()


def tally_events(events: Iterable[Mapping[str, Any]], until: datetime | None = None) -> Tally:
    """The same rules for events that come one by one: records, or the answers of `lookup_events`, which hold the record
    as text in `CloudTrailEvent`."""
    gathering = Gathering(until)
    for event in events:
        try:
            found = record(msgspec.json.encode(event))
        except (ValueError, TypeError, RecursionError):
            gathering.malformed("not the form of a record")
            continue
        gathering.add([found])
    return gathering.tally()
