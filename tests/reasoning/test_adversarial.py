"""Hostile policies: answered exactly or *unknown*, within the limits, never a crash and never a wrong answer."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from analyzers.policy import Policy
from analyzers.reasoning import asking, guard
from analyzers.reasoning.access import decides
from analyzers.reasoning.question import Part, PolicyType, Question, Unanswered
from analyzers.reasoning.request import Request
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.verdict import Answer

from .policies import allow, deny, policy

SECONDS = 2.0
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DRAWN = random.Random(20)


def resources(*patterns: str) -> Policy:
    return policy(allow("s3:GetObject", [f"arn:aws:s3:::b/{pattern}" for pattern in patterns]))


def word(length: int) -> str:
    return "".join(DRAWN.choices(LETTERS, k=length))


HOSTILE: dict[str, Callable[[], Policy]] = {
    "19 patterns *x*": lambda: resources(*(f"*{letter}*" for letter in LETTERS[:19])),
    "77 globs with a star in the middle": lambda: resources(*(f"{word(3)}*{word(3)}" for _ in range(77))),
    "28 globs of suffixes": lambda: resources(*(f"*{word(4)}" for _ in range(28))),
    "500 patterns": lambda: resources(*(f"{word(6)}/*" for _ in range(500))),
    "500 patterns that overlap": lambda: resources(*(f"{word(1)}*{word(2)}*" for _ in range(500))),
    "100 statements": lambda: policy(*(allow(f"s3:{word(4)}*", f"arn:aws:s3:::{word(4)}/*") for _ in range(100))),
    "100 statements of denies": lambda: policy(allow(), *(deny(f"*:{word(2)}*", f"*{word(2)}*") for _ in range(99))),
    "patterns of 20 kB": lambda: resources(word(20_000) + "*", word(20_000) + "*" + word(10)),
    "stars without end": lambda: resources("*a" * 5_000, "?" * 5_000 + "*"),
    "questions and stars": lambda: resources("*" + "?" * 200 + "a*", "*b" + "?" * 200),
    "astral characters": lambda: resources("\U0001f600*", "*\U0001f600\U0001f601", "?\U0001f602*"),
    "escapes": lambda: resources("\u0000*", "\u2028*", "a\u0301*", "\\u0041*"),
    "a hundred keys": lambda: policy(
        allow(Condition={"StringLike": {f"app:k{i}": [f"{word(2)}*", f"*{word(2)}"] for i in range(100)}})
    ),
    "one key a hundred times": lambda: policy(
        *(allow(Condition={"StringLike": {"aws:SourceVpc": f"*{word(2)}*{word(1)}*"}}) for _ in range(100))
    ),
    "sets of many values": lambda: policy(
        allow(Condition={"ForAllValues:StringLike": {"aws:TagKeys": [f"*{word(2)}*" for _ in range(60)]}})
    ),
    "numbers without end": lambda: policy(
        allow(Condition={"NumericEquals": {"app:n": [f"{i}e{i % 300}" for i in range(1_000)]}})
    ),
    "a thousand blocks": lambda: policy(
        allow(Condition={"IpAddress": {"aws:SourceIp": [f"10.{i // 256}.{i % 256}.0/24" for i in range(1_000)]}})
    ),
    "letters without case": lambda: policy(
        allow(Condition={"StringEqualsIgnoreCase": {"aws:SourceVpc": [chr(0x100 + i) * 20 for i in range(500)]}})
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_policy_is_answered_or_unknown(name: str) -> None:
    hostile = HOSTILE[name]()
    everything = policy(allow())
    verdict = asking.no_new_access(everything, hostile, policy_type=PolicyType.IDENTITY, seconds=SECONDS)
    assert verdict.answer is not Answer.REFUTED, "nothing goes beyond everything"
    verdict = asking.no_new_access(hostile, everything, policy_type=PolicyType.IDENTITY, seconds=SECONDS)
    assert verdict.answer is not Answer.PROVED, "everything goes beyond it"
    if verdict.witness is not None:
        assert decides(everything, verdict.witness) is True
        assert decides(hostile, verdict.witness) is False
    same = asking.compare(hostile, hostile, policy_type=PolicyType.IDENTITY, seconds=SECONDS)
    assert same.only_first.answer is not Answer.REFUTED
    if verdict.answer is Answer.UNKNOWN:
        assert verdict.reason


def test_ten_thousand_principals() -> None:
    accounts = [f"{number:012}" for number in range(10_000)]
    hostile = policy(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal={"AWS": accounts}))
    assert asking.public(hostile, "AWS::S3::Bucket", seconds=SECONDS).answer is not Answer.REFUTED
    question = Question((Part(hostile, Scene("arn:aws:s3:::b", "/")),), ("s3",), frozenset({"999999999999"}))
    with pytest.raises(Unanswered):
        asking.who(question, seconds=1)


_hungriest = 0.0


@pytest.fixture(autouse=True)
def _note_memory() -> Iterator[None]:
    """The most that a process for questions ever had, in MB. Other tests of this run may have hungrier children."""
    global _hungriest
    yield
    for child in psutil.Process().children():
        with suppress(psutil.Error, OSError):
            if "analyzers.reasoning.guard" in " ".join(child.cmdline()):
                status = Path(f"/proc/{child.pid}/status").read_text()
                _hungriest = max(_hungriest, int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)


def test_memory_stays_within_the_limit() -> None:
    """The modules themselves take less than 150 MB."""
    assert 0 < _hungriest < guard.MEGABYTES + 150


@pytest.mark.parametrize("name", HOSTILE)
def test_the_evaluator_decides_hostile_policies_at_once(name: str) -> None:
    hostile = HOSTILE[name]()
    asked: list[Any] = [
        Request(
            "arn:aws:iam::111111111111:user/b", "s3:GetObject", f"arn:aws:s3:::b/{text}", "", {"aws:SourceVpc": text}
        )
        for text in ("a" * 2_000, "\U0001f600" * 500, "")
    ]
    assert all(decides(hostile, request) in {True, False, None} for request in asked)
