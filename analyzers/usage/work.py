"""Working on a reading: list what there is, read what is not known, store some files at a time, say what is covered.

A reading is leased as the chunks of a scan are. What was stored stays: whoever goes on after an interruption lists
again and finds those files known.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Manager, Q
from django.utils import timezone

from analyzers.collect.access import NoCredentials
from analyzers.models import Usage, UsageCoverage, UsageFeed, UsageFile, UsageReading
from analyzers.scans.after_import import usage_changed
from analyzers.scans.work import owner_name

from .coverage import conclude
from .sources import Item, NotRead, Source, source_of
from .sources.s3 import scope
from .sources.upload import waiting
from .store import FileRead, add, clipped, text, trim

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=300)
"""Longer than one file takes."""
ATTEMPTS = 3
"""So many workers may end over a reading without having stored anything; then it is given up."""
FILES, KEYS, SECONDS = 200, 50_000, 5.0
"""What was read is stored after so many files, sums or seconds."""
LOOKED_UP = 500
KEEP = 200
"""Readings of a feed that are kept."""

_Status = UsageReading.Status
OPEN = (_Status.PENDING, _Status.RUNNING)

Progress = Callable[[UsageReading], None]


def request_reading(feed: UsageFeed, user: User | None = None) -> UsageReading:
    """The reading of the feed that is open, or a new one."""
    with transaction.atomic():
        UsageFeed.objects.select_for_update().get(pk=feed.pk)
        found = feed.readings.filter(status__in=OPEN).first()
        return found or UsageReading.objects.create(feed=feed, requested_by=user)


class _Lost(Exception):
    """The lease ran out and somebody else reads, or the reading was canceled."""


class _Lease:
    """`progress` is told at most once a second."""

    def __init__(self, reading: UsageReading, owner: str, progress: Progress | None) -> None:
        self.reading, self._progress = reading, progress
        self._mine = UsageReading.objects.filter(pk=reading.pk, lease_owner=owner, status=_Status.RUNNING)
        self._extended = self._shown = time.monotonic()

    def hold(self, **changes: object) -> None:
        """Extend it. Raises _Lost if it is not ours, or nobody wants the reading any more."""
        if self._mine.update(lease_expires_at=timezone.now() + LEASE, **changes) != 1:
            raise _Lost
        self._extended = time.monotonic()

    def beat(self) -> None:
        if time.monotonic() - self._extended > 2.0:
            self.hold()
        self.show()

    def show(self, *, now: bool = False) -> None:
        if self._progress is not None and (now or time.monotonic() - self._shown > 1.0):
            self._shown = time.monotonic()
            self.reading.refresh_from_db()
            self._progress(self.reading)


def work(reading_id: int, *, progress: Progress | None = None) -> bool:
    """Read, if nobody else does; whether it was ours to read. How it went is in the reading."""
    owner = owner_name()
    reading = _take(reading_id, owner)
    if reading is None:
        return False
    lease = _Lease(reading, owner, progress)
    try:
        _read(reading, lease)
    except _Lost:
        return True
    except (NotRead, NoCredentials, ClientError, BotoCoreError, ValueError) as error:
        _fail(lease, str(error))
    except Exception as error:
        logger.exception("%s failed", reading)
        _fail(lease, f"{type(error).__name__}: {error}")
    lease.show(now=True)
    return True


def _take(reading_id: int, owner: str) -> UsageReading | None:
    now = timezone.now()
    free = Q(status=_Status.PENDING) | Q(status=_Status.RUNNING, lease_expires_at__lt=now)
    with transaction.atomic():
        reading = UsageReading.objects.select_for_update().filter(free, pk=reading_id).first()
        if reading is None:
            return None
        reading.attempts += 1
        reading.status, reading.lease_owner, reading.lease_expires_at = _Status.RUNNING, owner, now + LEASE
        reading.started_at, reading.resumed_at = reading.started_at or now, now
        reading.files_total = reading.files_done = reading.files_read = 0
        reading.bytes_total = reading.bytes_done = reading.bytes_read = 0
        if reading.attempts > ATTEMPTS:
            reading.status, reading.finished_at = _Status.FAILED, now
            reading.error = f"Given up: {ATTEMPTS} workers ended while they read it. See their log."
        reading.save()
    if reading.status == _Status.FAILED:
        return None
    reading.feed = UsageFeed.objects.get(pk=reading.feed_id)
    return reading


def _fail(lease: _Lease, error: str) -> None:
    try:
        lease.hold(status=_Status.FAILED, error=text(error)[:2000], finished_at=timezone.now(), lease_owner="")
    except _Lost:
        return


def _read(reading: UsageReading, lease: _Lease) -> None:
    feed = reading.feed
    while True:
        source = source_of(feed, timezone.now(), lease.beat)
        _measure(source, lease)
        _read_all(source, feed, lease)
        claim = source.claim()
        if claim is not None:
            lease.hold()
            conclude(feed, claim)
        trim(feed)
        source.finished()
        if _finish(feed, source.note, lease):
            return


def _measure(source: Source, lease: _Lease) -> None:
    files = size = 0
    for item in source.items():
        files, size = files + 1, size + item.size
        if files % 1000 == 0:
            lease.hold(files_total=files, bytes_total=size)
            lease.show()
    lease.hold(files_total=files, bytes_total=size)


def _finish(feed: UsageFeed, note: str, lease: _Lease) -> bool:
    """Complete the reading; False if more was uploaded meanwhile."""
    with transaction.atomic():
        locked = UsageFeed.objects.select_for_update().get(pk=feed.pk)
        if feed.kind == UsageFeed.Kind.UPLOAD and waiting():
            return False
        lease.hold(status=_Status.COMPLETED, finished_at=timezone.now(), lease_owner="", attempts=0)
        locked.settings = {**locked.settings, "read_whole": scope(feed), "note": note}
        locked.save(update_fields=["settings"])
        usage_changed({*_accounts(feed.coverage), *_accounts(feed.usage)})
    closed = feed.readings.exclude(status__in=OPEN).values_list("pk", flat=True)
    UsageReading.objects.filter(pk__in=list(closed[KEEP:])).delete()
    return True


def _accounts(rows: Manager[UsageCoverage] | Manager[Usage]) -> Iterable[str]:
    return rows.order_by().values_list("account", flat=True).distinct()


class _Batch:
    """What was read and is not stored yet."""

    def __init__(self, feed: UsageFeed, lease: _Lease) -> None:
        self._feed, self._lease = feed, lease
        self._files: list[FileRead] = []
        self._keys = self._sizes = self._skipped = self._skipped_size = 0
        self._since = time.monotonic()

    def skip(self, item: Item) -> None:
        """It is known already."""
        self._skipped += 1
        self._skipped_size += item.size

    def take(self, item: Item, file: FileRead) -> None:
        self._files.append(file)
        self._sizes += item.size
        self._keys += len(file.tally.uses) if file.tally is not None else 1
        if len(self._files) >= FILES or self._keys >= KEYS or time.monotonic() - self._since > SECONDS:
            self.store()

    def store(self) -> None:
        if not self._files and not self._skipped:
            return
        with transaction.atomic():
            added = add(self._feed, self._files, hold=self._lease.hold)
            self._lease.hold(
                files_done=F("files_done") + len(self._files) + self._skipped,
                bytes_done=F("bytes_done") + self._sizes + self._skipped_size,
                files_read=F("files_read") + len(self._files),
                bytes_read=F("bytes_read") + self._sizes,
                events=F("events") + added.events,
                attempts=1 if self._files else F("attempts"),
            )
        self._files, self._keys = [], 0
        self._sizes = self._skipped = self._skipped_size = 0
        self._since = time.monotonic()
        self._lease.show()


def _read_all(source: Source, feed: UsageFeed, lease: _Lease) -> None:
    batch = _Batch(feed, lease)
    with _reader(source, lease) as read:
        items = source.items()
        while chunk := list(islice(items, LOOKED_UP)):
            known = _known(feed, chunk)
            fresh = []
            for item in chunk:
                if _name_of(item) in known:
                    batch.skip(item)
                else:
                    fresh.append(item)
            for item, file in read(fresh):
                batch.take(item, file)
                lease.beat()
            batch.store()


def _name_of(item: Item) -> tuple[str, str]:
    """As it is stored."""
    return clipped(item.name, 1500), item.mark[:80]


def _known(feed: UsageFeed, items: list[Item]) -> set[tuple[str, str]]:
    names = [_name_of(item)[0] for item in items if item.mark]
    rows = UsageFile.objects.filter(feed=feed, name__in=names).exclude(mark="")
    return set(rows.values_list("name", "mark"))


@contextmanager
def _reader(source: Source, lease: _Lease) -> Iterator[Callable[[Iterable[Item]], Iterator[tuple[Item, FileRead]]]]:
    """A function that reads items and gives them in their order, some at the same time if the source allows it."""

    def one_by_one(items: Iterable[Item]) -> Iterator[tuple[Item, FileRead]]:
        return ((item, source.read(item)) for item in items)

    if source.at_once == 1:
        yield one_by_one
        return

    with futures.ThreadPoolExecutor(source.at_once) as pool:

        def together(items: Iterable[Item]) -> Iterator[tuple[Item, FileRead]]:
            waiting_for: deque[tuple[Item, futures.Future[FileRead]]] = deque()
            try:
                for item in items:
                    waiting_for.append((item, pool.submit(source.read, item)))
                    if len(waiting_for) >= 2 * source.at_once:
                        yield _next(waiting_for, lease)
                while waiting_for:
                    yield _next(waiting_for, lease)
            finally:
                for _, future in waiting_for:
                    future.cancel()

        yield together


def _next(waiting_for: deque[tuple[Item, futures.Future[FileRead]]], lease: _Lease) -> tuple[Item, FileRead]:
    item, future = waiting_for[0]
    while True:
        try:
            found = future.result(timeout=1.0)
        except futures.TimeoutError:
            lease.beat()
            continue
        waiting_for.popleft()
        return item, found


def hand_out_again() -> list[int]:
    """Open readings that nobody works on. Folders are read by the command line alone."""
    now = timezone.now()
    late = Q(status=_Status.PENDING, created_at__lt=now - timedelta(seconds=10))
    left = Q(status=_Status.RUNNING, lease_expires_at__lt=now)
    rows = UsageReading.objects.filter(late | left).exclude(feed__kind=UsageFeed.Kind.FOLDER)
    return sorted(rows.values_list("pk", flat=True))


def due() -> list[UsageFeed]:
    """Feeds that are read again each day, and were not for a day."""
    found = []
    for feed in UsageFeed.objects.filter(settings__daily=True).exclude(kind__in=["FOLDER", "UPLOAD"]):
        last = feed.readings.order_by("-created_at").first()
        if last is None or (not last.is_open and last.created_at <= timezone.now() - timedelta(days=1)):
            found.append(feed)
    return found
