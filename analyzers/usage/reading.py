"""From the tables to the evidence about principals."""

from __future__ import annotations

from collections.abc import Iterable

from .evidence import Evidence


def evidence(principals: Iterable[str]) -> dict[str, Evidence]:
    """Everything that is known about the use of these principals (ARNs), with few queries whatever the number."""
    raise NotImplementedError
