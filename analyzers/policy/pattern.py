"""The text of a pattern taken apart: literals, wildcards, policy variables.

Both engines read patterns through this module, so that they agree on what was written;
each matches in its own way.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple


class Wildcard(Enum):
    """Equal to no text: the literal `*` of `${*}` is not a wildcard."""

    ONE = "?"
    RUN = "*"

    __hash__ = object.__hash__
    """That of Enum is not built in, and patterns are looked up all the time."""


class Variable(NamedTuple):
    """`${key}` or `${key, 'default'}`. The key is in lower case: its case does not matter."""

    key: str
    default: str | None = None


Token = str | Wildcard | Variable
"""A plain `str` is literal text."""

_CACHED_LENGTH = 1024
"""Longer texts are hostile or rare; keeping them would let a document fill the memory."""
_WILDCARDS = re.compile(r"([*?])")


def tokens(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """The pieces of a value, neighbouring literals and runs merged.

    With `variables`, `${*}`, `${?}` and `${$}` are those characters themselves, and a `${` that is not closed
    is literal text; without, all of `${...}` is ordinary text. Linear in the length of the text.
    """
    if len(text) > _CACHED_LENGTH:
        return _merged(text, wildcards, variables)
    return _cached(text, wildcards, variables)


def _merged(text: str, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    merged: list[Token] = []
    for kind, group in groupby(_pieces(text, wildcards, variables), key=_kind):
        same = list(group)
        if kind is str:
            merged.append("".join(str(piece) for piece in same))
        elif kind is Wildcard.RUN:
            merged.append(Wildcard.RUN)
        else:
            merged += same
    return tuple(merged)


_cached = lru_cache(maxsize=65536)(_merged)


def _kind(piece: Token) -> object:
    return piece if isinstance(piece, Wildcard) else type(piece)


def _pieces(text: str, wildcards: bool, variables: bool) -> Iterator[Token]:
    start = 0
    while variables and (opening := text.find("${", start)) >= 0:
        end = text.find("}", opening)
        if end < 0:
            break
        yield from _plain(text[start:opening], wildcards)
        yield _variable(text[opening + 2 : end])
        start = end + 1
    yield from _plain(text[start:], wildcards)


def _plain(text: str, wildcards: bool) -> Iterator[Token]:
    for piece in _WILDCARDS.split(text) if wildcards else [text]:
        if piece:
            yield Wildcard(piece) if wildcards and piece in {"*", "?"} else piece


def _variable(inner: str) -> Token:
    if inner in {"*", "?", "$"}:
        return inner
    key, comma, default = (part.strip() for part in inner.partition(","))
    if comma and len(default) > 1 and default[0] == default[-1] == "'":
        return Variable(key.lower(), default[1:-1])
    return Variable(inner.strip().lower())
