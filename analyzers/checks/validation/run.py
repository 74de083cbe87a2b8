"""Text -> findings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from analyzers.policy import Located, Path, PolicyError, Position, Span, locate
from analyzers.policy.locate import position
from analyzers.policy.source import decode, load
from analyzers.reasoning.question import PolicyType

from .document import RESOURCE_TYPES, Document
from .register import RULES, SYNTAX
from .rule import Found, Place, Rule, found
from .values import FindingType, Location, ValidationFinding

LARGEST = 300_000
"""Characters that are looked at; no policy may have nearly as many."""
MOST_OBJECTS = 4_000
"""Statements, conditions and operators that are looked at, together."""
MOST_OF_A_KIND = 100
"""Findings of one code that are told; the last says that there are more."""


def validate(
    text: str | bytes, policy_type: PolicyType | str, resource_type: str = ""
) -> tuple[ValidationFinding, ...]:
    """What is wrong with a policy, by its place in the text.

    Never raises for what is in the text. `resource_type` is one of RESOURCE_TYPES, for resource policies only; without,
    what holds for all of them is checked. Raises ValueError for an unknown or unfitting type.
    """
    kind = PolicyType(policy_type)
    if resource_type and (kind is not PolicyType.RESOURCE or resource_type not in RESOURCE_TYPES):
        raise ValueError(f"A {kind} has no resource type {resource_type!r}.")
    try:
        source = decode(text)
        if len(source) > LARGEST:
            raise PolicyError(f"The document has {len(source):,} characters; at most {LARGEST:,} are checked.")
        if (objects := source.count("{")) > MOST_OBJECTS:
            raise PolicyError(f"The document has {objects:,} objects; at most {MOST_OBJECTS:,} are checked.")
        value = load(source)
    except PolicyError as error:
        return (_syntax(error),)
    if not isinstance(value, dict):
        whole = Span(position(source, 0), position(source, len(source)))
        message = "A policy is a JSON object. Write it in braces."
        return (ValidationFinding("DATA_TYPE_MISMATCH", FindingType.ERROR, message, (Location((), whole),)),)
    return _run(Document(source, value, kind, resource_type))


def _syntax(error: PolicyError) -> ValidationFinding:
    start = error.position or Position(1, 0, 0)
    message = f"{error.message.rstrip('.')}. Correct the JSON here."
    if error.position is None:
        message = error.message
    return ValidationFinding(SYNTAX.code, SYNTAX.type, message, (Location(error.path, Span(start, start)),))


def _run(document: Document) -> tuple[ValidationFinding, ...]:
    told: list[tuple[Rule, Found]] = []
    for rule in RULES:
        if rule.check is not None:
            told += ((rule, one) for one in _some(rule, document))
    if not told:
        return ()
    places = locate(document.text)
    findings = [
        ValidationFinding(
            rule.code, rule.type, one.message, tuple(_location(document.text, places, place) for place in one.places)
        )
        for rule, one in told
    ]
    return tuple(sorted(findings, key=lambda finding: finding.locations[0].span.start.offset))


def _some(rule: Rule, document: Document) -> list[Found]:
    if rule.check is None:
        return []
    several = list(islice(rule.check(document), MOST_OF_A_KIND + 1))
    if len(several) > MOST_OF_A_KIND:
        several[MOST_OF_A_KIND:] = [found(f"There are more of these than {MOST_OF_A_KIND}. Mend these first.", ())]
    return several


def _location(text: str, places: Mapping[Path, Located], place: Place) -> Location:
    path = place.path
    while path not in places:  # cannot be, but a finding is never lost for its place
        path = path[:-1]
    located = places[path]
    span = located.key if place.key and located.key else located.value
    if place.substring:
        span = _within(text, span, place.substring.start, place.substring.length)
    return Location(place.path, span, place.key, place.substring)


def _within(text: str, span: Span, start: int, length: int) -> Span:
    """The span of a piece of a text value. Where the spelling has escapes, all of the value."""
    first = span.start.offset + 1
    if "\\" in text[span.start.offset : span.end.offset]:
        return span
    line, column, _ = span.start
    return Span(
        Position(line, column + 1 + start, first + start),
        Position(line, column + 1 + start + length, first + start + length),
    )
