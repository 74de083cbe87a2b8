"""Which pattern covers which: proven by the automata of the reasoning core."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzers.policy.pattern import Token, Variable, Wildcard, tokens
from analyzers.reasoning.automata import Search, TooManyClasses
from analyzers.reasoning.globs import EVERYTHING, Glob, glob
from analyzers.reasoning.matching import glob_matches

LONGEST = 1024
MOST_WILDCARDS = 16
"""Longer patterns, and such with more wildcards, are not compared: what cannot be proved quickly is not called
redundant. AWS's own policies have eleven in a pattern at most."""
_UP_TO_WILDCARD = re.compile(r"[^*?$]*")
_TRIED = 50_000
"""Pairs of places after which two patterns are taken to meet."""


@lru_cache(maxsize=65536)
def covers(wide: str, narrow: str, *, variables: bool = False, fields: int = 0) -> bool:
    """Whether every text that `narrow` matches is matched by `wide`, proven. False where it is not proved.

    A variable in `narrow` may be any text; one in `wide` covers only its equal, which is not asked here.
    `fields` as for `globs.glob`.
    """
    if wide == "*":
        return True
    if max(len(wide), len(narrow)) > LONGEST or max(_wildcards(wide), _wildcards(narrow)) > MOST_WILDCARDS:
        return False
    outer = tokens(wide, wildcards=True, variables=variables)
    inner = tokens(narrow, wildcards=True, variables=variables)
    if any(isinstance(token, Variable) for token in outer):
        return False
    if not any(isinstance(token, Wildcard) for token in outer):
        return outer == inner
    if not any(isinstance(token, (Wildcard, Variable)) for token in inner):
        text = "".join(str(token) for token in inner)
        if not glob_matches(outer, text):
            return False
        if not fields:
            return True
    elif not _may_cover(outer, inner):
        return False
    return _proved(glob(outer, fields=fields), glob(inner, fields=fields))


def _may_cover(outer: tuple[Token, ...], inner: tuple[Token, ...]) -> bool:
    """Whether two texts that the inner pattern matches are covered, which settles most pairs."""
    return all(
        glob_matches(outer, "".join(token if isinstance(token, str) else _filled(token, run) for token in inner))
        for run in ("", "\ue000\ue001")
    )


def _filled(token: Token, run: str) -> str:
    return "\ue002" if token is Wildcard.ONE else run


def may_begin(wide: str, narrow: str) -> bool:
    """Whether what `narrow` begins with does not already tell that `wide` cannot cover it."""
    return narrow.startswith(_start(wide))


@lru_cache(maxsize=16384)
def _start(pattern: str) -> str:
    return _UP_TO_WILDCARD.match(pattern)[0]  # type: ignore[index]  # it matches nothing too


def _proved(wide: Glob, narrow: Glob) -> bool:
    try:
        return Search([(narrow,)], [wide], [EVERYTHING]).text() is None
    except TooManyClasses:
        return False


def _wildcards(pattern: str) -> int:
    return pattern.count("*") + pattern.count("?")


@lru_cache(maxsize=65536)
def meet(first: str, second: str) -> bool:
    """Whether some text matches both globs; so it is taken where telling would take long."""
    one, other = _start(first), _start(second)
    if not (one.startswith(other) or other.startswith(one)):
        return False
    if len(first) * len(second) > _TRIED or max(map(_wildcards, (first, second))) > MOST_WILDCARDS:
        return True
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        i, j = waiting.pop()
        if i == len(first) and j == len(second):
            return True
        one = first[i] if i < len(first) else ""
        other = second[j] if j < len(second) else ""
        steps = []
        if one == "*":
            steps += [(i + 1, j)] + ([(i, j + 1)] if other else [])
        if other == "*":
            steps += [(i, j + 1)] + ([(i + 1, j)] if one else [])
        if one and other and "*" not in (one, other) and (one == other or "?" in (one, other)):
            steps.append((i + 1, j + 1))
        for step in steps:
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return False
