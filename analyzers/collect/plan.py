"""Planning a collection: which accounts, which regions, which services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from analyzers.models import PLAN_FIELDS, Account, Collection, CollectionPart, CollectionSchedule, LastReading
from analyzers.policy import arn as arns

from . import aggregator as config
from .access import DEFAULT_ROLE, EXTERNAL_ID, PROFILE, REGION, ROLE_NAME
from .services import IN_EACH_ACCOUNT, IN_EACH_REGION, LAST_ACCESSED, ORGANIZATION, REGIONS

MOST_REGIONS = 60
AGGREGATOR = re.compile(r"[\w-]{1,256}\Z", re.ASCII)
AT_MOST_EACH = timedelta(hours=20)
"""IAM's reports take a job a principal and follow use by hours, so that asking each hour is of no use."""
CHANGE = "change"
"""Reason of a collection that reads only what a change named: no further parts follow."""


def request_collection(
    *,
    organization: bool = False,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    profile: str = "",
    role_name: str = "",
    external_id: str = "",
    aggregator: str = "",
    aggregator_region: str = "",
    user: User | None = None,
) -> Collection:
    """A collection that workers can begin with. Raises ValidationError."""
    _check(accounts, regions, profile, role_name, external_id)
    _check_aggregator(aggregator, aggregator_region, accounts)
    return Collection.objects.create(
        by_organization=organization,
        accounts=sorted(set(accounts)),
        regions=sorted(set(regions)),
        profile=profile,
        role_name=role_name or DEFAULT_ROLE,
        external_id=external_id,
        aggregator=aggregator,
        aggregator_region=aggregator_region,
        requested_by=user,
    )


def repeat(schedule: CollectionSchedule) -> Collection:
    """The collection of a schedule that is due."""
    same: dict[str, Any] = {name: getattr(schedule, name) for name in PLAN_FIELDS}
    return Collection.objects.create(**same, reason="scheduled", schedule=schedule)


def _check_aggregator(name: str, region: str, accounts: Sequence[str]) -> None:
    wrong: dict[str, str] = {}
    if name and AGGREGATOR.match(name) is None:
        wrong["aggregator"] = "The name of an aggregator: letters, digits, _ and -"
    if name and accounts:
        wrong["aggregator"] = "An aggregator gives all the accounts that it holds; name none."
    if region and REGION.match(region) is None:
        wrong["aggregator_region"] = "The name of a region, such as eu-central-1."
    if wrong:
        raise ValidationError(wrong)


def _check(accounts: Sequence[str], regions: Sequence[str], profile: str, role_name: str, external_id: str) -> None:
    wrong: dict[str, str] = {}
    if any(not arns.is_account(account) for account in accounts):
        wrong["accounts"] = "An account id has twelve digits."
    if any(REGION.match(region) is None for region in regions) or len(regions) > MOST_REGIONS:
        wrong["regions"] = "Names of regions, such as eu-central-1, separated by commas."
    if profile and PROFILE.match(profile) is None:
        wrong["profile"] = "Letters, digits, spaces and . @ + - _"
    if role_name and ROLE_NAME.match(role_name) is None:
        wrong["role_name"] = "The name of a role, with its path if it has one, without the ARN around it."
    if external_id and EXTERNAL_ID.match(external_id) is None:
        wrong["external_id"] = "2 to 1224 letters, digits or + = , . @ : / - _"
    if wrong:
        raise ValidationError(wrong)


def begin(collection: Collection, caller_account: str, region: str) -> None:
    """The first parts: the organization, or the accounts that are named. `region`: where an aggregator is asked, if
    the collection does not say."""
    if collection.aggregator:
        where = collection.aggregator_region or region
        parts = [(caller_account, where, name) for name in config.names()]
        _add(collection, parts + ([(caller_account, "", ORGANIZATION.name)] if collection.by_organization else []))
    elif collection.by_organization:
        _add(collection, [(caller_account, "", ORGANIZATION.name)])
    else:
        accounts = collection.accounts or [caller_account]
        _add(collection, [(account, "", REGIONS.name) for account in accounts])


def after_organization(collection: Collection, organization: str) -> None:
    """The accounts of the organization that can be asked; those that are suspended cannot."""
    if collection.aggregator:
        return
    rows = Account.objects.filter(organization=organization, status="ACTIVE")
    wanted = set(collection.accounts)
    accounts = [pk for pk in rows.values_list("pk", flat=True) if not wanted or pk in wanted]
    _add(collection, [(account, "", REGIONS.name) for account in accounts])


def after_regions(collection: Collection, account: str, regions: Iterable[str]) -> None:
    """Each service in each region that was asked for, or that the account uses."""
    chosen = collection.regions or sorted(regions)
    parts = [(account, "", service.name) for service in IN_EACH_ACCOUNT]
    if settings.COLLECT_LAST_ACCESSED and not _read_lately(account, LAST_ACCESSED.name):
        parts.append((account, "", LAST_ACCESSED.name))
    parts += [(account, region, service.name) for region in chosen for service in IN_EACH_REGION]
    _add(collection, parts)


def _read_lately(account: str, service: str) -> bool:
    last = LastReading.objects.filter(account=account, region="", service=service).first()
    return last is not None and last.read_at is not None and last.read_at > timezone.now() - AT_MOST_EACH


def _add(collection: Collection, parts: Iterable[tuple[str, str, str]]) -> None:
    rows = [
        CollectionPart(collection=collection, account=account, region=region, service=service)
        for account, region, service in parts
    ]
    CollectionPart.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
