"""A wildcard without some of its actions: what the catalogue knows of it besides, written with wildcards again.

A wildcard is kept only where it covers nothing that has to go; it then covers nothing new either, since it lies within
the one that it is taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyzers import catalogue

MOST = 1_500
"""Actions of one wildcard; `*` alone has more, and a Deny says it better."""
LONGEST = 60
"""Entries of a list that anybody would read."""


def narrowed(patterns: Sequence[str], lets_in: Callable[[Sequence[str]], list[bool]]) -> list[str] | None:
    """The patterns without what lets the target in; None if no wildcard can be taken apart, or nothing is left."""
    kept: list[str] = []
    taken_apart = False
    for pattern, guilty in zip(patterns, lets_in(patterns), strict=True):
        if not guilty:
            kept.append(pattern)
        elif set("*?") & set(pattern) and ":" in pattern and not set("*?") & set(pattern.partition(":")[0]):
            members = [one.full_name for one in catalogue.matching(pattern)]
            if not members or len(members) > MOST:
                return None
            flags = lets_in(members)
            gone = [name for name, flag in zip(members, flags, strict=True) if flag]
            left = [name for name, flag in zip(members, flags, strict=True) if not flag]
            taken_apart = taken_apart or bool(left)
            kept += compressed(left, gone, pattern)
    if not taken_apart or not kept or len(kept) > LONGEST:
        return None
    return kept


def compressed(names: Sequence[str], without: Sequence[str], within: str) -> list[str]:
    """The names with as few entries as beginnings allow: `s3:Get*` where nothing of `without` begins so. No entry
    reaches beyond `within`, of which only a beginning with one `*` at the end may be shortened."""
    begin = within[:-1]
    if not within.endswith("*") or set("*?") & set(begin):
        return list(names)
    barred = [name.lower() for name in without]
    found: list[str] = []
    for name in sorted(names):
        if found and found[-1].endswith("*") and name.lower().startswith(found[-1][:-1].lower()):
            continue
        found.append(_shortest(name, barred, len(begin)))
    return [name if not name.endswith("*") or _covers_many(name, names) else _only(name, names) for name in found]


def _shortest(name: str, barred: Sequence[str], least: int) -> str:
    """The shortest beginning at a word of the name that covers nothing barred; the whole name if there is none."""
    for length in range(max(least, name.index(":") + 1) + 1, len(name)):
        if name[length].isupper():
            head = name[:length].lower()
            if not any(one.startswith(head) for one in barred):
                return f"{name[:length]}*"
    return name


def _covers_many(pattern: str, names: Sequence[str]) -> bool:
    return sum(name.lower().startswith(pattern[:-1].lower()) for name in names) > 1


def _only(pattern: str, names: Sequence[str]) -> str:
    return next(name for name in names if name.lower().startswith(pattern[:-1].lower()))
