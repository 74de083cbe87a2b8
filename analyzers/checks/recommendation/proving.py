"""What is claimed of new policies in place of an old one, and how it is known.

The claims are checked on the documents as they will be written, parsed again, by an argument about statements that
shares nothing with how they were made:

- the Deny statements are the same, one for one;
- each Allow statement of the new policies has the conditions of an old one, and only actions and resources within it;
- each old Allow statement has, for each action that must stay, a new one with the same conditions that allows it on
  the same resources (or, where resources are narrowed too, on those that it was used on).

The solver is asked the same besides, in its own way (`SolverSays`); should it find a request that contradicts the
argument, nothing is recommended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from analyzers.policy.model import Condition, Effect, Patterns, Policy, Principals, Statement
from analyzers.reasoning import no_new_access
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer as Verdict

from .inclusion import Actions, disjoint, resource_within
from .values import Answer, Proof

NOTHING_NEW = "The new policies allow nothing that the old ones do not."
NOTHING_LOST = "Whatever was used, or may have been, is still allowed wherever it was."

OnlyOn = Mapping[str, tuple[str, ...]]
"""Actions (lower case) whose uses are known in full, with the resources that they name."""

_Circumstances = tuple[Principals | None, tuple[Condition, ...]]


class _Allows:
    """An Allow statement, ready to be asked."""

    def __init__(self, statement: Statement) -> None:
        assert statement.actions is not None
        self.negated = statement.actions.negated
        self.written = statement.actions
        self.actions = Actions(statement.actions.values)
        self.resources = statement.resources
        self.circumstances: _Circumstances = (statement.principals, statement.conditions)

    def match(self, action: str) -> bool:
        return self.actions.match(action) != self.negated

    def has_actions_of(self, other: _Allows) -> bool:
        """Whether the other allows no action that this one does not."""
        if other.written == self.written:
            return True
        if other.negated:
            return False
        test = self.actions.exclude if self.negated else self.actions.include
        return all(test(pattern.lower()) for pattern in other.written.values)

    def has_resources_of(self, other: _Allows) -> bool:
        mine, theirs = self.resources, other.resources
        if mine == theirs:
            return True
        if mine is None or theirs is None or mine.negated or theirs.negated:
            return False
        return all(any(resource_within(one, wider) for wider in mine.values) for one in theirs.values)


def _allows(policies: Iterable[Policy]) -> list[_Allows]:
    statements = chain.from_iterable(policy.statements for policy in policies)
    return [_Allows(statement) for statement in statements if statement.effect is Effect.ALLOW]


def nothing_new(old: Policy, new: Sequence[Policy]) -> str:
    """Why the argument does not hold that `new` allows nothing that `old` does not; empty if it holds."""
    if reason := _comparable(old, new):
        return reason
    known = _by_circumstances(_allows([old]))
    for allows in _allows(new):
        olds = known.get(allows.circumstances, ())
        if not any(one.has_actions_of(allows) and one.has_resources_of(allows) for one in olds):
            return "A new statement is not within any one of the old statements."
    return ""


def nothing_lost(old: Policy, new: Sequence[Policy], stays: Iterable[str], only_on: OnlyOn) -> str:
    """Why the argument does not hold that each action in `stays` (lower case) is allowed by `new` wherever it was by
    `old`, and those in `only_on` wherever they were used; empty if it holds."""
    if reason := _comparable(old, new):
        return reason
    known = _by_circumstances(_allows(new))
    names = [*stays, *only_on]
    for allows in _allows([old]):
        news = known.get(allows.circumstances, ())
        same = [one for one in news if one.resources == allows.resources]
        if any(one.written == allows.written for one in same):
            continue
        for name in names:
            if not allows.match(name) or any(one.match(name) for one in same):
                continue
            if not _stays_where_used(allows, [one for one in news if one.match(name)], only_on.get(name)):
                return f"{name} would no longer be allowed everywhere that it was."
    return ""


def _stays_where_used(old: _Allows, news: Sequence[_Allows], used_on: tuple[str, ...] | None) -> bool:
    if used_on is None or old.resources is None or old.resources.negated:
        return False
    patterns = [one for new in news if new.resources and not new.resources.negated for one in new.resources.values]
    return all(
        disjoint(was, used) or any(resource_within(used, one) or resource_within(was, one) for one in patterns)
        for was in old.resources.values
        for used in used_on
    )


def _comparable(old: Policy, new: Sequence[Policy]) -> str:
    if any(one.opaque or any(s.opaque for s in one.statements) for one in (old, *new)):
        return "Something in the policy is not understood."
    if any(one.version != old.version for one in new):
        return "The versions of the policy language differ."
    if _denies([old]) != _denies(new):
        return "The Deny statements differ."
    return ""


def _denies(policies: Iterable[Policy]) -> list[str]:
    statements = chain.from_iterable(policy.statements for policy in policies)
    return sorted(repr(replace(one, index=0, sid=None)) for one in statements if one.effect is Effect.DENY)


def _by_circumstances(allows: Iterable[_Allows]) -> dict[_Circumstances, list[_Allows]]:
    found: dict[_Circumstances, list[_Allows]] = {}
    for one in allows:
        found.setdefault(one.circumstances, []).append(one)
    return found


# -- the solver ----------------------------------------------------------------------------------------------------


def solver_nothing_new(old: Policy, new: Sequence[Policy], seconds: float) -> Verdict:
    return no_new_access(old, joined(new), policy_type=PolicyType.IDENTITY, seconds=seconds).answer


def solver_nothing_lost(
    old: Policy, new: Sequence[Policy], used: Sequence[str], only_on: OnlyOn, seconds: float
) -> Verdict:
    """The old policy, cut down to the actions that were used (and the resources), allows nothing that the new ones do
    not."""
    everywhere = [name for name in used if name not in only_on]
    cuts = [Statement(0, Effect.DENY, actions=Patterns((*used,), negated=True), resources=Patterns(("*",)))]
    for name, resources in only_on.items():
        if name in used and name not in everywhere:
            cuts.append(
                Statement(0, Effect.DENY, actions=Patterns((name,)), resources=Patterns(resources, negated=True))
            )
    statements = tuple(replace(one, index=n) for n, one in enumerate((*old.statements, *cuts)))
    cut = Policy(statements, old.version)
    return no_new_access(joined(new), cut, policy_type=PolicyType.IDENTITY, seconds=seconds).answer


def joined(policies: Sequence[Policy]) -> Policy:
    """Several policies of one version as one: what any of them allows and none denies."""
    statements = chain.from_iterable(policy.statements for policy in policies)
    version = policies[0].version if policies else "2012-10-17"
    return Policy(tuple(replace(one, index=number) for number, one in enumerate(statements)), version)


def proof(claim: str, against: str, words: str, seconds: float) -> Proof:
    return Proof(claim, Answer.UNKNOWN if against else Answer.PROVED, against or words, seconds)


def same_origin(old: Statement, new: Statement) -> bool:
    """Whether the new statement may have been made from the old one by narrowing."""
    if old.effect is not new.effect:
        return False
    if old.effect is Effect.DENY:
        return replace(old, index=0) == replace(new, index=0)
    one, other = _Allows(old), _Allows(new)
    return one.circumstances == other.circumstances and one.has_actions_of(other) and one.has_resources_of(other)
