"""What was done, cut to what a guardrail policy allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from analyzers import catalogue
from analyzers.checks.recommendation.inclusion import Actions, disjoint, resource_within
from analyzers.checks.recommendation.narrowing import Document, listed, statements_of

from .values import Doing


class Piece(NamedTuple):
    """An action on resources (none: on all), under the conditions of a guardrail's statement. `other`: elements of
    that statement that take the place of Resource (NotResource)."""

    action: str
    resources: tuple[str, ...]
    condition: Any = None
    other: Any = None


class Bounded(NamedTuple):
    pieces: tuple[Piece, ...]
    outside: tuple[Doing, ...]
    denies: tuple[Document, ...]


def bounded(done: Sequence[Doing], guardrail: Document) -> Bounded:
    """What lies within some Allow statement of the guardrail. Its Deny statements are to be taken over as they are."""
    allows = [one for one in statements_of(guardrail) if one["Effect"] == "Allow"]
    denies = tuple(one for one in statements_of(guardrail) if one["Effect"] == "Deny")
    pieces: list[Piece] = []
    outside: list[Doing] = []
    for doing in done:
        denied = any(_denies_all(doing, statement) for statement in denies)
        found = [] if denied else [piece for statement in allows for piece in _within(doing, statement)]
        pieces += [piece for number, piece in enumerate(found) if piece not in found[:number]]
        left = _left(doing, found)
        if left is not None:
            outside.append(left)
    return Bounded(tuple(pieces), tuple(outside), denies)


def _denies_all(doing: Doing, statement: Document) -> bool:
    """Whether the Deny surely leaves nothing of it."""
    if statement.get("Condition") or "NotResource" in statement:
        return False
    name = doing.action.lower()
    named = Actions(listed(statement["NotAction" if "NotAction" in statement else "Action"])).match(name)
    if named == ("NotAction" in statement):
        return False
    patterns = listed(statement.get("Resource", "*"))
    resources = doing.resources or ("*",)
    return all(any(resource_within(one, pattern) for pattern in patterns) for one in resources)


def _within(doing: Doing, statement: Document) -> Iterator[Piece]:
    name = doing.action.lower()
    if "NotAction" in statement:
        if Actions(listed(statement["NotAction"])).match(name):
            return
    elif not Actions(listed(statement["Action"])).match(name):
        return
    condition = statement.get("Condition") or None
    if "NotResource" in statement:
        excluded = listed(statement["NotResource"])
        if doing.resources:
            fine = tuple(one for one in doing.resources if all(disjoint(one, other) for other in excluded))
            if fine:
                yield Piece(doing.action, fine, condition)
        else:
            yield Piece(doing.action, (), condition, statement["NotResource"])
        return
    allowed = listed(statement.get("Resource", "*"))
    if not doing.resources:
        yield Piece(doing.action, () if "*" in allowed else tuple(allowed), condition)
        return
    kept: dict[str, None] = {}
    for one in doing.resources:
        for wider in allowed:
            if not disjoint(one, wider):
                kept[one if resource_within(one, wider) else wider] = None
    if kept:
        yield Piece(doing.action, tuple(kept), condition)


def _concerns_none(action: str) -> bool:
    """Whether AWS authorizes it on `*` only: a statement that names resources then does not allow it.
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    known = catalogue.action(action)
    return known is not None and not known.resource_types


def _left(doing: Doing, found: Sequence[Piece]) -> Doing | None:
    """What of it is in no piece; None if all is, as far as resources tell."""
    if not found:
        return doing
    if any(not piece.resources for piece in found):
        return None
    if not doing.resources:
        return doing if _concerns_none(doing.action) else None
    patterns = [pattern for piece in found for pattern in piece.resources]
    lost = tuple(one for one in doing.resources if not any(resource_within(one, pattern) for pattern in patterns))
    return Doing(doing.action, lost, doing.last) if lost else None
