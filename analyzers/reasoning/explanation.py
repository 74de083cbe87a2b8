"""One statement and one request, element by element: what holds, what does not, and why, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzers.policy.errors import quote
from analyzers.policy.model import Condition, Path, Policy, Statement

from .matching import Call, Truth, elements, spelled_operator
from .request import CallerKind

SHOWN = 3
"""Values that a sentence names before it counts the rest."""


class ElementSaid(NamedTuple):
    """`path` leads to the element if the document's statements are a list. `truth` None: cannot be decided."""

    path: Path
    truth: Truth
    reason: str


def explain_statement(policy: Policy, statement: Statement, call: Call) -> tuple[ElementSaid, ...]:
    """Every element of the statement, also those after one that does not hold; then what is not understood."""
    said: list[ElementSaid] = []
    for element in elements(policy, statement, call):
        truth = element.check()
        if element.condition is not None:
            sentence = _condition(element.condition, call)
        else:
            sentence = _element(statement, str(element.path[2]), call)
        said.append(ElementSaid(element.path, truth, f"{_VERDICTS[truth]}: {sentence}."))
    for problem in (*statement.problems, *policy.problems):
        if problem.opaque:
            said.append(ElementSaid(problem.path, None, f"{_VERDICTS[None]}: {problem.message.rstrip('.')}."))
    return tuple(said)


_VERDICTS = {True: "Matches", False: "Does not match", None: "Cannot be decided"}


def _element(statement: Statement, name: str, call: Call) -> str:
    request = call.request
    if name.endswith("Principal"):
        entries = statement.principals.entries if statement.principals else ()
        who = "anonymous" if call.kind is CallerKind.ANONYMOUS else quote(request.principal)
        return f"the caller is {who}, {name} is {_listed([entry.value for entry in entries])}"
    patterns = statement.actions if name.endswith("Action") else statement.resources
    asked = request.action if name.endswith("Action") else request.resource
    what = "action" if name.endswith("Action") else "resource"
    return f"the {what} is {quote(asked)}, {name} is {_listed(patterns.values if patterns else ())}"


def _condition(condition: Condition, call: Call) -> str:
    value = call.context.get(condition.key.lower())
    if value is None:
        given = f"the request has no {quote(condition.key)}"
    else:
        given = f"{quote(condition.key)} is {_listed(value if isinstance(value, tuple) else (value,))}"
    return f"{given}, {spelled_operator(condition)} compares with {_listed(condition.values)}"


def _listed(values: Sequence[str]) -> str:
    """The first few values, and how many there are besides."""
    shown = ", ".join(quote(value) for value in values[:SHOWN]) or "empty"
    more = len(values) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
