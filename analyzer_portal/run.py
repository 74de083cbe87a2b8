"""`make run`: everything on one machine, from nothing to a portal that can be used.

Starts PostgreSQL, Redis, web server, worker and beat, loads the sample organization on the first start, scans, and
serves until it is told to stop or a child dies; then all children are stopped.
"""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from .embedded.children import end_with_parent, tied_to_parent
from .embedded.folders import data_folder
from .embedded.postgres import NotStarted
from .embedded.services import Services

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "organization.json"
CRITICAL = (
    "arn:aws:s3:::private-photos",
    "arn:aws:s3:::payment-reports",
    "arn:aws:dynamodb:eu-central-1:123456789012:table/settlements",
    "arn:aws:kms:eu-central-1:123456789012:key/card-data",
)
"""Of the sample: what its internal access analyzer is about."""
UNUSED_DAYS = (365, 90)
"""Tracking periods of its analyzers of unused access."""
CHILDREN_STOP_SECONDS = 4.0
JOINED_STOP_SECONDS = 1.0
SERVERS_STOP_SECONDS = 3.0
"""Together less than ten, and that is what a user waits for at most."""
PORT_SECONDS = 5.0
READY_SECONDS = 60.0

END_SIGNALS = {"worker": signal.SIGKILL}
"""What the system tells a child whose supervisor was killed: a worker would wait for servers that are gone as well.
The sweeper hands its chunks out again."""


class Failed(Exception):
    """A step failed; the message says what to do."""


class Stopped(BaseException):
    """Told to stop by a signal."""


