"""Boolean terms for z3, built without the checks and conversions that its Python layer makes for each argument.

Building a formula this way takes a fraction of the time; the arguments are always Booleans of the main context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import z3

TRUE = z3.BoolVal(True)
FALSE = z3.BoolVal(False)


def every(items: Sequence[z3.BoolRef]) -> z3.BoolRef:
    return _joined(z3.Z3_mk_and, items, TRUE)


def some(items: Sequence[z3.BoolRef]) -> z3.BoolRef:
    return _joined(z3.Z3_mk_or, items, FALSE)


def no(item: z3.BoolRef) -> z3.BoolRef:
    return z3.BoolRef(z3.Z3_mk_not(item.ctx_ref(), item.ast), item.ctx)


def _joined(make: Callable[..., Any], items: Sequence[z3.BoolRef], empty: z3.BoolRef) -> z3.BoolRef:
    if len(items) < 2:
        return items[0] if items else empty
    array = (z3.Ast * len(items))(*(item.ast for item in items))
    first = items[0]
    return z3.BoolRef(make(first.ctx_ref(), len(items), array), first.ctx)
