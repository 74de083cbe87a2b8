"""GitHub, and its Enterprise Server: issues, or comments on a pull request.

Rate limits: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import github
import requests
from github.GithubException import GithubException
from github.Issue import Issue
from github.Repository import Repository

from .access import TIMEOUT, address, said, seconds, secret
from .keeping import Item
from .patience import Later, Refused
from .texts import Entry, State, digest, marker_of

MOST = 5_000
"""Issues or comments that are looked through for ours."""
SECONDARY = 60.0
"""Seconds to wait after a secondary limit that names none, as the documentation asks."""
BETWEEN_WRITES = 1.0
"""Seconds between writes, as the documentation asks."""
ACTIONS = "github-actions[bot]"
"""Who signs in with the token that GitHub gives to a workflow; it must not ask who it is."""


class Api:
    """Signed in to one repository. `author`: whose entries are ours; empty to ask."""

    def __init__(self, repository: str, author: str = "", between_writes: float = BETWEEN_WRITES) -> None:
        self._token = secret("GITHUB_TOKEN", "a token that may write issues or pull requests")
        self._client = github.Github(
            auth=github.Auth.Token(self._token),
            base_url=address("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            timeout=TIMEOUT,
            retry=0,  # see patience.py
            per_page=100,
            seconds_between_requests=0,
            seconds_between_writes=between_writes,
            lazy=True,
        )
        self._author = author
        with self.calling():
            self.repository: Repository = self._client.get_repo(repository)

    def author(self) -> str:
        if not self._author:
            try:
                self._author = self._client.get_user().login
            except GithubException as error:
                if error.status != 403 or _is_limit(error):
                    raise
                if os.environ.get("GITHUB_ACTIONS") != "true":
                    message = "The token may not say whose it is: name its user with --author (an app is NAME[bot])."
                    raise Refused(message, everything=True) from error
                self._author = ACTIONS
        return self._author

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Errors of the client as ours."""
        try:
            yield
        except GithubException as error:
            raise self._translated(error) from None
        except requests.exceptions.RequestException as error:
            raise Later(f"GitHub could not be reached ({type(error).__name__}).", perhaps=True) from None

    def _translated(self, error: GithubException) -> Exception:
        message = f"GitHub answered {error.status}: {said(error.message or _message(error), self._token)}."
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        if error.status == 429 or (error.status == 403 and _is_limit(error)):
            return Later(message, _pause(headers))
        if error.status >= 500:
            return Later(message, seconds(headers.get("retry-after")), perhaps=True)
        return Refused(message, everything=error.status in (401, 403))


def _message(error: GithubException) -> str:
    return str(error.data.get("message", "")) if isinstance(error.data, dict) else ""


def _is_limit(error: GithubException) -> bool:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    words = f"{error.message or ''} {_message(error)}".lower()
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in words


def _pause(headers: dict[str, Any], now: Callable[[], float] = time.time) -> float:
    if (after := seconds(headers.get("retry-after"))) is not None:
        return after
    reset = seconds(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(0.0, reset - now()) + 1
    return SECONDARY


class Issues:
    """One issue for each finding, all with a label, by which they are found again."""

    def __init__(self, api: Api, label: str) -> None:
        self._api, self._label = api, label

    def items(self) -> list[Item]:
        with self._api.calling():
            author = self._api.author()
            found = self._api.repository.get_issues(state="all", labels=[self._label], sort="created", direction="asc")
            return list(filter(None, (_item(one, author) for one in islice(found, MOST))))

    def create(self, entry: Entry) -> str:
        with self._api.calling():
            return self._api.repository.create_issue(entry.title, entry.body, labels=[self._label]).html_url

    def change(self, item: Item, entry: Entry) -> None:
        issue: Issue = item.handle
        with self._api.calling():
            if entry.state is State.FAILING:
                issue.edit(title=entry.title, body=entry.body, state="open")
            else:
                issue.edit(title=entry.title, body=entry.body, state="closed", state_reason="completed")


def _item(issue: Issue, author: str) -> Item | None:
    marker = marker_of(issue.body)
    if marker is None or issue.user is None or issue.user.login != author or "/pull/" in issue.html_url:
        return None
    return Item(marker, issue.title, digest(issue.body), issue.state == "open", issue.html_url, issue)


class Comments:
    """One comment on a pull request for each finding. None can be closed: it then says that the check passes."""

    def __init__(self, api: Api, number: int) -> None:
        self._api, self._number = api, number

    def items(self) -> list[Item]:
        with self._api.calling():
            author = self._api.author()
            found = []
            for one in islice(self._api.repository.get_issue(self._number).get_comments(), MOST):
                marker = marker_of(one.body)
                if marker and one.user and one.user.login == author:
                    is_open = marker.state is State.FAILING
                    found.append(Item(marker, _first_words(one.body), digest(one.body), is_open, one.html_url, one))
            return found

    def create(self, entry: Entry) -> str:
        with self._api.calling():
            return self._api.repository.get_issue(self._number).create_comment(entry.body).html_url

    def change(self, item: Item, entry: Entry) -> None:
        with self._api.calling():
            item.handle.edit(entry.body)


def _first_words(body: str) -> str:
    return said(body.partition("\n")[2])
