from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzers.telling import patience

from .server import Bedrock, GitHub, GitLab, Receiver, Slack

TOKEN = "s3cret-t0ken"
Tell = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits: the seconds that would have been waited."""
    waited: list[float] = []
    monkeypatch.setattr(patience.Patience.__init__, "__defaults__", (5, 120.0, 600.0, 1.0, waited.append, 0.0))
    monkeypatch.setenv("GITHUB_SECONDS_BETWEEN_WRITES", "0")
    for name in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "CI_PROJECT_PATH", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return waited


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    service = GitHub()
    with service.serving():
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_API_URL", service.url)
        yield service


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    service = GitLab()
    with service.serving():
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        monkeypatch.setenv("GITLAB_URL", service.url)
        yield service


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    service = Slack()
    with service.serving():
        monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("SLACK_API_URL", f"{service.url}/api/")
        monkeypatch.setenv("SLACK_WEBHOOK_URL", f"{service.url}/services/T/B/{TOKEN}")
        yield service


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    service = Receiver()
    with service.serving():
        monkeypatch.setenv("WEBHOOK_URL", f"{service.url}/in")
        monkeypatch.setenv("WEBHOOK_SECRET", TOKEN)
        yield service


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    service = Bedrock()
    with service.serving():
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", service.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", TOKEN)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield service


def finding(name: str = "Reports", result: str = "FAIL", **given: Any) -> dict[str, Any]:
    problem = {
        "code": "no-public-access",
        "level": "error",
        "message": f"Statement 0 lets everybody in to {name}.",
        "file": "template.yaml",
        "line": 12,
        "elements": [{"file": "template.yaml", "line": 12, "column": 3, "text": "*"}],
        "request": "Anybody could call s3:GetObject on arn:aws:s3:::b/k.",
    }
    return {
        "check": "no-public-access",
        "rule": "",
        "why": "",
        "result": result,
        "message": "Nobody unnamed gets in." if result == "PASS" else "Everybody gets in.",
        "policy": {"file": "template.yaml", "line": 9, "name": name, "element": "PolicyDocument"},
        "problems": [] if result == "PASS" else [problem],
        "missing": [],
        "mends": [],
        **given,
    }


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Writes the findings as a result and tells it: the exit status, and all that was printed."""
    from analyzers.checks.cli.main import main

    def run(findings: list[dict[str, Any]], *arguments: str, unreadable: list[str] | None = None) -> tuple[int, str]:
        path = tmp_path / "result.json"
        path.write_text(json.dumps({"result": "FAIL", "outcomes": findings, "unreadable": unreadable or []}))
        capsys.readouterr()
        status = main(["tell", arguments[0], str(path), *arguments[1:]])
        told = capsys.readouterr()
        assert TOKEN not in told.out + told.err
        return status, told.out + told.err

    return run
