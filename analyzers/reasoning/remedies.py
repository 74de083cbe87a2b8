"""What would change a decision."""

from __future__ import annotations

from typing import NamedTuple

from .evaluate import StatementRef


class Change(NamedTuple):
    """One thing to change. `layer` as in `StatementRef.document`; `statement` to change or remove, or None where
    something must be added to the layer. `example` is the JSON of a statement, or empty."""

    layer: str
    statement: StatementRef | None
    sentence: str
    example: str = ""


class Remedy(NamedTuple):
    """All of the changes together do it."""

    changes: tuple[Change, ...]


class Advice(NamedTuple):
    """`note` says why there is none, where there is none. The shortest remedies come first."""

    to_allow: tuple[Remedy, ...] = ()
    to_block: tuple[Remedy, ...] = ()
    note: str = ""
