"""Servers on loopback that behave like the services: their REST answers, pages, limits and failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    raw: bytes = b""


class Answer(NamedTuple):
    """`hang`: seconds before it comes. `drop`: the connection is closed without one. `after`: it is done before."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}
    hang: float = 0
    drop: bool = False
    after: bool = False


@dataclass
class Service:
    """`faults`: (method, words of the path, answer) that come instead of the right answer, each once, in order."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    faults: list[tuple[str, str, Answer]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def handled(self, request: Request) -> Answer:
        self.requests.append(request)
        for number, (method, words, fault) in enumerate(self.faults):
            if request.method == method and words in request.path:
                del self.faults[number]
                if fault.after:
                    self.answer(request)
                return fault
        return self.answer(request)

    def writes(self) -> list[Request]:
        return [one for one in self.requests if one.method != "GET"]

    @contextmanager
    def serving(self) -> Iterator[Service]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.handled))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def _handler(handled: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            kind = self.headers.get("Content-Type", "")
            text = raw.decode()
            body: Any = None
            if "json" in kind and text:
                body = json.loads(text)
            elif "urlencoded" in kind:
                body = {name: values[0] for name, values in parse_qs(text).items()}
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            path = unquote(parts.path)
            answer = handled(Request(self.command, path, query, body, dict(self.headers), raw))
            time.sleep(answer.hang)
            if answer.drop:
                self.close_connection = True
                return
            sent = b"" if answer.body is None else json.dumps(answer.body).encode()
            if isinstance(answer.body, str):
                sent = answer.body.encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            with suppress(BrokenPipeError):  # who does not wait for slow answers has gone
                self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_PUT = _do  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def page(request: Request, found: list[Any], url: str, most: int = 100) -> Answer:
    """With the Link header of GitHub and GitLab."""
    size, number = min(most, int(request.query.get("per_page", 30))), int(request.query.get("page", 1))
    part = found[(number - 1) * size : number * size]
    headers = {"X-Page": str(number), "X-Per-Page": str(size)}
    if number * size < len(found):
        query = "&".join(f"{name}={value}" for name, value in (request.query | {"page": str(number + 1)}).items())
        headers["Link"] = f'<{url}{request.path}?{query}>; rel="next"'
    return Answer(body=part, headers=headers)


@dataclass
class GitHub(Service):
    """One repository, acme/shop, with pull request 7. `user`: who the token is; empty: a workflow's token."""

    user: str = "portal"
    size: int = 2
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        path = request.path.strip("/").split("/")
        if request.headers.get("Authorization") != "token s3cret-t0ken" and (
            request.headers.get("Authorization") != "Bearer s3cret-t0ken"
        ):
            return Answer(401, {"message": "Bad credentials"})
        if path == ["user"]:
            if not self.user:
                return Answer(403, {"message": "Resource not accessible by integration"})
            return Answer(body={"login": self.user, "url": f"{self.url}/user"})
        if path[:3] != ["repos", "acme", "shop"]:
            return Answer(404, {"message": "Not Found"})
        match request.method, path[3:]:
            case "GET", ["issues"]:
                labels = set(request.query.get("labels", "").split(",")) - {""}
                found = [one for one in self.issues if labels <= {label["name"] for label in one["labels"]}]
                return page(request, found, self.url, self.size)
            case "POST", ["issues"]:
                return Answer(201, self._new_issue(request.body))
            case "PATCH", ["issues", number]:
                issue = next(one for one in self.issues if one["number"] == int(number))
                issue.update({key: value for key, value in request.body.items() if key != "labels"})
                return Answer(body=issue)
            case "GET", ["issues", "7"]:
                return Answer(body={"number": 7, "url": f"{self.url}/repos/acme/shop/issues/7", "title": "change"})
            case "GET", ["issues", "7", "comments"]:
                return page(request, self.comments, self.url, self.size)
            case "POST", ["issues", "7", "comments"]:
                return Answer(201, self.comment(request.body["body"], self.user or "github-actions[bot]"))
            case "PATCH", ["issues", "comments", number]:
                comment = next(one for one in self.comments if one["id"] == int(number))
                comment.update(request.body)
                return Answer(body=comment)
        return Answer(404, {"message": "Not Found"})

    def _new_issue(self, given: dict[str, Any]) -> dict[str, Any]:
        number = 10 + len(self.issues)
        self.issues.append(
            {
                "number": number,
                "state": "open",
                "user": {"login": self.user or "github-actions[bot]"},
                "url": f"{self.url}/repos/acme/shop/issues/{number}",
                "html_url": f"{self.url}/acme/shop/issues/{number}",
                **given,
                "labels": [{"name": name} for name in given["labels"]],
            }
        )
        return self.issues[-1]

    def comment(self, body: str, user: str) -> dict[str, Any]:
        number = 100 + len(self.comments)
        self.comments.append(
            {
                "id": number,
                "body": body,
                "user": {"login": user},
                "url": f"{self.url}/repos/acme/shop/issues/comments/{number}",
                "html_url": f"{self.url}/acme/shop/pull/7#issuecomment-{number}",
            }
        )
        return self.comments[-1]


