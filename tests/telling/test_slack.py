"""Findings as messages in Slack."""

from __future__ import annotations

import json

import pytest

from .conftest import Tell, finding
from .server import Answer, Slack

BOT = ("slack", "--channel", "C1")
FAILS = [finding("Reports"), finding("Queue")]
PASSES = [finding("Reports", "PASS"), finding("Queue", "PASS")]


def texts(slack: Slack) -> list[str]:
    return [one["blocks"][0]["text"]["text"] for one in slack.messages]


def test_a_message_is_posted_once_changed_and_says_that_it_passes(slack: Slack, tell: Tell) -> None:
    assert tell(FAILS, *BOT)[0] == 0
    writes = [one for one in slack.requests if "chat." in one.path]
    tell(FAILS, *BOT)
    assert [one for one in slack.requests if "chat." in one.path] == writes
    tell([{**FAILS[0], "message": "Other."}, PASSES[1]], *BOT)
    assert len(slack.messages) == 2
    assert "Other." in texts(slack)[0]
    assert "passes now" in texts(slack)[1]
    tell(FAILS, *BOT)
    assert "passes now" not in texts(slack)[1]


def test_another_bots_message_is_left_alone(slack: Slack, tell: Tell) -> None:
    tell(FAILS[:1], *BOT)
    slack.messages[0]["bot_id"] = "B2"
    tell(PASSES[:1], *BOT)
    assert "passes now" not in texts(slack)[0]


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        (Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "8"}), 8),
        (Answer(500, "oops"), 1),
        (Answer(body={"ok": False, "error": "internal_error"}), 1),
        (Answer(503, "<html>", after=True), 1),
        (Answer(drop=True, after=True), 1),
    ],
)
def test_limits_and_failures_are_waited_out(
    slack: Slack, tell: Tell, waits: list[float], answer: Answer, waited: float
) -> None:
    slack.faults = [("POST", "chat.postMessage", answer)]
    assert tell(FAILS, *BOT)[0] == 0
    assert (waits, len(slack.messages)) == ([waited], 2)


def test_a_wrong_channel_is_told(slack: Slack, tell: Tell) -> None:
    slack.faults = [("POST", "conversations.history", Answer(body={"ok": False, "error": "channel_not_found"}))]
    slack.faults += [("GET", "conversations.history", slack.faults[0][2])]
    status, said = tell(FAILS, *BOT)
    assert (status, "channel_not_found" in said) == (1, True)


def test_a_webhook_gets_one_message_with_what_fails_and_none_if_all_passes(slack: Slack, tell: Tell) -> None:
    assert tell([FAILS[0], PASSES[1]], "slack")[0] == 0
    assert len(slack.hooked) == 1
    told = json.dumps(slack.hooked)
    assert "Reports" in told
    assert "Queue" not in told
    assert tell(PASSES, "slack")[0] == 0
    assert len(slack.hooked) == 1


def test_a_webhook_is_waited_for_and_its_address_never_shown(slack: Slack, tell: Tell, waits: list[float]) -> None:
    slack.faults = [
        ("POST", "/services", Answer(429, "slow down", {"Retry-After": "3"})),
        ("POST", "/services", Answer(drop=True)),
        ("POST", "/services", Answer(403, "invalid_token s3cret-t0ken")),
    ]
    status, said = tell(FAILS, "slack")
    assert (status, waits) == (1, [3, 2])
    assert "403" in said


def test_words_of_a_policy_stay_words(slack: Slack, tell: Tell) -> None:
    tell([finding("<!channel> <http://evil.example|x> @here")], *BOT)
    message = slack.messages[0]
    assert "<" not in message["text"]
    assert {block["text"]["type"] for block in message["blocks"]} == {"plain_text"}
