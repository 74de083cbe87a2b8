"""Policies without what a question leaves open: all that they could allow, and only what they surely deny.

What even these do not allow is allowed under no circumstances, which saves the solver most of its work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from analyzers.kinds.policy_sets import TAGS
from analyzers.policy.model import (
    Effect,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Statement,
)
from analyzers.policy.pattern import tokens
from analyzers.reasoning.matching import Call, glob_matches, match_statement
from analyzers.reasoning.policy_set import Documents, Levels, PolicySet

from .place import covers, overlaps

_NOTHING = Patterns(())
_EVERYTHING = Patterns(("*",))
_ANYBODY = Principals((PrincipalEntry(PrincipalKind.ANY, "*"),))


def mentioned(
    policy: Policy, actions: tuple[str, ...], patterns: tuple[str, ...], account: str = ""
) -> tuple[str, ...]:
    """Those of the actions that some Allow statement names for some of the resources, whatever its conditions.
    `account`: and whose principals may be of that account."""
    statements = [s for s in policy.statements if s.effect is Effect.ALLOW and _touches(s, patterns)]
    if account:
        statements = [s for s in statements if _may_admit(s, account)]
    if any(statement.opaque for statement in statements) or (policy.opaque and statements):
        return actions
    return tuple(action for action in actions if any(_names(s, action.lower()) for s in statements))


def _may_admit(statement: Statement, account: str) -> bool:
    principals = statement.principals
    if principals is None or principals.negated or statement.opaque:
        return True
    return any(
        entry.value == "*" or entry.kind is PrincipalKind.CANONICAL_USER or account in entry.value
        for entry in principals.entries
    )


def _names(statement: Statement, action: str) -> bool:
    actions = statement.actions
    if actions is None:
        return True
    named = any(action_matches(pattern, action) for pattern in actions.values)
    return not named if actions.negated else named


@lru_cache(maxsize=262_144)
def action_matches(pattern: str, action: str) -> bool:
    """`action` in lower case."""
    return glob_matches(tokens(pattern.lower(), wildcards=True, variables=False), action)


def _touches(statement: Statement, patterns: tuple[str, ...]) -> bool:
    resources = statement.resources
    if resources is None:
        return True
    if resources.negated:
        return not all(any(covers(one, pattern) for one in resources.values) for pattern in patterns)
    return any(overlaps(one, pattern) for one in resources.values for pattern in patterns)


def relaxed(policy: Policy, patterns: tuple[str, ...], settled: frozenset[str]) -> Policy:
    """The document with conditions on settled keys alone, and with resources that are all or nothing."""
    return replace(policy, statements=tuple(_relaxed(statement, patterns, settled) for statement in policy.statements))


def _relaxed(statement: Statement, patterns: tuple[str, ...], settled: frozenset[str]) -> Statement:
    if statement.opaque:
        return replace(statement, principals=statement.principals and _ANYBODY, resources=_EVERYTHING)
    if statement.effect is Effect.DENY:
        sure = all(is_settled(condition.key, settled) for condition in statement.conditions)
        sure = sure and not _varies(statement) and not (statement.principals and statement.principals.negated)
        if not sure or not _everywhere(statement, patterns):
            return replace(statement, actions=_NOTHING)
        return replace(statement, resources=statement.resources and _EVERYTHING)
    if not _touches(statement, patterns):
        return replace(statement, actions=_NOTHING)
    kept = tuple(c for c in statement.conditions if is_settled(c.key, settled) and not any("${" in v for v in c.values))
    return replace(
        statement,
        conditions=kept,
        resources=statement.resources and _EVERYTHING,
        principals=statement.principals and _widened(statement.principals),
    )


def is_settled(key: str, settled: frozenset[str]) -> bool:
    key = key.lower()
    return key in settled or (TAGS in settled and key.startswith(TAGS))


def _varies(statement: Statement) -> bool:
    return any("${" in value for condition in statement.conditions for value in condition.values)


def _everywhere(statement: Statement, patterns: tuple[str, ...]) -> bool:
    resources = statement.resources
    if resources is None:
        return True
    if resources.negated:
        return not any(overlaps(one, pattern) for one in resources.values for pattern in patterns)
    return all(any(covers(one, pattern) for one in resources.values) for pattern in patterns)


def _widened(principals: Principals) -> Principals:
    """A grant to one session of a role may be for the caller, if that is the role."""
    if principals.negated:
        return principals
    if any(":assumed-role/" in entry.value or ":federated-user/" in entry.value for entry in principals.entries):
        return _ANYBODY
    return principals


def specialised(policies: PolicySet, call: Call, settled: frozenset[str]) -> PolicySet:
    """The same set for one caller: conditions on keys that are surely absent are decided, since the solver cannot be
    told that a key is absent. Statements keep their places."""

    def special(policy: Policy) -> Policy:
        if not any(_absent(c.key, call, settled) for s in policy.statements for c in s.conditions):
            return policy
        return replace(policy, statements=tuple(_decided(policy, s, call, settled) for s in policy.statements))

    return each_document(policies, special)


def each_document(policies: PolicySet, change: Callable[[Policy], Policy]) -> PolicySet:
    """The set with every document changed."""

    def all_of(documents: Documents) -> Documents:
        return tuple(map(change, documents))

    def each(levels: Levels | None) -> Levels | None:
        return None if levels is None else {name: all_of(documents) for name, documents in levels.items()}

    return replace(
        policies,
        identity=all_of(policies.identity),
        resource=all_of(policies.resource),
        boundary=None if policies.boundary is None else all_of(policies.boundary),
        trust=all_of(policies.trust),
        key_policy=all_of(policies.key_policy),
        scp_levels=each(policies.scp_levels),
        rcp_levels=each(policies.rcp_levels),
    )


def _absent(key: str, call: Call, settled: frozenset[str]) -> bool:
    return is_settled(key, settled) and key.lower() not in call.context


def _decided(policy: Policy, statement: Statement, call: Call, settled: frozenset[str]) -> Statement:
    kept = []
    for condition in statement.conditions:
        truth = None
        if _absent(condition.key, call, settled):
            alone = Statement(statement.index, statement.effect, conditions=(condition,))
            truth = match_statement(replace(policy, problems=()), alone, call).truth
        if truth is False:
            return replace(statement, actions=_NOTHING, conditions=())
        if truth is None:
            kept.append(condition)
    return replace(statement, conditions=tuple(kept))


def documents_by_label(policies: PolicySet) -> Iterable[tuple[str, Policy]]:
    """The documents under the names that decisions give them (`identity[1]`, `scp:root`)."""
    groups: dict[str, Documents] = {
        "identity": policies.identity,
        "boundary": policies.boundary or (),
        "session": policies.session or (),
        "resource": policies.resource,
        "trust": policies.trust,
        "key_policy": policies.key_policy,
        **{f"scp:{level}": found for level, found in (policies.scp_levels or {}).items()},
        **{f"rcp:{level}": found for level, found in (policies.rcp_levels or {}).items()},
    }
    for name, documents in groups.items():
        for number, policy in enumerate(documents):
            yield (f"{name}[{number}]" if len(documents) > 1 else name), policy
