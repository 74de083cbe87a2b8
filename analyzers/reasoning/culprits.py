"""Which elements of a statement let a request in, by the evaluator's word on each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzers.policy.model import Path, Patterns, Policy, Statement

from .evaluate import StatementRef
from .matching import Call, action_matches, principal_matches, resource_matches, spelled_operator
from .verdict import Culprit, Part


def culprit(policy: Policy, statement: Statement, layer: str, call: Call) -> Culprit:
    """The statement, with the pattern, the entry and the conditions through which the request gets in."""
    reference = StatementRef(layer, statement.index, statement.sid or "", statement.effect)
    return Culprit(reference, tuple(_parts(policy, statement, call)))


def _parts(policy: Policy, statement: Statement, call: Call) -> Iterator[Part]:
    where: Path = ("Statement", statement.index)
    principals = statement.principals
    if principals is not None and principals.negated:
        yield Part("principal", (*where, "NotPrincipal"), "everybody but those named")
    elif principals is not None:
        for number, entry in enumerate(principals.entries):
            if principal_matches(entry, call):
                ahead = [other for other in principals.entries[:number] if other.kind is entry.kind]
                path: Path = () if entry.kind.value == "*" else (entry.kind.value, len(ahead))
                yield Part("principal", (*where, "Principal", *path), entry.value)
                break
    asked = call.request.action.lower()
    yield from _pattern(
        "action", where, statement.actions, lambda text: action_matches(text.lower(), asked) is not False
    )
    yield from _pattern(
        "resource",
        where,
        statement.resources,
        lambda text: resource_matches(policy, text, call, statement.effect) is not False,
    )
    for condition in statement.conditions:
        path = (*where, "Condition", spelled_operator(condition), condition.key)
        yield Part(
            "condition", path, f"{spelled_operator(condition)} on {condition.key}: {', '.join(condition.values)}"
        )


def _pattern(kind: str, where: Path, patterns: Patterns | None, fits: Callable[[str], bool]) -> Iterator[Part]:
    if patterns is None:
        return
    name = kind.capitalize()
    if patterns.negated:
        yield Part(kind, (*where, f"Not{name}"), f"everything but {', '.join(patterns.values[:3])}")
        return
    for number, text in enumerate(patterns.values):
        if fits(text):
            yield Part(kind, (*where, name, number), text)
            return
