"""What a scan asks, whatever the kind of its analyzer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from analyzers.kinds.subject import Asked
from analyzers.models import AnalyzedResource
from findings.actions.rows import AnyAnalysis

from .withheld import Line

S = TypeVar("S", bound=Asked)


@dataclass(frozen=True, slots=True)
class Answer:
    """`analysis` is None if nothing has changed since the last answer. `only`: the principals that were asked about,
    None for everybody. `population`: who they were taken from. `withheld`: all that keys hold back, None if that is as
    it was."""

    subject: Asked
    analysis: AnyAnalysis | None
    input_hash: str
    only: Collection[str] | None = None
    population: str = ""
    withheld: list[Line] | None = None


class Due(NamedTuple, Generic[S]):
    """A resource, or a user or role, that there may be something new to say about. `input_hash`: of what is asked, if
    that is all it takes to know; `last`: what was said in full the last time."""

    subject: S
    input_hash: str = ""
    last: AnalyzedResource | None = None


class Job(Protocol[S]):
    """All questions of one scan. Loaded once by each process that works on the scan."""

    def due(self, resource_ids: Sequence[int]) -> Iterator[Due[S]]:
        """Those of the resources that must be asked about."""

    def answer(self, due: Due[S]) -> Answer:
        """What there is to say now."""

    def subjects(self, resource_ids: Sequence[int]) -> Iterator[S]:
        """All of the resources, to say that they could not be asked about."""

    def failed(self, subject: S, reason: str) -> Answer:
        """That the analysis came to no end."""
