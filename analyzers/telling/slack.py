"""Slack: with a bot's token one message for each finding, changed later; with a webhook one message a run.

Texts go in blocks of plain text, in which Slack looks for nothing. A message's metadata tell that it is ours:
https://docs.slack.dev/messaging/message-metadata/
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from analyzers.checks.escaping import title

from .access import TIMEOUT, address, said, seconds, secret
from .finding import Finding
from .keeping import Item
from .patience import Later, Refused
from .texts import Entry, Marker, State, digest, marker_of, scope_of, sentence

EVENT = "analyzer_portal_finding"
PAGES = 5
"""Of 200 messages each, in which ours are looked for; older ones are told anew."""
MAX_TEXT = 2_900
"""Slack takes 3,000 characters in a block."""
MOST_BLOCKS = 40
_silent = logging.getLogger(f"{__name__}.client")
_silent.disabled = True
_silent.setLevel(logging.CRITICAL)


class Messages:
    """In one channel (its id); of one pipeline (its name)."""

    def __init__(self, channel: str, name: str) -> None:
        self._token = secret(
            "SLACK_BOT_TOKEN", "a bot's token with chat:write, channels:history, metadata.message:read"
        )
        base = address("SLACK_API_URL", "https://slack.com/api/")
        self._client = WebClient(self._token, base, timeout=TIMEOUT, retry_handlers=[], logger=_silent)
        self._channel = channel
        self._scope, self._bot = scope_of(name), ""

    @contextmanager
    def _calling(self) -> Iterator[None]:
        try:
            yield
        except SlackApiError as error:
            raise self._translated(error.response) from None
        except (SlackClientError, OSError, ValueError) as error:
            raise Later(f"Slack could not be reached ({type(error).__name__}).", perhaps=True) from None

    def _translated(self, response: Any) -> Exception:
        name = said(response.get("error") or "", self._token)
        message = f"Slack answered {response.status_code}: {name}."
        headers = {key.lower(): value for key, value in response.headers.items()}
        if response.status_code == 429 or name in ("ratelimited", "rate_limited"):
            return Later(message, seconds(headers.get("retry-after")))
        if response.status_code >= 500 or name in ("internal_error", "fatal_error", "service_unavailable"):
            return Later(message, perhaps=True)
        return Refused(message, everything=name != "msg_too_long")

    def items(self) -> list[Item]:
        with self._calling():
            self._bot = self._bot or str(self._client.auth_test()["bot_id"])
            found: list[Item] = []
            cursor = None
            for _ in range(PAGES):
                page = self._client.conversations_history(
                    channel=self._channel, limit=200, cursor=cursor, include_all_metadata=True
                )
                found += filter(None, map(self._item, page["messages"]))
                cursor = (page.get("response_metadata") or {}).get("next_cursor")
                if not cursor:
                    break
            return found[::-1]

    def _item(self, message: dict[str, Any]) -> Item | None:
        data = message.get("metadata") or {}
        told = data.get("event_payload") or {}
        if data.get("event_type") != EVENT or message.get("bot_id") != self._bot:
            return None
        try:
            marker = Marker(str(told["scope"]), str(told["key"]), State(told["state"]))
        except (KeyError, ValueError):
            return None
        ts = str(message["ts"])
        return Item(
            marker, str(told.get("title", "")), str(told.get("digest", "")), marker.state is State.FAILING, ts, ts
        )

    def create(self, entry: Entry) -> str:
        with self._calling():
            return str(self._client.chat_postMessage(channel=self._channel, **_message(entry, self._scope))["ts"])

    def change(self, item: Item, entry: Entry) -> None:
        with self._calling():
            self._client.chat_update(channel=self._channel, ts=item.handle, **_message(entry, self._scope))


def entry(finding: Finding, name: str) -> Entry:
    """As for the other services, but of plain text. `name`: of the pipeline."""
    if finding.passes:
        return Entry(finding.key, State.PASSES, sentence(finding), f"✅ passes now: {sentence(finding)}")
    lines = [f"❌ {sentence(finding)}" if finding.result == "FAIL" else f"❔ could not be decided: {sentence(finding)}"]
    lines += [f"why this rule: {finding.why}"] if finding.why else []
    for problem in finding.problems[:5]:
        lines += [f"• {problem.file}:{problem.line} {problem.message}"]
        lines += [f"   for example: {problem.request}"] if problem.request else []
    for mend in finding.mends[:1]:
        lines += [f"mend: {mend.summary}", mend.diff, mend.loss]
    return Entry(finding.key, State.FAILING, sentence(finding), "\n".join([*lines, f"({name})"]))


def _message(entry: Entry, scope: str) -> dict[str, Any]:
    body = entry.body.partition("\n")[2] if marker_of(entry.body) else entry.body
    told = {"scope": scope, "key": entry.key, "state": str(entry.state), "title": title(entry.title, 200)}
    return {
        "text": _escaped(title(entry.title, 300)),
        "blocks": _blocks([body]),
        "metadata": {"event_type": EVENT, "event_payload": told | {"digest": digest(entry.body)}},
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"type": "section", "text": {"type": "plain_text", "text": _cut(text), "emoji": False}}
        for text in texts[:MOST_BLOCKS]
    ]


def _cut(text: str) -> str:
    text = "\n".join(title(line, MAX_TEXT) if line.strip() else "" for line in text.split("\n")[:200])
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text/#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Webhook:
    """One message with all that fails, to the address in SLACK_WEBHOOK_URL, which is as secret as a token."""

    def __init__(self) -> None:
        self._url = secret("SLACK_WEBHOOK_URL", "the address of an incoming webhook")
        address("SLACK_WEBHOOK_URL")
        self._client = WebhookClient(self._url, timeout=TIMEOUT, retry_handlers=[], logger=_silent)

    def send(self, findings: Sequence[Finding], name: str) -> None:
        """Raises Later or Refused."""
        failing = [one for one in findings if not one.passes]
        head = f"{title(name, 100)}: {len(failing)} of {len(findings)} checks do not pass"
        texts = [head, *(entry(one, name).body for one in failing)]
        if len(texts) > MOST_BLOCKS:
            texts = [*texts[: MOST_BLOCKS - 1], f"and {len(texts) - MOST_BLOCKS + 1} more"]
        try:
            answer = self._client.send(text=_escaped(head), blocks=_blocks(texts), unfurl_links=False)
        except Exception as error:  # whatever the client raises must not show the address
            raise Later(f"Slack could not be reached ({type(error).__name__}).") from None
        if answer.status_code == 200:
            return
        parts = [part for part in self._url.split("/")[3:] if len(part) > 8]
        message = f"Slack answered {answer.status_code}: {said(answer.body, self._url, *parts)}."
        after = seconds({key.lower(): value for key, value in answer.headers.items()}.get("retry-after"))
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Later(message, after)
        raise Refused(message, everything=True)
