"""Text to records of CloudTrail: the forms that files have, and no more of a record than is needed.

Forms: `{"Records": [...]}` as CloudTrail writes it; a list; a record a line, as CloudTrail Lake exports them, bare
or as `eventData`; one record; the answer of `lookup_events`. Of keys that stand twice in a record the last one counts.
Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from .tally import NotALog

WHOLE = 1 << 21
"""A text up to this size is decoded at once, a longer one in pieces of about that size: it bounds the memory, also
where it holds nothing but empty records."""
LONGEST = 1 << 21
"""Bytes of one record. CloudTrail's own limit is 1 MB ("maxEventSize")."""


ABSENT = msgspec.Raw(b"null")


class Issuer(msgspec.Struct, gc=False):
    arn: str | None = None


class Session(msgspec.Struct, gc=False):
    issuer: Issuer | None = msgspec.field(default=None, name="sessionIssuer")


class Identity(msgspec.Struct, gc=False):
    type: str | None = None
    arn: str | None = None
    account: str | None = msgspec.field(default=None, name="accountId")
    invoked_by: str | None = msgspec.field(default=None, name="invokedBy")
    session: Session | None = msgspec.field(default=None, name="sessionContext")


class Named(msgspec.Struct, gc=False):
    """One of a record's `resources`."""

    arn: str | None = msgspec.field(default=None, name="ARN")


class Record(msgspec.Struct, gc=False):
    """`parameters` stay text until it is known whether a name is wanted of them. `wrapped`, `text`: the record itself,
    within what a query or `lookup_events` answers."""

    time: str | None = msgspec.field(default=None, name="eventTime")
    source: str | None = msgspec.field(default=None, name="eventSource")
    name: str | None = msgspec.field(default=None, name="eventName")
    type: str | None = msgspec.field(default=None, name="eventType")
    region: str | None = msgspec.field(default=None, name="awsRegion")
    address: str | None = msgspec.field(default=None, name="sourceIPAddress")
    agent: str | None = msgspec.field(default=None, name="userAgent")
    error: str | None = msgspec.field(default=None, name="errorCode")
    recipient: str | None = msgspec.field(default=None, name="recipientAccountId")
    from_console: str | None = msgspec.field(default=None, name="sessionCredentialFromConsole")
    identity: Identity | None = msgspec.field(default=None, name="userIdentity")
    resources: list[Named] | None = None
    parameters: msgspec.Raw = msgspec.field(default=ABSENT, name="requestParameters")
    wrapped: msgspec.Raw = msgspec.field(default=ABSENT, name="eventData")
    text: str | None = msgspec.field(default=None, name="CloudTrailEvent")


class _File(Record, gc=False):
    """Everything that a file may be if it is one object."""

    records: list[Record] | None = msgspec.field(default=None, name="Records")
    events: list[Record] | None = msgspec.field(default=None, name="Events")
    digest: msgspec.Raw = msgspec.field(default=ABSENT, name="digestStartTime")


_FILE = msgspec.json.Decoder(_File)
_LIST = msgspec.json.Decoder(list[Record])
_RECORD = msgspec.json.Decoder(Record)
_PIECES = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = ("requestParameters", "eventData")
_ERRORS = (msgspec.DecodeError, UnicodeDecodeError)

_BEGINS = re.compile(rb'\s*(?:\{\s*"Records"\s*:\s*)?\[')
_ENDS = re.compile(rb"\s*\]\s*\}?\s*")
_BETWEEN = b'},{"eventVersion"'

Malformed = Callable[[str], None]


