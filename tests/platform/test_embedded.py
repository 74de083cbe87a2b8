"""The embedded servers: who reaches them, and that none outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from analyzer_portal.embedded.folders import LONGEST_SOCKET_FOLDER, socket_folder
from analyzer_portal.embedded.postgres import NotStarted, Postgres
from analyzer_portal.embedded.services import Services
from analyzer_portal.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from analyzer_portal.embedded.services import Services
services = Services(Path(sys.argv[1]))
services.acquire()
print(services.started_here, flush=True)
sys.stdin.read()
services.release()
"""


def _hold(folder: Path) -> subprocess.Popen[str]:
    """A process that starts, or joins, the servers of `folder` until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdin=-1, stdout=-1, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() in {"True", "False"}
    return process


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = _hold(folder)
    yield process
    process.kill()
    process.communicate()


def _servers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line and ("postgres" in line.split()[0] or "valkey" in line or "redis" in line.split()[0]):
            found.append(process)
    return found


def test_the_servers_of_a_killed_process_end_and_the_next_start_recovers(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    servers = _servers(folder)
    assert len(servers) == 2
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    services = Services(folder)
    services.acquire()  # at once, while the old ones are still on their way out
    try:
        assert services.started_here
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis.Redis.from_url(services.redis_url).ping()
        _, left = psutil.wait_procs(servers, timeout=10)
        assert left == []
        assert redis.Redis.from_url(services.redis_url).ping()  # the old one did not take the socket with it
    finally:
        services.release(wait=0)
    assert _servers(folder) == []


def test_who_comes_later_joins_and_does_not_stop_them(folder: Path, holder: subprocess.Popen[str]) -> None:
    services = Services(folder)
    services.acquire()
    assert not services.started_here
    services.release()
    assert len(_servers(folder)) == 2
    holder.communicate("", timeout=30)
    assert holder.returncode == 0
    assert _servers(folder) == []


def test_nobody_else_reaches_the_database(folder: Path, holder: subprocess.Popen[str]) -> None:
    data = folder / "postgres"
    assert data.stat().st_mode & 0o077 == 0
    assert (data / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0
    assert (folder / "redis" / "redis.sock").stat().st_mode & 0o077 == 0
    postmaster = next(process for process in _servers(folder) if "postgres" in process.cmdline()[0])
    assert [link for link in postmaster.net_connections("inet") if link.status == "LISTEN"] == []


def test_a_long_path_gets_a_short_folder_of_its_own(folder: Path) -> None:
    long = folder / ("x" * LONGEST_SOCKET_FOLDER)
    long.mkdir(parents=True)
    short = socket_folder(long)
    try:
        assert short.parent == Path(tempfile.gettempdir())
        assert short.stat().st_mode & 0o777 == 0o700
        assert socket_folder(long) == short
        assert socket_folder(folder / ("y" * LONGEST_SOCKET_FOLDER)) != short
    finally:
        short.rmdir()
        (short.parent / socket_folder(folder / ("y" * LONGEST_SOCKET_FOLDER)).name).rmdir()


def test_both_servers_run_behind_a_long_path(folder: Path) -> None:
    services = Services(folder / ("x" * LONGEST_SOCKET_FOLDER))
    services.acquire()
    try:
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT lower('ÄÖ')").fetchone() == ("äö",)
        assert redis.Redis.from_url(services.redis_url).ping()
        places = [
            Path(url.split(mark)[1]) for url, mark in ((services.database_url, "host="), (services.redis_url, "//"))
        ]
        assert all(place.parent.name.startswith("portal-") or place.name.startswith("portal-") for place in places)
    finally:
        services.release(wait=0)
    assert not any(place.exists() for place in places)


def test_a_link_in_place_of_the_short_folder_is_refused(folder: Path) -> None:
    long = folder / ("x" * LONGEST_SOCKET_FOLDER)
    long.mkdir(parents=True)
    short = socket_folder(long)
    short.rmdir()
    short.symlink_to(folder)
    try:
        with pytest.raises(OSError, match="belongs to somebody else"):
            socket_folder(long)
    finally:
        short.unlink()


def test_an_interrupted_first_start_leaves_nothing_that_matters(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = Postgres(folder / "postgres")
    server.start()
    try:
        assert server.alive()
        assert not half.exists()
    finally:
        server.stop(10)


def test_data_that_is_not_a_database_is_left_alone_and_named(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "diary.txt").write_text("mine")
    with pytest.raises(NotStarted, match="PostgreSQL did not start"):
        Postgres(folder / "postgres").start()
    assert (folder / "postgres" / "diary.txt").read_text() == "mine"


def test_a_damaged_database_says_where_the_log_is(folder: Path) -> None:
    server = Postgres(folder / "postgres")
    server.start()
    server.stop(10)
    (folder / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(NotStarted, match=r"postgres\.log"):
        Postgres(folder / "postgres").start()


def test_a_pid_of_somebody_else_is_not_ended(folder: Path) -> None:
    (folder / "redis").mkdir(parents=True)
    (folder / "redis" / "pid").write_text(str(os.getpid()))
    server = Valkey(folder / "redis")
    server.start()
    try:
        assert server.alive()
    finally:
        server.stop(5)
    assert not server.alive()


def test_a_frozen_broker_does_not_freeze_who_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import RequestFactory

    from analyzer_portal import health

    server = Valkey(folder / "redis")
    server.start()
    client = redis.Redis.from_url(server.url, socket_timeout=10, retry=None)
    monkeypatch.setattr(health, "_redis", lambda: client)
    monkeypatch.setattr(health, "CHECKS", {"broker": health._broker, "beat": health.beat})
    monkeypatch.setattr(health, "PROBES", {name: health.Probe(name) for name in health.CHECKS})
    frozen = psutil.Process(int((folder / "redis" / "pid").read_text()))
    frozen.suspend()
    try:
        began = time.monotonic()
        answer = health.readyz(RequestFactory().get("/readyz"))
        assert time.monotonic() - began < 3
        assert answer.status_code == 503
        assert b"does not answer" in answer.content
    finally:
        frozen.resume()
        server.stop(5)
