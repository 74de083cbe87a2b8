"""Values of conditions as numbers, instants, address blocks, truths and bytes. None: it is no such value."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

MAX_LENGTH = 100
"""No number, date or address is longer; a hostile one may be."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-][01]\d:?[0-5]\d)?)?)?)?\Z",
    re.ASCII,
)


def number(text: str) -> Fraction | None:
    """An integer or decimal number."""
    return _number(text.strip()) if len(text) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)
def _number(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.match(text) else None


def instant(text: str) -> Fraction | None:
    """Seconds since the epoch, from a W3C form of ISO 8601 (no zone: UTC) or from epoch seconds.

    Four digits are a year, as in ISO 8601. https://www.w3.org/TR/NOTE-datetime
    """
    return _instant(text.strip()) if len(text) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)
def _instant(text: str) -> Fraction | None:
    match = _DATE.match(text)
    if match is None:
        return number(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    seconds = Fraction(int(moment.timestamp())) + (Fraction(fraction) if fraction else 0)
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        seconds -= sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)
    return seconds


def network(text: str) -> IPv4Network | IPv6Network | None:
    """A block in CIDR notation; a bare address is a block of one. Host bits are ignored, zone ids refused."""
    return _network(text.strip()) if len(text) <= MAX_LENGTH and "%" not in text else None


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def boolean(text: str) -> bool | None:
    """`true` or `false` in any case."""
    return {"true": True, "false": False}.get(text.strip().lower())


def binary(text: str) -> bytes | None:
    """Base-64 text, decoded."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
