"""Findings as issues and comments on GitHub."""

from __future__ import annotations

import logging
import time

import pytest

from .conftest import TOKEN, Tell, finding
from .server import Answer, GitHub

ISSUES = ("github", "--issues", "--repository", "acme/shop")
PULL = ("github", "--pull-request", "7", "--repository", "acme/shop")
PASSES = [finding("Reports", "PASS"), finding("Queue", "PASS")]
FAILS = [finding("Reports"), finding("Queue")]


def states(github: GitHub) -> list[str]:
    return [one["state"] for one in github.issues]


def test_a_failure_makes_an_issue_a_second_run_no_other_and_a_pass_closes_it(github: GitHub, tell: Tell) -> None:
    assert tell(FAILS, *ISSUES)[0] == 0
    assert [one["title"] for one in github.issues] == [
        "fails: no-public-access: template.yaml: Reports.PolicyDocument",
        "fails: no-public-access: template.yaml: Queue.PolicyDocument",
    ]
    writes = len(github.writes())
    assert "already told" in tell(FAILS, *ISSUES)[1]
    assert len(github.writes()) == writes
    moved = [{**one, "problems": [{**one["problems"][0], "line": 40}]} for one in FAILS]
    assert "updated" in tell(moved, *ISSUES)[1]
    assert len(github.issues) == 2
    assert "template.yaml:40" in github.issues[0]["body"]
    assert "closed" in tell(PASSES, *ISSUES)[1]
    assert states(github) == ["closed", "closed"]
    assert "passes now" in github.issues[0]["body"]
    assert tell(PASSES, *ISSUES) == (0, "Nothing to tell.\n")


def test_of_two_findings_the_mended_one_is_closed_alone(github: GitHub, tell: Tell) -> None:
    tell(FAILS, *ISSUES)
    tell([finding("Reports", "PASS"), finding("Queue")], *ISSUES)
    assert states(github) == ["closed", "open"]


def test_what_fails_again_is_opened_again(github: GitHub, tell: Tell) -> None:
    for findings in (FAILS, PASSES, FAILS):
        assert tell(findings, *ISSUES)[0] == 0
    assert states(github) == ["open", "open"]


def test_what_cannot_be_decided_any_more_is_not_closed(github: GitHub, tell: Tell) -> None:
    tell(FAILS[:1], *ISSUES)
    tell([finding("Reports", "UNKNOWN")], *ISSUES)
    assert states(github) == ["open"]
    assert "could not be decided" in github.issues[0]["body"]


def test_files_that_cannot_be_read_are_told_too(github: GitHub, tell: Tell) -> None:
    tell([], *ISSUES, unreadable=["broken.yaml: line 3: a tab."])
    assert "broken.yaml: line 3" in github.issues[0]["body"]
    tell([], *ISSUES)
    assert states(github) == ["closed"]


def test_what_is_not_in_a_result_stays_open_unless_the_result_is_complete(github: GitHub, tell: Tell) -> None:
    tell(FAILS, *ISSUES)
    assert "not in this result" in tell(FAILS[:1], *ISSUES)[1]
    assert states(github) == ["open", "open"]
    tell(FAILS[:1], *ISSUES, "--complete")
    assert states(github) == ["open", "closed"]


def test_pipelines_of_different_names_leave_each_other_alone(github: GitHub, tell: Tell) -> None:
    tell(FAILS[:1], *ISSUES, "--name", "one")
    tell(PASSES[:1], *ISSUES, "--name", "two", "--complete")
    assert states(github) == ["open"]


def test_an_issue_that_a_person_closed_stays_closed(github: GitHub, tell: Tell) -> None:
    tell(FAILS[:1], *ISSUES)
    github.issues[0]["state"] = "closed"
    moved = [{**FAILS[0], "message": "Worse."}]
    assert "somebody has closed" in tell(moved, *ISSUES)[1]
    assert states(github) == ["closed"]


def test_comments_are_written_changed_and_say_that_it_passes(github: GitHub, tell: Tell) -> None:
    for findings in (FAILS, FAILS, [{**FAILS[0], "message": "Other."}, FAILS[1]]):
        assert tell(findings, *PULL)[0] == 0
    assert len(github.comments) == 2
    assert "Other" in github.comments[0]["body"]
    writes = len(github.writes())
    tell(PASSES, *PULL)
    tell(PASSES, *PULL)
    assert all("passes now" in one["body"] for one in github.comments)
    assert len(github.writes()) == writes + 2
    tell(FAILS, *PULL)
    assert len(github.comments) == 2
    assert "fails" in github.comments[0]["body"]


def test_a_strangers_comment_with_a_copied_marker_is_left_alone(github: GitHub, tell: Tell) -> None:
    tell(FAILS[:1], *PULL)
    copied = github.comments[0]["body"]
    github.comments.clear()
    github.comment(copied, "mallory")
    github.comment(f"quoted:\n{copied}", "portal")
    tell(PASSES[:1], *PULL, "--complete")
    assert [one["body"] for one in github.comments] == [copied, f"quoted:\n{copied}"]
    tell(FAILS[:1], *PULL)
    assert [one["user"]["login"] for one in github.comments] == ["mallory", "portal", "portal"]


