"""Work that a guarded process does, well or badly."""

from __future__ import annotations

import os
import signal


def process() -> int:
    return os.getpid()


def refuse(message: str) -> None:
    raise ValueError(message)


def forever() -> None:
    while True:
        pass


def solver_without_limit() -> str:
    """Factors two primes, with no limit of its own: the solver is busy for minutes."""
    import z3

    one, other = z3.BitVecs("one other", 96)
    solver = z3.Solver()
    product = 9007199254740881 * 9007199254740847
    solver.add(one * other == product, z3.UGT(one, 1), z3.UGT(other, 1), z3.ULT(one, 1 << 54), z3.ULT(other, 1 << 54))
    return str(solver.check())


def memory(megabytes: int) -> int:
    kept = [bytearray(1024 * 1024) for _ in range(megabytes)]
    return len(kept)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nest(depth: int = 0) -> int:
    return nest(depth + 1) + 1
