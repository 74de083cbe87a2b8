"""Reading one resource again, with the credentials that its account was read with."""

from __future__ import annotations

from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.models import PLAN_FIELDS, Collection, CollectionPart, CollectionSchedule, LastReading
from analyzers.models.collection import PartStatus, ReadingPlan

from .access import Access
from .changes import Target
from .plan import CHANGE
from .services import ORGANIZATION, SERVICES
from .storing import Sink
from .work import access_for, place_for


class NotCollected(Exception):
    """Nothing is known of how the account is read."""


@dataclass
class Readers:
    """The credentials that accounts were read with, kept between messages."""

    _accesses: dict[tuple[str, ...], Access] = field(default_factory=dict)

    def read(self, target: Target) -> bool:
        """Read the resource and store it; whether that worked. Otherwise its service must be read as a whole.

        Raises NotCollected or NoCredentials.
        """
        service = SERVICES[target.service]
        if not target.arn or service.read_one is None:
            return False
        access = self._access(plan_of(target.account))
        place = place_for(access, service, target.account, target.region)
        sink = Sink(place, service)
        try:
            sink.take(service.read_one(place, target.arn))
        except (ClientError, BotoCoreError):
            return False
        sink.close_one(target.arn)
        return True

    def _access(self, plan: ReadingPlan) -> Access:
        key = (plan.profile, plan.role_name, plan.external_id)
        if key not in self._accesses:
            self._accesses[key] = access_for(plan)
        return self._accesses[key]


def plan_of(account: str) -> ReadingPlan:
    """How the account was read last. Raises NotCollected."""
    found = Collection.objects.exclude(reason=CHANGE).filter(parts__account=account).first()
    if found is not None:
        return found
    scheduled = CollectionSchedule.objects.filter(by_organization=True).first()
    if scheduled is not None and LastReading.objects.filter(account=account).exists():
        return scheduled
    raise NotCollected(f"Account {account} was never read from AWS, so it is not known with which role to read it.")


def read_parts(parts: list[Target]) -> list[Collection]:
    """Have services read as a whole, by the workers; the collections that were begun. What waits already is not begun
    twice. Raises NotCollected."""
    by_plan: dict[tuple[str, ...], tuple[ReadingPlan, list[Target]]] = {}
    for part in parts:
        plan = plan_of(part.account)
        waiting = CollectionPart.objects.filter(
            account=part.account,
            region=part.region,
            service=part.service,
            status=PartStatus.PENDING,
            collection__status__in=[Collection.Status.PENDING, Collection.Status.RUNNING],
        )
        if not waiting.exists():
            key = (plan.profile, plan.role_name, plan.external_id)
            by_plan.setdefault(key, (plan, []))[1].append(part)
    return [_begin(plan, sorted(set(wanted))) for plan, wanted in by_plan.values()]


def _begin(plan: ReadingPlan, wanted: list[Target]) -> Collection:
    same = {name: getattr(plan, name) for name in PLAN_FIELDS}
    same |= {"by_organization": False, "accounts": sorted({part.account for part in wanted}), "aggregator": ""}
    collection = Collection.objects.create(**same, reason=CHANGE)
    CollectionPart.objects.bulk_create(
        CollectionPart(collection=collection, account=part.account, region=part.region, service=part.service)
        for part in wanted
    )
    return collection


def where_organization_is_read(account: str) -> str:
    """The account whose credentials read the organization: it need not be the one that a change was made in."""
    last = LastReading.objects.filter(service=ORGANIZATION.name).order_by("-at").first()
    return last.account if last is not None else account
