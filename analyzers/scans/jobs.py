"""What a scan asks about a resource, by the kind of its analyzer. Everything else about scans is the same for all."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from analyzers.inventory.population import population
from analyzers.inventory.subjects import REASONING_VERSION, subject_hash, subjects, zone_of_trust
from analyzers.kinds import external, internal
from analyzers.kinds.internal.answer import InternalAnalysis
from analyzers.kinds.subject import Analysis, Subject
from analyzers.models import AnalyzedPopulation, AnalyzedResource, Analyzer, Resource, Scan


@dataclass(frozen=True, slots=True)
class Answer:
    """`only`: the principals that were asked about, None for everybody. `population`: who they were taken from."""

    subject: Subject
    analysis: Analysis | InternalAnalysis
    input_hash: str
    only: Collection[str] | None = None
    population: str = ""


class Job(Protocol):
    """All questions of one scan. Loaded once by each process that works on the scan."""

    keeps_time: bool
    """Whether unchanged findings are marked as analysed anew."""

    def input_hash(self, subject: Subject) -> str:
        """Over everything on the resource's side that an answer depends on."""

    def answer(self, subject: Subject, last: AnalyzedResource | None) -> Answer | None:
        """None if nothing has changed since the last answer, which was one in full."""

    def population_digest(self) -> str: ...

    def finish(self) -> None:
        """The scan is complete: drop what no answer refers to any more."""


class ExternalJob:
    keeps_time = True

    def __init__(self, analyzer: Analyzer) -> None:
        self._zone = zone_of_trust(analyzer)

    def input_hash(self, subject: Subject) -> str:
        return subject_hash(subject, self._zone)

    def answer(self, subject: Subject, last: AnalyzedResource | None) -> Answer | None:
        said = self.input_hash(subject)
        if last is not None and last.input_hash == said:
            return None
        return Answer(subject, external.analyze(subject, self._zone), said)

    def population_digest(self) -> str:
        return ""

    def finish(self) -> None:
        """Nothing is kept."""


class InternalJob:
    keeps_time = False  # of hundreds of thousands of findings; when a resource was looked at is kept with the resource

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._zone = zone_of_trust(analyzer)
        self._population = population(analyzer)
        self._hashes = internal.member_hashes(self._population)
        text = json.dumps(sorted(self._hashes.items()))
        self._digest = hashlib.sha256(text.encode()).hexdigest()
        self._changed: dict[str, frozenset[str] | None] = {}
        self._keys: dict[tuple[str, str], Subject | None] = {}
        homes = self._population.homes.values()
        said = [REASONING_VERSION, internal.VERSION, sorted(home.canonical_user for home in homes)]
        self._shared = json.dumps([*said, self._analyzer.by_organization])

    @cached_property
    def _analyst(self) -> internal.Analyst:
        people = internal.People(self._population, controlled=self._analyzer.by_organization)
        return internal.Analyst(people, self._find_key)

    def population_digest(self) -> str:
        return self._digest

    def input_hash(self, subject: Subject) -> str:
        home = self._population.homes.get(subject.account)
        key = self._find_key(str(subject.configuration.get("encryption_key") or ""), subject)
        said = [
            subject_hash(subject, self._zone),
            self._shared,
            None if home is None else [home.management, home.path, home.rcp_levels],
            None if key is None else subject_hash(key, self._zone),
            sorted(self._analyst.people.unlisted(subject.type)),
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def answer(self, subject: Subject, last: AnalyzedResource | None) -> Answer | None:
        said = self.input_hash(subject)
        only: frozenset[str] | None = None
        if last is not None and last.input_hash == said:
            only = self._changed_since(last.population)
            if only is not None and not only:
                return None
        analysis = self._analyst.analyze(subject, only)
        return Answer(subject, analysis, said, only, self._digest)

    def _changed_since(self, digest: str) -> frozenset[str] | None:
        """Who is new, gone or changed; None if it is not known who was there."""
        if digest == self._digest:
            return frozenset()
        if digest not in self._changed:
            row = AnalyzedPopulation.objects.filter(analyzer=self._analyzer, digest=digest).first()
            self._changed[digest] = None if row is None else _difference(_read(bytes(row.hashes)), self._hashes)
        return self._changed[digest]

    def keep(self) -> None:
        """Store who was asked about, before the first answer refers to it."""
        packed = zlib.compress(json.dumps(self._hashes, sort_keys=True).encode())
        AnalyzedPopulation.objects.bulk_create(
            [AnalyzedPopulation(analyzer=self._analyzer, digest=self._digest, hashes=packed)], ignore_conflicts=True
        )

    def finish(self) -> None:
        used = AnalyzedResource.objects.filter(analyzer=self._analyzer).values("population")
        AnalyzedPopulation.objects.filter(analyzer=self._analyzer).exclude(digest__in=used).delete()

    def _find_key(self, named: str, subject: Subject) -> Subject | None:
        """The key by ARN or by id; an alias is followed where the inventory knows it."""
        if not named or "alias/aws/" in named:
            return None
        place = (named, subject.account)
        if place not in self._keys:
            self._keys[place] = self._load_key(named, subject)
        return self._keys[place]

    def _load_key(self, named: str, subject: Subject) -> Subject | None:
        keys = Resource.objects.filter(type="AWS::KMS::Key")
        if named.startswith("arn:") and ":key/" in named:
            found = keys.filter(arn=named)
        elif "alias/" in named:
            return None  # which key an alias stands for is not read
        else:
            found = keys.filter(account=subject.account, arn__endswith=f":key/{named}")
        ids = list(found.values_list("pk", flat=True)[:2])
        return next(iter(subjects(ids)), None) if len(ids) == 1 else None


def _read(packed: bytes) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(zlib.decompress(packed))
    return found


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    return frozenset(arn for arn in {*before, *after} if before.get(arn) != after.get(arn))


_loaded: dict[int, Job] = {}
"""The job of the scan that this process works on."""


def job_of(scan: Scan) -> Job:
    """The job of a scan: loaded once in each process."""
    found = _loaded.get(scan.pk)
    if found is None:
        _loaded.clear()
        made = InternalJob(scan.analyzer) if scan.analyzer.is_internal else ExternalJob(scan.analyzer)
        if isinstance(made, InternalJob):
            made.keep()
            _loaded[scan.pk] = made  # the zone of an external analyzer is read for each chunk, as it always was
        found = made
    return found


def forget(scan_id: int) -> None:
    """The scan is over."""
    _loaded.pop(scan_id, None)
