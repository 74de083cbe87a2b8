"""How long a service is waited for: one rule for all of them.

Each client library retries in a way of its own, mostly without a bound on what a server may ask for; their retries are
switched off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class Later(Exception):
    """Not done; try again. `after`: seconds that the service asked for. `perhaps`: it may have been done nevertheless
    (no answer, or an error of the server), so who creates something must look first."""

    def __init__(self, message: str, after: float | None = None, *, perhaps: bool = False) -> None:
        super().__init__(message)
        self.after, self.perhaps = after, perhaps


class Refused(Exception):
    """Trying again does not help. `everything`: nor does anything else of this run."""

    def __init__(self, message: str, *, everything: bool = False) -> None:
        super().__init__(message)
        self.everything = everything


@dataclass
class Patience:
    """`attempts`: of one call. `longest`: seconds of one wait; who is asked to wait longer gives up. `total`: seconds
    of all waits of a run."""

    attempts: int = 5
    longest: float = 120.0
    total: float = 600.0
    first: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    waited: float = 0.0

    def call(self, do: Callable[[], T], before_again: Callable[[], T | None] = lambda: None) -> T:
        """`before_again` looks whether it has been done after all: what it finds is the answer. Raises Refused."""
        perhaps = False
        for attempt in range(self.attempts):
            try:
                if perhaps and (found := before_again()) is not None:
                    return found
                return do()
            except Later as error:
                perhaps = perhaps or error.perhaps
                self._wait(attempt, error)
        raise AssertionError  # _wait has given up before

    def _wait(self, attempt: int, error: Later) -> None:
        seconds = max(self.first * 2**attempt, error.after or 0.0)
        if attempt + 1 == self.attempts:
            raise Refused(f"{error} Given up after {self.attempts} attempts.") from error
        if seconds > self.longest:
            raise Refused(f"{error} It asks to wait {seconds:.0f} s, which is too long.", everything=True) from error
        if self.waited + seconds > self.total:
            raise Refused(f"{error} {self.waited:.0f} s were waited in this run.", everything=True) from error
        self.waited += seconds
        self.sleep(seconds)
