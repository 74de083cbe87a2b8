"""What policies allow, as sets of the catalogue's actions: by service, an integer with one bit an action.

Conditions and resources are left aside: a right that is bound to them is a right. Statements that deny count where they
hold always: without condition, on every resource.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from analyzers import catalogue
from analyzers.policy import Effect, PolicyError, Statement, parse
from analyzers.usage.unseen import silent

Bits = Mapping[str, int]
"""Prefix of a service -> bits over `names_of`."""

NOT_READABLE = "A policy cannot be read as one."
NOT_CLEAR = "A policy holds a statement whose actions cannot be read."
_LONGEST = 200
"""No action has so long a name."""


class Grants(NamedTuple):
    """Of one policy. `problem`: why not all of it is known; empty if it is."""

    allowed: Bits
    denied: Bits
    problem: str = ""


@cache
def names_of(prefix: str) -> tuple[str, ...]:
    """The full names of a service's actions, in the order of their bits."""
    return tuple(one.full_name for one in catalogue.actions_of(prefix))


@cache
def _lower(prefix: str) -> Mapping[str, int]:
    return {name.lower(): 1 << place for place, name in enumerate(names_of(prefix))}


@cache
def _all_of(prefix: str) -> int:
    return (1 << len(names_of(prefix))) - 1


@cache
def silent_of(prefix: str) -> int:
    """The actions of a service whose use is never told of by the service's own requests."""
    return sum(bit for name, bit in _lower(prefix).items() if silent(name))


def bits_of(prefix: str, names: Iterable[str]) -> int:
    """`names`: full, in lower case; those of other services or not in the catalogue are left out."""
    known = _lower(prefix)
    return sum({known[name] for name in names if name in known})


def split(prefix: str, bits: int) -> Iterator[str]:
    """The names that the bits stand for."""
    names = names_of(prefix)
    while bits:
        lowest = bits & -bits
        yield names[lowest.bit_length() - 1]
        bits ^= lowest


def join(sets: Iterable[Bits]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in sets:
        if not found:
            found = dict(one)
            continue
        for prefix, bits in one.items():
            found[prefix] = found.get(prefix, 0) | bits
    return found


def less(some: Bits, others: Bits) -> dict[str, int]:
    if not others:
        return dict(some)
    left = ((prefix, bits & ~others.get(prefix, 0)) for prefix, bits in some.items())
    return {prefix: bits for prefix, bits in left if bits}


@lru_cache(maxsize=8192)
def grants_of(text: str) -> Grants:
    """What a policy allows and denies. A policy that is none grants nothing that is known of."""
    try:
        policy = parse(text)
    except PolicyError:
        return Grants({}, {}, NOT_READABLE)
    problem = NOT_CLEAR if policy.opaque or any(one.actions is None for one in policy.statements) else ""
    allowed = join(_covered(one) for one in policy.statements if one.effect == Effect.ALLOW)
    denied = join(_covered(one) for one in policy.statements if _always_denies(one))
    return Grants(allowed, denied, problem)


def _always_denies(statement: Statement) -> bool:
    if statement.effect != Effect.DENY or statement.opaque or statement.conditions or statement.principals is not None:
        return False
    resources = statement.resources
    return resources is not None and not resources.negated and "*" in resources.values


def _covered(statement: Statement) -> Bits:
    if statement.actions is None:
        return {}
    named = join(expand(pattern) for pattern in statement.actions.values)
    return less(expand("*"), named) if statement.actions.negated else named


@lru_cache(maxsize=65536)
def expand(pattern: str) -> Bits:
    """The actions that an Action pattern covers: `s3:Get*`, `*`."""
    wanted = re.sub(r"\*+", "*", pattern.lower())
    prefix, colon, _ = wanted.partition(":")
    if len(wanted.replace("*", "")) > _LONGEST:
        return {}
    several = not colon or "*" in prefix or "?" in prefix
    found = ((name, _matching(name, wanted)) for name in (_prefixes() if several else (prefix,)))
    return {name: bits for name, bits in found if bits}


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(one.prefix for one in catalogue.services())


def _matching(prefix: str, wanted: str) -> int:
    if wanted in {"*", f"{prefix}:*"}:
        return _all_of(prefix)
    if "*" not in wanted and "?" not in wanted:
        return _lower(prefix).get(wanted, 0)
    test = re.compile(fnmatch.translate(wanted.replace("[", "[[]"))).match  # does not run away, whatever the pattern
    return sum(bit for name, bit in _lower(prefix).items() if test(name))
