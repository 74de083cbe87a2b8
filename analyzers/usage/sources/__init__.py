"""Where usage is read from: one module each, with a class that lists what there is and reads it, one after the other.

`source_of` gives the one of a feed. What they read becomes a `FileRead`; the reading stores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.store import FileRead


class Item(NamedTuple):
    """A file, or a part of the history. `name`: within the feed's location; `size`: bytes, as it lies there; `mark`:
    the same under the same name is not read again; `path`: where the source finds it, if the name does not say."""

    name: str
    size: int = 0
    mark: str = ""
    path: str = ""


class NotRead(Exception):
    """The source cannot be read (further); the message says what to do."""


class Source(Protocol):
    at_once: int
    """How many items may be read at the same time, by threads; `read` then uses no database."""
    note: str
    """What this reading found out about what it covers, in words; known after `claim`."""

    def items(self) -> Iterator[Item]:
        """Everything there is, in a steady order; may be asked again. Raises NotRead."""

    def read(self, item: Item) -> FileRead:
        """One of them. What is no log is set aside; raises NotRead if the source itself fails."""

    def claim(self) -> Claim | None:
        """What it tells in full, if all items were read; None: nothing."""

    def finished(self) -> None:
        """Everything was read and stored."""


def source_of(feed: UsageFeed, now: datetime, beat: Callable[[], None]) -> Source:
    """Raises NotRead or NoCredentials."""
    from . import athena, folder, history, lake, s3, upload

    kinds = UsageFeed.Kind
    match feed.kind:
        case kinds.FOLDER:
            return folder.Folder(feed)
        case kinds.UPLOAD:
            return upload.Uploads(feed)
        case kinds.S3:
            return s3.Trail(feed, now)
        case kinds.LAKE:
            return lake.Lake(feed, now)
        case kinds.HISTORY:
            return history.History(feed, now, beat)
        case kinds.ATHENA:
            return athena.Athena(feed, now, beat)
    raise NotRead(f"There is no way to read {feed.kind}.")
