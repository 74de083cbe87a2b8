"""One question put to the solver: is there a request of this kind, and if not, what prevents it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

import z3

from .axioms import PRINCIPALS, UNIVERSES, axioms
from .callers import PRINCIPAL
from .evaluate import Outcome
from .formula import FALSE, TRUE, And, Formula, Not, Open, Or, Switch, Var, conj, disj, negate
from .globs import ANY, ANY_RUN, FIELD_ONE, FIELD_RUN, Glob, concat, literal
from .points import Points
from .question import SECONDS
from .relations import inclusions, variations
from .request import CallerKind, ContextValue, Request
from .scene import ACTION, RESOURCE
from .space import Space, Vocabulary
from .symbolic import Reader
from .verdict import Answer
from .witness import Examples

logger = logging.getLogger(__name__)

TRIES = 6
"""Requests that are looked at, where what is open stands in the way of a sure one."""

_COLON = literal(":")
_ACTIONS = (concat((FIELD_ONE, FIELD_RUN), _COLON, (ANY, ANY_RUN)),)
_RESOURCES = (literal("*"), concat(literal("arn:"), *((FIELD_RUN,), _COLON) * 4, (ANY_RUN,)))
ANYBODY: dict[Var, Sequence[Glob]] = {**UNIVERSES, PRINCIPAL: PRINCIPALS, ACTION: _ACTIONS, RESOURCE: _RESOURCES}
"""The forms of what a request holds, where nothing is known of it."""


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
        formulas = list(formulas)
        asked = [*formulas, *map(surely, formulas), *facts]
        readers = list(readers)
        self._relations = [related for reader in readers for related in reader.words.relations]
        within = list(inclusions(self._relations))
        self._facts = [*facts, *within, *axioms(Vocabulary([*asked, *within]))]
        self.space = Space(
            Vocabulary([*asked, *self._facts]),
            universes=ANYBODY,
            hints={var: texts for reader in readers for var, texts in reader.words.hints.items()},
            deadline=monotonic() + seconds,
            milliseconds=max(1, int(seconds * 1000)),
            points=points,
            kind=kind,
            loosely=True,
        )
        self._examples = Examples(
            self.space,
            [reader.policy for reader in readers],
            rest=RESOURCE,
            constants=constants,
            principal=principal,
            known=known,
            context=context,
        )
        self.solver = self.space.solver()
        self.solver.add([self.space.expression(fact) for fact in self._facts])
        self._shown: Formula | None = None
        """The last formula asked about: the solver has a model of it."""
        self._switches = [self.space.expression(Switch(name)) for name in sorted(self.space.vocabulary.switches)]

    def possible(self, *formulas: Formula) -> bool:
        """Whether there is such a request, with every switch on."""
        self._shown = formulas[0] if len(formulas) == 1 else None
        return self.space.check(self.solver, *self._switches, *map(self.space.expression, formulas))

    def settle(self, target: Formula, confirm: Callable[[Request], Outcome]) -> Settled:
        """Whether there is no request of the kind of `target`. `confirm` asks the evaluator about one: ALLOW says
        that it is of the kind, DENY that it is not."""
        if not self.possible(target):
            return Settled(Answer.PROVED)
        reason = ""
        sure = surely(target) if self.space.vocabulary.opens else target
        if sure is not FALSE and (sure is target or self.possible(sure)):
            witness = self.witness(sure)
            if confirm(witness) is Outcome.ALLOW:
                return Settled(Answer.REFUTED, witness=witness)
            reason = "The two engines do not agree on an example."
            logger.error("The engines disagree about %s", witness)
        return self._try(target, confirm, reason)

    def _try(self, target: Formula, confirm: Callable[[Request], Outcome], reason: str) -> Settled:
        """Look at some requests in which what is open is as the target needs it."""
        opens = {name: self.space.expression(Open(name)) for name in sorted(self.space.vocabulary.opens)}
        self.solver.push()
        try:
            for _ in range(TRIES if opens else 0):
                if not self.possible(target):
                    break
                model = self._model(target)
                chosen = {name: z3.is_true(model.eval(flag, model_completion=True)) for name, flag in opens.items()}
                witness = self._examples.request(model)
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
        return self._examples.request(self._model(target))

    def _model(self, target: Formula) -> z3.ModelRef:
        granted = [*self._switches, self.space.expression(target)]
        if self._shown is not target and not self.possible(target):
            raise AssertionError("no request to show")
        return self._examples.granted(self.solver, granted)

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


def surely(formula: Formula) -> Formula:
    """The formula with everything open as it is worst for it: what satisfies this satisfies the formula for sure."""
    return _surely(formula, True, {})


def _surely(formula: Formula, positive: bool, done: dict[tuple[Formula, bool], Formula]) -> Formula:
    found = done.get((formula, positive))
    if found is not None:
        return found
    match formula:
        case Open():
            found = FALSE if positive else TRUE
        case Not(item):
            found = negate(_surely(item, not positive, done))
        case And(items):
            found = conj(_surely(item, positive, done) for item in items)
        case Or(items):
            found = disj(_surely(item, positive, done) for item in items)
        case _:
            found = formula
    done[formula, positive] = found
    return found


def _listed(names: Sequence[str]) -> str:
    shown = "; ".join(names[:2]) or "an element"
    return shown if len(names) < 3 else f"{shown} and {len(names) - 2} more"
