"""A scan for unused access: asked about users and roles, with the evidence of their use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from analyzers.inventory.holders import HolderRow, holder_rows, with_texts
from analyzers.inventory.tracked import tracking
from analyzers.kinds.unused import VERSION, Holder, UnusedAnalysis, judge
from analyzers.models import AnalyzedResource, Analyzer
from analyzers.usage import reading
from analyzers.usage.evidence import Evidence

from .asking import Answer, Due


class UnusedJob:
    """`now`: the moment of judgement, the same for all of a scan."""

    def __init__(self, analyzer: Analyzer, now: datetime) -> None:
        self._analyzer = analyzer
        self._days = tracking(analyzer).days
        self._now = now
        self._evidence: Mapping[str, Evidence] = {}

    def due(self, resource_ids: Sequence[int]) -> Iterator[Due[Holder]]:
        """Those of whom anything is different, or was not known, since they were judged last on the same day."""
        rows = holder_rows(resource_ids)
        arns = [row.holder.arn for row in rows]
        self._evidence = reading.evidence(arns)
        said = AnalyzedResource.objects.filter(analyzer=self._analyzer, resource_arn__in=arns, error="")
        known = dict(said.values_list("resource_arn", "input_hash"))
        asked = ((row, self._input_hash(row)) for row in rows)
        changed = [(row, digest) for row, digest in asked if known.get(row.holder.arn) != digest]
        holders = with_texts([row for row, _ in changed])
        for holder, (_, digest) in zip(holders, changed, strict=True):
            yield Due(holder, digest)

    def _input_hash(self, row: HolderRow) -> str:
        evidence = self._of(row.holder.arn).digest
        said = [VERSION, self._days, self._now.date().isoformat(), row.digest, evidence]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def answer(self, due: Due[Holder]) -> Answer:
        holder = due.subject
        return Answer(holder, judge(holder, self._of(holder.arn), self._days, self._now), due.input_hash)

    def _of(self, arn: str) -> Evidence:
        return self._evidence.get(arn) or Evidence(arn)

    def subjects(self, resource_ids: Sequence[int]) -> Iterator[Holder]:
        return (row.holder for row in holder_rows(resource_ids))

    def failed(self, subject: Holder, reason: str) -> Answer:
        """Nothing is disproved by it: all earlier findings are kept."""
        return Answer(subject, UnusedAnalysis(unknown=(reason,), undecided=None), "")
