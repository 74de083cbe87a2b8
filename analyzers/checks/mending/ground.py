"""One document, the access that has to go, and the space in which candidates are proved.

Readings that AWS leaves open (whether a wildcard crosses a colon, ...) are left open here: what is proved holds for all
of them. A statement that is not touched has the same formula before and after, doubts included; of one that is touched
nothing is taken over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic
from typing import Any

from analyzers.policy import Policy, parse
from analyzers.policy.model import Effect, PrincipalKind
from analyzers.policy.source import load
from analyzers.reasoning.axioms import calls
from analyzers.reasoning.formula import FALSE, TRUE, Formula, Is, conj, disj, negate
from analyzers.reasoning.inquiry import Inquiry
from analyzers.reasoning.matching import Call, all_of, any_of, inverse, match_statement
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import CallerKind, Request
from analyzers.reasoning.scene import RESOURCE, Crossing, Scene, single_keys
from analyzers.reasoning.space import OutOfTime, Vocabulary
from analyzers.reasoning.symbolic import Reader, action

from .targets import Granted, Target, Unmendable, membership, sketch
from .values import Used

_ON_RESOURCE = frozenset({PolicyType.RESOURCE, PolicyType.RESOURCE_CONTROL})


@dataclass(frozen=True)
class Place:
    """Where the document counts.

    `services`: the action prefixes that can be asked for there; none: any. `anonymous`: whether requests without a
    signature are taken, `by_services`: whether AWS services may be among everybody. `resources`: patterns of what it
    governs, for examples; none: anything. `may_vanish`: whether there may be no policy at all. `organization`,
    `account`: of the owner, for conditions that are added; `by_organization`: which of the two is trusted.
    `canonical_owner`: the owner in access control lists. `may_deny`: whether the policy takes Deny statements.
    """

    type: PolicyType = PolicyType.RESOURCE
    services: tuple[str, ...] = ()
    anonymous: bool = True
    by_services: bool = True
    resources: tuple[str, ...] = ()
    may_vanish: bool = True
    organization: str = ""
    account: str = ""
    by_organization: bool = False
    canonical_owner: str = ""
    may_deny: bool = True

    @property
    def names_principals(self) -> bool:
        return self.type in _ON_RESOURCE


@dataclass(frozen=True)
class Problem:
    """`text`: the document. `others`: documents in whose words the target may be told; `denies`: documents that take
    away from this one, so that what they deny is no loss. `uses`: what is known to be used there. `proposed`: the
    candidates come from elsewhere, so the document itself need not grant the target."""

    text: str
    target: Target
    place: Place = Place()
    others: tuple[Policy, ...] = ()
    denies: tuple[Policy, ...] = ()
    uses: tuple[Used, ...] = ()
    proposed: bool = False


class Ground:
    """Raises PolicyError, Unmendable, OutOfTime, TooManyClasses."""

    def __init__(self, problem: Problem, seconds: float) -> None:
        self.problem, self.place = problem, problem.place
        self.deadline = monotonic() + seconds
        self.policy = parse(problem.text)
        self.value: Any = load(problem.text.removeprefix("\ufeff"))
        scene = Scene(rest=RESOURCE, crossing=Crossing.OPEN, single=single_keys([self.policy]))
        self.reader = Reader(self.policy, scene)
        self.rules = [self.reader.statement(statement) for statement in self.policy.statements]
        others = tuple(Reader(policy, scene, f"document {i}") for i, policy in enumerate(problem.others))
        self.sketch = sketch(problem.target, self.reader, others)
        self.readers = [self.reader, *others, *self.sketch.readers]
        self.taken = self._taken(scene)
        self.allowed = _united(zip((s.effect for s in self.policy.statements), self.rules, strict=True))
        self.denied = disj(
            rule for s, rule in zip(self.policy.statements, self.rules, strict=True) if s.effect is Effect.DENY
        )
        self.culprits, self._kept = self._divided()

    def _taken(self, scene: Scene) -> Formula:
        """What the other documents deny."""
        found = []
        for number, policy in enumerate(self.problem.denies):
            reader = Reader(policy, scene, f"deny {number}")
            self.readers.append(reader)
            found += [rule.formula for rule in reader.rules() if rule.effect is Effect.DENY]
        return disj(found)

    # -- asking ------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise OutOfTime
        return left

    def inquiry(self, formulas: Sequence[Formula], readers: Iterable[Reader] = ()) -> Inquiry:
        facts: list[Formula] = []
        more: dict[str, Any] = {}
        if not self.place.names_principals:
            more["kind"] = CallerKind.AWS
        elif not self._names_canonical_users():
            facts.append(negate(Is(CallerKind.CANONICAL_USER)))
        if self.place.services:
            facts.append(disj(action(f"{service}:*") for service in self.place.services))
            if self.place.services == ("sts",):
                facts += calls(Vocabulary([*formulas, *facts]))
            elif self.place.names_principals:
                facts.append(negate(Is(CallerKind.FEDERATED)))
            if not self.place.by_services:
                facts.append(negate(Is(CallerKind.SERVICE)))
            if not self.place.anonymous and self.place.names_principals:
                facts.append(negate(Is(CallerKind.ANONYMOUS)))
        return Inquiry(formulas, [*self.readers, *readers], facts=facts, seconds=self.seconds, **more)

    def _names_canonical_users(self) -> bool:
        principals = [s.principals for s in self.policy.statements if s.principals]
        return any(entry.kind is PrincipalKind.CANONICAL_USER for one in principals for entry in one.entries)

    # -- the target --------------------------------------------------------------------------------------------

    def target(self, *formulas: Formula, readers: tuple[Reader, ...] = ()) -> Formula:
        """What has to go, told for questions that speak of these formulas as well. `readers`: of changed documents."""
        vocabulary = Vocabulary([self.allowed, *self.sketch.asked, *formulas])
        return conj([self.sketch.formula(vocabulary, readers), negate(self._kept)])

    def _divided(self) -> tuple[tuple[int, ...], Formula]:
        """The Allow statements that let the target in; and what others grant to somebody narrower, who keeps it."""
        allows = [
            (s.index, conj([rule, negate(self.denied)]))
            for s, rule in zip(self.policy.statements, self.rules, strict=True)
            if s.effect is Effect.ALLOW
        ]
        vocabulary = Vocabulary([self.allowed, *self.sketch.asked])
        whole = self.sketch.formula(vocabulary, ())
        wider = [conj([base, negate(label)]) for base, label in self.sketch.narrower]
        first = self.inquiry([whole, self.allowed, *wider, *(rule for _, rule in allows)])
        narrower = [
            label for (_, label), question in zip(self.sketch.narrower, wider, strict=True) if first.possible(question)
        ]
        asked = [conj([rule, whole, negate(disj(narrower))]) for _, rule in allows]
        second = self.inquiry(asked)
        culprits = tuple(index for (index, _), question in zip(allows, asked, strict=True) if second.possible(question))
        if not culprits and not self.problem.proposed:
            raise Unmendable("No statement of the document grants it.")
        kept = disj(self.rules[index] for index, _ in allows if index not in culprits) if narrower else FALSE
        return culprits, kept

    # -- before and after --------------------------------------------------------------------------------------

    @cached_property
    def known_members(self) -> Formula:
        target = self.problem.target
        return conj(membership(target.zone, self.policy)) if isinstance(target, Granted) else TRUE

    def after(self, text: str) -> tuple[Policy, Formula, Reader]:
        """The changed document and what it allows. An empty text allows nothing."""
        if not text:
            nothing = replace(self.policy, statements=(), text="")
            return nothing, FALSE, Reader(nothing, self.reader.scene, "changed")
        policy = parse(text)
        reader = Reader(policy, self.reader.scene, "changed")
        before = self._unchanged_by_text()
        head = _head(load(text)) == _head(self.value)
        rules = []
        for raw, statement in zip(raw_statements(load(text)), policy.statements, strict=True):
            known = before.get(_plain(raw), []) if head else []
            rules.append(self.rules[known.pop(0)] if known else reader.statement(statement))
        effects = (statement.effect for statement in policy.statements)
        return policy, _united(zip(effects, rules, strict=True)), reader

    def _unchanged_by_text(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, raw in enumerate(raw_statements(self.value)):
            found.setdefault(_plain(raw), []).append(index)
        return found


def _united(rules: Iterable[tuple[Effect, Formula]]) -> Formula:
    allows: list[Formula] = []
    denies: list[Formula] = []
    for effect, rule in rules:
        (allows if effect is Effect.ALLOW else denies).append(rule)
    return conj([disj(allows), negate(disj(denies))])


def raw_statements(value: Any) -> list[Any]:
    """The statements as JSON values."""
    found = value["Statement"]
    return found if isinstance(found, list) else [found]


def _plain(raw: Any) -> str:
    return json.dumps(raw, sort_keys=True)


def _head(value: Mapping[str, Any]) -> str:
    """Everything in a document besides its statements that may decide how they are read."""
    return _plain({key: one for key, one in value.items() if key not in {"Statement", "Id"}})


def decides(policy: Policy, request: Request) -> bool | None:
    """The evaluator's word on whether the document alone allows the request."""
    call = Call(request)
    matched = [(one.effect, match_statement(policy, one, call).truth) for one in policy.statements]
    allowed = any_of(truth for effect, truth in matched if effect is Effect.ALLOW)
    denied = any_of(truth for effect, truth in matched if effect is Effect.DENY)
    return all_of((allowed, inverse(denied)))
