"""One question put to the solver: is there a request of this kind, and if not, what prevents it."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from time import monotonic
from typing import NamedTuple

import z3

from . import terms
from .axioms import PRINCIPALS, UNIVERSES, axioms
from .callers import PRINCIPAL
from .cases import Cases, Known, Undecided
from .evaluate import Outcome
from .formula import FALSE, TRUE, And, Formula, Not, Open, Or, Switch, Var, conj, disj, negate, subjects
from .globs import ANY, ANY_RUN, FIELD_ONE, FIELD_RUN, Glob, concat, literal
from .points import Points
from .question import SECONDS
from .relations import inclusions, variations
from .request import CallerKind, ContextValue, Request
from .scene import ACTION, RESOURCE
from .space import OutOfTime, Space, Vocabulary
from .symbolic import APART, Reader
from .verdict import Answer
from .wishes import granted
from .witness import Examples

logger = logging.getLogger(__name__)

BY_CASES = True
"""Whether the solver is spared where the cases are few; off where tests compare the two."""
TRIES = 6
"""Requests that are looked at, where what is open stands in the way of a sure one."""

_COLON = literal(":")
_ACTIONS = (concat((FIELD_ONE, FIELD_RUN), _COLON, (ANY, ANY_RUN)),)
_RESOURCES = (literal("*"), concat(literal("arn:"), *((FIELD_RUN,), _COLON) * 4, (ANY_RUN,)))
ANYBODY: dict[Var, Sequence[Glob]] = {**UNIVERSES, PRINCIPAL: PRINCIPALS, ACTION: _ACTIONS, RESOURCE: _RESOURCES}
"""The forms of what a request holds, where nothing is known of it."""


_known: Known = OrderedDict()


class Settled(NamedTuple):
    answer: Answer
    reason: str = ""
    witness: Request | None = None


class Inquiry:
    """The space of a question and of those that follow it up: `formulas` are all that will be asked about.

    Raises OutOfTime and TooManyClasses, from here and from every method.
    """

    def __init__(
        self,
        formulas: Iterable[Formula],
        readers: Iterable[Reader],
        *,
        facts: Iterable[Formula] = (),
        points: Points | None = None,
        kind: CallerKind | None = None,
        constants: Mapping[str, str] | None = None,
        principal: str = "",
        known: Iterable[str] = (),
        context: Mapping[str, ContextValue] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._deadline, self._seconds = monotonic() + seconds, seconds
        formulas, readers = list(formulas), list(readers)
        asked = [*formulas, *map(surely, formulas), *facts]
        self._relations = [related for reader in readers for related in reader.words.relations]
        within = list(inclusions(self._relations))
        self._vocabulary = Vocabulary([*asked, *within])
        self._facts = [*facts, *within, *axioms(self._vocabulary)]
        self._vocabulary.add(self._facts)
        self._hints = {var: texts for reader in readers for var, texts in reader.words.hints.items()}
        self._points, self._kind = points, kind
        self._examples = Examples(
            self._vocabulary,
            [reader.policy for reader in readers],
            rest=RESOURCE,
            constants=constants,
            principal=principal,
            known=known,
            context=context,
        )
        self._cases: Cases | None = None
        if points is None and BY_CASES:
            self._cases = Cases(
                self._vocabulary,
                self._facts,
                _known,
                universes=ANYBODY,
                hints=self._hints,
                kind=kind,
                check_time=self._check_time,
            )
        self._shown: Formula | None = None
        """The last formula asked about: the solver has a model of it."""

    @cached_property
    def space(self) -> Space:
        return Space(
            self._vocabulary,
            universes=ANYBODY,
            hints=self._hints,
            deadline=self._deadline,
            milliseconds=max(1, int(self._seconds * 1000)),
            points=self._points,
            kind=self._kind,
            loosely=True,
        )

    @cached_property
    def solver(self) -> z3.Solver:
        solver = self.space.solver()
        terms.add(solver, [self.space.expression(fact) for fact in self._facts])
        return solver

    @cached_property
    def _switches(self) -> list[z3.BoolRef]:
        return [self.space.expression(Switch(name)) for name in sorted(self._vocabulary.switches)]

    def _check_time(self) -> None:
        if monotonic() > self._deadline:
            raise OutOfTime

    def possible(self, *formulas: Formula) -> bool:
        """Whether there is such a request, with every switch on."""
        if self._cases is not None:
            with suppress(Undecided):
                return self._cases.possible(conj(formulas))
        return self._has_model(*formulas)

    def _has_model(self, *formulas: Formula) -> bool:
        self._shown = formulas[0] if len(formulas) == 1 else None
        return self.space.check(self.solver, *self._switches, *map(self.space.expression, formulas))

    def settle(self, target: Formula, confirm: Callable[[Request], Outcome]) -> Settled:
        """Whether there is no request of the kind of `target`. `confirm` asks the evaluator about one: ALLOW says
        that it is of the kind, DENY that it is not."""
        sure = surely(target)
        if self._cases is not None:
            with suppress(Undecided):
                settled = self._by_cases(self._cases, target, sure, confirm)
                if settled is not None:
                    return settled
        if not self._has_model(target):
            return Settled(Answer.PROVED)
        reason = ""
        if sure is not FALSE and (sure is target or self._has_model(sure)):
            witness = self.witness(sure)
            if confirm(witness) is Outcome.ALLOW:
                return Settled(Answer.REFUTED, witness=witness)
            reason = "The two engines do not agree on an example."
            logger.error("The engines disagree about %s", witness)
        return self._try(target, confirm, reason)

    def _by_cases(
        self, cases: Cases, target: Formula, sure: Formula, confirm: Callable[[Request], Outcome]
    ) -> Settled | None:
        """The answer without a solver; None if there is none that is sure. Raises Undecided."""
        found = cases.find(sure)
        if found is None:
            return None if sure is not target and cases.possible(target) else Settled(Answer.PROVED)
        witness = self._examples.request(found)
        return Settled(Answer.REFUTED, witness=witness) if confirm(witness) is Outcome.ALLOW else None

    def _try(self, target: Formula, confirm: Callable[[Request], Outcome], reason: str) -> Settled:
        """Look at some requests in which what is open is as the target needs it."""
        opens = {name: self.space.expression(Open(name)) for name in sorted(self.space.vocabulary.opens)}
        self.solver.push()
        try:
            for _ in range(TRIES if opens else 0):
                if not self._has_model(target):
                    break
                model = self._model(target)
                chosen = {name: terms.is_true(model, flag) for name, flag in opens.items()}
                witness = self._examples.request(self.space.shown(model))
                for request in (witness, *variations(witness, self._relations, self._examples.name)):
                    if confirm(request) is Outcome.ALLOW:
                        return Settled(Answer.REFUTED, witness=request)
                names = [name for name, true in chosen.items() if true] or list(opens)
                reason = reason or f"It depends on what is not understood or not documented: {_listed(names)}."
                self.solver.add(z3.Or([z3.Not(flag) if chosen[name] else flag for name, flag in opens.items()]))
        finally:
            self.solver.pop()
        return Settled(Answer.UNKNOWN, reason or "The two engines do not agree on an example.")

    def witness(self, target: Formula) -> Request:
        """An example, as likely and as short as can be. There must be one."""
        return self._examples.request(self.space.shown(self._model(target)))

    def _model(self, target: Formula) -> z3.ModelRef:
        wanted = [*self._switches, self.space.expression(target)]
        if self._shown is not target and not self._has_model(target):
            raise AssertionError("no request to show")
        return granted(self.space, self.solver, wanted, rest=RESOURCE)

    def blockers(self, target: Formula) -> tuple[str, ...]:
        """A smallest set of switches that must be on for the target to be impossible, by name."""
        names = sorted(self.space.vocabulary.switches)
        wanted = self.space.expression(target)
        flags = {name: self.space.expression(Switch(name)) for name in names}
        if not self.space.check(self.solver, wanted, *flags.values()):
            core = {str(flag) for flag in self.solver.unsat_core()}
            names = [name for name in names if str(flags[name]) in core]
        kept = list(names)
        for name in names:
            rest = [flags[other] for other in kept if other != name]
            if not self.space.check(self.solver, wanted, *rest):
                kept.remove(name)
        return tuple(kept)


def _is_open(formula: Formula) -> bool:
    return any(isinstance(subject, Open) for subject in subjects(formula))


def surely(formula: Formula) -> Formula:
    """The formula with everything open as it is worst for it: what satisfies this satisfies the formula for sure."""
    return _surely(formula, True)


@lru_cache(maxsize=8192)
def _surely(formula: Formula, positive: bool) -> Formula:
    if not _is_open(formula):
        return formula
    match formula:
        case Open():
            return FALSE if positive else TRUE
        case Not(item):
            return negate(_surely(item, not positive))
        case And(items):
            return conj(_surely(item, positive) for item in items)
        case Or(items):
            return disj(_surely(item, positive) for item in items)
    raise AssertionError(formula)


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(name.partition(APART)[0] for name in names))
    shown = "; ".join(names[:2]) or "an element"
    return shown if len(names) < 3 else f"{shown} and {len(names) - 2} more"
