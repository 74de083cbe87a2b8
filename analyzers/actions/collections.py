"""Start, repeat and cancel readings of AWS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from analyzers.collect.plan import request_collection
from analyzers.collect.work import read_again
from analyzers.models import PLAN_FIELDS, Collection, CollectionSchedule
from findings.roles import IMPORT, Actor, person, require

from .analyzers import LONGEST_PERIOD, SHORTEST_PERIOD


@dataclass(frozen=True)
class StartCollection:
    """`every`: minutes after which it is repeated, again and again; None: once. `wake`: tell the workers at once; the
    command line works by itself."""

    user: Actor
    organization: bool = False
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    profile: str = ""
    role_name: str = ""
    external_id: str = ""
    aggregator: str = ""
    aggregator_region: str = ""
    every: int | None = None
    wake: bool = True

    def __call__(self) -> Collection:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, IMPORT)
        if self.every is not None and not SHORTEST_PERIOD <= self.every <= LONGEST_PERIOD:
            raise ValidationError({"every": f"Between {SHORTEST_PERIOD} and {LONGEST_PERIOD} minutes, or once."})
        with transaction.atomic():
            collection = request_collection(
                organization=self.organization,
                accounts=self.accounts,
                regions=self.regions,
                profile=self.profile,
                role_name=self.role_name,
                external_id=self.external_id,
                aggregator=self.aggregator,
                aggregator_region=self.aggregator_region,
                user=person(self.user),
            )
            if self.every is not None:
                same: dict[str, Any] = {name: getattr(collection, name) for name in PLAN_FIELDS}
                collection.schedule = CollectionSchedule.objects.create(
                    **same, every=self.every, created_by=person(self.user)
                )
                collection.save(update_fields=["schedule"])
        if self.wake:
            _wake(collection)
        return collection


@dataclass(frozen=True)
class EndSchedule:
    """It is not repeated any more; its collections stay."""

    schedule: CollectionSchedule
    user: Actor

    def __call__(self) -> None:
        require(self.user, IMPORT)
        self.schedule.delete()


@dataclass(frozen=True)
class ReadAgain:
    """Only the parts that were not read, or not in full."""

    collection: Collection
    user: Actor
    wake: bool = True

    def __call__(self) -> int:
        require(self.user, IMPORT)
        number = read_again(self.collection)
        if self.wake and number:
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
