"""Text -> JSON values, with the checks that a JSON reader leaves out.

Refused: another encoding than UTF-8, more than MAX_BYTES, more than MAX_DEPTH levels, a key that occurs twice
(readers differ on which one counts), NaN and Infinity, and half a surrogate pair (no database stores it).
A place in the text is looked up only after something went wrong.
"""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from typing import Any, NoReturn

import orjson

from .errors import PolicyError, quote
from .locate import MAX_DEPTH, position, repeated
from .model import Path

MAX_BYTES = 1024 * 1024
"""AWS allows 6 to 30 kB; nothing honest is near."""

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRINGS = re.compile(_STRING, re.DOTALL)
_BRACKETS = re.compile(r"[\[{\]}]")
_PIECES = re.compile(_STRING + r"|(?P<bracket>[\[{\]}])|(?P<constant>NaN|-?Infinity)", re.DOTALL)
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class Number(str):
    """A JSON number in the spelling of its source."""

    __slots__ = ()


class _TwiceError(Exception):
    """A key occurs twice in an object."""


class _NoNumberError(Exception):
    """NaN or an infinity."""


def decode(source: str | bytes) -> str:
    """The text without a byte-order mark. Raises PolicyError if it is too large or not UTF-8."""
    try:
        encoded = source.encode() if isinstance(source, str) else source
        if len(encoded) > MAX_BYTES:
            raise PolicyError(f"The document has {len(encoded):,} bytes; at most {MAX_BYTES:,} are read.")
        text = source if isinstance(source, str) else source.decode()
    except UnicodeEncodeError as error:
        raise PolicyError(f"Character {error.start} of the document is half of a surrogate pair.") from None
    except UnicodeDecodeError as error:
        raise PolicyError(f"The document is not UTF-8 (byte {error.start}).") from None
    return text.removeprefix("\ufeff")


def load(text: str) -> Any:
    """The JSON value of a decoded text; numbers come as `Number`. Raises PolicyError."""
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(text)  # first, because the reader below would run out of stack
    if "\\ud" in text or "\\uD" in text:
        _check_escapes(text)
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        _fail(_what(error), text, error.pos)
    except _NoNumberError:
        at = next((piece.start() for piece in _PIECES.finditer(text) if piece["constant"]), 0)
        _fail("A JSON number is expected, not NaN or Infinity.", text, at)
    except _TwiceError:
        path, key = repeated(text)
        raise PolicyError(
            f"The element {quote(path[-1])} occurs twice; once is expected.",
            path=path,
            position=key.start,
            text=text,
        ) from None


def pretty(value: Any) -> str:
    """A document as people read it: two spaces a level, keys in their order.

    Raises PolicyError for what JSON cannot hold and for what is nested too deeply.
    """
    plain = _plain(value, ())
    try:
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()
    except TypeError as error:
        if "surrogates" in str(error):
            raise PolicyError("The document holds half of a surrogate pair.") from None
        return json.dumps(plain, indent=2, ensure_ascii=False)  # an integer of more than 64 bits


def _plain(value: Any, path: Path) -> Any:
    if len(path) > MAX_DEPTH:
        raise PolicyError(f"At most {MAX_DEPTH} levels of nesting are expected.", path=path)
    if isinstance(value, dict):
        return {_name(key, path): _plain(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise PolicyError("A JSON number is expected, not NaN or Infinity.", path=path)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise PolicyError(f"A JSON value is expected, not {quote(type(value).__name__)}.", path=path)


def _name(key: Any, path: Path) -> str:
    if not isinstance(key, str):
        raise PolicyError(f"The name of an element is a text, not {quote(key)}.", path=path)
    return key


def _check_depth(text: str) -> None:
    depth = 0
    for number, bracket in enumerate(_BRACKETS.findall(_STRINGS.sub("", text))):
        depth += 1 if bracket in "{[" else -1
        if depth > MAX_DEPTH:
            places = (piece.start() for piece in _PIECES.finditer(text) if piece["bracket"])
            at = next(islice(places, number, None))
            _fail(f"At most {MAX_DEPTH} levels of nesting are expected.", text, at)


def _check_escapes(text: str) -> None:
    for escape in _ESCAPES.finditer(text):
        if escape["half"]:
            _fail("A whole character is expected, not half of a surrogate pair.", text, escape.start())


def _what(error: json.JSONDecodeError) -> str:
    end = len(error.doc.rstrip())
    if not end:
        return "The document is empty; a JSON object is expected."
    if error.msg == "Extra data":
        return "The end of the document is expected here."
    if error.pos >= end or error.msg.startswith("Unterminated"):
        return f"The document ends too early: {error.msg}."
    return f"The document is not JSON: {error.msg}."


def _fail(message: str, text: str, offset: int) -> NoReturn:
    raise PolicyError(message, position=position(text, offset), text=text) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _TwiceError
    return value


def _refuse(_name: str) -> NoReturn:
    raise _NoNumberError


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_refuse)