def test_a_workflows_token_signs_as_the_workflow(github: GitHub, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    github.user = ""
    status, said = tell(FAILS[:1], *ISSUES)
    assert (status, "--author" in said, github.issues) == (1, True, [])
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert tell(FAILS[:1], *ISSUES)[0] == 0
    assert tell(PASSES[:1], *ISSUES)[0] == 0
    assert states(github) == ["closed"]


LIMIT = {"message": "API rate limit exceeded for user ID 1."}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        (Answer(429, SECONDARY, {"Retry-After": "30"}), 30),
        (Answer(403, SECONDARY, {"Retry-After": "30"}), 30),
        (Answer(403, SECONDARY), 60),
        (Answer(429, "no JSON"), 60),
        (Answer(500, {"message": "oops"}), 1),
        (Answer(502, "<html>bad gateway"), 1),
        (Answer(drop=True), 1),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_limits_and_failures_are_waited_out(
    github: GitHub, tell: Tell, waits: list[float], answer: Answer, waited: float, method: str
) -> None:
    github.faults = [(method, "/issues", answer)]
    assert tell(FAILS[:1], *ISSUES)[0] == 0
    assert waits == [waited]
    assert len(github.issues) == 1


def test_the_primary_limit_is_waited_for_until_its_reset(github: GitHub, tell: Tell, waits: list[float]) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 50)}
    github.faults = [("POST", "/issues", Answer(403, LIMIT, headers))]
    assert tell(FAILS[:1], *ISSUES)[0] == 0
    assert 40 < waits[0] < 60


def test_a_limit_that_is_too_long_is_told_and_the_rest_is_not_tried(
    github: GitHub, tell: Tell, waits: list[float]
) -> None:
    github.faults = [("POST", "/issues", Answer(429, SECONDARY, {"Retry-After": "86400"}))]
    status, said = tell(FAILS, *ISSUES)
    assert (status, said.count("NOT TOLD"), waits, len(github.writes())) == (1, 2, [], 1)


@pytest.mark.parametrize("answer", [Answer(504, {"message": "slow"}, after=True), Answer(drop=True, after=True)])
def test_what_was_done_in_spite_of_an_error_is_not_done_twice(github: GitHub, tell: Tell, answer: Answer) -> None:
    github.faults = [("POST", "/issues", answer)]
    assert tell(FAILS[:1], *ISSUES)[0] == 0
    assert len(github.issues) == 1
    github.faults = [("POST", "/comments", answer)]
    assert tell(FAILS[:1], *PULL)[0] == 0
    assert len(github.comments) == 1


def test_after_a_run_that_broke_off_the_next_one_completes(github: GitHub, tell: Tell) -> None:
    github.faults = [("POST", "/issues", Answer(422, {"message": "Validation Failed"}))]
    status, said = tell(FAILS, *ISSUES)
    assert (status, len(github.issues)) == (1, 1)
    assert "NOT TOLD: fails: no-public-access: template.yaml: Reports" in said
    assert tell(FAILS, *ISSUES)[0] == 0
    assert len(github.issues) == 2
    github.faults = [("PATCH", "/issues", Answer(500, {"message": "x"}))] * 5
    assert tell(PASSES, *ISSUES)[0] == 1
    assert tell(PASSES, *ISSUES)[0] == 0
    assert states(github) == ["closed", "closed"]


def test_an_answer_that_does_not_come_is_not_waited_for(
    github: GitHub, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzers.telling.github.TIMEOUT", 1)
    github.faults = [("POST", "/issues", Answer(hang=1.3, after=True))]
    assert tell(FAILS[:1], *ISSUES)[0] == 0
    assert len(github.issues) == 1


def test_a_wrong_token_is_told_without_being_shown(
    github: GitHub, tell: Tell, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tell(FAILS, *ISSUES)
    assert TOKEN not in caplog.text
    monkeypatch.setenv("GITHUB_TOKEN", "an0ther")
    github.faults = [("GET", "/user", Answer(401, {"message": "Bad credentials an0ther"}))]
    status, said = tell(FAILS, *ISSUES)
    assert (status, "401" in said, "an0ther" in said) == (1, True, False)


def test_wrong_use_has_status_2(github: GitHub, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tell(FAILS, "github", "--issues")[0] == 2
    with pytest.raises(SystemExit) as ended:
        tell(FAILS, "github", "--pull-request", "0", "--repository", "acme/shop")
    assert ended.value.code == 2
    monkeypatch.setenv("GITHUB_API_URL", "http://github.example.com")
    assert tell(FAILS, *ISSUES)[0] == 2
    monkeypatch.delenv("GITHUB_TOKEN")
    assert tell(FAILS, *ISSUES)[0] == 2
    assert github.requests == []


def test_dry_run_needs_no_token_and_tells_nobody(github: GitHub, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    status, said = tell(FAILS, *ISSUES, "--dry-run")
    assert (status, github.requests) == (0, [])
    assert "Everybody gets in." in said
