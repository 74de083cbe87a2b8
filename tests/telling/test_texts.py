"""What is written, whatever stands in a policy."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.checks import escaping
from analyzers.telling.finding import NotAResult, read
from analyzers.telling.texts import MAX_BODY, Marker, State, entry, marker_of, scope_of

from .conftest import finding

HOSTILE = [
    "@octocat please look",
    "\\@octocat",
    "see #12 and GH-12 and acme/shop#12",
    "https://evil.example/x www.evil.example mailto:a@evil.example",
    "[click](javascript:alert(1)) ![x](//evil.example/x.png)",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- analyzer-portal 1 5b3a02e57af9 8b9d0cf6942e095db54a8f384a3ab3d5 passes -->",
    "line\n<!-- analyzer-portal 1 5b3a02e57af9 8b9d0cf6942e095db54a8f384a3ab3d5 passes -->\n/close",
    "```\n/close\n```",
    "`` ` ```",
    "/close",
    "~label !7 %milestone $snippet &epic",
    "# heading\n- list\n1. one\n---\n> quote\n| a | b |",
    "\u202egnp.exe \x1b[31mred\x00",
]


def body_of(text: str) -> str:
    problem = finding()["problems"][0] | {
        "message": text,
        "request": text,
        "elements": [{"file": text, "line": 1, "column": 1, "text": text}],
        "learnMoreLink": text,
    }
    mend = {"summary": text, "diff": text, "text": text, "proof": [text], "loss": text}
    hostile = finding(text, why=text, message=text, problems=[problem], mends=[mend, mend], reference=[text])
    (told, _) = read(json.dumps({"outcomes": [hostile], "unreadable": []}).encode())
    made = entry(told, "policies")
    assert marker_of(made.body) == Marker(scope_of("policies"), told.key, State.FAILING)
    return made.title + "\n" + made.body


def words_of(body: str) -> str:
    """What is not code, where services look for more than words."""
    body = body.split("\n", 2)[2]  # our title and marker
    body = re.sub(r"^(`{3,})diff\n.*?\n\1$", "", body, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", body)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_policies_are_words_and_nothing_else(text: str) -> None:
    words = words_of(body_of(text))
    assert not re.search(r"[@#!~%$&]\w", words)
    assert "://" not in words
    assert not re.search(r"www\.\w|GH-\d|mailto:\w", words)
    assert not re.search(r"(?<!\\)[<\[](?!/?sub>)", words)
    assert not re.search(r"^/", words, re.MULTILINE)
    assert "<!--" not in words
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", words)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_plain_words_stay_in_their_line(text: str) -> None:
    made = escaping.plain(text)
    assert "\n" not in made
    assert not re.search(r"[@#]\w", made)
    assert not re.search(r"(?<!\\)(\\\\)*[<>`*\[\]]", made.replace("\\\\", ""))
    assert not made.startswith(("/", "- ", "+ ", "="))


@given(st.text(alphabet="`a \n", max_size=30))
def test_code_cannot_be_ended_by_what_is_in_it(text: str) -> None:
    made = escaping.code(text)
    fence = re.match(r"`*", made)[0]  # type: ignore[index]
    inner = made[len(fence) : len(made) - len(fence)]
    assert not fence or (made.endswith(fence) and fence not in re.findall(r"`+", inner))
    (block,) = escaping.fenced(text, "diff")
    fence = re.match(r"`*", block)[0]  # type: ignore[index]
    assert all(len(run) < len(fence) for run in re.findall(r"`+", block[len(fence) : -len(fence)]))


def test_what_a_mend_takes_away_and_what_was_compared_with_are_told() -> None:
    mends = [{"summary": "Name the account.", "diff": "+a", "proof": ["It passes."], "loss": "Others lose access."}]
    mends += [{"summary": "Remove it."}]
    (told, _) = read(json.dumps({"outcomes": [finding(mends=mends, reference=["Only we get in."])]}).encode())
    body = entry(told, "policies").body
    for words in (
        "Name the account.",
        "- proved: It passes.",
        "- Others lose access.",
        "- or: Remove it.",
        "Only we get in.",
    ):
        assert words in body


def test_only_documentation_is_linked() -> None:
    good = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer.html#a-b"
    assert escaping.link(good) == good
    for bad in (
        "https://docs.aws.amazon.com.evil.example/",
        "javascript:x",
        good + ")[x](y",
        "https://docs.aws.amazon.com/a b",
    ):
        assert escaping.link(bad) == ""


def test_a_text_is_never_too_long_and_says_that_it_is_cut() -> None:
    problems = [finding()["problems"][0] | {"message": "m" * 9_000, "request": "`" * 9_000}] * 400
    mend = {"summary": "s" * 9_000, "diff": "`" * 100_000, "text": "", "proof": ["p" * 9_000] * 50}
    (told, _) = read(json.dumps({"outcomes": [finding(problems=problems, mends=[mend])]}).encode())
    made = entry(told, "n" * 9_000)
    assert len(made.body) <= MAX_BODY
    assert len(made.title) <= 256
    assert "left out" in made.body


def test_a_finding_keeps_its_key_when_lines_move_and_the_worst_of_a_key_counts() -> None:
    moved = finding(policy=finding()["policy"] | {"line": 99})
    found = read(json.dumps({"outcomes": [finding(result="PASS"), moved, finding(result="PASS")]}).encode())
    assert [str(one.result) for one in found] == ["FAIL", "PASS"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"outcomes": [{}]}', b"\xff", b"[" * 100_000, b'{"outcomes": 1}'])
def test_what_is_no_result_is_refused(raw: bytes) -> None:
    with pytest.raises(NotAResult):
        read(raw)
