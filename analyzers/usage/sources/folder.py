"""CloudTrail files in a folder of this machine. Only the command line reads folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.store import KEPT, FileRead

from . import Item, NotRead
from .files import is_log, read_file


class Folder:
    """`settings["complete"]`: whoever gave the folder says that it holds everything that a trail of all regions wrote
    for the days that it has."""

    at_once = 1

    def __init__(self, feed: UsageFeed) -> None:
        self._root = Path(feed.location)
        self._complete = bool(feed.settings.get("complete"))
        self.note = "" if self._complete else "It is not said that the folder holds the files of all regions."
        if not self._root.is_dir():
            raise NotRead(f"There is no folder {feed.location} on this machine.")

    def items(self) -> Iterator[Item]:
        yield from self._walk(self._root)

    def _walk(self, folder: Path) -> Iterator[Item]:
        """Depth first, by name. Links are followed to files within the folder, never to folders."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise NotRead(f"{folder} cannot be read: {error.strerror}.") from error
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path)
            elif is_log(entry.path) and entry.is_file() and self._inside(entry):
                told = entry.stat()
                name = str(path.relative_to(self._root))
                yield Item(name, told.st_size, f"{told.st_size}:{told.st_mtime_ns}", entry.path)

    def _inside(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_symlink():
            return True
        return Path(entry.path).resolve().is_relative_to(self._root.resolve())

    def read(self, item: Item) -> FileRead:
        try:
            with Path(item.path).open("rb") as stream:
                return read_file(stream, item.name, size=item.size, mark=item.mark)
        except OSError as error:
            raise NotRead(f"{item.name} cannot be read: {error.strerror}.") from error

    def claim(self) -> Claim | None:
        today = timezone.now().date()
        return Claim(today - KEPT, today - timedelta(days=1), all_regions=self._complete)

    def finished(self) -> None:
        return
