"""A policy as it reads for one caller: what is known of the caller is filled in, what cannot apply is left out.

Principals for whom a policy reads the same share one view of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy.model import Condition, Effect, Patterns, Principals, Statement
from analyzers.policy.operators import Family, lookup
from analyzers.policy.pattern import Variable, Wildcard, tokens

from .facts import Facts, Gap, ResourceFacts, is_about_resource, needs, settled, variables

NAME = "zz-somebody"
"""Stands for the name of a user in what users share; no user is called so."""


class Seen(NamedTuple):
    """A statement as it reads for a caller. `conditions`: what is left to be met. `opaque`: why it cannot be told
    whether it matches; empty if it can. `resources`: patterns with the variables of known value filled in; where that
    was the user's name, `shared` has the same patterns with `NAME` for it. `principals`: on a resource."""

    effect: Effect
    actions: Patterns | None
    resources: Patterns | None
    shared: Patterns | None
    conditions: tuple[Condition, ...]
    opaque: str
    principals: Principals | None
    has_variables: bool
    number: int
    sid: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """`text`: the document; empty for a policy whose text is not known. `name`: what it is called if it has no text."""

    number: int
    text: str
    seen: tuple[Seen, ...]
    name: str = ""
    error: str = ""


@dataclass(slots=True)
class Document:
    """A text with all views of it."""

    text: str
    policy: Policy | None
    error: str = ""
    needs: tuple[str, ...] = ()
    by_facts: dict[tuple[object, ...], View] = field(default_factory=dict)
    by_content: dict[tuple[Seen, ...], View] = field(default_factory=dict)


def _opaque(effect: Effect, reason: str) -> Seen:
    return Seen(effect, None, None, None, (), reason, None, False, 0, "")


def unreadable(reason: str) -> tuple[Seen, ...]:
    """A policy of which nothing is known may allow anything, and deny anything."""
    return (_opaque(Effect.ALLOW, reason), _opaque(Effect.DENY, reason))


