"""The finite space in which a question is solved: one class per value that matters, as z3 sees it.

Each variable takes exactly one of its classes (a multivalued key: any set of them), each key is present or not, the
caller is of one kind. A formula is then propositional, and z3 answers in about a
millisecond; a model is read back as a request by the examples of its classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from time import monotonic

import z3

from . import terms
from .automata import MAX_STATES, TooManyClasses
from .classes import Classes
from .domains import Cells, Group, cells_of, classes_of, grouped, point_cells
from .formula import (
    And,
    Constant,
    Formula,
    Held,
    Holds,
    Is,
    Not,
    Open,
    Or,
    Present,
    Some,
    Sort,
    Switch,
    Test,
    Var,
    together,
)
from .globs import EVERYTHING, Glob, Step, literal
from .loose import Loose
from .request import CallerKind
from .seeds import seeds_for
from .terms import OneOf

FEW_STATES = 30_000
"""Product states after which a variable is not cut into classes, where that is not needed."""


class OutOfTime(Exception):
    """The question was not answered within its time limit."""


class Vocabulary:
    """What a set of formulas talks about: `tests` one by one, and `groups` of those that are asked about together,
    with their numbers."""

    def __init__(self, formulas: Iterable[Formula]) -> None:
        self.tests: dict[Var, dict[Test, None]] = {}
        self.groups: dict[Var, dict[Group, int]] = {}
        self.many: set[Var] = set()
        self.keys: set[str] = set()
        self.opens: set[str] = set()
        self.switches: set[str] = set()
        self._seen: set[Formula] = set()
        self.add(formulas)

    def add(self, formulas: Iterable[Formula]) -> None:
        stack = list(formulas)
        while stack:
            item = stack.pop()
            if isinstance(item, Constant) or item in self._seen:
                continue
            self._seen.add(item)
            if isinstance(item, Not):
                stack.append(item.item)
            elif isinstance(item, And):
                stack.extend(item.items)
            elif isinstance(item, Or):
                by_var, others = together(item)
                stack.extend(others)
                for var, held in by_var.items():
                    self._note(var, held)
            elif isinstance(item, Holds):
                self._note(item.var, Held((item.test,), frozenset((item.test,))))
            elif isinstance(item, Some):
                self.many.add(item.var)
                self._note(item.var, Held(tuple(sorted(item.tests, key=repr)), item.tests))
            elif isinstance(item, Present):
                self.keys.add(item.key)
            elif isinstance(item, Open):
                self.opens.add(item.name)
            elif isinstance(item, Switch):
                self.switches.add(item.name)

    def _note(self, var: Var, held: Held) -> None:
        groups = self.groups.setdefault(var, {})
        if held.group not in groups:
            groups[held.group] = len(groups)
            self.tests.setdefault(var, {}).update(dict.fromkeys(held.tests))

    def asks(self, var: Var, test: Test) -> bool:
        """Whether something depends on this very test."""
        return frozenset((test,)) in self.groups.get(var, {})


TRUTHS = (literal("true"), literal("false"))


def universe_of(var: Var, tests: Iterable[Test], universes: Mapping[Var, Sequence[Glob]]) -> tuple[Glob, ...]:
    """The forms of the values of a variable."""
    universe = tuple(universes.get(var, ()))
    if not universe and var.sort is Sort.TEXT and _only_truths(tests):
        return TRUTHS
    return universe or (EVERYTHING,)


def _only_truths(tests: Iterable[Test]) -> bool:
    """Whether a key is compared by the operator Bool, and with true and false only: then it has no other values."""
    if not any(
        isinstance(test, tuple) and test and isinstance(test[0], Step) and len(test[0].chars) > 1 for test in tests
    ):
        return False
    for test in tests:
        if not isinstance(test, tuple):
            return False
        spelled = "".join(min(step.chars) if isinstance(step, tuple) and step.chars else "*" for step in test)
        if spelled.lower() not in {"true", "false"}:
            return False
    return True


class Space:
    """Raises TooManyClasses from the constructor if a variable cannot be cut into classes within the budget.

    `points`: the values of variables that have no others in the requests in question; none: they have none, and
    pass no test. `kind`: of all callers in question. `loosely`: a variable with too many classes is not cut; what the
    solver chooses for it is checked then (`loose.py`).
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        universes: Mapping[Var, Sequence[Glob]],
        hints: Mapping[Var, Sequence[str]],
        deadline: float,
        milliseconds: int,
        points: Mapping[Var, tuple[str, ...]] | None = None,
        kind: CallerKind | None = None,
        loosely: bool = False,
    ) -> None:
        self.vocabulary = vocabulary
        self._hints = hints
        self._texts: dict[Var, Classes] = {}
        self._loose: dict[Var, Loose] = {}
        self.deadline = deadline
        self.milliseconds = milliseconds
        self.cells: dict[Var, Cells] = {}
        self._flags: dict[Var, dict[int, z3.BoolRef]] = {}
        self._choices: dict[Var, OneOf] = {}
        self._memo: dict[Formula, z3.BoolRef] = {}
        self.kinds = {kind: terms.boolean(f"caller is {kind}") for kind in CallerKind}
        self._kind = kind
        if kind is not None:
            self.kinds = {other: terms.TRUE if other is kind else terms.FALSE for other in CallerKind}
        for var, tests in vocabulary.tests.items():
            if points and var in points:
                self.cells[var] = self._grouped(var, point_cells(var, list(tests), points[var]))
                if not self.cells[var] and var not in vocabulary.many:
                    self.cells[var] = {0: ""}
                self._flags[var] = dict.fromkeys(self.cells[var], terms.TRUE)
                continue
            if var.sort in {Sort.TEXT, Sort.BYTES}:
                if not self._cut(var, universe_of(var, tests, universes), loosely=loosely):
                    continue
            else:
                self.cells[var] = self._grouped(var, cells_of(var, list(tests)))
            self._flags[var] = self._classes_of(var)
            self.check_time()

    def _grouped(self, var: Var, cells: Cells) -> Cells:
        return grouped(cells, list(self.vocabulary.tests[var]), list(self.vocabulary.groups[var]))

    def _cut(self, var: Var, universe: Sequence[Glob], *, loosely: bool) -> bool:
        """Cut a variable into classes; or, if these are too many, have the solver's choices checked one by one."""
        tests = list(self.vocabulary.tests[var])
        may_be_loose = loosely and var not in self.vocabulary.many
        try:
            groups = list(self.vocabulary.groups[var])
            classes = classes_of(groups, universe, FEW_STATES if may_be_loose else MAX_STATES)
        except TooManyClasses:
            if not may_be_loose:
                raise
            self._loose[var] = Loose(f"{var.name}/{var.sort}", tests, universe)
            return False
        self._texts[var] = classes
        self.cells[var] = classes.cells
        return True

    def seed(self) -> None:
        """Find readable examples. Called when some are to be shown: many questions need none."""
        while self._texts:
            var, classes = self._texts.popitem()
            classes.seed(chain(self._hints.get(var, ()), seeds_for(var, classes.patterns)))

    def _classes_of(self, var: Var) -> dict[int, z3.BoolRef]:
        """A Boolean for each class: "it is this one", or of a multivalued key "one of its values is in it"."""
        name = f"{var.name}/{var.sort}"
        if var in self.vocabulary.many:
            return {bits: terms.boolean(f"{name}#{bits}") for bits in self.cells[var]}
        choice = self._choices[var] = OneOf(name, len(self.cells[var]))
        return dict(zip(self.cells[var], choice.flags, strict=True))

    def check_time(self) -> None:
        if monotonic() > self.deadline:
            raise OutOfTime

    def classes(self, var: Var, tests: Iterable[Test]) -> frozenset[int]:
        """The classes of `var` whose values pass one of `tests`. Raises LookupError if the vocabulary cannot tell."""
        wanted = frozenset(tests)
        groups = self.vocabulary.groups[var]
        number = groups.get(wanted)
        if number is not None:
            mask = 1 << number
        else:
            parts = {group: 1 << number for group, number in groups.items() if group <= wanted}
            if frozenset().union(*parts) != wanted:
                raise LookupError(f"what is asked of {var.name} is not in the vocabulary")
            mask = sum(parts.values())
        return frozenset(bits for bits in self.cells[var] if bits & mask)

    def flag(self, var: Var, example: str) -> z3.BoolRef | None:
        """The class that has this very example, if there is one."""
        for bits, text in self.cells.get(var, {}).items():
            if text == example:
                return self._flags[var][bits]
        return None

    def solver(self) -> z3.Solver:
        solver = z3.SimpleSolver()
        solver.set("timeout", self.milliseconds)
        if self._kind is None:
            solver.add(z3.PbEq([(flag, 1) for flag in self.kinds.values()], 1))
        for var, flags in self._flags.items():
            if var in self._choices:
                solver.add(self._choices[var].constraint)
            elif var in self.vocabulary.many:
                present = self.expression(Present(var.name.removesuffix("[]")))
                solver.add(present == terms.some(list(flags.values())))
        return solver

    def check(self, solver: z3.Solver, *assumptions: z3.BoolRef) -> bool:
        """Raises OutOfTime if the solver does not know within the limit."""
        self.check_time()
        while True:
            answer = terms.check(solver, assumptions)
            if answer == z3.unknown:
                raise OutOfTime
            if answer != z3.sat:
                return False
            if not self._loose:
                return True
            model = solver.model()
            lemmas = [lemma for loose in self._loose.values() for lemma in loose.lemmas(model, self.check_time)]
            if not lemmas:
                return True
            solver.add(lemmas)
            self.check_time()

    def expression(self, formula: Formula) -> z3.BoolRef:
        known = self._memo.get(formula)
        if known is None:
            known = self._memo[formula] = self._build(formula)
        return known

    def _build(self, formula: Formula) -> z3.BoolRef:
        if isinstance(formula, Constant):
            return terms.TRUE if formula.value else terms.FALSE
        if isinstance(formula, Not):
            return terms.no(self.expression(formula.item))
        if isinstance(formula, And):
            return terms.every([self.expression(item) for item in formula.items])
        if isinstance(formula, Or):
            by_var, others = together(formula)
            passed = [self._passes(var, held) for var, held in by_var.items()]
            return terms.some([*passed, *map(self.expression, others)])
        if isinstance(formula, Is):
            return self.kinds[CallerKind(formula.kind)]
        if isinstance(formula, Present):
            return terms.boolean(f"present {formula.key}")
        if isinstance(formula, Open):
            return terms.boolean(f"open {formula.name}")
        if isinstance(formula, Switch):
            return terms.boolean(f"switch {formula.name}")
        if isinstance(formula, Holds):
            return self._passes(formula.var, Held((formula.test,), frozenset((formula.test,))))
        passing = self.classes(formula.var, formula.tests)
        if formula.negated:
            passing = frozenset(self.cells[formula.var]) - passing
        return self._one_of(formula.var, passing)

    def _passes(self, var: Var, held: Held) -> z3.BoolRef:
        """That the value of `var` passes one of the tests."""
        if var in self._loose:
            return self._loose[var].flag(held.tests)
        passing = self.classes(var, held.group)
        return terms.TRUE if len(passing) == len(self.cells[var]) else self._one_of(var, passing)

    def _one_of(self, var: Var, classes: Iterable[int]) -> z3.BoolRef:
        flags = self._flags[var]
        return terms.some([flags[bits] for bits in sorted(classes)])

    def shown(self, model: z3.ModelRef) -> Shown:
        """A model as the values that it gives to the variables, by readable examples."""
        self.seed()
        return Shown(self, model)

    # -- reading a model ---------------------------------------------------------------------------------------

    def value(self, model: z3.ModelRef, var: Var) -> str | None:
        """The example of the class that `var` has in the model; None if nothing is asked of it."""
        if var in self._loose:
            return self._loose[var].value(model)
        if var not in self._choices:
            fixed = () if var in self.vocabulary.many else tuple(self.cells.get(var, {}).values())
            return fixed[0] or None if fixed else None
        return list(self.cells[var].values())[self._choices[var].index(model)]

    def values(self, model: z3.ModelRef, var: Var) -> tuple[str, ...]:
        """The examples of all classes that the multivalued `var` has in the model."""
        return tuple(self.cells[var][bits] for bits, flag in self._flags[var].items() if terms.is_true(model, flag))

    def kind(self, model: z3.ModelRef) -> CallerKind:
        if self._kind is not None:
            return self._kind
        return next(kind for kind, flag in self.kinds.items() if terms.is_true(model, flag))

    def present(self, model: z3.ModelRef, key: str) -> bool:
        return terms.is_true(model, self.expression(Present(key)))


class Shown:
    """A model of the solver as a request is read from it (`witness.Model`)."""

    def __init__(self, space: Space, model: z3.ModelRef) -> None:
        self._space, self._model = space, model
        self.kind = space.kind(model)

    def present(self, key: str) -> bool:
        return self._space.present(self._model, key)

    def value(self, var: Var) -> str | None:
        return self._space.value(self._model, var)

    def values(self, var: Var) -> tuple[str, ...]:
        return self._space.values(self._model, var)
