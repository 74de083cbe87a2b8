"""A preview in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

Pair = tuple[str, str]
"""A resource and who reaches it."""


class Effect(NamedTuple):
    """`before`, `after`: who reaches what. `altered`: those who do before and after, but not the same things.
    `public`: resources that everybody would reach and does not now. `unknown`: findings that are not proved."""

    before: Collection[Pair]
    after: Collection[Pair]
    altered: Collection[Pair]
    public: Collection[str]
    unknown: int


def sentence(what: str, effect: Effect, where: str) -> str:
    """`what`: the resource in words, or empty for many; `where`: outside or inside."""
    gained, lost = set(effect.after) - set(effect.before), set(effect.before) - set(effect.after)
    altered = set(effect.altered) - gained - lost
    parts = []
    if effect.public:
        parts.append(f"opens {what or _count(len(set(effect.public)), 'resource')} to everybody")
        gained = {pair for pair in gained if pair[0] not in effect.public}
    if gained:
        also = "also to" if effect.public else f"opens {what or _resources(gained)} to"
        parts.append(f"{also} {_count(len(_who(gained)), 'principal')} {where}")
    if lost:
        at = "" if what else f" at {_resources(lost)}"
        parts.append(f"takes access{at} from {_count(len(_who(lost)), 'principal')} {where}")
    if altered:
        at = "" if what else f" at {_resources(altered)}"
        parts.append(f"changes what {_count(len(_who(altered)), 'principal')} {where} can do{at}")
    said = "; ".join(parts) or f"changes nobody's access{' to ' + what if what else ''}"
    said = said[:1].upper() + said[1:] + "."
    if effect.unknown:
        said += f" {_count(effect.unknown, 'finding')} could not be proved: access there cannot be ruled out."
    return said


def _who(pairs: Collection[Pair]) -> set[str]:
    return {who for _, who in pairs}


def _resources(pairs: Collection[Pair]) -> str:
    return _count(len({resource for resource, _ in pairs}), "resource")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
