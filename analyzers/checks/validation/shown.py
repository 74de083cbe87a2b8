"""A finding for people: what, where, and the line with the place marked."""

from __future__ import annotations

from analyzers.policy.errors import WINDOW, spell
from analyzers.policy.model import Span

from .values import ValidationFinding


def shown(finding: ValidationFinding, text: str, name: str) -> str:
    """Several lines, the first as compilers write it: `name:line:column: TYPE CODE: message`."""
    span = finding.locations[0].span
    place = f"{name}:{span.start.line}:{span.start.column + 1}"
    lines = [f"{place}: {finding.type} {finding.code}: {finding.message}"]
    where = spell(finding.locations[0].path)
    if where:
        lines.append(f"    at {where}")
    lines += _marked(text.removeprefix("\ufeff"), span)
    lines.append(f"    {finding.learn_more}")
    return "\n".join(lines)


def _marked(text: str, span: Span) -> list[str]:
    """The first line of the span, at most WINDOW characters of it, with carets under the span."""
    begin = text.rfind("\n", 0, span.start.offset) + 1
    end = text.find("\n", span.start.offset)
    end = len(text) if end < 0 else end
    left = max(begin, span.start.offset - WINDOW // 2)
    line = text[left : min(end, left + WINDOW)].rstrip("\r")
    visible = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line.replace("\t", " "))
    if not visible.strip():
        return []
    first = span.start.offset - left
    width = max(1, min(span.end.offset, left + len(line)) - span.start.offset)
    return [f"    {visible}", f"    {' ' * first}{'^' * width}"]
