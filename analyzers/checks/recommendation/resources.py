"""The stricter variant: `Resource` narrowed to what the evidence names, for the actions where it names all.

An action is narrowed only if a trail tells its uses in full, every use names a resource, and AWS authorizes the action
on a single type of resource, of which all these are. One that needs several (`ec2:RunInstances`: image, subnet,
volume, ...) is left alone, because an event names only some of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache

from analyzers import catalogue
from analyzers.usage.evidence import State

from .cover import Cover
from .inclusion import Actions, disjoint, is_plain, resource_within
from .judging import Judge
from .narrowing import Document, Narrowed, listed
from .values import Change

MOST = 30
"""Resources that a statement is narrowed to; more would be a list that nobody reads."""
_OTHER_NAMES = frozenset({"accesspoint", "accesspointobject"})
_PLACE = re.compile(r"\$\{[^}]*\}")


class Used:
    """Which actions are narrowed, and to what."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        named: dict[str, set[str]] = {}
        for use in judge.evidence.uses:
            named.setdefault(use.action.lower(), set()).add(use.resource)
        self.only_on: Mapping[str, tuple[str, ...]] = {
            action: tuple(sorted(resources)) for action, resources in named.items() if self._told(action, resources)
        }

    def _told(self, action: str, resources: set[str]) -> bool:
        if len(resources) > MOST or self.judge.action(action).told.state is not State.USED:
            return False
        template = template_of(action)
        return bool(
            template
            and all("${" not in one and one != "*" and resource_within(one, template) for one in resources)
            and self.judge.in_full(action)
        )


@lru_cache(maxsize=4096)
def template_of(action: str) -> str:
    """The only type of resource that the action concerns, as a pattern; empty if there is not just one."""
    known = catalogue.action(action)
    types = [key for key in known.resource_types if key not in _OTHER_NAMES] if known else []
    if known is None or len(types) != 1:
        return ""
    arns = [one.arn for one in catalogue.resource_types_of(known.service) if one.key == types[0]]
    return _PLACE.sub("*", arns[0]) if len(arns) == 1 else ""


def narrow_resources(narrowed: Narrowed, used: Used, *, tight: bool = False) -> Narrowed:
    """The same with statements split where some of their actions were used on fewer resources than they allow."""
    found = Narrowed(changes=list(narrowed.changes), left=list(narrowed.left))
    sids = {statement.get("Sid", "") for _, statement in narrowed.statements}
    for index, statement in narrowed.statements:
        parts = _split(index, statement, used, found, tight)
        for number, part in enumerate(parts):
            if number and "Sid" in part:
                part["Sid"] = _free(part["Sid"], sids)
            found.statements.append((index, part))
    return found


def _split(index: int, statement: Document, used: Used, found: Narrowed, tight: bool) -> list[Document]:
    if statement["Effect"] != "Allow" or not {"Action", "Resource"} <= statement.keys():
        return [statement]
    old = listed(statement["Resource"])
    rest: list[str] = []
    groups: dict[tuple[str, ...], list[str]] = {}
    for pattern in listed(statement["Action"]):
        names = _narrowed(pattern, old, used)
        rest += _without(pattern, set(names), used.judge, tight) if names else (pattern,)
        for name, resources in names.items():
            spelled = pattern if is_plain(pattern) else used.judge.action(name).text
            groups.setdefault(resources, [])
            groups[resources] += [spelled] if spelled not in groups[resources] else []
    for resources, names_of in groups.items():
        found.changes.append(_change(index, statement, old, resources, names_of, used))
    parts = [_with(statement, rest, None)] if rest else []
    return parts + [_with(statement, names_of, resources) for resources, names_of in groups.items()]


def _narrowed(pattern: str, old: Sequence[str], used: Used) -> dict[str, tuple[str, ...]]:
    """The actions of the pattern (lower case) for which fewer resources do, with these. An action that was used on none
    of them keeps them all: the attempts that are known were meant for another statement, or refused."""
    test = Actions([pattern])
    found = {}
    for action, resources in used.only_on.items():
        if test.match(action):
            fewer = _fewer(old, resources)
            if fewer and set(fewer) != set(old) and len(fewer) <= MOST:
                found[action] = fewer
    return found


def _fewer(old: Sequence[str], used: Sequence[str]) -> tuple[str, ...]:
    kept: dict[str, None] = {}
    for was in old:
        for one in used:
            if not disjoint(one, was):
                kept[one if resource_within(one, was) else was] = None
    return tuple(kept)


def _without(pattern: str, names: set[str], judge: Judge, tight: bool) -> tuple[str, ...]:
    """The pattern without these actions."""
    if is_plain(pattern):
        return ()
    test = Actions([pattern])
    found: list[str] = []
    wild = not is_plain(pattern.partition(":")[0]) or ":" not in pattern
    for prefix in judge.prefixes if wild else [pattern.partition(":")[0]]:
        service = judge.service(prefix)
        chosen = {name for name in service.names if test.match(name) and name not in names}
        if wild and not chosen and not service.names:
            found.append(f"{prefix}:*")
        found += Cover(service, chosen, test.include).patterns(tight=tight)
    return tuple(found)


def _with(statement: Document, actions: Sequence[str], resources: Sequence[str] | None) -> Document:
    part = deepcopy(statement)
    scalar = isinstance(statement["Action"], str) and len(actions) == 1
    part["Action"] = actions[0] if scalar else list(actions)
    if resources is not None:
        part["Resource"] = resources[0] if len(resources) == 1 else list(resources)
    return part


def _free(sid: str, taken: set[str]) -> str:
    number = 2
    while f"{sid}{number}" in taken:
        number += 1
    taken.add(f"{sid}{number}")
    return f"{sid}{number}"


def _change(
    index: int, statement: Document, old: Sequence[str], resources: tuple[str, ...], names: Sequence[str], used: Used
) -> Change:
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    was = "was" if len(names) == 1 else "were"
    reason = f"{told} {was} used on these resources only."
    last = max(filter(None, (used.judge.action(name).told.last for name in names)), default=None)
    sid = statement.get("Sid", "")
    written = ", ".join(old)
    return Change(index, sid, "Resource", written, resources, (), len(names), reason, last, tuple(names))
