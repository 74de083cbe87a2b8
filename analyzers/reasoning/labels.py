"""The labels that a finding may carry: the policy's own words for who gets in and under which conditions.

A label is a set of requests with a name. Labels of one component (principal, one condition key, action) are ordered
by inclusion; the widest, which every component has, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analyzers.policy.model import Policy, PrincipalKind, Statement
from analyzers.policy.operators import Family, lookup

from . import keys
from .formula import And, Formula, Holds, Is, Open, Or, Present, Some, Var, conj
from .space import Space
from .symbolic import Reader, action

PRINCIPAL = "principal"
ACTION = "action"


class Label(NamedTuple):
    """`key` and `value` as they are reported; `formula` is what they mean."""

    component: str
    key: str
    value: str
    formula: Formula


@dataclass(frozen=True, slots=True)
class Component:
    """The labels of one component with, for each, the indexes of the labels strictly below it."""

    name: str
    labels: tuple[Label, ...]
    below: tuple[frozenset[int], ...]

    def within(self, one: int | None, other: int | None) -> bool:
        """Whether label `one` is `other` or below it; None is the widest."""
        if other is None or one == other:
            return True
        return one is not None and one in self.below[other]


def labels_of(policies: Iterable[tuple[Policy, Reader]]) -> list[Label]:
    """Every label in the words of the documents, Allow and Deny alike, in the order of the text."""
    found: dict[tuple[str, Formula], Label] = {}
    for policy, reader in policies:
        for statement in policy.statements:
            for label in _of_statement(statement, reader):
                found.setdefault((label.component, label.formula), label)
    return list(found.values())


def _of_statement(statement: Statement, reader: Reader) -> Iterable[Label]:
    if statement.principals is not None:
        for entry in statement.principals.entries:
            if entry.value != "*" and entry.kind is not PrincipalKind.SERVICE:
                value = _account_of_root(entry.value) if entry.kind is PrincipalKind.AWS else entry.value
                yield Label(PRINCIPAL, entry.kind.value, value, reader.principal(entry))
    if statement.actions is not None:
        for pattern in statement.actions.values:
            yield Label(ACTION, "", pattern, action(pattern))
    for condition in statement.conditions:
        key = condition.key.lower()
        rule = lookup(condition.operator.name) if condition.operator.known else None
        if rule is None or rule.family is Family.NULL or not keys.limits_who(key) or key in reader.scene.constants:
            continue
        present = reader.words.present(key)
        many = key in keys.MULTIVALUED
        for value in condition.values:
            held = reader.test(condition, rule, value)
            if many and isinstance(held, Holds):
                held = Some(held.var._replace(name=f"{key}[]"), frozenset([held.test]), False)
            yield Label(key, condition.key, value, conj([present, held]))


def _account_of_root(value: str) -> str:
    """Access Analyzer reports an account by its id, however the policy writes it."""
    fields = value.split(":", 5)
    return fields[4] if len(fields) == 6 and fields[5] == "root" else value


def components(labels: Sequence[Label], space: Space) -> list[Component]:
    """Labels ordered by inclusion. One of two that mean the same is kept, and none that means nothing."""
    by_name: dict[str, list[Label]] = {}
    for label in labels:
        by_name.setdefault(label.component, []).append(label)
    result = []
    for name in sorted(by_name):
        kept: list[Label] = []
        extents: list[_Extent] = []
        for label in by_name[name]:
            extent = _extent(label.formula, space)
            if extent is None or extent in extents:
                continue
            kept.append(label)
            extents.append(extent)
        below = tuple(
            frozenset(i for i, inner in enumerate(extents) if i != o and _within(inner, outer))
            for o, outer in enumerate(extents)
        )
        if kept:
            result.append(Component(name, tuple(kept), below))
    return result


_Extent = dict[object, frozenset[object]]
"""Variable -> classes allowed; a variable that is not named is free."""


def _extent(formula: Formula, space: Space) -> _Extent | None:
    """What a label's formula allows of each variable; None if nothing passes."""
    extent: _Extent = {}
    for item in formula.items if isinstance(formula, And) else (formula,):
        if isinstance(item, Is):
            extent["kind"] = frozenset([item.kind])
        elif isinstance(item, (Present, Open)):
            extent[item] = frozenset([True])
        elif isinstance(item, (Holds, Or)):
            tests: dict[Var, list[Holds]] = {}
            for part in item.items if isinstance(item, Or) else (item,):
                if isinstance(part, Holds):
                    tests.setdefault(part.var, []).append(part)
            for var, parts in tests.items():
                classes = space.classes(var, [part.test for part in parts])
                if not classes:
                    return None
                extent[var] = frozenset(classes)
        elif isinstance(item, Some):
            classes = space.classes(item.var, item.tests)
            if not classes:
                return None
            extent[item.var] = frozenset(classes)
        else:
            extent[item] = frozenset([True])
    return extent


def _within(inner: _Extent, outer: _Extent) -> bool:
    return all(key in inner and inner[key] <= allowed for key, allowed in outer.items())
