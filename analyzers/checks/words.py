"""Ids and names that AWS gives: any one of them stands for all, as long as no pattern tells them apart.

A policy that names the account it is deployed to, or a bucket whose name is made up at deployment, is the same policy
for every such value: what is proved or refuted for one is so for all. Not so where something else in the question
matches some of the values only; for accounts the ones that are named are then looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from analyzers.policy.pattern import tokens
from analyzers.reasoning.automata import Search, TooManyClasses
from analyzers.reasoning.globs import EVERYTHING, Glob, Step, glob

from .found import marked, marks_in, pieces, readable, with_words, words_in

ACCOUNT, REGION, STACK = "AWS::AccountId", "AWS::Region", "AWS::StackName"
MOST_ACCOUNTS = 10
_REGIONS = ("mx-central-1", "il-central-1", "ca-west-1", "ap-south-2", "me-south-1", "af-south-1", "us-west-1")
"""Seldom named; that one is taken which is not."""
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


class Instance(NamedTuple):
    """The document with values for its words. `back`: from values to what people are shown in their place."""

    document: Any
    back: Mapping[str, str]

    def readable(self, text: str) -> str:
        for value, name in self.back.items():
            text = text.replace(value, name)
        return text


def instances(document: Any, compared: Iterable[str]) -> list[Instance] | None:
    """Documents that together stand for all values of the words; None where that cannot be said. `compared`: the
    texts of everything else in the question."""
    texts = list(_texts(document))
    names = list(dict.fromkeys(name for text in texts for name in words_in(text)))
    others = [*dict.fromkeys([*texts, *compared])]
    named = sorted({found for text in others for found in _ACCOUNT.findall(text)})
    if len(named) > MOST_ACCOUNTS or _told_apart(texts, others, named):
        return None
    fresh = _all_fresh(names, others)
    back = {value: f"<{name}>" for name, value in fresh.items()}
    found = [Instance(_with(document, fresh), back)]
    if ACCOUNT in fresh:
        for account in named:
            found.append(Instance(_with(document, {**fresh, ACCOUNT: account}), back))
    return found


def filled(document: Any) -> Any:
    """The document with values for its words that occur nowhere else in it."""
    texts = list(_texts(document))
    names = dict.fromkeys(name for text in texts for name in words_in(text))
    return _with(document, _all_fresh(names, texts))


def _all_fresh(names: Iterable[str], others: list[str]) -> dict[str, str]:
    return {name: _fresh(name, number, others) for number, name in enumerate(names)}


def _told_apart(texts: Iterable[str], others: Iterable[str], accounts: Sequence[str]) -> bool:
    worded = [text for text in texts if any(True for _ in words_in(text))]
    return any(_separates(other, text, accounts) for text in worded for other in others if other != text)


def _separates(other: str, text: str, accounts: Sequence[str]) -> bool:
    """Whether `other` may match some of the values of `text` and not all of them. `accounts`: those that are named."""
    if not marked(other):
        # accounts that are named are looked at one by one: whether others are told apart
        named = [with_words(text, {ACCOUNT: one}) for one in accounts] if ACCOUNT in words_in(text) else []
        return _some([other, text], named) and _some([text], [other, *named])
    if list(words_in(other)) == list(marks_in(other)) and not _may_begin(other, text):
        return False  # words differ from one another
    return _some([other, text], [])


def _may_begin(one: str, other: str) -> bool:
    """Whether one of them matches names that begin with the stack's, as made-up names do."""
    first, second = set(words_in(one)), set(words_in(other))
    return first != second and any(
        STACK in words and set(text) & set("*?") for words, text in ((first, one), (second, other))
    )


def _some(wanted: list[str], unwanted: list[str]) -> bool:
    return _exists(tuple(wanted), tuple(unwanted))


@lru_cache(maxsize=4096)
def _exists(wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> bool:
    """Whether a text matches all of these patterns and none of those; true if that takes too long to tell."""
    try:
        return (
            Search([[_glob(text)] for text in wanted], [_glob(text) for text in unwanted], (EVERYTHING,)).text()
            is not None
        )
    except TooManyClasses:
        return True


_DIGIT = Step(frozenset("0123456789"))
_SHAPES: Mapping[str, Glob] = {
    ACCOUNT: (_DIGIT,) * 12,
    REGION: (Step(frozenset("abcdefghijklmnopqrstuvwxyz0123456789-"), run=True),),
}
_NAME: Glob = (Step(frozenset(":/*?"), negated=True, run=True),)


def _glob(text: str) -> Glob:
    """As a pattern, with the shapes that its words have."""
    steps: list[Step] = []
    for part, word in pieces(text):
        steps += glob(tokens(part, wildcards=True, variables=False), fold=True) if part else ()
        steps += () if word is None else EVERYTHING if not word else _SHAPES.get(word, _NAME)
    return tuple(steps)


def _fresh(name: str, number: int, texts: list[str]) -> str:
    if name == ACCOUNT:
        return next(one for one in (f"{n:012}" for n in range(100_000_000_001, 10**12)) if not _occurs(one, texts))
    if name == REGION:
        return next((one for one in _REGIONS if not _occurs(one, texts)), "zz-fresh-1")
    return next(one for one in (f"fresh-value-{n}" for n in range(number + 1, 10**9)) if not _occurs(one, texts))


def _occurs(value: str, texts: Iterable[str]) -> bool:
    return any(value in text for text in texts)


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            yield from (str(key),)
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)


def _with(document: Any, words: Mapping[str, str]) -> Any:
    if isinstance(document, str):
        return with_words(document, words)
    if isinstance(document, Mapping):
        return {with_words(str(key), words): _with(value, words) for key, value in document.items()}
    return [_with(value, words) for value in document] if isinstance(document, list) else document


def texts_of(document: Any) -> tuple[str, ...]:
    """All texts of a document that a question compares with."""
    return tuple(dict.fromkeys(map(readable, _texts(document))))