class Portal:
    def __init__(self) -> None:
        self.data = data_folder()
        self.port = _port(os.environ.get("PORT") or "8000")
        self.services = Services(self.data)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.password = ""
        self.first = False

    # -- steps -------------------------------------------------------------------------------------------------

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("looking for a free port", self.await_port),
            ("starting PostgreSQL and Redis", self.start_services),
            ("preparing the database", self.migrate),
            ("preparing the administrator", self.administrator),
            ("loading the sample organization", self.load_sample),
            ("starting web server, worker and beat", self.start_children),
            ("waiting until all answer", self.wait_until_ready),
            ("scanning", self.scan),
        ]

    def await_port(self) -> None:
        """A web server whose supervisor was killed may need some seconds to let go of it."""
        deadline = time.monotonic() + PORT_SECONDS
        while True:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.port))
                    return
                except OSError as error:
                    if time.monotonic() > deadline or error.errno != errno.EADDRINUSE:
                        raise Failed(f"Port {self.port} cannot be used: {error}. Set PORT to another one.") from error
            time.sleep(0.1)

    def start_services(self) -> None:
        try:
            self.services.acquire()
        except (NotStarted, OSError) as error:
            raise Failed(f"{error}\nAnother DATA folder, or DATABASE_URL and REDIS_URL, may help.") from error
        if not self.services.started_here:
            raise Failed(f"A portal runs with the data of {self.data} already. Stop it, or set DATA to another folder.")
        os.environ["DATA"] = str(self.data)
        os.environ["DATABASE_URL"] = self.services.database_url
        os.environ["REDIS_URL"] = self.services.redis_url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analyzer_portal.settings")

    def migrate(self) -> None:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)

    def administrator(self) -> None:
        """The user `admin`; the password is made once and kept for the owner of the data folder alone."""
        from django.contrib.auth.models import User

        file = self.data / "admin-password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(12))
        self.password = file.read_text().strip()
        user, created = User.objects.get_or_create(username="admin", defaults={"is_superuser": True, "is_staff": True})
        if created:
            user.set_password(self.password)
            user.save()
        elif not user.check_password(self.password):
            self.password = "(changed)"  # noqa: S105 - not a password

    def load_sample(self) -> None:
        from analyzers.models import Account

        self.first = not Account.objects.exists() and not (self.data / "sample-loaded").exists()
        if not self.first or not SAMPLE.exists():
            return
        from django.utils import timezone

        from analyzers.actions import CreateAnalyzer
        from analyzers.inventory import tracked
        from analyzers.inventory.load import load
        from analyzers.inventory.selection import configuration_of
        from analyzers.models import Import, Organization
        from samples import usage

        entry = load([SAMPLE], names=["samples/organization.json"])
        if entry.status != Import.Status.COMPLETED:
            raise Failed(f"The sample organization was refused: {entry.problems[:3]}")
        organization = Organization.objects.get()
        CreateAnalyzer("organization", "ORGANIZATION", organization.pk, user=None)()
        CreateAnalyzer("management-account", "ACCOUNT", organization.management_account, user=None)()
        chosen = configuration_of([{"resourceArns": list(CRITICAL)}])
        CreateAnalyzer(
            "critical-data", "ORGANIZATION_INTERNAL_ACCESS", organization.pk, configuration=chosen, user=None
        )()
        usage.load(timezone.now())
        for days in UNUSED_DAYS:
            CreateAnalyzer(
                f"unused-{days}",
                "ORGANIZATION_UNUSED_ACCESS",
                organization.pk,
                configuration=tracked.configuration_of(days),
                user=None,
            )()
        (self.data / "sample-loaded").touch()

    def start_children(self) -> None:
        python, celery = sys.executable, [sys.executable, "-m", "celery", "-A", "analyzer_portal"]
        web = ["-m", "gunicorn", "analyzer_portal.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "2"]
        web += ["--threads", "4", "--timeout", "120", "--graceful-timeout", "4", "--worker-tmp-dir", "/tmp"]  # noqa: S108
        web += ["--preload", "--no-control-socket"]  # load once for both; the socket would lie outside DATA
        self._start("web", [python, *web])
        self._start(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
        )
        pid_file = self.data / "beat.pid"
        pid_file.unlink(missing_ok=True)
        self._start("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile", str(pid_file)])
        if os.environ.get("CHANGE_QUEUE_URL"):
            self._start("changes", [python, "manage.py", "listen_changes"])

    def _start(self, name: str, command: list[str]) -> None:
        log = (self.data / f"{name}.log").open("ab")
        self.children[name] = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=tied_to_parent(END_SIGNALS.get(name, signal.SIGTERM)),
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        last = ""
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                last = error.read(2000).decode(errors="replace")
            except OSError as error:
                last = str(error)
            time.sleep(0.1)
        raise Failed(f"Not ready after {READY_SECONDS:.0f} s: {last}\nThe logs are in {self.data}.")

    def check(self) -> None:
        """Raises Failed if something has died."""
        for name, child in self.children.items():
            if (status := child.poll()) is not None:
                log = self.data / f"{name}.log"
                hint = f"Is port {self.port} taken? Set PORT to another one.\n" if name == "web" else ""
                raise Failed(f"{name} ended with status {status}. {hint}{_tail(log)}\nIts log is {log}.")
        if name := self.services.failure():
            raise Failed(f"{name} has died. Its log is in {self.data}.")

    def scan(self) -> None:
        from analyzers.models import SCANNED_TYPES, Analyzer, Scan
        from analyzers.tasks import start_scan

        scans = [start_scan(analyzer, reason="start") for analyzer in Analyzer.objects.filter(type__in=SCANNED_TYPES)]
        waiting = [scan.pk for scan in scans if scan is not None]
        deadline = time.monotonic() + (READY_SECONDS if self.first else 5)
        while time.monotonic() < deadline:
            self.check()
            running = Scan.objects.filter(pk__in=waiting, status=Scan.Status.RUNNING)
            if not running.exists():
                return
            time.sleep(0.1)

    # -- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        steps = self.steps()
        for number, (name, action) in enumerate(steps, 1):
            print(f"[{number}/{len(steps)}] {name} ... ", end="", flush=True)
            began = time.monotonic()
            try:
                action()
            except Exception:
                print("failed", flush=True)
                raise
            print(f"{time.monotonic() - began:.1f} s", flush=True)

    def announce(self) -> None:
        from findings.summary import by_analyzer

        print()
        print(f"{'Analyzer':<24}{'Public':>8}{'Shared':>8}{'Errors':>8}{'Inside':>8}{'Unused':>8}{'Archived':>10}")
        for entry in by_analyzer():
            names = ("public", "cross_account", "errors", "internal", "unused")
            counts = "".join(f"{entry[name]:>8}" for name in names) + f"{entry['archived']:>10}"  # type: ignore[literal-required]
            print(f"{entry['analyzer'].name:<24}{counts}")
        print(
            f"\nPortal ready at http://127.0.0.1:{self.port}  user: admin  password: {self.password}",
            flush=True,
        )

    def serve(self) -> None:
        from django.db import connection

        connection.close()
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop every child, then the servers, within ten seconds."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + CHILDREN_STOP_SECONDS
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill_group(child)
        self.services.release(wait=JOINED_STOP_SECONDS, stop_seconds=SERVERS_STOP_SECONDS)


def _port(text: str) -> int:
    """Raises Failed."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise Failed(f"PORT is {text!r}; a number from 1 to 65535 is needed.")
    return int(text)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _tail(log: Path, lines: int = 8) -> str:
    try:
        return "\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _told_to_stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _told_to_stop)
    if os.environ.get("MAKELEVEL"):
        end_with_parent()  # `make` may be killed in a way that it cannot pass on
    try:
        portal = Portal()
    except Failed as error:
        _say(str(error))
        return 1
    status = 0
    try:
        portal.start()
        portal.announce()
        portal.serve()
    except Stopped:
        _say("\nStopping ...")
    except Failed as error:
        _say(f"\n{error}")
        status = 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        portal.stop()
        _say("Stopped.")
    return status


def _say(text: str) -> None:
    """The terminal may be gone by now."""
    try:
        print(text, flush=True)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
