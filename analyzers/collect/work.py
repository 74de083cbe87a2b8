"""Working on a collection: take a part, read it, store what comes as it comes, go on.

Parts are leased in the database as the chunks of a scan are. What cannot be read is marked as such and the rest goes
on; nothing that was read before is removed because of it, so its findings are kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from analyzers.inventory import check
from analyzers.inventory.signals import inventory_changed
from analyzers.inventory.store import Store
from analyzers.models import Account, Collection, CollectionPart, ControlPolicy
from analyzers.scans.work import owner_name

from . import plan
from .access import Access, NoCredentials
from .place import SWITCHED_OFF, Part, Place, Problem, Service, told
from .services import ORGANIZATION, REGIONS, SERVICES

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
ATTEMPTS = 3
BATCH = 200
AT_ONCE = 4
"""Parts of one account that are read at the same time, so that its limits are not used up."""
MAX_PROBLEMS = 100
_Status = CollectionPart.Status
OPEN = (_Status.PENDING, _Status.LEASED)

Progress = Callable[[CollectionPart], None]


def access_for(collection: Collection) -> Access:
    return Access(
        profile=collection.profile,
        role=collection.role_name,
        external_id=collection.external_id,
        attempts=settings.COLLECT_ATTEMPTS,
    )


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
        access = access or access_for(Collection.objects.get(pk=collection_id))
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
        plan.begin(collection, caller.account)


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


class _Lost(Exception):
    """The lease ran out and somebody else has the part, or the collection was canceled."""


def _read(part: CollectionPart, owner: str, access: Access, page_size: int | None) -> None:
    """Read a part and note how it went."""
    service = SERVICES[part.service]
    if part.attempts > ATTEMPTS:
        gave_up = Problem("", "GivenUp", f"{ATTEMPTS} workers ended while they read this part.")
        _note(part, owner, _Status.NOT_READ, [gave_up], region=access.region)
        return
    place = Place(
        account=part.account,
        region=part.region,
        partition=access.caller().partition,
        calls=service.calls,
        clients=lambda name, region: access.client(part.account, name, region),
        page_size=page_size,
    )
    began = time.monotonic()
    reading = _Reading(part, owner, service, place)
    try:
        reading.run()
        status = _Status.PARTLY if place.problems else _Status.READ
    except _Lost:
        return
    except (ClientError, BotoCoreError) as error:
        status = _failure(error, part, service, place, access)
    except Exception as error:  # an answer that is not as documented must not end the worker
        logger.exception("reading %s failed", part)
        place.problems.append(Problem(part.service, type(error).__name__, str(error)[:500]))
        status = _Status.NOT_READ
    part.calls, part.found, part.seconds = place.made, reading.found, time.monotonic() - began
    _note(part, owner, status, place.problems, reading, region=access.region)


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
    if isinstance(error, EndpointConnectionError) and part.region and not access.offers(part.service, part.region):
        return _Status.NOT_OFFERED
    return _Status.NOT_READ


class _Reading:
    """One part on its way into the tables."""

    def __init__(self, part: CollectionPart, owner: str, service: Service, place: Place) -> None:
        self.part, self.owner, self.service, self.place = part, owner, service, place
        self.store = Store()
        self.found = 0
        self.regions: list[str] = []
        self.organization = ""
        self.controls: set[str] = set()
        self.members: set[str] = set()
        self._complete = True

    def run(self) -> None:
        batch: list[Part] = []
        for section, value in self.service.read(self.place):
            batch.append((section, value))
            if len(batch) >= BATCH:
                self._write(batch)
                batch = []
        self._write(batch)
        self._close()

    def _write(self, batch: list[Part]) -> None:
        sound = [(section, value) for section, value in batch if self._is_sound(section, value)]
        self.found += sum(1 for section, _ in sound if section not in {"account_details", "regions"})
        _again(lambda: self._store(sound))

    def _is_sound(self, section: str, value: Any) -> bool:
        if section not in check.DEFINITIONS:
            return True
        wrong = list(check.problems(section, value))
        about = str(value.get("arn", "")) if isinstance(value, dict) else ""
        for path, message in wrong:
            self.place.problems.append(Problem(section, "NotUnderstood", f"{path} {message}".strip(), "", about))
        self._complete &= not wrong
        return not wrong

    def _store(self, batch: list[Part]) -> None:
        """In one transaction, while the lease is held."""
        with transaction.atomic():
            self._hold()
            store = self.store
            store.forget()
            queues: dict[str, list[Any]] = {"principals": [], "resources": []}
            for section, value in batch:
                if section in queues:
                    queues[section].append(value)
                elif section == "organization":
                    store.organization(value)
                    self.organization = value["id"]
                elif section == "accounts":
                    self._account(value)
                elif section == "account_details":
                    store.account_details(value["id"], **{k: v for k, v in value.items() if k != "id"})
                elif section == "control_policies":
                    store.control_policy(value, self.organization)
                    self.controls.add(value["id"])
                elif section == "managed_policies":
                    store.managed_policy(value)
                elif section == "regions":
                    self.regions.append(value["name"])
            if queues["principals"]:
                store.principals(queues["principals"])
            if queues["resources"]:
                store.resources(queues["resources"])
            store.write_documents()

    def _account(self, value: dict[str, Any]) -> None:
        """What the organization tells of an account; what only the account itself knows stays."""
        known = Account.objects.filter(pk=value["id"]).first()
        if known is not None:
            kept = {"canonical_user_id": known.canonical_user_id, "public_access_block": known.public_access_block}
            value = {**kept, **value}
        self.store.account(value, self.organization)
        self.members.add(value["id"])

    def _close(self) -> None:
        """After the last batch: what is not listed any more goes, if everything was listed."""

        def close() -> None:
            with transaction.atomic():
                self._hold()
                if self.service.principals:
                    self.store.attach_managed(self.part.account)
                if self._complete and self.service.types:
                    region = self.part.region if self.service.everywhere else None
                    self.store.remove_unlisted(
                        self.part.account, region, self.service.types, principals=self.service.principals
                    )
                if self._complete and self.organization:
                    self._leave()

        _again(close)

    def _leave(self) -> None:
        """Accounts and control policies that are not in the organization any more."""
        gone = Account.objects.filter(organization=self.organization).exclude(pk__in=self.members)
        self.store.accounts |= set(gone.values_list("pk", flat=True))
        gone.update(organization=None, parent="")
        ended = ControlPolicy.objects.filter(organization=self.organization).exclude(pk__in=self.controls)
        if ended.exists():
            ended.delete()
            self.store.accounts |= self.members

    def _hold(self) -> None:
        """Extend the lease. Raises _Lost if it is not ours, or nobody wants the answer any more."""
        held = CollectionPart.objects.filter(
            pk=self.part.pk,
            lease_owner=self.owner,
            status=_Status.LEASED,
            collection__status=Collection.Status.RUNNING,
        )
        if held.update(lease_expires_at=timezone.now() + LEASE) != 1:
            raise _Lost


def _again(action: Callable[[], None], times: int = 5) -> None:
    """Two parts that write the same rows may stand in each other's way; the database then undoes one of them."""
    for left in reversed(range(times)):
        try:
            action()
        except OperationalError as error:
            if not left or "deadlock" not in str(error):
                raise
            time.sleep(0.05 * (times - left))
        else:
            return


