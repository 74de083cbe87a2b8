"""What a question is about: patterns of resource ARNs, and what stands on the resource's side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.policy_sets import Side
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens

EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Place:
    """`patterns`: any of these resources will do; a bucket is itself and all of its objects. `wanted`: what a request
    names where no policy is more particular, one for each pattern."""

    patterns: tuple[str, ...]
    wanted: tuple[str, ...]
    side: Side

    @property
    def account(self) -> str:
        return self.side.account


def place_of(side: Side, kind: str = "") -> Place:
    """A resource with its parts. `kind` as in `Resource.type`."""
    traits = TRAITS.get(kind)
    if traits is None or not traits.separator:
        return Place((side.arn,), (side.arn,), side)
    inside = f"{side.arn}{traits.separator}"
    return Place((side.arn, f"{inside}*"), (side.arn, f"{inside}{EXAMPLE}"), side)


def bare(pattern: str, account: str) -> Place:
    """Resources without policies of their own: those of IAM, or some that are still to be made."""
    return Place((pattern,), (pattern.replace("*", EXAMPLE),), Side(pattern, account))


@lru_cache(maxsize=65_536)
def pieces(pattern: str) -> tuple[Token, ...]:
    return tokens(pattern, wildcards=True, variables=True)


@lru_cache(maxsize=262_144)
def overlaps(one: str, other: str) -> bool:
    """Whether some text matches both; a policy variable may be anything. Never a wrong "no"."""
    first, second = _steps(one), _steps(other)
    reached = {(0, 0)}
    stack = [(0, 0)]
    while stack:
        i, j = stack.pop()
        if i == len(first) and j == len(second):
            return True
        for state in _next(first, second, i, j):
            if state not in reached:
                reached.add(state)
                stack.append(state)
    return False


_RUN, _ONE = None, ""


def _steps(pattern: str) -> tuple[str | None, ...]:
    """Characters; `_ONE` for any, `_RUN` for any run."""
    steps: list[str | None] = []
    for token in pieces(pattern):
        if token is Wildcard.RUN or isinstance(token, Variable):
            steps.append(_RUN)
        elif token is Wildcard.ONE:
            steps.append(_ONE)
        elif isinstance(token, str):
            steps.extend(token)
    return tuple(steps)


def _next(first: tuple[str | None, ...], second: tuple[str | None, ...], i: int, j: int) -> list[tuple[int, int]]:
    a = first[i] if i < len(first) else "end"
    b = second[j] if j < len(second) else "end"
    found = []
    if a is _RUN:
        found.append((i + 1, j))
    if b is _RUN:
        found.append((i, j + 1))
    if "end" in (a, b):
        return found
    if a is _RUN and b is not _RUN:
        found.append((i, j + 1))
    elif b is _RUN and a is not _RUN:
        found.append((i + 1, j))
    elif a is not _RUN and b is not _RUN and (a == b or _ONE in (a, b)):
        found.append((i + 1, j + 1))
    return found


@lru_cache(maxsize=65_536)
def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` surely matches every text that `narrow` does, field by field of an ARN; in doubt not."""
    if wide == "*":
        return True
    if "${" in wide or "?" in wide or "${" in narrow:
        return False
    outer, inner = wide.split(":", 5), narrow.split(":", 5)
    return len(outer) == len(inner) == 6 and all(map(_covers, outer, inner))


def _covers(wide: str, narrow: str) -> bool:
    """A wildcard of the narrow one is a character that only a run of the wide one takes."""
    rest = narrow.replace("*", "\0").replace("?", "\0")
    parts = wide.split("*")
    if len(parts) == 1:
        return wide == narrow
    if not rest.startswith(parts[0]):
        return False
    rest = rest[len(parts[0]) :]
    for part in parts[1:-1]:
        _, found, rest = rest.partition(part) if part else ("", "x", rest)
        if not found:
            return False
    return rest.endswith(parts[-1])


def narrowed(pattern: str, within: str) -> str:
    """A text that matches both, likely: the pattern's own, with its runs filled; empty if that is not within."""
    text = "".join(
        token
        if isinstance(token, str)
        else "x"
        if token is Wildcard.ONE
        else ""
        if isinstance(token, Variable)
        else "*"
        for token in pieces(pattern)
    )
    if text == "*" or not overlaps(text, within):
        return ""
    fixed, _, _ = within.partition("*")
    if len(text.partition("*")[0]) <= len(fixed):
        return ""  # no more particular than the place itself
    return text.replace("*", EXAMPLE)
