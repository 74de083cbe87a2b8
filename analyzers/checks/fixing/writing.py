"""Change a file: all of it or nothing, with its rights, and never another one than the one that was read."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_BOM = b"\xef\xbb\xbf"


class NotWritten(Exception):
    """The file is as it was; the message says why."""


def write(path: Path, before: str, after: str) -> None:
    """The text `after` in place of `before`, which must still stand there. Raises NotWritten."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise NotWritten(f"{path} is a link or no ordinary file: name the file itself.")
        if status.st_nlink > 1:
            raise NotWritten(f"{path} has other names (hard links), which would keep the old text.")
        there = path.read_bytes()
        bom = _BOM if there.startswith(_BOM) else b""
        if there != bom + before.encode():
            raise NotWritten(f"{path} has changed meanwhile.")
        _replace(path, bom + after.encode(), status)
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror or error}.") from error


def _replace(path: Path, content: bytes, status: os.stat_result) -> None:
    if not os.access(path, os.W_OK):
        raise NotWritten(f"{path} is read-only.")
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            with suppress(PermissionError):  # it is then ours, with the same rights
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
