"""A stream of bytes, packed or not, as blocks of text of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from isal import igzip_lib

from .tally import NotALog

PACKED = 1 << 18
BLOCK = 1 << 20
MOST = 1 << 31
"""Unpacked bytes of one file. CloudTrail begins a new file long before."""
BOMB = 200
"""Unpacked bytes to one packed byte that logs do not reach, looked at beyond `BOMB_FROM`: logs reach about 40."""
BOMB_FROM = 1 << 26

_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"PK": "a ZIP archive",
    b"BZ": "bzip2",
    b"\x28\xb5": "Zstandard",
    b"\xfd7": "xz",
    b"OR": "ORC",
    b"PA": "Parquet",
}


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The unpacked content. Raises `NotALog` if it is too large, packed suspiciously well, damaged or cut off."""
    first = stream.read(PACKED)
    if first[:2] == _GZIP:
        yield from _gunzip(first, stream)
        return
    if first[:2] in _OTHERS:
        raise NotALog(f"This is {_OTHERS[first[:2]]}; only gzip and plain JSON are read.")
    size = 0
    while first:
        size += len(first)
        if size > MOST:
            raise _too_large()
        yield first
        first = stream.read(BLOCK)


def _gunzip(first: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """All members, one after the other: files that were put together with `cat` are valid gzip."""
    packed, unpacked = len(first), 0
    member, data = _member(), first
    while True:
        try:
            block = member.decompress(data, BLOCK)
        except igzip_lib.IsalError as error:  # type: ignore[misc]
            raise NotALog("The gzip data is damaged.") from error
        if block:
            unpacked += len(block)
            if unpacked > MOST:
                raise _too_large()
            if unpacked > BOMB_FROM and unpacked > BOMB * packed:
                raise NotALog(f"It unpacks to more than {BOMB} times its size, which no log does.")
            yield block
        if not member.eof and not member.needs_input:
            data = b""
            continue
        if not member.eof:
            data = stream.read(PACKED)
            packed += len(data)
            if not data:
                raise NotALog("The gzip data is cut off.")
            continue
        data = member.unused_data.lstrip(b"\0")
        while len(data) < len(_GZIP) and (more := stream.read(PACKED)):
            packed += len(more)
            data = (data + more).lstrip(b"\0")
        if not data:
            return
        if not data.startswith(_GZIP):
            raise NotALog("There is something else after the end of the gzip data.")
        member = _member()


def _member() -> igzip_lib.IgzipDecompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _too_large() -> NotALog:
    return NotALog(f"It unpacks to more than {MOST >> 30} GiB; split it.")
