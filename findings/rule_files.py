"""Archive rules as JSON: the service's InlineArchiveRule list, each with a reason.

    {"analyzer": {"name": "org", "type": "ORGANIZATION"},
     "archiveRules": [{"ruleName": "vendor", "filter": {"principal.AWS": {"eq": ["111122223333"]}}, "reason": "…"}]}

A bare list is read, too, and so is what `aws accessanalyzer list-archive-rules` prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from .models import ArchiveRule

MAX_RULES = 1_000
_KNOWN = {"ruleName", "filter", "reason", "createdAt", "updatedAt"}


@dataclass(frozen=True)
class Draft:
    """A rule that is not one yet; `problems`: what is wrong with how it is written."""

    name: str
    filter: Any
    reason: str = ""
    problems: tuple[str, ...] = ()


def read(raw: bytes) -> list[Draft]:
    """The rules of a file. Raises ValidationError if it is none; what is wrong with one rule is told by the rule."""
    most = settings.ARCHIVE_RULES_FILE_BYTES
    if len(raw) > most:
        raise ValidationError(f"The file is larger than {most:,} bytes.")
    try:
        data = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValidationError("The file is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise ValidationError(
            f"The file is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"The file cannot be read: {str(error)[:200]}.") from error
    rules = data.get("archiveRules") if isinstance(data, dict) else data
    if not isinstance(rules, list):
        raise ValidationError("Expected a list of rules, or an object with archiveRules.")
    if len(rules) > MAX_RULES:
        raise ValidationError(f"At most {MAX_RULES:,} rules a file, not {len(rules):,}.")
    return [_draft(number, rule) for number, rule in enumerate(rules, 1)]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A criterion that stands twice must not vanish: the rule would archive more than its text says."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:60]!r} stands twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _draft(number: int, rule: Any) -> Draft:
    if not isinstance(rule, dict):
        return Draft(f"(rule {number})", {}, problems=("Expected an object with ruleName and filter.",))
    name, reason = rule.get("ruleName"), rule.get("reason", "")
    problems = []
    if not isinstance(name, str) or not name or not name.isprintable():
        problems.append("ruleName is missing, or not a name.")
        name = f"(rule {number})"
    if "filter" not in rule:
        problems.append("filter is missing.")
    if not isinstance(reason, str):
        problems.append("reason is a text.")
    unknown = sorted(set(rule) - _KNOWN)
    if unknown:
        problems.append(f"There is no member {unknown[0][:60]!r}; possible are ruleName, filter, reason.")
    return Draft(name, rule.get("filter"), reason if isinstance(reason, str) else "", tuple(problems))


def drafts(rules: Iterable[ArchiveRule]) -> list[Draft]:
    """Rules as they would be written to a file and read again."""
    return [Draft(rule.name, rule.filter, rule.reason) for rule in rules]


def write(rules: Iterable[ArchiveRule]) -> str:
    """A file of rules of one analyzer, by name, the same for the same rules."""
    ordered = sorted(rules, key=lambda rule: (rule.name, rule.pk))
    analyzers = {(rule.analyzer_name, rule.analyzer_type) for rule in ordered}
    head = {}
    if len(analyzers) == 1:
        name, kind = analyzers.pop()
        head = {"analyzer": {"name": name, "type": kind}}
    entries = [
        {"ruleName": rule.name, "filter": rule.filter, **({"reason": rule.reason} if rule.reason else {})}
        for rule in ordered
    ]
    return json.dumps({**head, "archiveRules": entries}, indent=2, ensure_ascii=False) + "\n"
