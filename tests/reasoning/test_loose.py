"""Variables with too many classes: what the solver chooses is checked, and the answers are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.policy.pattern import tokens
from analyzers.reasoning import automata, inquiry, loose, space
from analyzers.reasoning.access import compare, decides, no_new_access
from analyzers.reasoning.automata import Search, TooManyClasses
from analyzers.reasoning.classes import Classes
from analyzers.reasoning.globs import EVERYTHING, Glob, glob, matches
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer, Relation

from .generators import document, statements
from .policies import allow, policy

TEXTS = st.text(alphabet="ab*?:", max_size=5)


def read(text: str) -> Glob:
    return glob(tokens(text, wildcards=True, variables=False))


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_a_text_is_found_exactly_if_there_is_one(wanted: list[str], unwanted: list[str]) -> None:
    all_of, none_of = tuple(map(read, wanted)), tuple(map(read, unwanted))
    text = Search([[pattern] for pattern in all_of], none_of, (EVERYTHING,)).text()
    cells = Classes([[pattern] for pattern in (*all_of, *none_of)]).cells
    assert (text is None) == ((1 << len(all_of)) - 1 not in cells)
    if text is not None:
        assert all(matches(pattern, text) for pattern in all_of)
        assert not any(matches(pattern, text) for pattern in none_of)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([False, True]), st.data())
def test_answers_are_the_same_without_classes(principals: bool, data: Any) -> None:
    one, other = (
        document(data.draw(st.lists(statements(principals=principals), min_size=1, max_size=3))) for _ in "ab"
    )
    kind = PolicyType.RESOURCE if principals else PolicyType.IDENTITY
    cut = compare(one, other, policy_type=kind, seconds=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inquiry, "BY_CASES", False)
        patch.setattr(space, "FEW_STATES", 0)
        checked = compare(one, other, policy_type=kind, seconds=30)
    told = {checked.relation, cut.relation}
    if "${" in one.text + other.text:  # an example for a variable may be found by one and not by the other
        told.discard(Relation.UNKNOWN)
    assert len(told) <= 1
    for verdict in (checked.only_first, checked.only_second, checked.both):
        assert (verdict.witness is not None) == (verdict.answer is Answer.REFUTED)


def test_too_many_classes_are_no_hindrance() -> None:
    letters = policy(allow("s3:GetObject", [f"arn:aws:s3:::b/*{letter}*" for letter in "abcdefghijklmnopqrs"]))
    folder = policy(allow("s3:GetObject", "arn:aws:s3:::b/*"))
    assert no_new_access(folder, letters, seconds=30).answer is Answer.PROVED
    verdict = no_new_access(letters, folder, seconds=30)
    assert verdict.witness is not None
    assert decides(letters, verdict.witness) is False


def test_what_cannot_be_told_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "BY_CASES", False)
    monkeypatch.setattr(space, "FEW_STATES", 0)
    monkeypatch.setattr(automata, "SEARCHED", 3)
    loose._text.cache_clear()
    one, other = policy(allow("s3:*", "arn:aws:s3:::b/*a*b*c*")), policy(allow("s3:*", "arn:aws:s3:::b/*c*b*a*"))
    verdict = no_new_access(one, other, seconds=30)
    loose._text.cache_clear()
    assert verdict.answer is Answer.UNKNOWN
    assert "too large" in verdict.reason


def test_a_search_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automata, "SEARCHED", 50)
    hard = [read("*" + letter + "?" * 20 + "*") for letter in "abcdef"]
    with pytest.raises(TooManyClasses):
        Search([[pattern] for pattern in hard[:3]], [*hard[3:], read("?" * 30 + "*")], (EVERYTHING,)).text()
