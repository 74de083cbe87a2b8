"""The formats that outcomes are written in."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from analyzers.checks.outcome import Outcome

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")


class Writer(Protocol):
    def write(self, outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
        """The whole output, ending with a newline. `unreadable`: what could not be read, with why."""


def writer(name: str) -> Writer:
    """Loaded when it is asked for: a pipeline needs one."""
    found: Writer = importlib.import_module(f"{__name__}.{name}")
    return found
