"""Working on a collection: take a part, read it, store what comes as it comes, go on.

Parts are leased in the database as the chunks of a scan are. What cannot be read is marked as such and the rest goes
on; nothing that was read before is removed because of it, so its findings are kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from analyzers.inventory.signals import inventory_changed
from analyzers.models import Collection, CollectionPart, LastReading
from analyzers.models.collection import PartStatus as _Status
from analyzers.models.collection import ReadingPlan
from analyzers.scans.work import owner_name

from . import aggregator, plan
from .access import Access, NoCredentials
from .place import SWITCHED_OFF, Place, Problem, Service, told
from .services import ORGANIZATION, REGIONS, SERVICES, last_accessed
from .storing import Sink

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than one attempt of a call may take: before each the lease is extended."""
ATTEMPTS = 3
AT_ONCE = 4
"""Parts of one account that are read at the same time, so that its limits are not used up."""
MAX_PROBLEMS = 100
KEEP = 50
"""Collections whose parts are kept; what is known of older ones is in `LastReading`."""
MOST_KNOWN = 4
OPEN = (_Status.PENDING, _Status.LEASED)

Progress = Callable[[CollectionPart], None]


_accesses: OrderedDict[int, Access] = OrderedDict()
_guard = threading.Lock()


def access_for(wanted: ReadingPlan) -> Access:
    """Raises NoCredentials."""
    return Access(
        profile=wanted.profile,
        role=wanted.role_name,
        external_id=wanted.external_id,
        attempts=settings.COLLECT_ATTEMPTS,
    )


def _known_access(collection_id: int) -> Access:
    """The same for all parts of a collection that this process reads: descriptions of services are read from the disk
    once, and each role is taken on once."""
    with _guard:
        if collection_id not in _accesses:
            _accesses[collection_id] = access_for(Collection.objects.get(pk=collection_id))
            while len(_accesses) > MOST_KNOWN:
                _accesses.popitem(last=False)
        return _accesses[collection_id]


