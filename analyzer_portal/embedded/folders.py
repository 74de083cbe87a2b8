"""Where things lie: the data folder, and sockets whose path the system can take."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

LONGEST_SOCKET_FOLDER = 80
"""The system allows about a hundred bytes for folder and name together."""


def data_folder() -> Path:
    """`DATA`, by default `var` in the project."""
    return Path(os.environ.get("DATA") or Path(__file__).resolve().parents[2] / "var").resolve()


def socket_folder(folder: Path, owner: tuple[int, int] | None = None) -> Path:
    """`folder`, or a short one that belongs to it alone if its path is too long.

    `owner` is the user and group of the server where that is not this process's. Raises OSError if somebody else has
    taken the name.
    """
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    user = owner[0] if owner else os.geteuid()
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"portal-{user}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if owner and short.lstat().st_uid == os.geteuid():
        os.chown(short, *owner)
    if short.is_symlink() or short.lstat().st_uid != user:
        raise OSError(f"{short} belongs to somebody else")
    return short


def leave_socket_folder(sockets: Path, folder: Path) -> None:
    """Remove the short folder, if there is one and nothing is in it."""
    if sockets != folder:
        with suppress(OSError):
            sockets.rmdir()