def _note(
    part: CollectionPart,
    owner: str,
    status: _Status,
    problems: list[Problem],
    reading: _Reading | None = None,
    *,
    region: str = "",
) -> None:
    """The state of a part, and the parts that follow from it, in one transaction. `region`: to read where an account
    does not tell its regions."""
    part.status = status
    part.problems = [problem.as_json() for problem in problems[:MAX_PROBLEMS]]
    part.problem_count = len(problems)
    fields = ["status", "problems", "problem_count", "calls", "found", "seconds"]
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=part.collection_id)
        mine = CollectionPart.objects.filter(pk=part.pk, lease_owner=owner, status=_Status.LEASED)
        if not mine.exists() or collection.status != Collection.Status.RUNNING:
            return
        part.lease_owner = ""
        part.save(update_fields=[*fields, "lease_owner"])
        if reading is not None and reading.store.accounts:
            collection.changed_accounts = sorted({*collection.changed_accounts, *reading.store.accounts})
            collection.save(update_fields=["changed_accounts"])
        _follow(collection, part, reading, region)


def _follow(collection: Collection, part: CollectionPart, reading: _Reading | None, region: str) -> None:
    unread = part.status == _Status.NOT_READ
    if part.service == ORGANIZATION.name:
        if unread:
            why = part.problems[0]
            collection.status, collection.finished_at = Collection.Status.FAILED, timezone.now()
            collection.error = f"The organization could not be read. {Problem(**why)}"
            collection.save(update_fields=["status", "error", "finished_at"])
        else:
            plan.after_organization(collection)
    elif part.service == REGIONS.name:
        if unread and any(problem["call"] == "AssumeRole" for problem in part.problems):
            return  # nothing of the account can be read
        regions = reading.regions if reading is not None and not unread else []
        plan.after_regions(collection, part.account, regions or [region])


def finish(collection_id: int) -> bool:
    """Complete the collection once every part is done, and tell whom it concerns."""
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=collection_id)
        if collection.status != Collection.Status.RUNNING or collection.parts.filter(status__in=OPEN).exists():
            return False
        collection.status, collection.finished_at = Collection.Status.COMPLETED, timezone.now()
        collection.save(update_fields=["status", "finished_at"])
    if collection.changed_accounts:
        inventory_changed.send(sender=Collection, accounts=frozenset(collection.changed_accounts))
    return True


def read_again(collection: Collection) -> int:
    """Put the parts back that were not read, or not in full; how many. The collection runs again."""
    with transaction.atomic():
        locked = Collection.objects.select_for_update().get(pk=collection.pk)
        parts = locked.parts.filter(status__in=[_Status.NOT_READ, _Status.PARTLY])
        number = parts.update(status=_Status.PENDING, attempts=0, problems=[], problem_count=0)
        if not locked.parts.exists():
            locked.status, locked.error = Collection.Status.PENDING, ""
        elif number:
            locked.status, locked.error = Collection.Status.RUNNING, ""
        locked.finished_at = None
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
