"""Start, repeat and cancel readings of AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from analyzers.collect.plan import request_collection
from analyzers.collect.work import read_again
from analyzers.models import Collection
from findings.roles import IMPORT, Actor, person, require


@dataclass(frozen=True)
class StartCollection:
    """`wake`: tell the workers at once; the command line works by itself."""

    user: Actor
    organization: bool = False
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    profile: str = ""
    role_name: str = ""
    external_id: str = ""
    wake: bool = True

    def __call__(self) -> Collection:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, IMPORT)
        collection = request_collection(
            organization=self.organization,
            accounts=self.accounts,
            regions=self.regions,
            profile=self.profile,
            role_name=self.role_name,
            external_id=self.external_id,
            user=person(self.user),
        )
        if self.wake:
            _wake(collection)
        return collection


@dataclass(frozen=True)
class ReadAgain:
    """Only the parts that were not read, or not in full."""

    collection: Collection
    user: Actor
    wake: bool = True

    def __call__(self) -> int:
        require(self.user, IMPORT)
        number = read_again(self.collection)
        if self.wake:
            _wake(self.collection)
        return number


@dataclass(frozen=True)
class CancelCollection:
    """What was read stays; parts that are being read are thrown away."""

    collection: Collection
    user: Actor

    def __call__(self) -> Collection:
        require(self.user, IMPORT)
        with transaction.atomic():
            collection = Collection.objects.select_for_update().get(pk=self.collection.pk)
            if collection.is_open:
                collection.status, collection.finished_at = Collection.Status.CANCELED, timezone.now()
                collection.save(update_fields=["status", "finished_at"])
        return collection


def _wake(collection: Collection) -> None:
    from analyzers.tasks import wake_collection

    wake_collection(collection.pk)
