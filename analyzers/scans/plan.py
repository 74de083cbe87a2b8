"""Planning a scan: which resources (users and roles, of unused access), in which chunks."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from analyzers.inventory.subjects import in_scope
from analyzers.models import Analyzer, Scan, ScanChunk

CHUNK = 50
"""Resources a chunk: a second or two of work, so that progress is seen and little is lost with a worker."""
LARGEST_CHUNK = 1_000
MANY_CHUNKS = 100
"""Beyond so many, chunks grow: each costs a transaction and some queries, whatever its size."""


class AlreadyRunning(Exception):
    """The analyzer is being scanned; `scan` is that scan."""

    def __init__(self, scan: Scan | None) -> None:
        super().__init__("A scan of this analyzer is running already.")
        self.scan = scan


def request_scan(analyzer: Analyzer, *, reason: str = "by hand", user: User | None = None) -> Scan:
    """A new scan with its chunks, ready to be worked on. Raises AlreadyRunning.

    Planning and the first wake-up are one transaction, so a scan is never seen without its chunks.
    """
    try:
        with transaction.atomic():
            ids = list(in_scope(analyzer).order_by("arn").values_list("pk", flat=True))
            scan = Scan.objects.create(
                analyzer=analyzer,
                reason=reason,
                requested_by=user,
                status=Scan.Status.RUNNING,
                started_at=timezone.now(),
                resources_total=len(ids),
            )
            size = max(CHUNK, min(LARGEST_CHUNK, len(ids) // MANY_CHUNKS))
            chunks = [ids[start : start + size] for start in range(0, len(ids), size)]
            ScanChunk.objects.bulk_create(
                [ScanChunk(scan=scan, number=number, resource_ids=chunk) for number, chunk in enumerate(chunks)],
                batch_size=1000,
            )
    except IntegrityError as error:
        open_statuses = [Scan.Status.PENDING, Scan.Status.RUNNING]
        raise AlreadyRunning(Scan.objects.filter(analyzer=analyzer, status__in=open_statuses).first()) from error
    return scan
