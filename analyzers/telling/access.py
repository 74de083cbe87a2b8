"""Whom we tell, and as whom: addresses and tokens, all from the environment, never from arguments."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from analyzers.checks.found import readable

TIMEOUT = 20
"""Seconds that one answer may take."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class WrongUse(Exception):
    """The message says what to do instead."""


def secret(name: str, what: str) -> str:
    """A token from the environment."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise WrongUse(f"set {name}: {what}.")
    if not value.isprintable() or not value.isascii():
        raise WrongUse(f"{name} holds characters that no token has.")
    return value


def address(name: str, default: str = "") -> str:
    """A server's address from the environment; without TLS only on this machine."""
    value = (os.environ.get(name, "") or default).strip()
    if not value:
        raise WrongUse(f"set {name} to the address.")
    parts = urlsplit(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise WrongUse(f"{name} must begin with https://, so that nobody reads the token on the way.")
    return value


def said(text: object, *secrets: str) -> str:
    """What a server answered, for messages: short, in one line, without the secrets."""
    words = " ".join(readable(str(text)).split())[:200]
    for one in filter(None, secrets):
        words = words.replace(one, "***")
    return words


def seconds(value: str | None) -> float | None:
    """Of a Retry-After header; None if it is not a number."""
    try:
        return max(0.0, float(value)) if value is not None else None
    except ValueError:
        return None
