"""Policy validation of policies that were found in files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

from .custom import Result
from .found import FoundPolicy, Place, Variant, marks_in, words_in
from .outcome import Level, Outcome, Problem
from .unknowns import is_marked
from .validation import RESOURCE_TYPES, FindingType, Location, ValidationFinding, validate
from .words import filled

VALIDATE = "validate"
_LEVELS = {
    FindingType.ERROR: Level.ERROR,
    FindingType.SECURITY_WARNING: Level.ERROR,
    FindingType.WARNING: Level.WARNING,
    FindingType.SUGGESTION: Level.NOTE,
}
ORDER = tuple(FindingType)
"""The gravest first."""


def validated(found: FoundPolicy, level: str = FindingType.SECURITY_WARNING) -> Outcome:
    """Fails if there is a finding of this type or a graver one; all findings are told. What is said of values that are
    not known is left out; with such values a policy in which nothing is wrong is unknown, not passed."""
    fatal = ORDER[: ORDER.index(FindingType(level)) + 1]
    findings = list(dict.fromkeys(one for variant in found.variants for one in _findings(found, variant)))
    problems = tuple(_problem(found, one) for one in findings)
    if any(one.type in fatal for one in findings):
        count = sum(one.type in fatal for one in findings)
        message = f"{count} {'finding' if count == 1 else 'findings'} of type {' or '.join(fatal)}."
        return Outcome(VALIDATE, found, Result.FAIL, message, problems)
    if any(_open(variant) for variant in found.variants):
        message = "Nothing is wrong in what is known; the rest cannot be validated."
        words = {name for variant in found.variants for name in words_in(variant.text)}
        missing = tuple(one for one in found.missing if one.name not in words)
        return Outcome(VALIDATE, found, Result.UNKNOWN, message, problems, missing)
    return Outcome(VALIDATE, found, Result.PASS, f"Nothing of type {' or '.join(fatal)}.", problems)


def _findings(found: FoundPolicy, variant: Variant) -> Iterator[ValidationFinding]:
    is_resource = found.policy_type is PolicyType.RESOURCE
    resource_type = found.resource_type if is_resource and found.resource_type in RESOURCE_TYPES else ""
    try:
        document = json.loads(variant.text)
    except (ValueError, RecursionError):
        yield from validate(variant.text, found.policy_type, resource_type)
        return
    if not is_marked(document):
        yield from validate(variant.text, found.policy_type, resource_type)
        return
    document = filled(document)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    for one in validate(text, found.policy_type, resource_type):
        if not any(is_marked(_value(document, location.path)) for location in one.locations):
            yield one


def _value(document: Any, path: Path) -> Any:
    """What stands at a path; None if nothing does."""
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _open(variant: Variant) -> bool:
    """Whether something is not known that is more than an id or a name."""
    return list(marks_in(variant.text)) != list(words_in(variant.text))


def _problem(found: FoundPolicy, one: ValidationFinding) -> Problem:
    where = [_places(found, location) for location in one.locations]
    place, end = where[0] if where else (found.place, None)
    path = one.locations[0].path if one.locations else ()
    statement = path[1] if len(path) > 1 and path[0] == "Statement" and isinstance(path[1], int) else None
    others = tuple((start, "") for start, _ in where[1:])
    return Problem(
        one.code, _LEVELS[one.type], one.message, place, end, statement, "", path, others, help_url=one.learn_more
    )


def _places(found: FoundPolicy, location: Location) -> tuple[Place, Place | None]:
    """In a file that is a policy the span itself, elsewhere the place of the element."""
    if found.element or found.name:
        return found.where(location.path), None
    start, end = location.span
    name = found.place.file
    return Place(name, start.line, start.column + 1), Place(name, end.line, end.column + 1)
