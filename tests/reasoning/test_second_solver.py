"""A second solver with a plain encoding: cvc5 and strings, against z3 and classes."""

from __future__ import annotations

import pytest

from analyzers.reasoning.access import no_new_access
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer

from .pairs import pair
from .string_encoding import ask_cvc5, question

ANSWERS = 500
MOST_QUESTIONS = 1_500
SECONDS = 1.0


def test_cvc5_with_strings_agrees() -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    answers: dict[bool | None, int] = {}
    for seed in range(MOST_QUESTIONS):
        if answers.get(True, 0) + answers.get(False, 0) >= ANSWERS:
            break
        old, new = pair(seed, 3)
        told = ask_cvc5(question(old, new), SECONDS)
        answers[told] = answers.get(told, 0) + 1
        if told is None:
            continue
        verdict = no_new_access(old, new, policy_type=PolicyType.IDENTITY, seconds=30)
        assert verdict.answer is (Answer.REFUTED if told else Answer.PROVED), (seed, old.text, new.text, verdict)
    assert answers[True] + answers[False] >= ANSWERS, "cvc5 runs out of time on the others"
    assert min(answers[True], answers[False]) > ANSWERS // 10, "both answers are asked for often"
