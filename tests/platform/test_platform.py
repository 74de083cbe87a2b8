"""The frame: health, locks, embedded servers, the two commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client

from analyzer_portal import health
from tests.links import broken

ROOT = Path(__file__).resolve().parents[2]


def test_the_process_lives(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readiness_names_each_part(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(health.CHECKS, "worker", lambda: "")
    health.note_pulse("beat", time.time())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        **{name: {"up": True} for name in ("database", "broker", "worker", "beat")},
    }


@pytest.mark.django_db
def test_a_dead_broker_is_told_and_does_not_hang(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_redis", lambda: redis.Redis(host="127.0.0.1", port=1, socket_timeout=1))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    state = answer.json()
    assert state["database"] == {"up": True}
    assert "does not answer" in state["broker"]["problem"]


def test_a_probe_may_ask_by_address(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/", headers={"host": "10.1.2.3:8000"}).status_code == 400
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_an_old_sign_of_life_does_not_count() -> None:
    health.note_pulse("beat", time.time() - 3600)
    assert "s ago" in health.beat()


@pytest.mark.parametrize(
    "name",
    [
        "requirements/base.txt",
        "requirements/dev.txt",
        "requirements/bootstrap.txt",
        "requirements/node.txt",
        "package-lock.json",
    ],
)
def test_lock_files_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://", text)
    if name.endswith(".txt"):
        assert text.count("--hash=sha256:") > 0


def test_continuous_integration_runs_the_readme_s_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "\nmake run" in (ROOT / "README.md").read_text()
    assert "\nmake test" in (ROOT / "README.md").read_text()


def test_every_target_is_listed() -> None:
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ["run", "test", "setup", "lint", "format", "bench", "docs", "clean"]:
        assert re.search(rf"^{target}\s", text, re.MULTILINE), target


def test_documents_link_to_what_exists() -> None:
    assert broken() == []


def _environment(data: Path, **more: str) -> dict[str, str]:
    own = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, "DATA": str(data), **more}


def test_a_command_starts_the_servers_it_needs_and_stops_them(folder: Path) -> None:
    command = [sys.executable, "manage.py", "showmigrations", "findings"]
    answer = subprocess.run(command, cwd=ROOT, env=_environment(folder), capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert "0001_initial" in answer.stdout
    assert not (folder / "services.json").exists()
    assert not (folder / "postgres" / "postmaster.pid").exists()


class Portal:
    """`make run`'s process, from its start to its end."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "analyzer_portal.run"],
            cwd=ROOT,
            env=_environment(data, PORT=str(port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until_ready(self) -> str:
        seen = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            seen += line
            if line.startswith("Portal ready at"):
                return seen
        raise AssertionError(seen)

    def end(self) -> float:
        """Seconds until it has ended."""
        began = time.monotonic()
        self.process.wait(30)
        return time.monotonic() - began

    def children(self) -> list[int]:
        import psutil

        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _gone(pids: list[int]) -> bool:
    import psutil

    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_whole_portal_starts_stops_and_starts_again(folder: Path) -> None:
    import urllib.request

    port = _free_port()
    portal = Portal(folder, port)
    try:
        seen = portal.until_ready()
        assert re.search(rf"Portal ready at http://127\.0\.0\.1:{port}  user: admin  password: \S+", seen)
        assert re.search(r"organization +13 +36 +2", seen)
        assert (folder / "admin-password").stat().st_mode & 0o777 == 0o600
        assert (folder / "secret-key").stat().st_mode & 0o777 == 0o600
        password = (folder / "admin-password").read_text().strip()
        logs = "".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
        assert password not in logs
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            assert json.load(answer)["ready"] is True
        second = subprocess.run(
            [sys.executable, "manage.py", "findings_summary"],
            cwd=ROOT, env=_environment(folder), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert "organization" in second.stdout, second.stderr
        children = portal.children()
        assert len(children) >= 4
        portal.process.send_signal(signal.SIGTERM)
        assert portal.end() < 10
        assert _gone(children)
    finally:
        portal.process.kill()
    again = Portal(folder, port)
    try:
        assert re.search(r"organization +13 +36 +2", again.until_ready())
        worker = next(pid for pid in again.children() if "worker" in _command(pid))
        children = again.children()
        os.kill(worker, signal.SIGKILL)  # a crash of one child ends all
        again.end()
        assert again.process.returncode == 1
        assert _gone(children)
    finally:
        again.process.kill()


def _command(pid: int) -> str:
    import psutil

    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


def test_a_taken_port_is_explained(folder: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        portal = Portal(folder, taken.getsockname()[1])
        output, _ = portal.process.communicate(timeout=90)
    assert portal.process.returncode == 1
    assert "Set PORT to another one" in output


def test_a_port_that_is_none_is_explained(folder: Path) -> None:
    for wrong in ("http", "0", "65536", "99999999999999999999"):
        answer = subprocess.run(
            [sys.executable, "-m", "analyzer_portal.run"],
            cwd=ROOT, env=_environment(folder, PORT=wrong), capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert answer.returncode == 1
        assert "a number from 1 to 65535 is needed" in answer.stdout
    assert not folder.exists()


def test_a_scan_survives_the_death_of_its_worker(analyzer: Any, settings: Any) -> None:
    """The lease of a killed process is taken over (see tests/scans); here: what the sweeper sees."""
    from datetime import timedelta

    from django.utils import timezone

    from analyzers.models import ScanChunk
    from analyzers.scans import hand_out_again, request_scan

    scan = request_scan(analyzer)
    ScanChunk.objects.create(
        scan=scan, number=9, resource_ids=[], status="LEASED", lease_expires_at=timezone.now() + timedelta(minutes=1)
    )
    assert hand_out_again() == []
    ScanChunk.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert hand_out_again() == [scan.pk]