@dataclass
class GitLab(Service):
    """One project, acme/shop, with merge request 7."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("PRIVATE-TOKEN") != "s3cret-t0ken":
            return Answer(401, {"message": "401 Unauthorized"})
        match request.method, request.path.removeprefix("/api/v4/"):
            case "GET", "user":
                return Answer(body={"id": 5, "username": "portal"})
            case "GET", "projects/acme/shop/issues":
                return page(request, self.issues, self.url, 2)
            case "POST", "projects/acme/shop/issues":
                number = 1 + len(self.issues)
                fixed = {"iid": number, "id": 900 + number, "state": "opened", "author": {"id": 5}}
                self.issues.append({**request.body, **fixed, "web_url": f"{self.url}/issues/{number}"})
                return Answer(201, self.issues[-1])
            case "PUT", path if path.startswith("projects/acme/shop/issues/"):
                issue = self.issues[int(path.rpartition("/")[2]) - 1]
                event = request.body.pop("state_event", "")
                issue.update(request.body)
                issue["state"] = {"close": "closed", "reopen": "opened"}.get(event, issue["state"])
                return Answer(body=issue)
            case "GET", "projects/acme/shop/merge_requests/7/notes":
                return page(request, self.notes, self.url, 2)
            case "POST", "projects/acme/shop/merge_requests/7/notes":
                self.note(request.body["body"], 5)
                return Answer(201, self.notes[-1])
            case "PUT", path if "/merge_requests/7/notes/" in path:
                note = self.notes[int(path.rpartition("/")[2]) - 1]
                note.update(request.body)
                return Answer(body=note)
        return Answer(404, {"message": "404 Not Found"})

    def note(self, body: str, author: int) -> None:
        self.notes.append({"id": 1 + len(self.notes), "body": body, "author": {"id": author}, "system": False})


@dataclass
class Slack(Service):
    """Channel C1, and a webhook."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    hooked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/T/B/s3cret-t0ken":
            self.hooked.append(request.body)
            return Answer(body="ok", headers={"Content-Type": "text/plain"})
        if request.headers.get("Authorization") != "Bearer s3cret-t0ken":
            return Answer(body={"ok": False, "error": "invalid_auth"})
        given = {**request.query, **(request.body or {})}
        match request.path:
            case "/api/auth.test":
                return Answer(body={"ok": True, "bot_id": "B1"})
            case "/api/conversations.history":
                newest = self.messages[::-1]
                start = int(given.get("cursor") or 0)
                rest = str(start + 1) if start + 1 < len(newest) else ""
                return Answer(
                    body={
                        "ok": True,
                        "messages": newest[start : start + 1],
                        "response_metadata": {"next_cursor": rest},
                    }
                )
            case "/api/chat.postMessage":
                self.messages.append(self._message(given) | {"bot_id": "B1", "ts": f"{len(self.messages)}.5"})
                return Answer(body={"ok": True, "ts": self.messages[-1]["ts"]})
            case "/api/chat.update":
                next(one for one in self.messages if one["ts"] == given["ts"]).update(self._message(given))
                return Answer(body={"ok": True, "ts": given["ts"]})
        return Answer(body={"ok": False, "error": "unknown_method"})

    @staticmethod
    def _message(given: dict[str, Any]) -> dict[str, Any]:
        read = {
            key: json.loads(given[key]) if isinstance(given[key], str) else given[key] for key in ("blocks", "metadata")
        }
        return {"text": given["text"], **read}


@dataclass
class Receiver(Service):
    def answer(self, request: Request) -> Answer:
        return Answer(204)


@dataclass
class Bedrock(Service):
    """`says`: the next answers of Converse, by their body; `tool` makes one."""

    says: list[Answer] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if not request.path.endswith("/converse"):
            return Answer(404, {"message": "unknown"})
        return self.says.pop(0)


def tool(given: Any, reason: str = "tool_use", name: str = "explain") -> Answer:
    content = [{"toolUse": {"toolUseId": "t1", "name": name, "input": given}}]
    return Answer(
        body={
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reason,
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
            "metrics": {"latencyMs": 1},
        }
    )
