"""The classes of values of one variable: what the tests of a question can tell apart, each with an example.

A test becomes one bit; a class is the set of tests that its values pass.
"""

from __future__ import annotations

import base64
import itertools
import operator
from collections.abc import Iterable, Sequence
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from analyzers.policy.values import binary, instant, network, number

from . import globs
from .classes import Classes
from .formula import Comparison, Sort, Test, Var
from .globs import Glob

Cells = dict[int, str]
"""Bits of the tests (or groups of tests) that hold -> an example value, in wire form."""

Group = frozenset[Test]
"""Tests of which one must be passed: a policy asks no more than that of the values of a list."""

STRANGER_ADDRESSES = ("203.0.113.77", "2001:db8::77", "10.77.7.7", "8.8.8.8")
"""Examples to prefer: documentation addresses, a private one, a well-known public one."""


def number_cells(tests: Sequence[Comparison], *, instant: bool) -> Cells:
    """One value between each two neighbouring bounds, and each bound itself."""
    bounds = sorted({test.bound for test in tests})
    points: list[Fraction] = []
    for low, high in itertools.pairwise(bounds):
        points.append((low + high) / 2)
    if bounds:
        points += [*bounds, bounds[0] - 1, bounds[-1] + 1]
    cells: Cells = {}
    for point in points or [Fraction(0)]:
        bits = sum(1 << i for i, test in enumerate(tests) if _compare(test, point))
        cells.setdefault(bits, _spell(point, instant))
    return cells


_RELATIONS = {"lt": operator.lt, "le": operator.le, "eq": operator.eq, "ge": operator.ge, "gt": operator.gt}


def _compare(test: Comparison, value: Fraction) -> bool:
    return bool(_RELATIONS[test.relation](value, test.bound))


def _spell(value: Fraction, instant: bool) -> str:
    """Epoch seconds are a documented form of a date, so both sorts are written as numbers."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.6f}" if instant else str(float(value))


def address_cells(tests: Sequence[IPv4Network | IPv6Network]) -> Cells:
    """Both address families are cut at the ends of the blocks; IPv4 and IPv6 never match each other."""
    candidates = [ip_address(text) for text in STRANGER_ADDRESSES]
    for everything in (ip_network("0.0.0.0/0"), ip_network("::/0")):
        blocks = [test for test in tests if test.version == everything.version]
        for block in blocks:
            first, last = block.network_address, block.broadcast_address
            candidates += [first + (1 if block.num_addresses > 2 else 0), first, last]
            candidates += [first - 1] if int(first) > 0 else []
            candidates += [last + 1] if int(last) < int(everything.broadcast_address) else []
        candidates += [everything.network_address, everything.broadcast_address]
    cells: Cells = {}
    for address in candidates:
        bits = sum(1 << i for i, test in enumerate(tests) if address in test)
        cells.setdefault(bits, str(address))
    return cells


def point_cells(var: Var, tests: Sequence[Test], values: Iterable[str]) -> Cells:
    """The classes of these very values, where no others are in question. One that is none of the sort of `var`
    passes no test."""
    return {sum(1 << i for i, test in enumerate(tests) if _passes(var, test, value)): value for value in values}


def _passes(var: Var, test: Test, value: str) -> bool:
    if isinstance(test, Comparison):
        point = (instant if var.sort is Sort.INSTANT else number)(value)
        return point is not None and _compare(test, point)
    if isinstance(test, (IPv4Network, IPv6Network)):
        block = network(value)
        return block is not None and block.network_address in test
    if var.sort is Sort.BYTES:
        data = binary(value)
        return data is not None and globs.matches(test, base64.b64encode(data).decode())
    return globs.matches(test, value)


def grouped(cells: Cells, tests: Sequence[Test], groups: Sequence[Group]) -> Cells:
    """The classes that are left where only the groups matter."""
    masks = [sum(1 << i for i, test in enumerate(tests) if test in group) for group in groups]
    found: Cells = {}
    for bits, example in cells.items():
        found.setdefault(sum(1 << i for i, mask in enumerate(masks) if bits & mask), example)
    return found


def classes_of(groups: Sequence[Group], universe: Sequence[Glob], most: int) -> Classes:
    """The classes of texts. Raises `TooManyClasses` after so many states."""
    return Classes([globs_of(group) for group in groups], universe=universe, most=most)


def globs_of(tests: Iterable[Test]) -> list[Glob]:
    return [test for test in tests if isinstance(test, tuple) and not isinstance(test, Comparison)]


def cells_of(var: Var, tests: Sequence[Test]) -> Cells:
    """The classes of a variable that is no text."""
    if var.sort is Sort.ADDRESS:
        return address_cells([t for t in tests if isinstance(t, (IPv4Network, IPv6Network))])
    return number_cells([t for t in tests if isinstance(t, Comparison)], instant=var.sort is Sort.INSTANT)
