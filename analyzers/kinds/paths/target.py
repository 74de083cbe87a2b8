"""A resource as a target: which actions count as which kind of access, and on which of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from analyzers import catalogue
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.policy_sets import Side
from analyzers.reasoning.seeds import FIXED

from .place import Place, overlaps, place_of
from .questions import NO, Asking, Caller, Reply


class Level(StrEnum):
    """What somebody can do with a resource, in the order of the pages."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMINISTER = "administer"


_DELETES = ("delete", "batchdelete", "remove", "purge", "terminate", "destroy", "schedulekeydeletion", "expire")


@lru_cache(maxsize=16_384)
def level_of(action: str) -> Level:
    """By the catalogue's access level, and by its name where that says Write. An action that is not in the catalogue
    counts as the widest."""
    found = catalogue.action(action)
    if found is None:
        return Level.ADMINISTER
    if found.access_level in {"Read", "List"}:
        return Level.READ
    if "Permissions management" in found.access_level:
        return Level.ADMINISTER
    return Level.DELETE if found.name.lower().startswith(_DELETES) else Level.WRITE


class Question(NamedTuple):
    level: Level
    actions: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` as in `Resource.type`."""

    arn: str
    kind: str
    account: str
    questions: tuple[Question, ...]

    def ask(self, caller: Caller, asking: Asking, level: Level | None = None) -> Reply:
        """Whether the caller can do anything there (of that level). A yes is preferred to a *not known*."""
        unknown = NO
        for question in self.questions:
            if level is not None and question.level is not level:
                continue
            reply = asking.ask(caller, question.actions, question.place)
            if reply.truth:
                return reply
            if reply.truth is None and unknown is NO:
                unknown = reply
        return unknown


def target_of(side: Side, kind: str, actions: Iterable[str] = (), level: Level | None = None) -> Target:
    """All that can be done with the resource, or the given actions alone, or those of one level."""
    whole = place_of(side, kind)
    known = dict(_actions(kind, whole.patterns))
    wanted = {_spelled(action) for action in actions}
    grouped: dict[tuple[Level, tuple[str, ...]], list[str]] = {}
    for action in sorted(wanted) or known:
        if level is None or level_of(action) is level:
            grouped.setdefault((level_of(action), known.get(action, whole.patterns)), []).append(action)
    order = list(Level)
    questions = [
        Question(level, tuple(sorted(found, key=_likely)), _part(whole, patterns))
        for (level, patterns), found in grouped.items()
    ]
    questions.sort(key=lambda question: (order.index(question.level), question.actions))
    return Target(side.arn, kind, side.account, tuple(questions))


def _spelled(action: str) -> str:
    """As the catalogue has it, since people type `s3:getobject`."""
    found = catalogue.action(action)
    return found.full_name if found else action


def _part(whole: Place, patterns: tuple[str, ...]) -> Place:
    wanted = tuple(w for pattern, w in zip(whole.patterns, whole.wanted, strict=True) if pattern in patterns)
    return Place(patterns, wanted, whole.side)


_FIRST: Mapping[str, int] = {action: number for number, action in enumerate(FIXED["action"])}


def _likely(action: str) -> tuple[int, str]:
    """The action that people think of first."""
    return _FIRST.get(action.lower(), len(_FIRST)), action


def _actions(kind: str, patterns: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The actions on such a resource, each with the patterns of what it can be asked for."""
    traits = TRAITS.get(kind)
    for service in traits.services if traits else ():
        types = {one.key: one.arn for one in catalogue.resource_types_of(service)}
        own = {key for key, arn in types.items() if _fits(arn, patterns[0])}
        inner = {key for key, arn in types.items() if len(patterns) > 1 and _within(arn, patterns)}
        for action in catalogue.actions_of(service):
            at = [patterns[0]] if own & set(action.resource_types) else []
            if inner & set(action.resource_types):
                at += patterns[1:]
            elif at and not inner:
                at = list(patterns)
            if at:
                yield action.full_name, tuple(at)


def _template(arn: str) -> str:
    text, end = "", 0
    while (start := arn.find("${", end)) >= 0:
        text += arn[end:start] + "*"
        end = arn.find("}", start) + 1
    return text + arn[end:]


def _depth(arn: str) -> int:
    return sum(arn.split(":", 5)[-1].count(mark) for mark in "/:")


def _fits(template: str, arn: str) -> bool:
    return _depth(template) == _depth(arn) and _alike(template, arn)


def _within(template: str, patterns: tuple[str, ...]) -> bool:
    return _depth(template) > _depth(patterns[0]) and _alike(template, patterns[1])


def _alike(template: str, pattern: str) -> bool:
    """Field by field, so that a region does not swallow the rest."""
    fields = zip(_template(template).split(":", 5), pattern.split(":", 5), strict=False)
    return all(overlaps(one, other) for one, other in fields)
