"""Texts out of policies and models, so that no service takes them for more than words.

GitHub finds mentions and references after Markdown has been read, so that neither a backslash nor an entity keeps
them off (github/markup issue 1168, github/cmark-gfm issue 181): a character without width goes in between, or the text
into a code span, where nothing is looked for. The same holds for GitLab's references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzers.checks.found import readable

JOINER = "\u2060"
"""WORD JOINER: has no width and breaks no line."""
_REFERENCES = re.compile(r"[@#!~%$&^](?=\w)|(?<=\bGH)-(?=\d)|:(?=//)|(?<=\bwww)\.|(?<=mailto):", re.IGNORECASE)
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#|~!&$^])")
_START = re.compile(r"^([-+=/]|\d+(?=[.)]))")
_DOCUMENTATION = re.compile(r"https://docs\.aws\.amazon\.com/[A-Za-z0-9/_.-]*(#[A-Za-z0-9_.-]*)?")


def line(text: str, most: int = 500) -> str:
    """In one line, without control characters, cut to a number of characters. Not escaped."""
    text = " ".join(readable(text).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def title(text: str, most: int = 200) -> str:
    """For where no Markdown is read."""
    return _REFERENCES.sub(lambda found: found[0] + JOINER, line(text, most))


def plain(text: str, most: int = 500) -> str:
    """Words in Markdown: no markup, link, mention, reference, HTML, list or command at the start of a line."""
    text = _REFERENCES.sub(lambda found: found[0] + JOINER, line(text, most))
    return _START.sub(lambda found: f"{JOINER}{found[1]}", _MARKUP.sub(r"\\\1", text))


def code(text: str, most: int = 500) -> str:
    """A code span that the text cannot end."""
    text = line(text, most)
    if not text:
        return "(empty)"
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(text: str, language: str, most: int = 20_000) -> Iterator[str]:
    """A block that the text cannot end."""
    text = readable(text).strip("\n")
    if len(text) > most:
        text = text[:most].rpartition("\n")[0] + "\n…"
    fence = "`" * max(3, _longest_run(text) + 1)
    yield f"{fence}{language}\n{text}\n{fence}"


def link(url: str) -> str:
    """Only into AWS's documentation; empty for anything else."""
    return url if len(url) < 300 and _DOCUMENTATION.fullmatch(url) else ""


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
