"""Child processes that do not outlive the one who started them."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def _prctl() -> Callable[[int, int], int] | None:
    try:
        call = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None  # not Linux: an orphan has to be stopped by hand
    return lambda option, value: int(call(option, value, 0, 0, 0))


_PRCTL = _prctl()
"""Looked up once: between fork and exec as little as possible may happen."""


def tied_to_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn`: the system sends the child signal `number` when its parent dies, however it dies (Linux).

    The parent is the thread that starts the child, so start long-lived children from the main thread.
    """
    parent = os.getpid()

    def tie() -> None:
        if _PRCTL is None:
            return
        _PRCTL(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before it could be asked
            os._exit(1)

    return tie


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """The same for this very process."""
    if _PRCTL is not None:
        _PRCTL(PR_SET_PDEATHSIG, number)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    if pid <= 0:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rsplit(")", 1)[-1].split()[0] != "Z"
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ended(pid: int, seconds: float) -> bool:
    """Whether the process is gone within `seconds`."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def command_line(pid: int) -> str:
    """Empty where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
