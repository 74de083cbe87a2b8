"""Working on a scan: take a chunk, answer, record, go on.

A chunk is leased in the database. Whoever holds the lease extends it while working and may only record while holding
it, so a chunk that was handed out twice is recorded once. Nothing is lost with a worker: its lease runs out and the
chunk is handed out again.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from analyzers.inventory.subjects import in_scope
from analyzers.kinds.subject import Asked
from analyzers.kinds.unused import UnusedAnalysis
from analyzers.models import AnalyzedResource, Analyzer, Scan, ScanChunk
from findings.actions.record import Recorded, record, resolve_vanished
from findings.actions.rows import AnyAnalysis

from .asking import Answer, Due, Job
from .jobs import forget, job_of, tidy
from .notes import Note, write

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
ATTEMPTS = 3
"""A chunk that took this many workers down is given up, and its resources are reported as not analysed."""


def owner_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def work(scan_id: int, *, progress: Callable[[Scan], None] | None = None) -> None:
    """Take chunks of the scan until there are none left to take, then finish the scan if nobody else is at it."""
    owner = owner_name()
    while (chunk := _lease(scan_id, owner)) is not None:
        _work_on(chunk, owner)
        if progress is not None:
            progress(Scan.objects.get(pk=scan_id))
    finish(scan_id)
    forget(scan_id)


def _lease(scan_id: int, owner: str) -> ScanChunk | None:
    now = timezone.now()
    free = Q(status=ScanChunk.Status.PENDING) | Q(status=ScanChunk.Status.LEASED, lease_expires_at__lt=now)
    with transaction.atomic():
        chunk = (
            ScanChunk.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("scan__analyzer")
            .filter(free, scan=scan_id, scan__status=Scan.Status.RUNNING)
            .order_by("number")
            .first()
        )
        if chunk is None:
            return None
        chunk.status, chunk.lease_owner, chunk.lease_expires_at = ScanChunk.Status.LEASED, owner, now + LEASE
        chunk.attempts += 1
        chunk.save(update_fields=["status", "lease_owner", "lease_expires_at", "attempts"])
    return chunk


def _work_on(chunk: ScanChunk, owner: str) -> None:
    job = job_of(chunk.scan)
    if chunk.attempts > ATTEMPTS:
        reason = f"Given up: {ATTEMPTS} workers ended while they analysed this resource and its neighbours."
        given_up = [job.failed(subject, reason) for subject in job.subjects(chunk.resource_ids)]
        _record(chunk, owner, given_up, error=reason)
        return
    answers: list[Answer] = []
    for due in job.due(chunk.resource_ids):
        if not _extend(chunk, owner):
            return
        answers.append(answer_of(job, due))
    _record(chunk, owner, answers)


def answer_of(job: Job[Any], due: Due[Any]) -> Answer:
    """A resource that upsets the analysis is reported, and the others go on."""
    try:
        return job.answer(due)
    except Exception as error:
        logger.exception("the analysis of %s failed", due.subject.arn)
        return job.failed(due.subject, f"The analysis failed: {type(error).__name__}: {error}")


def _extend(chunk: ScanChunk, owner: str) -> bool:
    """Extend the lease when half of it is gone. False if it is somebody else's by now."""
    now = timezone.now()
    if chunk.lease_expires_at is not None and chunk.lease_expires_at - now > LEASE / 2:
        return True
    chunk.lease_expires_at = now + LEASE
    held = ScanChunk.objects.filter(pk=chunk.pk, lease_owner=owner, status=ScanChunk.Status.LEASED)
    return held.update(lease_expires_at=chunk.lease_expires_at) == 1


