"""The two servers of a data folder, and the lock that says who runs them."""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path
from typing import IO

from .postgres import NotStarted, Postgres
from .valkey import Valkey

START_SECONDS = 60.0
DATABASE = "portal"


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
        self._postgres: Postgres | None = None
        self._redis: Valkey | None = None

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
        try:
            self.start_postgres()
            self.start_redis()
        except BaseException:
            self.release(wait=0, stop_seconds=2)
            raise
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
        self._postgres = Postgres(self.data / "postgres")
        self._postgres.start()
        import psycopg

        with psycopg.connect(self._postgres.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")
        self.database_url = self._postgres.url(DATABASE)

    def start_redis(self) -> None:
        """Raises NotStarted."""
        self._redis = Valkey(self.data / "redis")
        self._redis.start()
        self.redis_url = self._redis.url

    def failure(self) -> str:
        """What has died, if anything has."""
        if self._redis is not None and not self._redis.alive():
            return "Redis"
        if self._postgres is not None and not self._postgres.alive():
            return "PostgreSQL"
        return ""

    def release(self, wait: float = 30.0, stop_seconds: float = 30.0) -> None:
        """Stop what was started here, once those who joined are gone (after `wait` seconds in any case).

        A server that does not end within `stop_seconds` is killed; its data recover on the next start.
        """
        if self._users is not None:
            self._users.close()
            self._users = None
        if not self.started_here:
            return
        self.started_here = False
        self._note.unlink(missing_ok=True)
        self._wait_for_users(wait)
        running = [server for server in (self._redis, self._postgres) if server is not None]
        self._redis = self._postgres = None
        for server in running:
            server.ask_to_stop()
        for server in running:
            server.stop(stop_seconds)
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def _wait_for_users(self, wait: float) -> None:
        with (self.data / "users.lock").open("a+") as users:
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.1)
