"""GitLab: issues, or notes on a merge request.

Rate limits: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import gitlab
import requests
from gitlab.exceptions import GitlabError

from .access import TIMEOUT, address, said, seconds, secret
from .keeping import Item
from .patience import Later, Refused
from .texts import Entry, State, digest, marker_of

MOST = 5_000
_ONCE = {"obey_rate_limit": False, "retry_transient_errors": False}
"""No retries of the client: see patience.py."""


class Api:
    """Signed in to one project: its path or number."""

    def __init__(self, project: str) -> None:
        self._token = secret("GITLAB_TOKEN", "a project access token with the scope api")
        self._after: str | None = None
        session = requests.Session()
        session.hooks["response"] = [self._answered]
        url = address("GITLAB_URL", "https://gitlab.com")
        self._client = gitlab.Gitlab(url, self._token, timeout=TIMEOUT, per_page=100, session=session)
        self.project: Any = self._client.projects.get(project, lazy=True)
        self._author = 0

    def _answered(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """The client's errors do not tell the headers."""
        self._after = response.headers.get("Retry-After")

    def author(self) -> int:
        if not self._author:
            self._author = int(self._client.http_get("/user", **_ONCE)["id"])  # type: ignore[index,arg-type]
        return self._author

    @contextmanager
    def calling(self) -> Iterator[None]:
        try:
            yield
        except GitlabError as error:
            raise self._translated(error) from None
        except requests.exceptions.RequestException as error:
            raise Later(f"GitLab could not be reached ({type(error).__name__}).", perhaps=True) from None

    def _translated(self, error: GitlabError) -> Exception:
        status = error.response_code or 0
        message = f"GitLab answered {status}: {said(error.error_message, self._token)}."
        if status == 429:
            return Later(message, seconds(self._after))
        if status >= 500:
            return Later(message, seconds(self._after), perhaps=True)
        return Refused(message, everything=status in (401, 403))


class Issues:
    """One issue for each finding, all with a label, by which they are found again."""

    def __init__(self, api: Api, label: str) -> None:
        self._api, self._label = api, label

    def items(self) -> list[Item]:
        with self._api.calling():
            chosen = {"labels": [self._label], "author_id": self._api.author(), "scope": "all", "sort": "asc"}
            listed = self._api.project.issues.list(iterator=True, **chosen, **_ONCE)
            return [
                Item(marker, one.title, digest(one.description), one.state == "opened", one.web_url, one)
                for one in islice(listed, MOST)
                if (marker := marker_of(one.description)) and one.author["id"] == self._api.author()
            ]

    def create(self, entry: Entry) -> str:
        with self._api.calling():
            new = {"title": entry.title, "description": entry.body, "labels": self._label}
            return str(self._api.project.issues.create(new, **_ONCE).web_url)

    def change(self, item: Item, entry: Entry) -> None:
        event = "reopen" if entry.state is State.FAILING else "close"
        new = {"title": entry.title, "description": entry.body}
        if item.open != (event == "reopen"):
            new["state_event"] = event
        with self._api.calling():
            self._api.project.issues.update(item.handle.iid, new, **_ONCE)


class Notes:
    """One note on a merge request for each finding. A note cannot be closed: it then says that the check passes."""

    def __init__(self, api: Api, number: int) -> None:
        self._api, self._number = api, number

    def _notes(self) -> Any:
        return self._api.project.mergerequests.get(self._number, lazy=True).notes

    def items(self) -> list[Item]:
        with self._api.calling():
            author = self._api.author()
            found = []
            for one in islice(self._notes().list(iterator=True, sort="asc", order_by="created_at", **_ONCE), MOST):
                marker = marker_of(one.body)
                if marker and not one.system and one.author["id"] == author:
                    title = said(one.body.partition("\n")[2])
                    found.append(
                        Item(marker, title, digest(one.body), marker.state is State.FAILING, f"note {one.id}", one)
                    )
            return found

    def create(self, entry: Entry) -> str:
        with self._api.calling():
            return f"note {self._notes().create({'body': entry.body}, **_ONCE).id}"

    def change(self, item: Item, entry: Entry) -> None:
        with self._api.calling():
            self._notes().update(item.handle.id, {"body": entry.body}, **_ONCE)
