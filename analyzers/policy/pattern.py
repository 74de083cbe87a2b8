"""The text of a pattern taken apart: literals, wildcards, policy variables.

Both engines read patterns through this module, so that they agree on what was written;
each matches in its own way.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Wildcard(StrEnum):
    ONE = "?"
    RUN = "*"


class Variable(NamedTuple):
    """`${key}` or `${key, 'default'}`."""

    key: str
    default: str | None = None


Token = str | Wildcard | Variable
"""A plain `str` is literal text (test for Wildcard first: it is a `str` too)."""


_WITH_VARIABLES = re.compile(r"\$\{([^}]*)\}|[*?]|[^*?$]+|\$")
_PLAIN = re.compile(r"[*?]|[^*?]+")
_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'(.*)'\s*\Z", re.DOTALL)


@lru_cache(maxsize=65536)
def tokens(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """The pieces of a value, neighbouring literals and runs merged.

    With `variables`, `${*}`, `${?}` and `${$}` are those characters themselves, and a `${` that is not closed is
    literal text; without, all of `${...}` is ordinary text.
    """
    found: list[Token] = []
    for match in (_WITH_VARIABLES if variables else _PLAIN).finditer(text):
        piece = match.group(0)
        token: Token = piece
        if variables and match.group(1) is not None:
            token = _variable(match.group(1))
        elif wildcards and piece in {"*", "?"}:
            token = Wildcard(piece)
        if found and type(token) is str and type(found[-1]) is str:
            found[-1] += token
        elif not (found and token is Wildcard.RUN and found[-1] is Wildcard.RUN):
            found.append(token)
    return tuple(found)


def _variable(inner: str) -> Token:
    if inner in {"*", "?", "$"}:
        return inner
    with_default = _DEFAULT.match(inner)
    if with_default:
        return Variable(with_default.group(1).lower(), with_default.group(2))
    return Variable(inner.strip().lower())