def _record(chunk: ScanChunk, owner: str, answers: list[Answer], error: str = "") -> None:
    """Everything about the chunk in one transaction, if the lease is still held and the scan still runs. What did not
    change is left alone."""
    now = timezone.now()
    with transaction.atomic():
        held = (
            ScanChunk.objects.select_for_update()
            .filter(pk=chunk.pk, lease_owner=owner, status=ScanChunk.Status.LEASED)
            .exists()
        )
        scan = Scan.objects.select_related("analyzer").get(pk=chunk.scan_id)
        if not held or scan.status != Scan.Status.RUNNING:
            return
        recorded = Recorded()
        for only, together in _by_those_asked(answers):
            recorded += record(scan.analyzer, told(together), now, only=only)
        write(scan, now, [_note(one) for one in answers])
        ScanChunk.objects.filter(pk=chunk.pk).update(
            status=ScanChunk.Status.FAILED if error else ScanChunk.Status.DONE, error=error, lease_owner=""
        )
        Scan.objects.filter(pk=scan.pk).update(
            resources_done=F("resources_done") + len(chunk.resource_ids),
            resources_failed=F("resources_failed") + sum(1 for one in answers if one.analysis and one.analysis.error),
            findings_new=F("findings_new") + recorded.new,
            findings_resolved=F("findings_resolved") + recorded.resolved,
        )


def _by_those_asked(answers: list[Answer]) -> Iterator[tuple[Collection[str] | None, list[Answer]]]:
    """Answers about everybody, then those about some principals, by who they are."""
    together: dict[Any, list[Answer]] = {}
    for one in answers:
        together.setdefault(one.only, []).append(one)
    yield from together.items()


def told(answers: Iterable[Answer]) -> Iterator[tuple[Asked, AnyAnalysis]]:
    """Those that say something new."""
    return ((one.subject, one.analysis) for one in answers if one.analysis is not None)


def _note(one: Answer) -> Note:
    error = one.analysis.error if one.analysis else ""
    failed = one.analysis is not None and not one.input_hash
    gap = one.analysis.gap if isinstance(one.analysis, UnusedAnalysis) else None
    return Note(one.subject, one.input_hash, error, one.population, [] if failed else one.withheld, gap)


def finish(scan_id: int) -> bool:
    """Complete the scan once every chunk is done; resolve what belongs to resources that are gone."""
    with transaction.atomic():
        scan = Scan.objects.select_for_update().filter(pk=scan_id, status=Scan.Status.RUNNING).first()
        if scan is None:
            return False
        if scan.chunks.filter(status__in=[ScanChunk.Status.PENDING, ScanChunk.Status.LEASED]).exists():
            return False
        now = timezone.now()
        present = in_scope(scan.analyzer)
        scan.findings_resolved += resolve_vanished(scan.analyzer, present, now)
        noted = AnalyzedResource.objects.filter(analyzer=scan.analyzer)
        noted.filter(~Exists(present.filter(arn=OuterRef("resource_arn")))).delete()
        scan.status, scan.finished_at = Scan.Status.COMPLETED, now
        scan.error = _failed_chunks(scan)
        scan.save(update_fields=["status", "finished_at", "findings_resolved", "error"])
        if scan.again:
            transaction.on_commit(lambda: _follow(scan.analyzer))
    tidy(scan.analyzer)
    return True


def _follow(analyzer: Analyzer) -> None:
    """What changed while the scan ran may have been seen before or after: only what differs is asked again."""
    from analyzers.tasks import start_scan

    start_scan(analyzer, reason="change")


def _failed_chunks(scan: Scan) -> str:
    failed = scan.chunks.filter(status=ScanChunk.Status.FAILED).count()
    return f"{failed} of {scan.chunks.count()} parts were given up." if failed else ""


def hand_out_again() -> list[int]:
    """The running scans that have chunks nobody works on: their wake-up, or their worker, was lost."""
    now = timezone.now()
    free = Q(chunks__status=ScanChunk.Status.PENDING) | Q(
        chunks__status=ScanChunk.Status.LEASED, chunks__lease_expires_at__lt=now
    )
    waiting = Scan.objects.filter(free, status=Scan.Status.RUNNING).values_list("pk", flat=True).distinct()
    idle = [
        scan.pk
        for scan in Scan.objects.filter(status=Scan.Status.RUNNING).exclude(
            chunks__status__in=[ScanChunk.Status.PENDING, ScanChunk.Status.LEASED]
        )
    ]
    return sorted({*waiting, *idle})