def work(
    collection_id: int,
    *,
    access: Access | None = None,
    page_size: int | None = None,
    wait: bool = False,
    most: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Take parts until there are none to take, or `most` are done; then finish if nobody else is at it. Returns how
    many parts it did.

    `wait`: stay while others read parts that may bring new ones.
    """
    owner = owner_name()
    done = 0
    try:
        access = access or _known_access(collection_id)
        _begin(collection_id, access)
    except NoCredentials as error:
        _fail(collection_id, str(error))
        return 0
    while most is None or done < most:
        part = _lease(collection_id, owner)
        if part is not None:
            _read(part, owner, access, page_size)
            done += 1
            if progress is not None:
                progress(part)
        elif not wait or not CollectionPart.objects.filter(collection=collection_id, status__in=OPEN).exists():
            break
        else:
            time.sleep(0.05)
    finish(collection_id)
    return done


def _begin(collection_id: int, access: Access) -> None:
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=collection_id)
        if collection.status != Collection.Status.PENDING:
            return
        caller = access.caller()
        collection.status, collection.started_at = Collection.Status.RUNNING, timezone.now()
        collection.caller = caller.arn
        collection.save(update_fields=["status", "started_at", "caller"])
        if collection.reason != plan.CHANGE:
            plan.begin(collection, caller.account, access.region)


def _fail(collection_id: int, error: str) -> None:
    Collection.objects.filter(
        pk=collection_id, status__in=[Collection.Status.PENDING, Collection.Status.RUNNING]
    ).update(status=Collection.Status.FAILED, error=error, finished_at=timezone.now())


def _lease(collection_id: int, owner: str) -> CollectionPart | None:
    now = timezone.now()
    with transaction.atomic():
        # One at a time, so that nobody counts an account's parts while somebody else takes one.
        running = Collection.objects.select_for_update().filter(pk=collection_id, status=Collection.Status.RUNNING)
        if not running.exists():
            return None
        parts = CollectionPart.objects.filter(collection=collection_id)
        leased = list(parts.filter(status=_Status.LEASED, lease_expires_at__gte=now).values_list("account", flat=True))
        busy = [account for account in set(leased) if leased.count(account) >= AT_ONCE]
        free = Q(status=_Status.PENDING) | Q(status=_Status.LEASED, lease_expires_at__lt=now)
        part = parts.filter(free).exclude(account__in=busy).order_by("attempts", "region", "service", "account").first()
        if part is None:
            return None
        part.status, part.lease_owner, part.lease_expires_at = _Status.LEASED, owner, now + LEASE
        part.attempts += 1
        part.save(update_fields=["status", "lease_owner", "lease_expires_at", "attempts"])
    part.collection = Collection.objects.get(pk=collection_id)
    return part


def _service(part: CollectionPart) -> Service:
    if aggregator.is_part(part.service):
        return aggregator.service(part.service, part.collection.aggregator)
    return SERVICES[part.service]


class _Lost(Exception):
    """The lease ran out and somebody else has the part, or the collection was canceled."""


def _read(part: CollectionPart, owner: str, access: Access, page_size: int | None) -> None:
    """Read a part and note how it went."""
    service = _service(part)
    if part.attempts > ATTEMPTS:
        gave_up = Problem("", "GivenUp", f"{ATTEMPTS} workers ended while they read this part.")
        _note(part, owner, _Status.NOT_READ, [gave_up], region=access.region)
        return
    began = time.monotonic()
    lease = _Lease(part, owner)
    place = place_for(access, service, part.account, part.region, page_size=page_size)
    place.beat = lease.extend
    sink = Sink(place, service, lease.hold)
    try:
        sink.take(service.read(place))
        sink.close()
        status = _Status.PARTLY if place.problems else _Status.READ
    except _Lost:
        return
    except (ClientError, BotoCoreError) as error:
        status = _failure(error, part, service, place, access)
    except Exception as error:  # an answer that is not as documented must not end the worker
        logger.exception("reading %s failed", part)
        place.problems.append(Problem(part.service, type(error).__name__, str(error)[:500]))
        status = _Status.NOT_READ
    part.calls, part.found, part.seconds, part.waited = place.made, sink.found, time.monotonic() - began, place.waited
    _note(part, owner, status, place.problems, sink, region=access.region)


def place_for(access: Access, service: Service, account: str, region: str, *, page_size: int | None = None) -> Place:
    """Raises NoCredentials."""
    return Place(
        account=account,
        region=region,
        partition=access.caller().partition,
        calls=service.calls,
        clients=lambda name, where: access.client(account, name, where),
        page_size=page_size,
    )


class _Lease:
    def __init__(self, part: CollectionPart, owner: str) -> None:
        self._mine = CollectionPart.objects.filter(
            pk=part.pk, lease_owner=owner, status=_Status.LEASED, collection__status=Collection.Status.RUNNING
        )
        self._extended = time.monotonic()

    def hold(self) -> None:
        """Extend it. Raises _Lost if it is not ours, or nobody wants the answer any more."""
        if self._mine.update(lease_expires_at=timezone.now() + LEASE) != 1:
            raise _Lost
        self._extended = time.monotonic()

    def extend(self) -> None:
        """Extend it if a part of its time is gone."""
        if time.monotonic() - self._extended > LEASE.total_seconds() / 4:
            self.hold()


def _failure(error: Exception, part: CollectionPart, service: Service, place: Place, access: Access) -> _Status:
    """Why the part was not read; regions in which AWS does not offer the service are no failure."""
    if isinstance(error, ClientError):
        operation = error.operation_name
        found = told(error, operation, service.calls.get(operation, ""))
        if operation == "AssumeRole":
            permission = "sts:AssumeRole" if found.permission else ""
            hint = " Check the role's trust policy, its name and the external id."
            found = Problem(operation, found.code, found.message + hint, permission)
        elif found.code in SWITCHED_OFF and part.region:
            message = f"{found.message} The region is probably switched off for the account."
            found = Problem(operation, found.code, message)
    else:
        found = told(error, part.service, "")
    place.problems.append(found)
    if isinstance(error, EndpointConnectionError) and part.region and not _offered(part, access, error):
        return _Status.NOT_OFFERED
    return _Status.NOT_READ


def _offered(part: CollectionPart, access: Access, error: EndpointConnectionError) -> bool:
    """As the SDK knows; of a service without a list of regions, whether its name is known to the network at all."""
    known = access.offers(part.service, part.region)
    if known is not None:
        return known
    return not any(sign in str(error.kwargs.get("error", "")) for sign in ("NameResolution", "resolve", "getaddrinfo"))


def _note(
    part: CollectionPart,
    owner: str,
    status: _Status,
    problems: list[Problem],
    sink: Sink | None = None,
    *,
    region: str = "",
) -> None:
    """The state of a part, and the parts that follow from it, in one transaction. `region`: to read where an account
    does not tell its regions."""
    part.status = status
    part.problems = [problem.as_json() for problem in problems[:MAX_PROBLEMS]]
    part.problem_count = len(problems)
    fields = ["status", "problems", "problem_count", "calls", "found", "seconds", "waited"]
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=part.collection_id)
        mine = CollectionPart.objects.filter(pk=part.pk, lease_owner=owner, status=_Status.LEASED)
        if not mine.exists() or collection.status != Collection.Status.RUNNING:
            return
        part.lease_owner = ""
        part.save(update_fields=[*fields, "lease_owner"])
        _remember(part)
        if sink is not None and sink.store.accounts:
            collection.changed_accounts = sorted({*collection.changed_accounts, *sink.store.accounts})
            collection.save(update_fields=["changed_accounts"])
        _follow(collection, part, sink, region)


def _remember(part: CollectionPart) -> None:
    """The latest state of what was read, for the pages of analyzers."""
    now = timezone.now()
    state = {
        "status": part.status,
        "problems": part.problems,
        "problem_count": part.problem_count,
        "at": now,
        "collection_id": part.collection_id,
    }
    if part.status == _Status.READ:
        state["read_at"] = now
    LastReading.objects.update_or_create(account=part.account, region=part.region, service=part.service, defaults=state)


def _follow(collection: Collection, part: CollectionPart, sink: Sink | None, region: str) -> None:
    if collection.reason == plan.CHANGE:
        return
    unread = part.status == _Status.NOT_READ
    if part.service == ORGANIZATION.name:
        if unread:
            why = part.problems[0]
            collection.status, collection.finished_at = Collection.Status.FAILED, timezone.now()
            collection.error = f"The organization could not be read. {Problem(**why)}"
            collection.save(update_fields=["status", "error", "finished_at"])
        else:
            plan.after_organization(collection, sink.organization if sink is not None else "")
    elif part.service == REGIONS.name:
        if unread and any(problem["call"] == "AssumeRole" for problem in part.problems):
            return  # nothing of the account can be read
        regions = sink.regions if sink is not None and not unread else []
        plan.after_regions(collection, part.account, regions or [region])


def finish(collection_id: int) -> bool:
    """Complete the collection once every part is done, and tell whom it concerns."""
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=collection_id)
        if collection.status != Collection.Status.RUNNING or collection.parts.filter(status__in=OPEN).exists():
            return False
        collection.status, collection.finished_at = Collection.Status.COMPLETED, timezone.now()
        collection.save(update_fields=["status", "finished_at"])
        old = Collection.objects.exclude(status__in=[Collection.Status.PENDING, Collection.Status.RUNNING])
        Collection.objects.filter(pk__in=list(old.values_list("pk", flat=True)[KEEP:])).delete()
    with _guard:
        _accesses.pop(collection_id, None)
    accounts, told_of_use = frozenset(collection.changed_accounts), _told_of_use(collection)
    if accounts or told_of_use:
        inventory_changed.send(sender=Collection, accounts=accounts, told_of_use=told_of_use)
    return True


def _told_of_use(collection: Collection) -> frozenset[str]:
    """The accounts whose users and roles were read, or what they used."""
    services = [name for name, service in SERVICES.items() if service.principals or service is last_accessed.SERVICE]
    read = collection.parts.filter(service__in=services, status__in=[_Status.READ, _Status.PARTLY])
    return frozenset(read.values_list("account", flat=True))


def read_again(collection: Collection) -> int:
    """Put the parts back that were not read, or not in full; how many. The collection runs again."""
    with transaction.atomic():
        locked = Collection.objects.select_for_update().get(pk=collection.pk)
        wanted = [_Status.NOT_READ, _Status.PARTLY]
        if not locked.is_open:
            wanted += OPEN  # it was canceled, or failed
        parts = locked.parts.filter(status__in=wanted)
        number = parts.update(status=_Status.PENDING, attempts=0, problems=[], problem_count=0, lease_owner="")
        begun = locked.parts.exists()
        if number or not begun:
            locked.status = Collection.Status.RUNNING if begun else Collection.Status.PENDING
            locked.error, locked.finished_at = "", None
            locked.save(update_fields=["status", "error", "finished_at"])
    return number


def hand_out_again() -> list[int]:
    """The open collections that have parts nobody works on."""
    now = timezone.now()
    free = Q(parts__status=_Status.PENDING) | Q(parts__status=_Status.LEASED, parts__lease_expires_at__lt=now)
    opened = Collection.objects.filter(status=Collection.Status.RUNNING)
    waiting = opened.filter(free).values_list("pk", flat=True).distinct()
    idle = opened.exclude(parts__status__in=OPEN).values_list("pk", flat=True)
    late = Collection.objects.filter(
        status=Collection.Status.PENDING, created_at__lt=now - timedelta(seconds=10)
    ).values_list("pk", flat=True)
    return sorted({*waiting, *idle, *late})
