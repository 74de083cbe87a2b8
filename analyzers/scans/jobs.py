"""What a scan asks about a resource, by the kind of its analyzer. Everything else about scans is the same for all."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from analyzers.inventory.controls import NOTHING, Supposed
from analyzers.inventory.population import population
from analyzers.inventory.subjects import (
    REASONING_VERSION,
    Inputs,
    resources_in_scope,
    subject_hash,
    subjects,
    zone_of_trust,
)
from analyzers.kinds import external, internal
from analyzers.kinds.subject import Analysis, Subject, ZoneOfTrust
from analyzers.models import AnalyzedPopulation, AnalyzedResource, Analyzer, Resource, Scan

from .asking import Answer, Due, Job
from .unused import UnusedJob
from .withheld import lines


class _AboutResources:
    def subjects(self, resource_ids: Sequence[int]) -> Iterator[Subject]:
        return subjects(resource_ids)

    def failed(self, subject: Subject, reason: str) -> Answer:
        return Answer(subject, Analysis(error=reason), "")


class ExternalJob(_AboutResources):
    """`supposed`: answers are about what would be, not about what is."""

    def __init__(self, analyzer: Analyzer, supposed: Supposed = NOTHING) -> None:
        self._analyzer = analyzer
        self._supposed = supposed
        self._zone = _same_zone(zone_of_trust(analyzer))

    def due(self, resource_ids: Sequence[int]) -> Iterator[Due[Subject]]:
        """By the digests of the documents alone, so that a rescan reads no texts."""
        inputs = Inputs(self._zone, self._supposed.control)
        outlines = inputs.outlines(resource_ids)
        yield from (Due(self._supposed.subjects[one.arn]) for one in outlines if one.arn in self._supposed.subjects)
        outlines = [outline for outline in outlines if outline.arn not in self._supposed.subjects]
        rows = _said_in_full(self._analyzer, [outline.arn for outline in outlines])
        known = dict(rows.values_list("resource_arn", "input_hash"))
        asked = ((outline, inputs.input_hash(outline)) for outline in outlines)
        changed = [(outline, digest) for outline, digest in asked if known.get(outline.arn) != digest]
        subjects_due = inputs.subjects([outline for outline, _ in changed])
        for subject, (_, digest) in zip(subjects_due, changed, strict=True):
            yield Due(subject, digest)

    def answer(self, due: Due[Subject]) -> Answer:
        return Answer(due.subject, external.analyze(due.subject, self._zone), due.input_hash)


def _said_in_full(analyzer: Analyzer, arns: Sequence[str]) -> QuerySet[AnalyzedResource]:
    return AnalyzedResource.objects.filter(analyzer=analyzer, resource_arn__in=arns, error="").defer("withheld")


_last_zone: ZoneOfTrust | None = None


def _same_zone(zone: ZoneOfTrust) -> ZoneOfTrust:
    """The same object for equal zones: remembered answers are then found without comparing thousands of accounts."""
    global _last_zone
    if zone != _last_zone:
        _last_zone = zone
    return _last_zone


class InternalJob(_AboutResources):
    """`supposed` as for `ExternalJob`."""

    def __init__(self, analyzer: Analyzer, supposed: Supposed = NOTHING) -> None:
        self._analyzer = analyzer
        self._supposed = supposed
        self._zone = zone_of_trust(analyzer)
        self._population = population(analyzer, supposed)
        self._hashes = internal.member_hashes(self._population)
        text = json.dumps(sorted(self._hashes.items()))
        self._digest = hashlib.sha256(text.encode()).hexdigest()
        self._changed: dict[str, frozenset[str] | None] = {}
        homes = self._population.homes.values()
        said = [REASONING_VERSION, internal.VERSION, sorted(home.canonical_user for home in homes)]
        self._shared = json.dumps([*said, self._analyzer.by_organization])

    @property
    def digest(self) -> str:
        """Of everybody who is asked about, as `AnalyzedResource.population`."""
        return self._digest

    @cached_property
    def _analyst(self) -> internal.Analyst:
        people = internal.People(self._population, controlled=self._analyzer.by_organization)
        return internal.Analyst(people, self._find_key)

    def _input_hash(self, subject: Subject) -> str:
        """Over everything on the resource's side that an answer depends on."""
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

    def due(self, resource_ids: Sequence[int]) -> Iterator[Due[Subject]]:
        """Every one: what changed may be a principal."""
        arns = list(Resource.objects.filter(pk__in=resource_ids).values_list("arn", flat=True))
        known = {row.resource_arn: row for row in _said_in_full(self._analyzer, arns)}
        for subject in subjects(resource_ids, self._supposed):
            yield Due(subject, last=known.get(subject.arn))

    def answer(self, due: Due[Subject]) -> Answer:
        subject, _, last = due
        said = self._input_hash(subject)
        only: frozenset[str] | None = None
        if last is not None and last.input_hash == said:
            only = self._changed_since(last.population)
            if only is not None and not only:
                return Answer(subject, None, said, None, self._digest)
        analysis = self._analyst.analyze(subject, only)
        before = last.withheld if last is not None and only is not None else ()
        return Answer(subject, analysis, said, only, self._digest, lines(analysis.withheld, before, only))

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

    def _find_key(self, named: str, subject: Subject) -> Subject | None:
        """The key by ARN or by id. Which key an alias stands for is not read."""
        return self._keys.get(named) or self._keys.get(f"{subject.account}/{named}") if named else None

    @cached_property
    def _keys(self) -> dict[str, Subject]:
        """The keys that encrypt chosen resources: by ARN, and by account and id."""
        chosen = resources_in_scope(self._analyzer).order_by()
        named = set(chosen.values_list("configuration__encryption_key", flat=True).distinct()) - {None, ""}
        rows = Resource.objects.filter(type="AWS::KMS::Key").values_list("pk", "arn") if named else ()
        wanted = [pk for pk, arn in rows if arn in named or arn.rpartition("/")[2] in named]
        found: dict[str, Subject] = {}
        for key in subjects(wanted, self._supposed):
            found[key.arn] = key
            found[f"{key.account}/{key.arn.rpartition('/')[2]}"] = key
        return found


def _read(packed: bytes) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(zlib.decompress(packed))
    return found


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    return frozenset(arn for arn in {*before, *after} if before.get(arn) != after.get(arn))


_loaded: dict[int, Job[Any]] = {}
"""The job of the scan that this process works on."""


def job_of(scan: Scan) -> Job[Any]:
    """The job of a scan: loaded once in each process."""
    found = _loaded.get(scan.pk)
    if found is None:
        _loaded.clear()
        if scan.analyzer.is_unused:
            found = UnusedJob(scan.analyzer, scan.started_at or scan.created_at)
        elif scan.analyzer.is_internal:
            found = made = InternalJob(scan.analyzer)
            made.keep()
            _loaded[scan.pk] = made
        else:
            found = ExternalJob(scan.analyzer)  # the zone is read for each chunk, as it always was
    return found


def tidy(analyzer: Analyzer) -> None:
    """Drop the populations that no answer refers to any more."""
    used = AnalyzedResource.objects.filter(analyzer=analyzer).values("population")
    AnalyzedPopulation.objects.filter(analyzer=analyzer).exclude(digest__in=used).delete()


def forget(scan_id: int) -> None:
    """The scan is over."""
    _loaded.pop(scan_id, None)