class Library:
    """Every document once, and every view of it once."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._unknown: dict[str, View] = {}
        self.views: list[View] = []

    def document(self, text: str) -> Document:
        found = self._documents.get(text)
        if found is None:
            try:
                policy = parse(text)
                found = Document(text, policy, needs=tuple(sorted(needs(policy))))
            except PolicyError as error:
                found = Document(text, None, f"A policy cannot be understood: {error}")
            self._documents[text] = found
        return found

    def view(self, text: str, facts: Facts) -> View:
        """The policy as it reads for the caller."""
        document = self.document(text)
        told = tuple(facts.of(key) for key in document.needs)
        if "aws:userid" in document.needs:
            told += (facts.member.unique_id,)
        found = document.by_facts.get(told)
        if found is None:
            seen = unreadable(document.error) if document.policy is None else tuple(read(document.policy, facts))
            found = document.by_content.get(seen)
            if found is None:
                found = document.by_content[seen] = self._add(text, seen, error=document.error)
            document.by_facts[told] = found
        return found

    def unknown(self, name: str) -> View:
        """A policy whose text is not known."""
        if name not in self._unknown:
            seen = unreadable(f"The text of the policy {name} is not known.")
            self._unknown[name] = self._add("", seen, name=name)
        return self._unknown[name]

    def _add(self, text: str, seen: tuple[Seen, ...], **more: str) -> View:
        view = View(len(self.views), text, seen, **more)
        self.views.append(view)
        return view

    def actions(self) -> Mapping[str, set[str]]:
        """Actions that are spelled out, by service."""
        found: dict[str, set[str]] = {}
        for document in self._documents.values():
            for service, name in literal_actions(document.policy):
                found.setdefault(service, set()).add(name)
        return found


def literal_actions(policy: Policy | None) -> Iterable[tuple[str, str]]:
    for statement in policy.statements if policy else ():
        for pattern in statement.actions.values if statement.actions else ():
            if ":" in pattern and not {"*", "?", " "} & set(pattern):
                yield pattern.partition(":")[0].lower(), pattern


def read(policy: Policy, facts: Facts, *, on_resource: bool = False) -> Iterable[Seen]:
    """The statements that may apply to the caller. `on_resource`: they name principals, who are looked at elsewhere."""
    for statement in policy.statements:
        opaque = ""
        if statement.opaque or policy.opaque:
            opaque = (statement.problems or policy.problems)[0].message
        if not on_resource and (statement.principals is not None or statement.resources is None):
            opaque = opaque or "A principal is named where none belongs, or no resource is."
        conditions, unclear = remaining(policy, statement, facts)
        if conditions is None:
            continue
        if unclear:
            opaque = opaque or unclear
        resources, shared = _filled(policy, statement.resources, facts)
        yield Seen(
            statement.effect,
            statement.actions,
            resources,
            shared,
            conditions,
            opaque,
            statement.principals if on_resource else None,
            policy.has_variables,
            statement.index,
            statement.sid or "",
        )


def remaining(
    policy: Policy, statement: Statement, facts: Facts | ResourceFacts
) -> tuple[tuple[Condition, ...] | None, str]:
    """The conditions that are left, None if the statement cannot match, and what is not understood of the others."""
    left: list[Condition] = []
    unclear = ""
    for condition in statement.conditions:
        truth = settled(policy, condition, statement.effect, facts)
        if truth is False:
            return None, ""
        if truth is Gap.FREE:
            left.append(_with_known(policy, condition, facts))
        elif truth is None:
            unclear = f"The condition on {condition.key} cannot be decided."
    return tuple(left), unclear


def in_sight_of(seen: Seen, facts: ResourceFacts) -> Seen | None:
    """The statement in the light of what is known of the resource; None if it cannot match."""
    if not any(
        is_about_resource(key)
        for condition in seen.conditions
        for key in (condition.key.lower(), *_variables(seen, condition))
    ):
        return seen
    policy = Policy((), "2012-10-17" if seen.has_variables else "2008-10-17")
    statement = Statement(seen.number, seen.effect, conditions=seen.conditions)
    conditions, unclear = remaining(policy, statement, facts)
    return None if conditions is None else seen._replace(conditions=conditions, opaque=seen.opaque or unclear)


def _variables(seen: Seen, condition: Condition) -> tuple[str, ...]:
    return variables(Policy((), "2012-10-17" if seen.has_variables else "2008-10-17"), condition.values)


def escaped(text: str) -> str:
    """A text that means itself where wildcards and variables are read."""
    return "".join(f"${{{char}}}" if char in "*?$" else char for char in text)


def _with_known(policy: Policy, condition: Condition, facts: Facts | ResourceFacts) -> Condition:
    """The condition with the variables of known value filled in, the user's name as `NAME`. A value with a variable
    that has none equals nothing, and is left out."""
    rule = lookup(condition.operator.name) if condition.operator.known else None
    if rule is None or rule.family not in _WITH_VARIABLES or not variables(policy, condition.values):
        return condition
    values = (_fill(value, facts, shared=True) for value in condition.values)
    return condition._replace(values=tuple(value for value in values if value is not None))


_WITH_VARIABLES = frozenset({Family.STRING, Family.ARN, Family.BOOL})
NOTHING = "-"
"""A pattern that matches no resource."""


def _filled(policy: Policy, resources: Patterns | None, facts: Facts) -> tuple[Patterns | None, Patterns | None]:
    if resources is None or not variables(policy, resources.values):
        return resources, resources

    def fill(shared: bool) -> Patterns:
        values = (_fill(value, facts, shared=shared) for value in resources.values)
        return Patterns(tuple(NOTHING if value is None else value for value in values), resources.negated)

    return fill(False), fill(True)


def _fill(value: str, facts: Facts | ResourceFacts, *, shared: bool) -> str | None:
    """Variables of a known value as that value; None if one can have none. One that is free stays."""
    written: list[str] = []
    for token in tokens(value, wildcards=True, variables=True):
        if isinstance(token, Wildcard):
            written.append(token.value)
        elif isinstance(token, Variable):
            fact = facts.of(token.key)
            if isinstance(fact, tuple) or (fact is Gap.ABSENT and token.default is None):
                return None
            if fact is Gap.ABSENT:
                written.append(escaped(token.default or ""))
            elif isinstance(fact, str):
                written.append(escaped(NAME if shared and token.key == "aws:username" else fact))
            else:
                default = "" if token.default is None else f", '{token.default}'"
                written.append(f"${{{token.key}{default}}}")
        else:
            written.append(escaped(token))
    return "".join(written)
