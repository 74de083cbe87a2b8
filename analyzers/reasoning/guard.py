"""Work in a process of its own, with limits that hold whatever it does.

A solver may not heed its time limit, and may take memory faster than anybody looks. So a question is answered by a
child process that is stopped from outside when its time is over, and that cannot have more memory than it may.
"""

from __future__ import annotations

import os
import pkgutil
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MEGABYTES = 512
GRACE = 0.5
"""Seconds beyond the limit, for a child that keeps to it by itself and says so."""
START_SECONDS = 60.0
CHILDREN = 2

_ROOT = Path(__file__).resolve().parents[2]


class OverLimit(Exception):
    """The work took more time or memory than it may; the message says which."""


class _Child:
    def __init__(self, megabytes: int) -> None:
        ours, theirs = socket.socketpair()
        program = f"from analyzers.reasoning.guard import serve; serve({theirs.fileno()}, {megabytes})"
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", program],  # -P: nothing is imported from the folder that it is called in
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
        )
        theirs.close()
        self._connection = Connection(ours.detach())
        if self._receive(START_SECONDS) is not True:
            raise OverLimit("The process for questions does not start")

    def ask(self, work: str, values: tuple[Any, ...], named: dict[str, Any], seconds: float) -> Any:
        """What the work returns; raises what it raises, and OverLimit."""
        try:
            self._connection.send((work, values, named, seconds))
        except OSError as error:
            raise OverLimit("The process for questions has ended") from error
        fine, result = self._receive(seconds + GRACE, f"No answer within {seconds:g} s")
        if fine:
            return result
        raise result

    def _receive(self, seconds: float, late: str = "") -> Any:
        if not self._connection.poll(seconds):
            raise OverLimit(late or "The process for questions does not start")
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise OverLimit("It took too much memory, or ended the solver") from error

    def stop(self) -> None:
        self._connection.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()


_idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
_warming: threading.Thread | None = None


def _begin() -> None:
    """No children yet. Those of a parent process that forked are its own."""
    global _idle, _warming
    _idle, _warming = queue.LifoQueue(), None
    for _ in range(CHILDREN):
        _idle.put(None)


_begin()
os.register_at_fork(after_in_child=_begin)


def within(limit: float, work: str, /, *values: Any, **named: Any) -> Any:
    """Call a function by its name (`package.module:function`), with values that can be pickled, in a child process.

    `limit` in seconds. Raises OverLimit, and what the function raises.
    """
    waiting = _idle
    child = _taken(waiting)
    try:
        child = child or _Child(MEGABYTES)
        return child.ask(work, values, named, limit)
    except OverLimit:
        if child is not None:
            child.stop()
        child = None
        raise
    finally:
        waiting.put(child)


def warm() -> None:
    """Start one child now, in the background, for a question that is about to be asked."""
    global _warming
    waiting = _idle
    child = waiting.get()

    def begin() -> None:
        made = child
        try:
            made = made or _Child(MEGABYTES)
        except (OverLimit, OSError):
            pass  # whoever asks tries again, and is told
        finally:
            waiting.put(made)

    _warming = threading.Thread(target=begin, daemon=True)
    _warming.start()


def _taken(waiting: queue.LifoQueue[_Child | None]) -> _Child | None:
    """A child, the one that is being started if there is none; None: one has to be started."""
    if _warming is not None:
        _warming.join()  # whoever waits has it sooner than another one
    return waiting.get()


def serve(descriptor: int, megabytes: int) -> None:
    """The child: answer until nobody asks any more."""
    connection = Connection(descriptor)
    _limit(megabytes)
    connection.send(True)
    while True:
        try:
            work, values, named, seconds = connection.recv()
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_REAL, 2 * (seconds + GRACE))  # ends the child should the parent be gone
        try:
            reply = (True, pkgutil.resolve_name(work)(*values, **named))
        except MemoryError:
            reply = (False, OverLimit(f"It took more than {megabytes} MB of memory"))
        except RecursionError:
            reply = (False, OverLimit("It is nested too deeply"))
        except Exception as error:
            reply = (False, _told(error, megabytes))
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(reply)


def _told(error: Exception, megabytes: int) -> Exception:
    if "out of memory" in str(error) or "max. memory exceeded" in str(error):
        return OverLimit(f"It took more than {megabytes} MB of memory")
    return error


def _limit(megabytes: int) -> None:
    """Memory beyond what the modules take, which are loaded here."""
    import z3

    from analyzers.reasoning import asking

    z3.set_param("memory_max_size", megabytes)
    taken = asking.load()
    allowed = taken + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
