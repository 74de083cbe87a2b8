"""Celery tasks: thin wake-ups for functions that commands and pages call as well."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import shared_task
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Max, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from analyzers.collect import work as collect
from analyzers.collect.plan import repeat
from analyzers.generating import work as generating
from analyzers.models import (
    SCANNED_TYPES,
    Analyzer,
    CheckRun,
    Collection,
    CollectionPart,
    CollectionSchedule,
    Import,
    PolicyChange,
    Scan,
)
from analyzers.previews import work as previews
from analyzers.scans import hand_out_again, request_scan, work
from analyzers.scans.plan import AlreadyRunning
from analyzers.usage import work as usage
from findings.roles import IMPORT, require

logger = logging.getLogger(__name__)

CHANGED = frozenset({"import", "change", "usage"})
"""Reasons of a scan that begins because something is different."""
COLLECTORS = 8
"""Readers called as new parts of a collection become known."""
WAKE_UPS = 4
"""Workers called for one scan; more come as the sweeper sees that work is left."""


@shared_task(name="analyzers.tasks.work_on_scan")
def work_on_scan(scan_id: int) -> None:
    work(scan_id)


@shared_task(name="analyzers.tasks.collect_part")
def collect_part(collection_id: int) -> None:
    """Read one part of a collection; then see to it that somebody reads the next ones."""
    before = _waiting(collection_id)
    if collect.work(collection_id, most=1):
        after = _waiting(collection_id)
        for _ in range(min(COLLECTORS if after > before else 1, after)):
            collect_part.delay(collection_id)


def _waiting(collection_id: int) -> int:
    return CollectionPart.objects.filter(collection=collection_id, status=CollectionPart.Status.PENDING).count()


@shared_task(name="analyzers.tasks.look_up_change")
def look_up_change(change_id: int) -> None:
    """Ask CloudTrail who changed a resource; the answer is kept, whatever it is."""
    from analyzers.actions.changes import answer

    change = PolicyChange.objects.filter(pk=change_id, status=PolicyChange.Status.ASKED).first()
    if change is not None:
        answer(change)


GENERATION_SECONDS = 240
"""That a worker may take for a policy; less than `PATIENCE`, after which it is taken to be lost."""


@shared_task(
    name="analyzers.tasks.generate_policy",
    soft_time_limit=GENERATION_SECONDS,
    time_limit=GENERATION_SECONDS + 30,
)
def generate_policy(job: str) -> None:
    generating.work(job)


def wake_for_generation(job: str) -> bool:
    """Tell a worker."""
    try:
        generate_policy.delay(job)
    except OperationalError:
        return False
    return True


@shared_task(name="analyzers.tasks.give_up_generations")
def give_up_generations() -> None:
    """Those whose worker was lost."""
    generating.give_up_lost()


@shared_task(name="analyzers.tasks.sweep")
def sweep() -> None:
    """Hand out again what nobody works on."""
    for scan_id in hand_out_again():
        work_on_scan.delay(scan_id)
    for collection_id in collect.hand_out_again():
        collect_part.delay(collection_id)
    for reading_id in usage.hand_out_again():
        read_usage.delay(reading_id)
    for preview_id in previews.hand_out_again():
        work_on_preview.delay(str(preview_id))
    for run_id in CheckRun.unfinished():
        work_on_check.delay(str(run_id))


@shared_task(name="analyzers.tasks.work_on_preview")
def work_on_preview(preview_id: str) -> None:
    previews.work(preview_id)


@shared_task(name="analyzers.tasks.purge_previews")
def purge_previews() -> None:
    """Delete the access previews that are old enough."""
    while previews.purge():
        pass


def wake_preview(preview_id: Any) -> bool:
    """Tell a worker; the sweeper sees what nobody was told of."""
    try:
        work_on_preview.delay(str(preview_id))
    except OperationalError:
        logger.warning("the broker does not answer; preview %s waits for the sweeper", preview_id)
        return False
    return True


@shared_task(name="analyzers.tasks.work_on_check")
def work_on_check(run_id: str) -> None:
    """Go on with policies that a pipeline asked about."""
    from analyzers.check_runs.carry_out import BY_WORKER, carry_out

    run = carry_out(UUID(run_id), BY_WORKER)
    if run is not None and run.finished_at is None:
        wake_for_check(run.pk)


@shared_task(name="analyzers.tasks.forget_check_runs")
def forget_check_runs() -> None:
    """Delete what is older than is kept."""
    from analyzers.check_runs.store import forget_old

    forget_old()


@shared_task(name="analyzers.tasks.schedule_scans")
def schedule_scans() -> None:
    """Start the scans that are due."""
    now = timezone.now()
    due = Analyzer.objects.filter(type__in=SCANNED_TYPES, scan_every__isnull=False).annotate(
        last=Max("scans__created_at", filter=~Q(scans__status=Scan.Status.CANCELED))
    )
    for analyzer in due:
        if analyzer.last is None or analyzer.last + timedelta(minutes=analyzer.scan_every or 0) <= now:
            start_scan(analyzer, reason="scheduled")


@shared_task(name="analyzers.tasks.schedule_collections")
def schedule_collections() -> None:
    """Begin the collections that are due. A schedule whose collection still runs waits for it."""
    now = timezone.now()
    for schedule in CollectionSchedule.objects.annotate(last=Max("collections__created_at")):
        open_ones = schedule.collections.filter(status__in=[Collection.Status.PENDING, Collection.Status.RUNNING])
        due = schedule.last is None or schedule.last + timedelta(minutes=schedule.every) <= now
        if due and not open_ones.exists():
            wake_collection(repeat(schedule).pk)


@shared_task(name="analyzers.tasks.read_usage")
def read_usage(reading_id: int) -> None:
    """Read usage, if nobody else does."""
    usage.work(reading_id)


@shared_task(name="analyzers.tasks.schedule_usage")
def schedule_usage() -> None:
    """Begin the readings of usage that are due."""
    for feed in usage.due():
        wake_reading(usage.request_reading(feed).pk)


@shared_task(name="analyzers.tasks.import_files")
def import_files(entry: int, home: str, names: list[str], user: int, account: str | None, skip_invalid: bool) -> None:
    """Read uploaded files that were too large for the request, and remove them."""
    from analyzers.inventory.load import load

    folder = Path(home)

    def note(name: str, done: int, total: int, parts: int) -> None:
        cache.set(progress_key(entry), min(99, 100 * done // max(total, 1)), 3600)

    try:
        load(
            sorted(folder.glob("*.upload"), key=lambda path: int(path.stem)),
            names=names,
            user=User.objects.get(pk=user),
            account=account,
            skip_invalid=skip_invalid,
            entry=Import.objects.get(pk=entry),
            progress=note,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def progress_key(entry: int) -> str:
    """Where the cache holds how many per cent of an import are read."""
    return f"import:{entry}"


def import_later(
    home: Path, paths: list[Path], names: list[str], user: Any, *, account: str | None, skip_invalid: bool
) -> Import:
    """Hand uploaded files to a worker; the entry shows how it goes. Raises PermissionDenied."""
    require(user, IMPORT)
    entry = Import.objects.create(source=", ".join(names)[:2000], requested_by=user)
    import_files.delay(entry.pk, str(home), names, user.pk, account, skip_invalid)
    return entry


def start_scan(analyzer: Analyzer, *, reason: str) -> Scan | None:
    """Plan a scan and wake the workers; None if one is running. Then another follows it if something has changed."""
    try:
        scan = request_scan(analyzer, reason=reason)
    except AlreadyRunning as running:
        if running.scan is not None and reason in CHANGED:
            Scan.objects.filter(pk=running.scan.pk).update(again=True)
        return None
    wake(scan)
    return scan


def wake(scan: Scan) -> bool:
    """Tell the workers. A broker that is away loses nothing: the sweeper finds the scan later."""
    try:
        for _ in range(min(WAKE_UPS, max(1, scan.chunks.count()))):
            work_on_scan.delay(scan.pk)
    except OperationalError:
        logger.warning("the broker does not answer; scan %s waits for the sweeper", scan.pk)
        return False
    return True


def wake_collection(collection_id: int) -> bool:
    """Tell a worker; others are called as parts become known. The sweeper sees what nobody was told of."""
    try:
        collect_part.delay(collection_id)
    except OperationalError:
        logger.warning("the broker does not answer; collection %s waits for the sweeper", collection_id)
        return False
    return True


def wake_reading(reading_id: int) -> bool:
    """Tell a worker to read usage. The sweeper sees what nobody was told of."""
    try:
        read_usage.delay(reading_id)
    except OperationalError:
        logger.warning("the broker does not answer; reading %s waits for the sweeper", reading_id)
        return False
    return True


def wake_for_check(run_id: UUID) -> bool:
    """Tell a worker; the sweeper finds the run if nobody was told."""
    try:
        work_on_check.delay(str(run_id))
    except OperationalError:
        logger.warning("the broker does not answer; check run %s waits for the sweeper", run_id)
        return False
    return True


def wake_for_change(change_id: int) -> bool:
    """Tell a worker to ask CloudTrail."""
    try:
        look_up_change.delay(change_id)
    except OperationalError:
        return False
    return True


@shared_task(name="analyzers.tasks.ask_about_resource")
def ask_about_resource(pk: int, length: int, level: str, key: str) -> None:
    """What a page could not find out in its time."""
    from analyzers.access import on_demand, resource
    from analyzers.kinds.paths.target import Level
    from analyzers.models import Resource

    row = Resource.objects.select_related("account").get(pk=pk)
    wanted = Level(level) if level else None
    on_demand.keep(key, resource.resource_access(row, length=length, level=wanted, seconds=on_demand.BY_WORKER))


@shared_task(name="analyzers.tasks.ask_about_principal")
def ask_about_principal(pk: int, length: int, key: str) -> None:
    """What a page could not find out in its time."""
    from analyzers.access import on_demand, principal
    from analyzers.models import Principal

    row = Principal.objects.select_related("account").get(pk=pk)
    on_demand.keep(key, principal.principal_access(row, length=length, seconds=on_demand.BY_WORKER))


@shared_task(name="analyzers.tasks.ask_for_mend")
def ask_for_mend(pk: str, key: str) -> None:
    """The smallest change for a finding, where a page could not prove one in its time."""
    from analyzers.access import mending, on_demand
    from findings.models import Finding

    finding = Finding.objects.select_related("analyzer").get(pk=pk)
    on_demand.keep(key, mending.mended(finding, seconds=on_demand.BY_WORKER / 2))
