"""What all the access to a resource amounts to: read, write, delete, administer, by account and by role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analyzers import catalogue
from analyzers.policy import arn as arns

from .target import Level, level_of


@dataclass(frozen=True, slots=True)
class Held:
    """A principal and the levels that it has, each with the actions that give it."""

    principal: str
    levels: Mapping[Level, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Effective:
    """`accounts`: by account and level the principals, sorted. `counts`: by level, how many in all."""

    held: tuple[Held, ...]
    counts: Mapping[Level, int]
    accounts: Mapping[str, Mapping[Level, tuple[str, ...]]]


def effective(access: Iterable[tuple[str, Sequence[str]]]) -> Effective:
    """Out of (principal, actions or patterns of them); the same principal may come several times."""
    found: dict[str, dict[Level, set[str]]] = {}
    for principal, actions in access:
        levels = found.setdefault(principal, {})
        for action in actions:
            for level in levels_of(action):
                levels.setdefault(level, set()).add(action)
    held = tuple(
        Held(principal, {level: tuple(sorted(levels[level])) for level in Level if level in levels})
        for principal, levels in sorted(found.items())
    )
    accounts: dict[str, dict[Level, list[str]]] = {}
    for one in held:
        for level in one.levels:
            accounts.setdefault(_account(one.principal), {}).setdefault(level, []).append(one.principal)
    return Effective(
        held,
        {level: sum(level in one.levels for one in held) for level in Level},
        {
            account: {level: tuple(levels[level]) for level in Level if level in levels}
            for account, levels in sorted(accounts.items())
        },
    )


@lru_cache(maxsize=16_384)
def levels_of(action: str) -> frozenset[Level]:
    """Of an action, or of all that a pattern covers."""
    if not set("*?") & set(action):
        return frozenset({level_of(action)})
    return frozenset(level_of(one.full_name) for one in catalogue.matching(action)) or frozenset({Level.ADMINISTER})


def _account(principal: str) -> str:
    return arns.account_of(principal) or principal
