"""Models that make an example likely, short and easy to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import z3

from analyzers.policy.pattern import tokens

from . import terms
from .formula import Holds, Open, Present, Var
from .globs import glob
from .request import CallerKind
from .scene import ACTION
from .seeds import FIXED
from .space import Space

_ODD_RESOURCES = tuple(glob(tokens(text, wildcards=True, variables=False)) for text in ("*:key/*", "*:accesspoint/*"))
"""Keys and access points, to which rules of their own apply: no good examples of anything else."""


def granted(
    space: Space, solver: z3.Solver, wanted: Sequence[z3.BoolRef], *, rest: Var, service: str = ""
) -> z3.ModelRef:
    """A model with what is wanted and with as many wishes as leave room for it. The solver must have one.

    `rest`: the variable of the resource; `service`: whose actions are the usual ones.
    """
    fixed = list(wanted)
    model = solver.model()
    for alternatives in _wishes(space, rest, service):
        if len(alternatives) > 1 and not space.check(solver, *fixed, terms.some(alternatives)):
            continue
        for wish in alternatives:
            if terms.is_true(model, wish):
                fixed.append(wish)
                break
            if space.check(solver, *fixed, wish):
                fixed.append(wish)
                model = solver.model()
                break
    return model


def _wishes(space: Space, rest: Var, service: str) -> Iterator[list[z3.BoolRef]]:
    """Of each list the first that can be had."""
    space.seed()
    kinds = space.kinds
    yield [kinds[CallerKind.ANONYMOUS if service in {"s3", "sqs", "sns"} else CallerKind.AWS]]
    yield [kinds[CallerKind.AWS], kinds[CallerKind.ANONYMOUS]]
    for key in sorted(space.vocabulary.keys - {"aws:principalarn"}):
        yield [terms.no(space.expression(Present(key)))]
    for name in sorted(space.vocabulary.opens):
        yield [terms.no(space.expression(Open(name)))]
    for test in _ODD_RESOURCES:
        if space.vocabulary.asks(rest, test):
            yield [terms.no(space.expression(Holds(rest, test)))]
    usual = [space.flag(ACTION, name) for name in FIXED["action"]]
    yield [flag for flag in usual if flag is not None]
    for action, flag in zip(FIXED["action"], usual, strict=True):
        bare = space.flag(rest, "")
        if flag is not None and bare is not None:
            yield [z3.Implies(flag, bare if "object" not in action else terms.no(bare))]
