"""Files of events, wherever they lie: which ones are looked at, and how one becomes a tally."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

from analyzers.usage.decode import read as decode
from analyzers.usage.store import FileRead
from analyzers.usage.tally import NotALog, Tally

MOST_BYTES = 1024**3
"""Packed. CloudTrail's own files have some megabytes."""
IN_MEMORY = 32 * 1024**2
PIECE = 1024**2

_OTHER = re.compile(r"(^|[/_!])CloudTrail-(Digest|Insight|Aggregated)([/_]|\Z)")


def is_log(name: str) -> bool:
    """Whether a file may hold events: digest and Insight files do not."""
    return name.lower().endswith((".json", ".json.gz", ".gz")) and not _OTHER.search(name)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Reader(Protocol):
    def __call__(self, stream: BinaryIO, name: str) -> Tally: ...


def read_file(stream: _Readable, name: str, *, size: int = 0, mark: str = "", how: Reader = decode) -> FileRead:
    """Read a file to its end, once: its digest and its sums. One that is no log is set aside."""
    digest, length = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as kept:
        for piece in _pieces(stream):
            digest.update(piece)
            length += len(piece)
            if length > MOST_BYTES:
                reason = f"It is larger than {MOST_BYTES // 1024**3} GiB."
                # Not the digest of the whole: that would take forever.
                return FileRead(name, digest.hexdigest(), size or length, mark, None, reason)
            kept.write(piece)
        kept.seek(0)
        try:
            tally = how(cast(BinaryIO, kept), name)
        except NotALog as error:
            return FileRead(name, digest.hexdigest(), length, mark, None, error.reason or "It is no log.")
    return FileRead(name, digest.hexdigest(), length, mark, tally, left_out(tally))


def left_out(tally: Tally) -> str:
    """What of the records could not be used, in words; empty if all could."""
    if not tally.malformed:
        return ""
    why = "; ".join(f"{reason} ({count:,})" for reason, count in tally.reasons.most_common(3))
    return f"{tally.malformed:,} of {tally.events:,} records were left out: {why}"[:2000]


def _pieces(stream: _Readable) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece
