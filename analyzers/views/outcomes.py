"""Outcomes of checks as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from findings.views.access_finding import marked_lines

SHOWN_LINES = 400
SHOWN_PROBLEMS = 50
_MARKS = {"+": "added", "-": "removed"}


def shown(outcome: Mapping[str, Any], text: str = "") -> dict[str, Any]:
    """With the lines of the statements at fault marked, if the policy's text is known, and of each mend the lines."""
    problems = outcome["problems"]
    statements = [one["statementIndex"] for one in problems if one["statementIndex"] is not None]
    lines = marked_lines(text, statements) if text and statements else []
    return {
        "one": outcome,
        "problems": [{**one, "help": https(one["learnMoreLink"])} for one in problems[:SHOWN_PROBLEMS]],
        "more_problems": max(0, len(problems) - SHOWN_PROBLEMS),
        "lines": lines[:SHOWN_LINES],
        "cut": max(0, len(lines) - SHOWN_LINES),
        "mends": [mend(one) for one in outcome["mends"][:3]],
    }


def mend(one: Mapping[str, Any]) -> dict[str, Any]:
    lines = [line for line in one["diff"].split("\n") if not line.startswith(("--- ", "+++ "))] if one["diff"] else []
    return {**one, "lines": diff_lines(lines[:SHOWN_LINES]), "cut": max(0, len(lines) - SHOWN_LINES)}


def diff_lines(lines: Sequence[str]) -> list[dict[str, Any]]:
    return [{"text": line, "hit": line[:1] in _MARKS, "said": _MARKS.get(line[:1], "")} for line in lines]


def https(address: str) -> str:
    """An address that a page may link to: https, a host, nobody's name before it, nothing that cannot be seen. Else
    empty."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return ""
    plain = address.isprintable() and address.isascii() and not set(address) & set(" <>\"'\\")
    return address if plain and parts.scheme == "https" and host and "@" not in parts.netloc else ""
