"""Boolean terms for z3, built without the checks and conversions that its Python layer makes for each argument.

Building a formula this way takes a fraction of the time; the arguments are always Booleans of the main context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ctypes import byref, c_uint
from functools import lru_cache
from typing import Any

import z3

TRUE = z3.BoolVal(True)
FALSE = z3.BoolVal(False)


def every(items: Sequence[z3.BoolRef]) -> z3.BoolRef:
    return _joined(z3.Z3_mk_and, items, TRUE, FALSE)


def some(items: Sequence[z3.BoolRef]) -> z3.BoolRef:
    return _joined(z3.Z3_mk_or, items, FALSE, TRUE)


def no(item: z3.BoolRef) -> z3.BoolRef:
    if item is TRUE or item is FALSE:
        return FALSE if item is TRUE else TRUE
    return z3.BoolRef(z3.Z3_mk_not(item.ctx_ref(), item.ast), item.ctx)


def same(one: z3.BoolRef, other: z3.BoolRef) -> z3.BoolRef:
    return z3.BoolRef(z3.Z3_mk_iff(one.ctx_ref(), one.ast, other.ast), one.ctx)


def add(solver: z3.Solver, items: Iterable[z3.BoolRef]) -> None:
    """As `solver.add`."""
    context = solver.ctx.ref()
    for item in items:
        z3.Z3_solver_assert(context, solver.solver, item.ast)


def is_true(model: z3.ModelRef, item: z3.BoolRef) -> bool:
    """Whether the model makes it true; what the model does not care for is false."""
    context, value = model.ctx.ref(), (z3.Ast * 1)()
    z3.Z3_model_eval(context, model.model, item.ast, True, value)
    return bool(z3.Z3_get_bool_value(context, value[0]) == z3.Z3_L_TRUE)


def check(solver: z3.Solver, assumptions: Sequence[z3.BoolRef]) -> z3.CheckSatResult:
    """As `solver.check`; assumptions are literals."""
    array = (z3.Ast * len(assumptions))(*(item.ast for item in assumptions))
    found = z3.Z3_solver_check_assumptions(solver.ctx.ref(), solver.solver, len(assumptions), array)
    return z3.CheckSatResult(found)


@lru_cache(maxsize=4096)
def boolean(name: str) -> z3.BoolRef:
    """The Boolean variable of this name."""
    return z3.Bool(name)


@lru_cache(maxsize=4096)
def _value(number: int, width: int) -> z3.BitVecRef:
    return z3.BitVecVal(number, width)


class OneOf:
    """Exactly one of `count` possibilities, as a bit-vector that holds its number: a model then says it in one word,
    where a Boolean for each possibility would have to be read one by one."""

    def __init__(self, name: str, count: int) -> None:
        width = max(1, (count - 1).bit_length())
        self._number = number = z3.BitVec(name, width)
        context, ast = number.ctx_ref(), number.as_ast()
        self.flags = [
            z3.BoolRef(z3.Z3_mk_eq(context, ast, _value(i, width).as_ast()), number.ctx) for i in range(count)
        ]
        full = count == 1 << width
        self.constraint = TRUE if full else z3.ULT(self._number, z3.BitVecVal(count, width)) if count else FALSE

    def index(self, model: z3.ModelRef) -> int:
        """Which one it is in the model; the first if the model does not care."""
        context, value, found = model.ctx.ref(), (z3.Ast * 1)(), c_uint()
        z3.Z3_model_eval(context, model.model, self._number.as_ast(), True, value)
        z3.Z3_get_numeral_uint(context, value[0], byref(found))
        return found.value


def _joined(
    make: Callable[..., Any], items: Sequence[z3.BoolRef], empty: z3.BoolRef, decisive: z3.BoolRef
) -> z3.BoolRef:
    kept = []
    for item in items:
        if item is decisive:
            return decisive
        if item is not empty:
            kept.append(item)
    if len(kept) < 2:
        return kept[0] if kept else empty
    array = (z3.Ast * len(kept))(*(item.ast for item in kept))
    first = kept[0]
    return z3.BoolRef(make(first.ctx_ref(), len(kept), array), first.ctx)
