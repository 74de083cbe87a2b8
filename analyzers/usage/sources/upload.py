"""CloudTrail files that people sent with the browser. They lie in the portal's data folder until they are read, and
are removed then."""

from __future__ import annotations

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils import timezone

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.store import KEPT, FileRead

from . import Item, NotRead
from .files import MOST_BYTES, is_log, read_file

LOCATION = "uploads"
MOST_FILES = 200
"""Of one upload; an archive counts as one."""
MOST_MEMBERS = 50_000
NAMES = "names.json"


class TooMuch(Exception):
    """The upload is over a limit; the message says which."""


class Sent(Protocol):
    """As Django gives an uploaded file."""

    name: str | None
    size: int | None

    def chunks(self) -> Iterable[bytes]: ...


def home() -> Path:
    return Path(settings.DATA) / "usage"


def keep(files: Iterable[Sent]) -> Path:
    """Keep files until they are read; names are only shown, never used as paths. Raises TooMuch."""
    given = list(files)
    if not given or len(given) > MOST_FILES:
        raise TooMuch(f"Choose one to {MOST_FILES} files; put more of them into ZIP archives.")
    if sum(file.size or 0 for file in given) > settings.USAGE_UPLOAD_BYTES:
        most = settings.USAGE_UPLOAD_BYTES // 1024**2
        raise TooMuch(f"More than {most:,} MB at once. Read them from a folder or from S3 (manage.py read_usage).")
    home().mkdir(parents=True, exist_ok=True)
    place = home() / f".{uuid.uuid4().hex}"
    place.mkdir()
    for number, file in enumerate(given):
        with (place / f"{number}.upload").open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
    (place / NAMES).write_text(json.dumps([str(file.name or "")[:300] for file in given]))
    # Only now is it seen by whoever reads.
    return place.rename(home() / place.name.removeprefix("."))


class Uploads:
    at_once = 1
    note = "It is not known whether the uploaded files are all that the trail wrote."

    def __init__(self, feed: UsageFeed) -> None:
        self._done: list[Path] = []

    def items(self) -> Iterator[Item]:
        self._done = waiting()
        for place in self._done:
            names = _names(place)
            for path in sorted(place.glob("*.upload"), key=lambda path: int(path.stem)):
                number = int(path.stem)
                name = names[number] if number < len(names) else path.name
                yield from _items(path, name)

    def read(self, item: Item) -> FileRead:
        path, _, member = item.path.partition("!")
        try:
            if not member:
                with Path(path).open("rb") as stream:
                    return read_file(stream, item.name, size=item.size)
            with zipfile.ZipFile(path) as archive, archive.open(archive.infolist()[int(member)]) as stream:
                return read_file(stream, item.name, size=item.size)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, IndexError) as error:
            return _aside(item, f"The archive is damaged or encrypted: {str(error)[:200]}")
        except OSError as error:
            raise NotRead(f"{item.name} cannot be read: {error.strerror}.") from error

    def claim(self) -> Claim | None:
        today = timezone.now().date()
        return Claim(today - KEPT, today - timedelta(days=1), all_regions=False)

    def finished(self) -> None:
        remove(self._done)


def waiting() -> list[Path]:
    """The uploads that were not read yet, in the order of their coming."""
    if not home().is_dir():
        return []
    places = [place for place in home().iterdir() if place.is_dir() and not place.name.startswith(".")]
    return sorted(places, key=lambda place: (place.stat().st_mtime_ns, place.name))


def remove(places: Iterable[Path]) -> None:
    for place in places:
        shutil.rmtree(place, ignore_errors=True)


def _names(place: Path) -> list[str]:
    try:
        found = json.loads((place / NAMES).read_text())
    except (OSError, ValueError):
        return []
    return [str(name) for name in found]


def _items(path: Path, name: str) -> Iterator[Item]:
    """The file, or the logs in it if it is an archive. What has no fitting name is read as well: it was chosen."""
    if not zipfile.is_zipfile(path):
        yield Item(name, path.stat().st_size, "", str(path))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        yield Item(name, path.stat().st_size, "", f"{path}!0")
        return
    for number, member in enumerate(members[:MOST_MEMBERS]):
        if is_log(member.filename) and not member.is_dir() and "__MACOSX" not in member.filename:
            yield Item(f"{name}!{member.filename}", min(member.compress_size, MOST_BYTES), "", f"{path}!{number}")
    if len(members) > MOST_MEMBERS:
        yield Item(f"{name}!{MOST_MEMBERS:,} files and more", 0, "", f"{path}!more")


def _aside(item: Item, reason: str) -> FileRead:
    digest: Callable[[], str] = lambda: uuid.uuid5(uuid.NAMESPACE_URL, item.path + item.name).hex  # noqa: E731
    return FileRead(item.name, digest(), item.size, "", None, reason)
