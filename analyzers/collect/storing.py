"""What a service's module read, on its way into the tables: checked, in batches, each in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.db import OperationalError, transaction

from analyzers.inventory import check
from analyzers.inventory.store import Store
from analyzers.models import Account, ControlPolicy, Principal, Resource

from .place import Part, Place, Problem, Service, clean

BATCH = 200
BATCH_SECONDS = 15.0
"""What was read is stored at least this often."""
_UNCOUNTED = frozenset({"account_details", "regions"})
_KEPT_OF_ACCOUNTS = ("canonical_user_id", "public_access_block", "identity_providers")
"""What only the account itself knows: the organization's list does not change it."""


class Sink:
    """`hold` is called in each transaction and raises if what was read is not wanted any more.

    `found` counts what was stored, `regions` are those that were told of, `store.accounts` those with a change.
    """

    def __init__(self, place: Place, service: Service, hold: Callable[[], None] = lambda: None) -> None:
        self.place, self.service, self._hold = place, service, hold
        self.store = Store()
        self.found = 0
        self.regions: list[str] = []
        self.organization = ""
        self._controls: set[str] = set()
        self._members: set[str] = set()
        self._complete = True

    def take(self, parts: Iterable[Part]) -> None:
        batch: list[Part] = []
        began = time.monotonic()
        for part in parts:
            batch.append(part)
            if len(batch) >= BATCH or time.monotonic() - began > BATCH_SECONDS:
                self._write(batch)
                batch, began = [], time.monotonic()
        self._write(batch)

    def close(self) -> None:
        """After a reading of everything: what is not listed any more goes, if everything was listed."""

        def end() -> None:
            self._hold()
            account, service = self.place.account, self.service
            if service.principals:
                self.store.attach_managed(account)
            if not self._complete:
                return
            types = [kind for kind in service.types if kind not in self.place.kept]
            if types or service.principals:
                region = self.place.region if service.everywhere else None
                self.store.remove_unlisted(account, region, types, principals=service.principals)
            if self.organization:
                self._leave()

        _at_once(end)

    def close_one(self, arn: str) -> None:
        """After a reading of one resource: it, and what belongs to it, goes if it was not there."""

        def end() -> None:
            self._hold()
            if self.service.principals:
                self.store.attach_managed(self.place.account)
            if self._complete and not self.place.kept:
                self.store.remove_named(self.place.account, arn, self.service.beneath)

        _at_once(end)

    def _write(self, batch: list[Part]) -> None:
        sound = [part for part in map(self._sound, batch) if part is not None]
        self.found += sum(1 for section, _ in sound if section not in _UNCOUNTED)
        _at_once(lambda: self._store(sound))

    def _sound(self, part: Part) -> Part | None:
        """The part as it can be stored. What is not as documented is told; a resource then becomes one that could not
        be read, so that nobody takes it for safe."""
        section, value = part
        about = str(value.get("arn", "")) if isinstance(value, dict) else ""
        try:
            value = clean(value)
            wrong = list(check.problems(section, value)) if section in check.DEFINITIONS else []
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            wrong = [("", str(error))]
        if not wrong:
            return section, value
        self._complete = False
        for path, message in wrong:
            told = clean(f"{path} {message}".strip()[:500])
            self.place.problems.append(Problem(section, "NotUnderstood", told, "", clean(about)[:2048]))
        if section != "resources":
            return None
        if not isinstance(value, dict):
            return None
        names = ("arn", "type", "account", "region")
        bare = {name: value[name] for name in names if isinstance(value.get(name), str)}
        bare["error"] = self.place.error(clean(about)[:2048])
        return (section, bare) if not list(check.problems(section, bare)) else None

    def _store(self, batch: list[Part]) -> None:
        self._hold()
        store = self.store
        store.forget()
        queues: dict[str, list[Any]] = {"principals": [], "resources": [], "last_accessed": []}
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
                self._controls.add(value["id"])
            elif section == "managed_policies":
                store.managed_policy(value)
            elif section == "regions":
                self.regions.append(value["name"])
        if queues["principals"]:
            store.principals(queues["principals"])
        if queues["resources"]:
            store.resources(queues["resources"])
        if queues["last_accessed"]:
            store.last_accessed(queues["last_accessed"])
        store.write_documents()

    def _account(self, value: dict[str, Any]) -> None:
        known = Account.objects.filter(pk=value["id"]).first()
        if known is not None:
            value = {**{name: getattr(known, name) for name in _KEPT_OF_ACCOUNTS}, **value}
        self.store.account(value, self.organization)
        self._members.add(value["id"])

    def _leave(self) -> None:
        """Accounts and control policies that are not in the organization any more."""
        gone = Account.objects.filter(organization=self.organization).exclude(pk__in=self._members)
        self.store.accounts |= set(gone.values_list("pk", flat=True))
        gone.update(organization=None, parent="")
        if "control_policies" in self.place.kept:
            return
        ended = ControlPolicy.objects.filter(organization=self.organization).exclude(pk__in=self._controls)
        if ended.exists():
            ended.delete()
            self.store.accounts |= self._members


def _at_once(action: Callable[[], None], times: int = 5) -> None:
    """In one transaction. Two parts that write the same rows may stand in each other's way; the database then undoes
    one of them, which is done again."""
    for left in reversed(range(times)):
        try:
            with transaction.atomic():
                action()
        except OperationalError as error:
            if not left or "deadlock" not in str(error):
                raise
            time.sleep(0.05 * (times - left))
        else:
            return


def known(arn: str) -> Resource | Principal | None:
    """What the inventory knows under an ARN."""
    return Resource.objects.filter(arn=arn).first() or Principal.objects.filter(arn=arn).first()