def batches(blocks: Iterator[bytes], malformed: Malformed) -> Iterator[list[Record]]:
    """The records of a file, in lists of bounded size. `malformed` is told of each that cannot be read, in words.

    Raises `NotALog` where the text as a whole is none of the forms.
    """
    try:
        yield from _batches(blocks, malformed)
    except RecursionError as error:
        raise NotALog("It is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise NotALog("It is not UTF-8.") from error


def record(text: bytes) -> Record:
    """One record, also where numbers stand for strings. Raises `ValueError`."""
    try:
        return _RECORD.decode(text)
    except msgspec.ValidationError:
        told = msgspec.json.decode(text)
        if not isinstance(told, dict):
            raise
        as_text = {name: msgspec.Raw(msgspec.json.encode(told.pop(name))) for name in _TEXT if name in told}
        return msgspec.convert({**_spelled(told), **as_text}, Record)


def unwrapped(found: Record) -> Record:
    """The record itself, of one that comes within another. Raises `ValueError`."""
    if found.text is not None:
        return record(found.text.encode())
    if found.wrapped is ABSENT:
        return found
    inner = bytes(found.wrapped)
    return record(msgspec.json.decode(inner).encode() if inner.startswith(b'"') else inner)


def _spelled(told: Any) -> Any:
    """Numbers and truth values as CloudTrail spells them: as text."""
    if isinstance(told, bool):
        return str(told).lower()
    if isinstance(told, int):
        return str(told)
    if isinstance(told, dict):
        return {key: _spelled(value) for key, value in told.items()}
    return [_spelled(value) for value in told] if isinstance(told, list) else told


def _batches(blocks: Iterator[bytes], malformed: Malformed) -> Iterator[list[Record]]:
    begin: list[bytes] = []
    for block in blocks:
        begin.append(block)
        if sum(map(len, begin)) > WHOLE:
            yield from _long(_without_mark(b"".join(begin)), blocks, malformed)
            return
    yield _whole(_without_mark(b"".join(begin)), malformed)


def _without_mark(text: bytes) -> bytes:
    text = text.removeprefix(b"\xef\xbb\xbf")
    start = text[:64].lstrip()[:1]
    if b"\0" in text[:4]:
        raise NotALog("It is not UTF-8.")
    if not start:
        raise NotALog("The file is empty.")
    if start not in (b"{", b"["):
        raise NotALog("It is no JSON.")
    return text


def _whole(text: bytes, malformed: Malformed) -> list[Record]:
    if text.lstrip().startswith(b"["):
        return _list(text, malformed)
    try:
        found = _FILE.decode(text)
    except _ERRORS as error:
        return _odd(text, malformed, error)
    if found.digest is not ABSENT:
        raise NotALog("This is a digest file: it holds check sums of log files, no events.")
    if found.records is not None:
        if text.count(b'"Records"') > 1 and _twice(text):
            raise NotALog("“Records” stands there twice.")
        return found.records
    if found.events is not None:
        return found.events
    if found.name is None and found.wrapped is ABSENT and found.text is None:
        raise NotALog("It is JSON, but it holds no “Records” and is no event.")
    return [found]


def _odd(text: bytes, malformed: Malformed, error: Exception) -> list[Record]:
    """What is not decoded at once: single records that are odd, a record a line, or no log at all."""
    if begins := _BEGINS.match(text):
        end = text.rstrip().removesuffix(b"}")
        return _list(b"[" + end[begins.end() :], malformed)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise _no_log(error) from error
    return _lines(lines, malformed)


def _list(text: bytes, malformed: Malformed) -> list[Record]:
    try:
        return _LIST.decode(text)
    except _ERRORS:
        pass
    try:
        pieces = _PIECES.decode(text)
    except _ERRORS as error:
        raise _no_log(error) from error
    return _each([bytes(piece) for piece in pieces], malformed)


def _each(pieces: list[bytes], malformed: Malformed) -> list[Record]:
    found = []
    for piece in pieces:
        try:
            found.append(record(piece))
        except UnicodeDecodeError:
            malformed("not UTF-8")
        except ValueError:
            malformed("not the form of a record")
    return found


def _lines(lines: list[bytes], malformed: Malformed) -> list[Record]:
    """A record a line. A line that is no JSON tells that the file is damaged, or cut off."""
    try:
        return msgspec.json.Decoder(list[Record]).decode(b"[" + b",".join(lines) + b"]")
    except _ERRORS:
        pass
    for line in lines:
        try:
            msgspec.json.decode(line, type=msgspec.Raw)
        except msgspec.DecodeError as error:
            raise _no_log(error) from error
    return _each(lines, malformed)


def _long(text: bytes, blocks: Iterator[bytes], malformed: Malformed) -> Iterator[list[Record]]:
    """A text that is too long to be held at once."""
    if begins := _BEGINS.match(text):
        yield from _long_list(text[begins.end() :], blocks, malformed)
        return
    for block in blocks:
        cut = text.rfind(b"\n") + 1
        if cut:
            yield _lines([line for line in text[:cut].splitlines() if line.strip()], malformed)
        text = text[cut:] + block
        if len(text) - len(block) > LONGEST:
            raise NotALog(f"One record is longer than {LONGEST >> 20} MiB.")
    yield _lines([line for line in text.splitlines() if line.strip()], malformed)


def _long_list(text: bytes, blocks: Iterator[bytes], malformed: Malformed) -> Iterator[list[Record]]:
    """`text` begins behind the bracket that opens the list."""
    for block in blocks:
        cut, found = _complete(text, malformed)
        if found:
            yield found
        if not cut and len(text) > LONGEST + WHOLE:
            raise NotALog(f"One record is longer than {LONGEST >> 20} MiB.")
        text = text[cut:] + block
    end = text.rfind(b"]")
    if end < 0 or not _ENDS.fullmatch(text, end):
        raise NotALog("The JSON is cut off, or goes on after the records.")
    yield _list(b"[" + text[:end] + b"]", malformed)


def _complete(text: bytes, malformed: Malformed) -> tuple[int, list[Record]]:
    """The records that `text` holds in full, and where the next one begins.

    A place that looks like the border of two records is one if what stands before it is a list of objects; JSON is
    read from left to right, so that it is one in the whole text then, too.
    """
    cut = text.rfind(_BETWEEN)
    if cut > 0:
        try:
            return cut + 2, _LIST.decode(b"[" + text[: cut + 1] + b"]")
        except _ERRORS:
            pass
    end = _last_end(text)
    rest = re.compile(rb"\s*,").match(text, end) if end else None
    if rest is None:
        return 0, []
    return rest.end(), _list(b"[" + text[:end] + b"]", malformed)


def _last_end(text: bytes) -> int:
    """Where the last object ends that is there in full and has a comma behind it, one after the other."""
    told = text.decode("latin-1")
    scan, step = json.JSONDecoder().raw_decode, re.compile(r"\s*,\s*")
    end, at = 0, len(told) - len(told.lstrip())
    while True:
        try:
            _, stop = scan(told, at)
        except json.JSONDecodeError:
            return end
        comma = step.match(told, stop)
        if comma is None:
            return end
        end, at = stop, comma.end()


def _twice(text: bytes) -> bool:
    def names(pairs: list[tuple[str, Any]]) -> int:
        return [name for name, _ in pairs].count("Records")

    return bool(json.loads(text, object_pairs_hook=names) > 1)


def _no_log(error: Exception) -> NotALog:
    if isinstance(error, UnicodeDecodeError):
        return NotALog("It is not UTF-8.")
    if "truncated" in str(error):
        return NotALog("The JSON is cut off.")
    return NotALog(f"The JSON is damaged: {str(error).removeprefix('JSON is malformed: ')}.")
