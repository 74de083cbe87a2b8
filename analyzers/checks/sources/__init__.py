"""Where policies come from: files that are policies, folders, templates. No Django, no AWS.

`read` finds all policies in files and folders. A kind of file is one module with a function that recognises it and
one that reads it, in the order of `_KINDS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from analyzers.checks.found import FoundPolicy
from analyzers.reasoning.question import PolicyType

from . import cloudformation, plain, terraform
from .errors import Unreadable

__all__ = ["File", "Options", "Unreadable", "files", "policies", "read"]

MAX_FILE = 20 * 1024 * 1024
SUFFIXES = frozenset({".json", ".yaml", ".yml", ".template"})
"""Files that are looked into when a folder is given; a file that is named is always read."""
_LEFT_OUT = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Options:
    """`assume`: values for what a template leaves open, by name. `policy_type`, `resource_type`: of plain policies,
    where their text does not tell. `managed`: a folder with the texts of managed policies, NAME.json."""

    assume: Mapping[str, str] = field(default_factory=dict)
    policy_type: PolicyType | None = None
    resource_type: str = ""
    managed: str = ""


class File(NamedTuple):
    """`name`: as it is shown. `text` is at most MAX_FILE bytes of UTF-8."""

    name: str
    path: Path
    text: str


class Kind(NamedTuple):
    """`recognises` must be quick. `read` raises Unreadable for a file of its kind that is broken."""

    name: str
    recognises: Callable[[File], bool]
    read: Callable[[File, Options], Iterator[FoundPolicy]]


_KINDS: tuple[Kind, ...] = (
    Kind("template", cloudformation.recognises, cloudformation.read),
    Kind("plan", terraform.recognises, terraform.read),
    Kind("policy", plain.recognises, plain.read),
)


def read(paths: Sequence[str], options: Options) -> Iterator[FoundPolicy | Unreadable]:
    """All policies in the files and, recursively, in the folders; by name. What cannot be read comes as Unreadable.

    In a folder files that hold no policies are passed over; a file that is named and holds none is unreadable.
    """
    seen: set[Path] = set()
    for name in paths:
        empty, before = True, frozenset(seen)
        for one in _of(Path(name), seen):
            for found in _read(one, options):
                empty = False
                yield found
        if empty and Path(name).is_dir() and not any(path.is_relative_to(Path(name).absolute()) for path in before):
            yield Unreadable(f"{name}: no policy in it, neither by itself nor in a template.")


def _read(file: File | Unreadable, options: Options) -> Iterator[FoundPolicy | Unreadable]:
    if isinstance(file, Unreadable):
        yield file
        return
    try:
        yield from policies(file, options)
    except Unreadable as error:
        yield error


def files(paths: Sequence[str]) -> Iterator[File | Unreadable]:
    """The files that `read` reads policies from; each once."""
    seen: set[Path] = set()
    for name in paths:
        yield from _of(Path(name), seen)


def _of(path: Path, seen: set[Path]) -> Iterator[File | Unreadable]:
    """The files of one path, but those that were `seen`."""
    for inner in _files(path) if path.is_dir() else [path]:
        if (same := inner.absolute()) not in seen:
            seen.add(same)
            yield from _recognised(inner, named=not path.is_dir())


def policies(file: File, options: Options) -> Iterator[FoundPolicy]:
    """Those of one file, whose text may be another than what is on disk. Raises Unreadable."""
    kind = _kind(file)
    if kind is not None:
        yield from kind.read(file, options)


def _kind(file: File) -> Kind | None:
    return next((kind for kind in _KINDS if kind.recognises(file)), None)


def _files(folder: Path) -> Iterator[Path]:
    """Links are not followed, so that no loop and no file outside is met."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _LEFT_OUT)
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path


def _recognised(path: Path, *, named: bool) -> Iterator[File | Unreadable]:
    try:
        file = _file(path)
    except Unreadable as error:
        yield error
        return
    if _kind(file) is not None:
        yield file
    elif named:
        yield Unreadable(f"{path}: neither a policy nor a template that is understood.")


def _file(path: Path) -> File:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE + 1)
        if len(raw) > MAX_FILE:
            raise Unreadable(f"{path}: larger than {MAX_FILE // 1024 // 1024} MB.")
        return File(str(path), path, raw.decode("utf-8-sig"))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not UTF-8 (byte {error.start}).") from error
