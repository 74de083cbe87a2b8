"""Where inventory comes from: files, folders and ZIP archives, opened one after the other."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

MAX_FILES = 10_000
MAX_UNPACKED = 4 * 1024**3
MAX_RATIO = 200
"""Unpacked to packed size of an archive's member; JSON packs 10 to 40 times."""


class Refused(Exception):
    """A path that cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One JSON file: `name` for messages, `size` in bytes."""

    name: str
    size: int
    path: Path
    member: str = ""

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        if not self.member:
            with self.path.open("rb") as stream:
                yield stream
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
            yield cast(IO[bytes], _Limited(stream, self.size))


class _Limited:
    """Never reads more than the archive's directory promised."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, count: int = -1) -> bytes:
        piece = self._stream.read(count if 0 <= count <= self._left else self._left + 1)
        self._left -= len(piece)
        if self._left < 0:
            raise Refused("The archive unpacks to more than it says.")
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def sources(paths: Iterable[Path], names: Iterable[str] = ()) -> list[Source]:
    """Every JSON file that the paths hold. `names` replace the paths' own in messages. Raises Refused."""
    found: list[Source] = []
    given = list(names)
    for number, path in enumerate(paths):
        name = given[number] if number < len(given) else str(path)
        if path.is_dir():
            files = sorted(file for file in path.rglob("*.json") if file.is_file() and not file.is_symlink())
            if not files:
                raise Refused(f"{name}: the folder holds no .json file.")
            found += [
                Source(str(PurePosixPath(name) / file.relative_to(path)), file.stat().st_size, file) for file in files
            ]
        elif not path.is_file():
            raise Refused(f"{name}: there is no such file or folder.")
        elif zipfile.is_zipfile(path):
            found += _members(path, name)
        else:
            found.append(Source(name, path.stat().st_size, path))
        if len(found) > MAX_FILES:
            raise Refused(f"{name}: more than {MAX_FILES:,} files.")
    return found


def _members(path: Path, name: str) -> list[Source]:
    members: list[Source] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir() or not info.filename.lower().endswith(".json") or "__MACOSX" in info.filename:
                    continue
                if info.flag_bits & 1:
                    raise Refused(f"{name}: {info.filename} is encrypted.")
                if info.file_size > MAX_RATIO * max(info.compress_size, 1) and info.file_size > 1024**2:
                    raise Refused(f"{name}: {info.filename} unpacks to over {MAX_RATIO} times its size.")
                members.append(Source(f"{name}!{info.filename}", info.file_size, path, info.filename))
    except zipfile.BadZipFile as error:
        raise Refused(f"{name}: the archive is damaged ({error}).") from error
    if not members:
        raise Refused(f"{name}: the archive holds no .json file.")
    if sum(member.size for member in members) > MAX_UNPACKED or len(members) > MAX_FILES:
        raise Refused(
            f"{name}: the archive is larger than {MAX_UNPACKED // 1024**3} GiB unpacked, or has too many files."
        )
    return members
