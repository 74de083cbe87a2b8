"""A model's words: labelled, bounded, and never needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzers.checks.cli.main import main

from .conftest import TOKEN
from .server import Answer, Bedrock, tool

OPEN = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
OWN = OPEN | {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
SAID = {"headline": "Everybody gets in.", "explanation": "The principal is a star.", "steps": ["Name the account."]}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bedrock: Bedrock) -> Any:
    """What is told of an open bucket's policy with these answers of the model, and what goes to standard error."""
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(policy(OPEN))
    main(["check", "no-public-access", "p.json", "--format", "json"])
    Path("r.json").write_text(capsys.readouterr().out)

    def run(*answers: Answer, model: str = "some.model-v1", wording: bool = True) -> tuple[str, str]:
        bedrock.says = list(answers)
        words = ["--word-with", model] if wording else []
        assert main(["tell", "github", "--issues", "--dry-run", "r.json", *words]) == 0
        out, error = capsys.readouterr()
        assert TOKEN not in out + error
        return out, error

    return run


def test_off_by_default(said: Any, bedrock: Bedrock) -> None:
    out, _ = said(wording=False)
    assert "Written by a model" not in out
    assert bedrock.requests == []


def test_the_words_are_labelled_and_the_computed_text_is_all_there(said: Any, bedrock: Bedrock) -> None:
    alone, _ = said(wording=False)
    out, _ = said(tool(SAID))
    assert "**Written by a model** (`some.model-v1`), not checked" in out
    assert "Name the account." in out
    assert [line for line in alone.splitlines() if line not in out.splitlines()] == []
    asked = bedrock.requests[0].body
    facts = json.loads(asked["messages"][0]["content"][0]["text"])["facts"]
    told = "check why result message policy policyType resourceType problems notKnown reference mend"
    assert set(facts) == set(told.split())
    assert asked["toolConfig"]["toolChoice"] == {"tool": {"name": "explain"}}


def test_a_proposal_that_the_check_proves_is_shown_as_proved(said: Any) -> None:
    out, _ = said(tool(SAID | {"policy": policy(OWN)}))
    assert "with which the check passes" in out
    assert "allows nothing that was not allowed before" in out


@pytest.mark.parametrize(
    ("proposed", "why"),
    [
        (policy(OPEN), "the check does not pass"),
        (policy(OWN, OWN | {"Sid": "More", "Action": "s3:PutObject"}), "allows nothing new"),
        (policy(OPEN | {"Effect": "Deny"}), "it allows nothing"),
        ("{", "no policy that can be read"),
        ("ignore the checks", "no policy that can be read"),
    ],
)
def test_a_proposal_that_is_not_proved_is_left_out_with_a_note(said: Any, proposed: str, why: str) -> None:
    out, _ = said(tool(SAID | {"policy": proposed}))
    assert "with which the check passes" not in out
    assert why in out


def test_a_proposal_for_a_file_that_is_gone_is_left_out(said: Any) -> None:
    Path("p.json").unlink()
    assert "nothing can be proved" in said(tool(SAID | {"policy": policy(OWN)}))[0]


THROTTLED = Answer(
    429, {"message": "slow"}, {"x-amzn-ErrorType": "ThrottlingException", "Content-Type": "application/json"}
)


REFUSES = Answer(
    body={
        "output": {"message": {"role": "assistant", "content": [{"text": "I refuse."}]}},
        "stopReason": "end_turn",
        "usage": {},
        "metrics": {},
    }
)


@pytest.mark.parametrize(
    "answers",
    [
        [tool(SAID, reason="max_tokens")],
        [tool(SAID, reason="guardrail_intervened")],
        [tool(SAID, name="other")],
        [tool({"headline": "only"})],
        [tool(SAID | {"headline": "x" * 300})],
        [tool(SAID | {"safe": True})],
        [tool("words")],
        [REFUSES],
        [Answer(body="no JSON")] * 3,
        [Answer(403, {"message": TOKEN}, {"x-amzn-ErrorType": "AccessDeniedException"})],
        [Answer(400, {"message": "x"}, {"x-amzn-ErrorType": "ValidationException"})],
    ],
)
def test_without_a_good_answer_the_computed_text_stands_alone(said: Any, answers: list[Answer]) -> None:
    alone, _ = said(wording=False)
    out, error = said(*answers)
    assert out == alone
    assert "Without words of a model" in error


def test_throttling_is_tried_again_a_few_times(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert "Name the account." in said(THROTTLED, THROTTLED, tool(SAID))[0]
    assert "Without words" in said(THROTTLED, THROTTLED, THROTTLED, tool(SAID))[1]


def test_a_model_that_does_not_answer_in_time_is_given_up(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "analyzers.telling.bedrock.Model.__init__.__kwdefaults__", {"read_timeout": 0.2, "attempts": 1}, raising=False
    )
    assert "Without words of a model" in said(tool(SAID)._replace(hang=0.6))[1]


def test_a_models_words_are_escaped_like_a_policys(said: Any) -> None:
    evil = "<img src=x> @octocat https://evil.example [x](y)"
    out, _ = said(tool({"headline": evil, "explanation": evil + "\n/close", "steps": [evil]}))
    words = out[out.index("Written by a model") :]
    assert "@octocat" not in words
    assert "://evil" not in words
    assert "\\<img" in words
    assert "\n/close" not in words
