"""Findings as issues and notes in GitLab."""

from __future__ import annotations

import pytest

from .conftest import Tell, finding
from .server import Answer, GitLab

ISSUES = ("gitlab", "--issues", "--repository", "acme/shop")
NOTES = ("gitlab", "--merge-request", "7", "--repository", "acme/shop")
FAILS = [finding("Reports"), finding("Queue"), finding("Topic")]
PASSES = [finding("Reports", "PASS"), finding("Queue", "PASS"), finding("Topic", "PASS")]


def test_issues_are_created_once_changed_closed_and_opened_again(gitlab: GitLab, tell: Tell) -> None:
    assert tell(FAILS, *ISSUES)[0] == 0
    writes = len(gitlab.writes())
    assert tell(FAILS, *ISSUES)[0] == 0
    assert (len(gitlab.issues), len(gitlab.writes())) == (3, writes)
    tell([{**FAILS[0], "message": "Other."}, PASSES[1], FAILS[2]], *ISSUES)
    assert [one["state"] for one in gitlab.issues] == ["opened", "closed", "opened"]
    assert "Other" in gitlab.issues[0]["description"]
    tell(FAILS, *ISSUES)
    assert [one["state"] for one in gitlab.issues] == ["opened"] * 3
    tell(PASSES, *ISSUES)
    assert [one["state"] for one in gitlab.issues] == ["closed"] * 3


def test_notes_are_written_once_and_say_that_it_passes(gitlab: GitLab, tell: Tell) -> None:
    tell(FAILS, *NOTES)
    tell(FAILS, *NOTES)
    assert len(gitlab.notes) == 3
    tell(PASSES, *NOTES)
    assert all("passes now" in one["body"] for one in gitlab.notes)


def test_a_strangers_note_with_a_copied_marker_is_left_alone(gitlab: GitLab, tell: Tell) -> None:
    tell(FAILS[:1], *NOTES)
    gitlab.note(gitlab.notes[0]["body"], 6)
    tell(PASSES[:1], *NOTES)
    assert ["passes now" in one["body"] for one in gitlab.notes] == [True, False]


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        (Answer(429, {"message": "Too many"}, {"Retry-After": "17"}), 17),
        (Answer(429, "Retry later"), 1),
        (Answer(500, {"message": "500"}), 1),
        (Answer(503, "<html>", {"Retry-After": "9"}), 9),
        (Answer(502, "<html>", after=True), 1),
        (Answer(drop=True, after=True), 1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_limits_and_failures_are_waited_out(
    gitlab: GitLab, tell: Tell, waits: list[float], answer: Answer, waited: float, method: str
) -> None:
    gitlab.faults = [(method, "/notes", answer)]
    assert tell(FAILS, *NOTES)[0] == 0
    assert (waits, len(gitlab.notes)) == ([waited], 3)


def test_a_limit_that_is_too_long_and_a_wrong_token_are_told(
    gitlab: GitLab, tell: Tell, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.faults = [("POST", "/notes", Answer(429, {"message": "x"}, {"Retry-After": "5000"}))]
    assert tell(FAILS, *NOTES)[0] == 1
    assert (waits, gitlab.notes) == ([], [])
    monkeypatch.setenv("GITLAB_TOKEN", "an0ther")
    status, said = tell(FAILS, *NOTES)
    assert (status, "401" in said, "an0ther" in said) == (1, True, False)
