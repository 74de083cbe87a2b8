"""What a request could carry so that the conditions of policies hold, read from their own words.

Only a suggestion: the evaluator decides whether the request is allowed, and the solver where it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from analyzers.policy.model import Condition, Effect, Statement
from analyzers.policy.operators import Family, lookup
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import ContextValue

from .place import EXAMPLE
from .relaxed import action_matches, documents_by_label, is_settled

_OPPOSITE = {"true": "false", "false": "true"}


def suggestion(policies: PolicySet, action: str, settled: frozenset[str]) -> dict[str, ContextValue]:
    """Values for keys that are free."""
    context: dict[str, ContextValue] = {}
    denies: list[Condition] = []
    for _, policy in documents_by_label(policies):
        for statement in policy.statements:
            if not _concerns(statement, action.lower()):
                continue
            if statement.effect is Effect.DENY:
                denies += statement.conditions
            else:
                _fulfil(statement.conditions, settled, context)
    for condition in denies:
        if not is_settled(condition.key, settled):
            _escape(condition, context)
    return context


def _concerns(statement: Statement, action: str) -> bool:
    actions = statement.actions
    if actions is None:
        return True
    return any(action_matches(one, action) for one in actions.values) != actions.negated


def _fulfil(conditions: tuple[Condition, ...], settled: frozenset[str], context: dict[str, ContextValue]) -> None:
    for condition in conditions:
        if is_settled(condition.key, settled) or _key(context, condition.key) or not condition.values:
            continue
        if condition.operator.if_exists or _negated(condition):
            continue
        value = next(_values(condition), None)
        if value is not None:
            context[condition.key] = (value,) if condition.operator.qualifier else value


def _escape(condition: Condition, context: dict[str, ContextValue]) -> None:
    """What keeps a Deny from matching: the value that it excepts, or the other truth."""
    if not condition.values or _key(context, condition.key):
        return
    name = condition.operator.name
    if _negated(condition):
        value = next(_values(condition), None)
    elif name == "Bool":
        value = _OPPOSITE.get(condition.values[0].lower())
    elif name == "Null":
        value = EXAMPLE if condition.values[0].lower() == "true" else None
    else:
        return
    if value is not None:
        context[condition.key] = (value,) if condition.operator.qualifier else value


def _key(context: dict[str, ContextValue], key: str) -> bool:
    return any(known.lower() == key.lower() for known in context)


def _negated(condition: Condition) -> bool:
    rule = lookup(condition.operator.name)
    return rule is not None and rule.negated


def _values(condition: Condition) -> Iterator[str]:
    rule = lookup(condition.operator.name) if condition.operator.known else None
    if rule is None:
        return
    for text in condition.values:
        if "${" in text:
            continue
        if rule.family is Family.NULL:
            if text.lower() == "false":
                yield EXAMPLE
        elif rule.family is Family.IP:
            try:
                yield str(ip_network(text, strict=False).network_address)
            except ValueError:
                continue
        else:
            yield text.replace("*", EXAMPLE).replace("?", "x")
