"""Who outside the zone of trust gets in, and under which conditions.

The answer is found by refinement, as in "Stratified Abstraction of Access Control Policies" (CAV 2020,
https://doi.org/10.1007/978-3-030-53288-8_9): a *way in* is one label for each component. It is irreducible if some
allowed request falls into it and into no narrower combination. The service reports all irreducible ways that no wider
one covers; the reduced report is a smallest set of them that still covers every allowed request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic

import z3

from analyzers.policy.model import Effect, Policy

from . import keys, terms
from .automata import TooManyClasses
from .axioms import (
    PRINCIPALS,
    SAML_ACTION,
    UNIVERSES,
    WEB_IDENTITY_ACTION,
    Stranger,
    axioms,
    calls,
    not_through_the_zone,
    outside,
)
from .callers import PRINCIPAL
from .formula import Formula, Holds, Is, Present, Var, conj, disj, negate
from .globs import ANY_RUN, Glob, concat, literal
from .labels import ACTION as ACTION_COMPONENT
from .labels import PRINCIPAL as PRINCIPAL_COMPONENT
from .labels import Component, components, labels_of
from .question import DEFAULT_SECONDS, ONLY_DENIES, Question, Unanswered, Way
from .request import CallerKind, Request
from .scene import ACTION, single_keys
from .seeds import FIXED
from .space import OutOfTime, Space, Vocabulary
from .symbolic import Reader
from .wishes import granted
from .witness import Examples

MAX_WAYS = 2_000
"""Irreducible ways after which the question is given up as too large."""

_Choice = tuple[int | None, ...]
"""For each component the index of its label; None for the widest."""


def who(question: Question, *, like_aws: bool = False, seconds: float = DEFAULT_SECONDS) -> tuple[Way, ...]:
    """Every way in, reduced or as the service reports them. Raises Unanswered."""
    named = _named_accounts(question)
    for _ in range(20):
        try:
            finder = _Finder(question, tuple(sorted(named)), monotonic() + seconds, int(seconds * 1000))
            ways = finder.ways(like_aws=like_aws)
        except TooManyClasses as error:
            raise Unanswered(f"The policy is too large to analyse: {error}.") from error
        except OutOfTime as error:
            raise Unanswered(f"No answer within {seconds:g} s.") from error
        inside = {account for way in ways if (account := _account(way.witness)) in question.accounts}
        if not inside:
            return ways
        named |= inside
    raise Unanswered("The policy admits accounts of the zone of trust in too many ways.")


_ACCOUNT_ID = re.compile(r"(?=(\d{12}))")


def _named_accounts(question: Question) -> set[str]:
    """The accounts of the zone that the documents name: only these can be told from strangers. Others that turn up
    in a witness are added then."""
    found = {m for part in question.parts for m in _ACCOUNT_ID.findall(part.policy.text)}
    small = question.accounts if len(question.accounts) == 1 else frozenset[str]()
    return set((found & question.accounts) | small)


def _account(request: Request) -> str:
    fields = request.principal.split(":", 5)
    return fields[4] if len(fields) == 6 else ""


class _Finder:
    def __init__(self, question: Question, accounts: tuple[str, ...], deadline: float, milliseconds: int) -> None:
        self.question = question
        self.deadline = deadline
        single = single_keys(part.policy for part in question.parts)
        self.readers = [
            Reader(part.policy, replace(part.scene, single=single), f"document {number}")
            for number, part in enumerate(question.parts)
        ]
        self.rules = [reader.rules() for reader in self.readers]
        labels = labels_of((reader.policy, reader) for reader in self.readers)
        base = [*(label.formula for label in labels), Present("aws:principalarn")]
        base += [rule.formula for rules in self.rules for rule in rules]  # what one says may be implied by another
        base += [Holds(ACTION, test) for test in self._tests_of_actions()]
        vocabulary = Vocabulary(base)
        stranger = Stranger(
            accounts, question.organization, question.by_organization, tuple(sorted(question.canonical_users))
        )
        allowed = self._allowed(not_through_the_zone(stranger, vocabulary))
        base.append(allowed)
        facts = [*axioms(vocabulary), *calls(vocabulary), outside(stranger, vocabulary), *self._kinds()]
        self.space = Space(
            Vocabulary([*base, *facts]),
            universes=self._universes(),
            hints={var: texts for reader in self.readers for var, texts in reader.words.hints.items()},
            deadline=deadline,
            milliseconds=milliseconds,
        )
        scene = question.parts[0].scene
        self.examples = Examples(
            self.space.vocabulary,
            [part.policy for part in question.parts],
            rest=scene.rest,
            service=question.services[0],
            constants=scene.constants,
        )
        self.components = components(labels, self.space)
        self.solver = self.space.solver()
        terms.add(self.solver, [self.space.expression(fact) for fact in (*facts, allowed)])
        self.selectors = [self._select(component) for component in self.components]
        self._escapes = [
            {label: self._escape(position, label) for label in [*range(len(component.labels)), None]}
            for position, component in enumerate(self.components)
        ]

    # -- what is allowed ---------------------------------------------------------------------------------------

    def _allowed(self, through: Formula) -> Formula:
        """`through`: what must hold besides where a statement lets in everybody."""
        gates: dict[int, list[Formula]] = {}
        denies: list[Formula] = []
        for part, rules in zip(self.question.parts, self.rules, strict=True):
            if part.gate != ONLY_DENIES:
                gate = gates.setdefault(part.gate, [])
                gate += [
                    conj([rule.formula, through]) if _lets_in_everybody(part.policy, rule.index) else rule.formula
                    for rule in rules
                    if rule.effect is Effect.ALLOW
                ]
            denies += [negate(rule.formula) for rule in rules if rule.effect is Effect.DENY]
        return conj([*(disj(gate) for gate in gates.values()), *denies])

    def _tests_of_actions(self) -> tuple[Glob, ...]:
        return (WEB_IDENTITY_ACTION, SAML_ACTION, literal("sts:assumerole")) if self.question.federated else ()

    def _kinds(self) -> Iterator[Formula]:
        if not self.question.federated:
            yield negate(Is(CallerKind.FEDERATED))
        if not self.question.anonymous:
            yield negate(Is(CallerKind.ANONYMOUS))

    def _universes(self) -> Mapping[Var, Sequence[Glob]]:
        if self.question.federated:
            actions = [literal(f"sts:{name}") for name in ROLE_ACTIONS]
        else:
            actions = [concat(literal(f"{service}:"), (ANY_RUN,)) for service in self.question.services]
        universes: dict[Var, Sequence[Glob]] = {**UNIVERSES, PRINCIPAL: PRINCIPALS, ACTION: actions}
        for part in self.question.parts:
            scene = part.scene
            whole: list[Glob] = [()]
            parts = [concat(literal(scene.separator), (ANY_RUN,))] if scene.separator else []
            universes[scene.rest] = [*whole, *parts]
        return universes

    # -- refinement --------------------------------------------------------------------------------------------

    def _select(self, component: Component) -> terms.OneOf:
        """Which label a request has, and none below it; the last number stands for the widest."""
        held = [self.space.expression(label.formula) for label in component.labels]
        choice = terms.OneOf(f"choose {component.name}", len(held) + 1)
        self.solver.add(choice.constraint)
        for i, flag in enumerate(choice.flags[:-1]):
            narrower = [terms.no(held[j]) for j in sorted(component.below[i])]
            self.solver.add(z3.Implies(flag, terms.every([held[i], *narrower])))
        self.solver.add(z3.Implies(choice.flags[-1], terms.no(terms.some(held))))
        return choice

    def _flag(self, position: int, label: int | None) -> z3.BoolRef:
        return self.selectors[position].flags[-1 if label is None else label]

    def _escape(self, position: int, label: int | None) -> z3.BoolRef:
        """Every label of the component that is not below this one."""
        component = self.components[position]
        others = [other for other in [*range(len(component.labels)), None] if not component.within(other, label)]
        return terms.some([self._flag(position, other) for other in others])

    def _choice(self, model: z3.ModelRef) -> _Choice:
        found = (
            (component, selector.index(model))
            for component, selector in zip(self.components, self.selectors, strict=True)
        )
        return tuple(index if index < len(component.labels) else None for component, index in found)

    def _covers(self, wide: _Choice, narrow: _Choice) -> bool:
        for component, one, other in zip(self.components, narrow, wide, strict=True):
            if not component.within(one, other):
                return False
        return True

    def irreducible(self) -> list[_Choice]:
        """The irreducible combinations that no wider irreducible one covers."""
        found: list[_Choice] = []
        self.solver.push()
        while self.space.check(self.solver):
            choice = self._choice(self.solver.model())
            found = [other for other in found if not self._covers(choice, other)]
            found.append(choice)
            if len(found) > MAX_WAYS:
                raise Unanswered(f"More than {MAX_WAYS} different ways in.")
            escapes = [others[label] for others, label in zip(self._escapes, choice, strict=True)]
            terms.add(self.solver, [terms.some(escapes)])
        self.solver.pop()
        return found

    def indispensable(self) -> list[_Choice] | None:
        """The ways that alone cover some request, if together they cover all: no smaller report does, and there is no
        need to know of any other way. None if they do not.

        A request that has no label besides those of a way, and wider ones, is covered by nothing else than what is as
        wide as the way, and by nothing else at all if that is the widest.
        """
        found: list[_Choice] = []
        uncovered: list[z3.BoolRef] = []
        plain = terms.boolean("no other label")
        terms.add(self.solver, [z3.Implies(plain, terms.every(list(self._no_other_labels())))])
        while self.space.check(self.solver, plain, *uncovered):
            choice = self._widest(self._choice(self.solver.model()))
            if not self.space.check(self.solver, plain, *self._flags(choice)):
                return None
            found.append(choice)
            uncovered.append(terms.no(self.extent(choice)))
            if len(found) > MAX_WAYS:
                raise Unanswered(f"More than {MAX_WAYS} different ways in.")
        return None if self.space.check(self.solver, *uncovered) else found

    def _no_other_labels(self) -> Iterator[z3.BoolRef]:
        for position, component in enumerate(self.components):
            held = [self.space.expression(label.formula) for label in component.labels]
            for i in range(len(held)):
                others = [
                    held[j] for j in range(len(held)) if not component.within(i, j) and not component.within(j, i)
                ]
                yield z3.Implies(self._flag(position, i), terms.no(terms.some(others)))

    def _widest(self, choice: _Choice) -> _Choice:
        """An irreducible combination that covers this one and that none covers."""
        while True:
            wider = [
                [other for other in [*range(len(component.labels)), None] if component.within(label, other)]
                for component, label in zip(self.components, choice, strict=True)
            ]
            within = [terms.some([self._flag(i, other) for other in others]) for i, others in enumerate(wider)]
            if not self.space.check(self.solver, *within, terms.no(terms.every(self._flags(choice)))):
                return choice
            choice = self._choice(self.solver.model())

    def _flags(self, choice: _Choice) -> list[z3.BoolRef]:
        return [self._flag(position, label) for position, label in enumerate(choice)]

    def extent(self, choice: _Choice) -> z3.BoolRef:
        """The requests that the labels describe, narrower ones included."""
        return terms.every(
            [
                self.space.expression(component.labels[label].formula)
                for component, label in zip(self.components, choice, strict=True)
                if label is not None
            ]
        )

    def reduced(self, choices: list[_Choice]) -> list[_Choice]:
        """A smallest subset that covers every allowed request.

        A way that alone covers some request belongs to it. For the rest, implicit hitting sets: choose a smallest set
        for the requests seen so far, look for an allowed request that it misses, and go on until there is none.
        """
        if len(choices) < 2:
            return choices
        covers = [terms.boolean(f"covered by {i}") for i in range(len(choices))]
        self.solver.push()
        extents = map(self.extent, choices)
        terms.add(self.solver, [terms.same(flag, extent) for flag, extent in zip(covers, extents, strict=True)])
        try:
            return [choices[i] for i in self._smallest_cover(choices, covers)]
        finally:
            self.solver.pop()

    def _smallest_cover(self, choices: list[_Choice], covers: list[z3.BoolRef]) -> list[int]:
        others = [terms.no(flag) for flag in covers]
        chosen = self._indispensable(covers)
        if not self.space.check(self.solver, *(others[i] for i in chosen)):
            return chosen
        chooser = z3.Optimize()
        chooser.set("timeout", self.space.milliseconds)
        flags = [z3.Bool(f"report {i}") for i in range(len(covers))]
        native = [self._is_native(choice) for choice in choices]
        chooser.minimize(z3.Sum([z3.If(flag, 1000 + (not own), 0) for flag, own in zip(flags, native, strict=True)]))
        for i in chosen:
            chooser.add(flags[i])
        while self.space.check(self.solver, *(others[i] for i in chosen)):
            model = self.solver.model()
            hit = [i for i, flag in enumerate(covers) if terms.is_true(model, flag)]
            chooser.add(terms.some([flags[i] for i in hit]))
            if chooser.check() != z3.sat:
                raise OutOfTime
            answer = chooser.model()
            chosen = [i for i, flag in enumerate(flags) if z3.is_true(answer[flag])]
        return sorted(chosen)

    def _indispensable(self, covers: list[z3.BoolRef]) -> list[int]:
        """The ways that alone cover some request."""
        found: list[int] = []
        self.solver.push()
        self.solver.add(z3.AtMost(*covers, 1), terms.some(covers))
        while self.space.check(self.solver):
            model = self.solver.model()
            new = next(i for i, flag in enumerate(covers) if terms.is_true(model, flag))
            found.append(new)
            self.solver.add(terms.no(covers[new]))
        self.solver.pop()
        return sorted(found)

    def _is_native(self, choice: _Choice) -> bool:
        """Whether one statement says all the labels: such a way reads best."""
        used = [c.labels[i] for c, i in zip(self.components, choice, strict=True) if i is not None]
        wanted = {label.formula for label in used}
        for reader in self.readers:
            for statement in reader.policy.statements:
                said = {label.formula for label in labels_of([(_only(reader.policy, statement.index), reader)])}
                if wanted <= said:
                    return True
        return False

    # -- reporting ---------------------------------------------------------------------------------------------

    def ways(self, *, like_aws: bool) -> tuple[Way, ...]:
        choices = None if like_aws else self.indispensable()
        if choices is None:
            choices = self.irreducible()
            choices = choices if like_aws else self.reduced(choices)
        groups: dict[_Choice, list[_Choice]] = {}
        action = next((i for i, c in enumerate(self.components) if c.name == ACTION_COMPONENT), None)
        for choice in choices:
            key = choice if action is None else (*choice[:action], *choice[action + 1 :])
            groups.setdefault(key, []).append(choice)
        return tuple(self._way(group) for group in groups.values())

    def _way(self, group: list[_Choice]) -> Way:
        choice = min(group, key=self._rarity)
        principal = ("AWS", "*")
        condition: list[tuple[str, str]] = []
        actions: list[str] = []
        for position, component in enumerate(self.components):
            if component.name == ACTION_COMPONENT:
                for member in group:
                    label = member[position]
                    actions.append(self._any_action() if label is None else component.labels[label].value)
            elif (label := choice[position]) is not None:
                chosen = component.labels[label]
                if component.name == PRINCIPAL_COMPONENT:
                    principal = (chosen.key, chosen.value)
                else:
                    condition.append((chosen.key, chosen.value))
        extents = [self.extent(member) for member in group]
        return Way(
            principal=principal,
            actions=tuple(sorted(actions or [self._any_action()])),
            condition=tuple(sorted(condition)),
            is_public=principal == ("AWS", "*") and not self._is_tied(choice) and self._is_public(extents),
            witness=self._witness(choice),
            statements=self._granting(extents),
        )

    def _rarity(self, choice: _Choice) -> int:
        """Low where the action is a usual one: the better example of a way with several."""
        for component, label in zip(self.components, choice, strict=True):
            if component.name == ACTION_COMPONENT and label is not None:
                name = component.labels[label].value.lower()
                return FIXED["action"].index(name) if name in FIXED["action"] else len(FIXED["action"])
        return 0

    def _any_action(self) -> str:
        return f"{'sts' if self.question.federated else self.question.services[0]}:*"

    def _is_tied(self, choice: _Choice) -> bool:
        """Whether a label says at once that everybody of this way is tied to somebody."""
        return any(
            label is not None and keys.is_fixed(component.name, component.labels[label].value)
            for component, label in zip(self.components, choice, strict=True)
            if component.name not in {ACTION_COMPONENT, PRINCIPAL_COMPONENT}
        )

    def _is_public(self, extents: list[z3.BoolRef]) -> bool:
        """Whether a caller gets in who is tied to nobody: no fixed value of a limiting key, no named principal."""
        ties = []
        for component in self.components:
            if component.name == ACTION_COMPONENT:
                continue
            for label in component.labels:
                if component.name == PRINCIPAL_COMPONENT or keys.is_fixed(component.name, label.value):
                    ties.append(self.space.expression(label.formula))
        return self.space.check(self.solver, terms.some(extents), *(terms.no(tie) for tie in ties))

    def _granting(self, extents: list[z3.BoolRef]) -> tuple[tuple[int, int], ...]:
        """The Allow statements that let some of these requests in."""
        rules = [
            (number, rule)
            for number, (part, rules) in enumerate(zip(self.question.parts, self.rules, strict=True))
            for rule in rules
            if rule.effect is Effect.ALLOW and part.gate != ONLY_DENIES
        ]
        if len(rules) == 1:
            return ((rules[0][0], rules[0][1].index),)
        found: set[tuple[int, int]] = set()
        left = {(number, rule.index): self.space.expression(rule.formula) for number, rule in rules}
        here = terms.some(extents)
        while left and self.space.check(self.solver, here, terms.some(list(left.values()))):
            model = self.solver.model()
            shown = {rule for rule, held in left.items() if terms.is_true(model, held)}
            found |= shown
            left = {rule: held for rule, held in left.items() if rule not in shown}
        return tuple((number, rule.index) for number, rule in rules if (number, rule.index) in found)

    # -- witness -----------------------------------------------------------------------------------------------

    def _witness(self, choice: _Choice) -> Request:
        """A request of this way and no narrower one, with as few condition keys as will do.

        Wishes make it likely and easy to read; each is granted only if the way leaves room for it.
        """
        wanted = self._flags(choice)
        if not self.space.check(self.solver, *wanted):
            raise AssertionError("a way in without a request")
        rest, service = self.question.parts[0].scene.rest, self.question.services[0]
        return self.examples.request(
            self.space.shown(granted(self.space, self.solver, wanted, rest=rest, service=service))
        )


def _lets_in_everybody(policy: Policy, index: int) -> bool:
    principals = policy.statements[index].principals
    return principals is None or principals.negated or any(entry.value == "*" for entry in principals.entries)


def _only(policy: Policy, index: int) -> Policy:
    return replace(policy, statements=(policy.statements[index],))


ROLE_ACTIONS = (
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "setsourceidentity",
    "tagsession",
    "setcontext",
)
