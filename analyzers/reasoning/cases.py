"""Deciding by cases, without a solver: for each class of actions, what is left of a question.

Once the action is known most statements of a policy fall away, and with them most of what they ask. What is left is
small, and the same for many actions; it is decided by going through the classes of one part of the request after the
other. The solver, whose answers are the same (`tests/reasoning/test_cases.py`), is asked where the cases are too many.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any, NamedTuple

from .automata import TooManyClasses
from .cuts import Cut, Hints, cut, known_cut
from .domains import Group, cells_of
from .formula import (
    CALLER,
    FALSE,
    TRUE,
    And,
    Constant,
    Formula,
    Holds,
    Is,
    Not,
    Open,
    Or,
    Present,
    Some,
    Sort,
    Subject,
    Switch,
    Var,
    conj,
    disj,
    negate,
    subjects,
    together,
)
from .globs import Glob
from .request import CallerKind
from .scene import ACTION
from .seeds import EXAMPLE
from .space import TRUTHS, Vocabulary, universe_of

MOST_CHOICES = 60
"""That are tried for what is left of a question once the action is known."""
MOST_PARTS = 6
"""Parts of a request that what is left may be about."""
MOST_SETS = 4
"""Classes of a multivalued key of which all sets are tried."""
MOST_COMPARED = 6
"""Cases of which the most readable one is shown."""
MOST_KNOWN = 4_096

_KINDS = sorted(CallerKind, key=lambda kind: kind is not CallerKind.AWS)


class Undecided(Exception):
    """There are too many cases."""


# -- choices -------------------------------------------------------------------------------------------------------


class Choice(NamedTuple):
    """What one part of a request is. `about`: what is known then; `told` answers each test of it: a group of tests of
    which one must be passed, or a formula."""

    subject: Subject
    value: Any
    about: frozenset[Subject]
    told: Callable[[Any], bool]


def fill(item: Formula, choice: Choice, done: dict[Formula, Formula]) -> Formula:
    """What is left of a formula once the choice is made; `done` keeps what has been found for parts of it."""
    if choice.about.isdisjoint(subjects(item)):
        return item
    found = done.get(item)
    if found is not None:
        return found
    if isinstance(item, And):
        found = conj(fill(part, choice, done) for part in item.items)
    elif isinstance(item, Or):
        found = _fill_alternatives(item, choice, done)
    elif isinstance(item, Not):
        found = negate(fill(item.item, choice, done))
    elif isinstance(item, Holds):
        found = Constant(choice.told(frozenset((item.test,))))
    else:
        found = Constant(choice.told(item))
    done[item] = found
    return found


def _fill_alternatives(item: Or, choice: Choice, done: dict[Formula, Formula]) -> Formula:
    held, others = together(item)
    if any(choice.told(one.group) for var, one in held.items() if var in choice.about):
        return TRUE
    left: list[Formula] = []
    if not choice.about.issuperset(held):
        left += (part for part in item.items if isinstance(part, Holds) and part.var not in choice.about)
    return disj([*left, *(fill(part, choice, done) for part in others)])


def _of_value(of: Cut, bits: int) -> Choice:
    return Choice(of.var, (of, (bits,)), frozenset((of.var,)), lambda group: of.passes(bits, group))


def _of_values(of: Cut, chosen: tuple[int, ...]) -> Choice:
    """Of the values that a multivalued key has, one in each of the classes; absent, if there are none."""
    present = Present(of.var.name.removesuffix("[]"))

    def told(item: Any) -> bool:
        if item is present:
            return bool(chosen)
        group, negated = (item.tests, item.negated) if isinstance(item, Some) else (item, False)
        return any(of.passes(bits, group) != negated for bits in chosen)

    return Choice(of.var, (of, chosen), frozenset((of.var, present)), told)


def _of_kind(kind: CallerKind) -> Choice:
    return Choice(CALLER, kind, frozenset((CALLER,)), lambda item: bool(item.kind == kind))


def _of_truth(subject: Subject, value: bool) -> Choice:
    return Choice(subject, value, frozenset((subject,)), lambda _: value)


# -- what is left --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Case:
    """A way to meet a formula. What it does not tell may be anything; a key that is not in `keys` may be absent."""

    kind: CallerKind = CallerKind.AWS
    keys: set[str] = field(default_factory=set)
    opens: int = 0
    classes: dict[Var, tuple[Cut, tuple[int, ...]]] = field(default_factory=dict)

    @property
    def oddity(self) -> tuple[bool, int, int]:
        """Least where it is easiest to read."""
        return self.kind is not CallerKind.AWS, len(self.keys), self.opens

    @classmethod
    def of(cls, choices: Iterable[Choice]) -> Case:
        case = cls()
        for subject, value, _, _ in choices:
            match subject:
                case Var():
                    case.classes[subject] = value
                    if subject.name.endswith("[]") and value[1]:
                        case.keys.add(subject.name.removesuffix("[]"))
                case Is():
                    case.kind = value
                case Present(key):
                    case.keys |= {key} if value else set()
                case Open():
                    case.opens += value
        return case


Known = OrderedDict[Any, Case | Undecided | None]
"""What has been found for formulas. A policy leaves the same of many questions."""


class _Search:
    """Goes through what the parts of a request may be, for one formula that holds no action."""

    def __init__(self, universes: Mapping[Var, tuple[Glob, ...]], many: frozenset[Var]) -> None:
        self._universes = universes
        self._many = many
        self._left = MOST_CHOICES
        self._dead: set[Formula] = {FALSE}

    def case(self, formula: Formula, kind: CallerKind | None) -> Case | None:
        if kind is not None:
            formula = fill(formula, _of_kind(kind), {})
        found = self._choices(formula, ())
        if found is None:
            return None
        case = Case.of(found)
        case.kind = kind or case.kind
        return case

    def _choices(self, formula: Formula, made: tuple[Choice, ...]) -> tuple[Choice, ...] | None:
        if formula is TRUE:
            return made
        if formula in self._dead or _contradicts_itself(formula):
            return None
        for choice in self._options(formula):
            self._left -= 1
            if self._left < 0:
                raise Undecided
            found = self._choices(fill(formula, choice, {}), (*made, choice))
            if found is not None:
                return found
        self._dead.add(formula)
        return None

    def _options(self, formula: Formula) -> Iterator[Choice]:
        """What the next part may be; what makes a plain request comes first."""
        about = subjects(formula)
        subject = min(about, key=_rank)
        if isinstance(subject, Present):
            subject = next((var for var in self._many & about if var.name == f"{subject.key}[]"), subject)
        match subject:
            case Var():
                yield from self._values(subject, formula)
            case Is():
                yield from map(_of_kind, _KINDS)
            case _:
                yield from (_of_truth(subject, False), _of_truth(subject, True))

    def _values(self, var: Var, formula: Formula) -> Iterator[Choice]:
        of = known_cut(var, tuple(dict.fromkeys(_groups(formula, var))), self._universes[var])
        if var not in self._many:
            yield from (_of_value(of, bits) for bits in dict.fromkeys(chain(of.usual(), of.cells)))
            return
        if len(of.cells) > MOST_SETS or len({other for other in self._many if other.name == var.name}) > 1:
            raise Undecided
        for size in range(len(of.cells) + 1):
            yield from (_of_values(of, chosen) for chosen in combinations(of.cells, size))


def _rank(subject: Subject) -> tuple[int, str]:
    match subject:
        case Is():
            return 0, ""
        case Present(name):
            return 1, name
        case Var(name):
            return 2, name
        case Open(name) | Switch(name):
            return 3, name


def _contradicts_itself(formula: Formula) -> bool:
    if not isinstance(formula, And):
        return False
    items = set(formula.items)
    return any(isinstance(item, Not) and item.item in items for item in items)


def _groups(formula: Formula, var: Var) -> Iterator[Group]:
    """What a formula asks of one part of a request."""
    stack, seen = [formula], set[Formula]()
    while stack:
        item = stack.pop()
        if item in seen or var not in subjects(item):
            continue
        seen.add(item)
        match item:
            case And(items):
                stack += items
            case Or():
                held, others = together(item)
                stack += others
                if var in held:
                    yield held[var].group
            case Not(inner):
                stack.append(inner)
            case Holds(_, test):
                yield frozenset((test,))
            case Some(_, tests, _):
                yield tests


def _always(formula: Formula) -> Iterator[Group]:
    """What a formula asks of the action in any case: most classes of actions need not be looked at then."""
    for item in formula.items if isinstance(formula, And) else (formula,):
        if isinstance(item, Holds) and item.var == ACTION:
            yield frozenset((item.test,))
        elif isinstance(item, Or):
            held, others = together(item)
            if not others and held.keys() == {ACTION}:
                yield held[ACTION].group


# -- by action -----------------------------------------------------------------------------------------------------


class Cases:
    """Looks for a case of formulas out of one `vocabulary`, with `facts` that always hold. `kind`: of all callers.
    `known` is kept between questions that have the `universes` in common."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        facts: Iterable[Formula],
        known: Known,
        *,
        universes: Mapping[Var, Sequence[Glob]],
        hints: Hints,
        kind: CallerKind | None,
        check_time: Callable[[], None],
    ) -> None:
        self.vocabulary = vocabulary
        self.hints = hints
        self._known = known
        self._kind = kind
        self._check_time = check_time
        self._universes = {var: universe_of(var, tests, universes) for var, tests in vocabulary.tests.items()}
        self.truths = frozenset(var for var, universe in self._universes.items() if universe is TRUTHS)
        self._many = frozenset(vocabulary.many)
        self._facts = [(fact, subjects(fact)) for fact in facts]
        switches = frozenset(map(Switch, vocabulary.switches))
        self._on = Choice(TRUE, True, switches, lambda _: True)  # type: ignore[arg-type]
        self._settled: dict[Formula, Case | None] = {}
        self._gave_up = False
        self._by_action: list[tuple[Choice, str, dict[Formula, Formula]]] = []

    def possible(self, formula: Formula) -> bool:
        """Whether there is such a request. Raises Undecided; then of later questions too."""
        return any(True for _ in self._cases(formula))

    def find(self, formula: Formula) -> Found | None:
        """A case that reads well; None if there is none. Raises Undecided."""
        best: tuple[str, Case] | None = None
        for number, (action, case) in enumerate(self._cases(formula)):
            if best is None or case.oddity < best[1].oddity:
                best = action, case
            if best[1].oddity == Case().oddity or number == MOST_COMPARED:
                break
        return Found(*best, self) if best is not None else None

    def _cases(self, formula: Formula) -> Iterator[tuple[str, Case]]:
        """A case for each class of actions that has one, usual actions first; a single one if all are alike."""
        formula = fill(formula, self._on, {})
        self._check_time()
        if self._gave_up:
            raise Undecided
        seen: set[Formula] = {FALSE}
        try:
            for action, rest in self._left(formula):
                if rest not in seen:
                    seen.add(rest)
                    if (case := self._case(rest)) is not None:
                        yield action, case
        except (Undecided, TooManyClasses, LookupError) as error:
            self._gave_up = True
            raise Undecided from error

    def _left(self, formula: Formula) -> Iterator[tuple[str, Formula]]:
        if ACTION not in subjects(formula):
            yield "", formula
            return
        wanted = list(_always(formula))
        for choice, action, done in self._actions():
            if all(map(choice.told, wanted)):
                yield action, fill(formula, choice, done)

    def _actions(self) -> list[tuple[Choice, str, dict[Formula, Formula]]]:
        """Each class of actions with an example, and with what is left of formulas there."""
        if not self._by_action:
            if any(ACTION in about for _, about in self._facts):
                raise Undecided
            of = cut(ACTION, tuple(self.vocabulary.groups[ACTION]), self._universes[ACTION])
            usual = of.usual()
            names = {**usual, **{bits: text for bits, text in of.cells.items() if bits not in usual}}
            self._by_action = [(_of_value(of, bits), text, {}) for bits, text in names.items()]
        return self._by_action

    def _case(self, formula: Formula) -> Case | None:
        if formula is TRUE and self._kind is not None:
            return Case(self._kind)
        if formula not in self._settled:
            self._settled[formula] = self._settle(self._with_facts(formula))
        return self._settled[formula]

    def _settle(self, formula: Formula) -> Case | None:
        self._check_time()
        about = subjects(formula)
        if len(about) > MOST_PARTS:
            raise Undecided
        many = self._many & about
        key = (formula, self._kind, many, self.truths & about)
        if key in self._known:
            self._known.move_to_end(key)
            found = self._known[key]
        else:
            try:
                found = _Search(self._universes, many).case(formula, self._kind)
            except Undecided as error:
                found = error
            self._known[key] = found
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        if isinstance(found, Undecided):
            raise Undecided
        return found

    def _with_facts(self, formula: Formula) -> Formula:
        """With all that is known of what the formula is about, and of what that is about in turn."""
        if not self._facts:
            return formula
        about, left, added = {*subjects(formula), CALLER}, self._facts, [formula]
        while near := [pair for pair in left if not about.isdisjoint(pair[1])]:
            left = [pair for pair in left if about.isdisjoint(pair[1])]
            for fact, others in near:
                added.append(fact)
                about |= others
        return conj(added)


class Found:
    """A case as a model (`witness.Model`)."""

    def __init__(self, action: str, case: Case, cases: Cases) -> None:
        self._action, self._case, self._cases = action, case, cases
        self.kind = case.kind

    def present(self, key: str) -> bool:
        return key in self._case.keys

    def value(self, var: Var) -> str | None:
        if var == ACTION and self._action:
            return self._action
        if var in self._case.classes:
            of, (bits,) = self._case.classes[var]
            return of.example(bits, self._cases.hints)
        return self._any_value(var) if self.present(var.name) else None

    def values(self, var: Var) -> tuple[str, ...]:
        if var not in self._case.classes:
            return (self._any_value(var),)
        of, chosen = self._case.classes[var]
        return tuple(of.example(bits, self._cases.hints) for bits in chosen)

    def _any_value(self, var: Var) -> str:
        """Of a key that must be there, whatever it is."""
        if var.sort in {Sort.TEXT, Sort.BYTES}:
            return "true" if var in self._cases.truths else EXAMPLE
        return cells_of(var, [])[0]
