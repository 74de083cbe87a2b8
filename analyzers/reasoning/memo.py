"""Answers remembered by what was asked, so that a thousand resources of one template cost one proof."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from .asking import who
from .question import DEFAULT_SECONDS, ONLY_DENIES, Question, Unanswered, Way
from .symbolic import Reader

MAX_ANSWERS = 20_000

_known: OrderedDict[Hashable, tuple[Way, ...] | Unanswered] = OrderedDict()


def answers(question: Question, *, like_aws: bool = False, seconds: float = DEFAULT_SECONDS) -> tuple[Way, ...]:
    """As `who`. What a document says of the resource in question is part of what is asked, its name is not."""
    key = (_key(question), like_aws)
    known = _known.get(key)
    if known is None:
        try:
            known = who(question, like_aws=like_aws, seconds=seconds)
        except Unanswered as error:
            known = error
        _known[key] = known
        if len(_known) > MAX_ANSWERS:
            _known.popitem(last=False)
    else:
        _known.move_to_end(key)
    if isinstance(known, Unanswered):
        raise Unanswered(str(known))
    return known


def forget() -> None:
    """Drop every answer (for benchmarks and tests)."""
    _known.clear()


def _key(question: Question) -> Hashable:
    parts = []
    for part in question.parts:
        said = tuple((s.effect, s.principals, s.actions, s.conditions, s.problems) for s in part.policy.statements)
        constants = tuple(sorted(part.scene.constants.items()))
        parts.append(
            (
                part.gate,
                part.scene.separator,
                constants,
                said,
                part.policy.problems,
                Reader(part.policy, part.scene).rules(),
            )
        )
    return (
        tuple(parts),
        question.services,
        question.accounts,
        question.organization,
        question.by_organization,
        question.canonical_users,
        question.anonymous,
        ONLY_DENIES,
    )
