"""Which days of an account a feed tells in full. Only there does the absence of an event say something, so in doubt a
day is not told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from analyzers.models import Usage, UsageCoverage, UsageFeed, UsageFile
from analyzers.policy import arn as arns

from .store import KEPT

ALL = "*"
_NAMED = re.compile(r"(?:^|[/!])(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{4})(\d{2})(\d{2})T\d{4}Z_")
_UNIT = re.compile(r"(?:^|/)(\d{12}|all)/(?:[a-z0-9-]+/)?(\d{4})-(\d{2})-(\d{2})(?:\.\.(\d{4})-(\d{2})-(\d{2}))?\Z")
_CHANGES = (
    "cloudtrail:StopLogging",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
    "cloudtrail:DeleteTrail",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
)


class Claim(NamedTuple):
    """What a reading says of itself: it has everything of [first, last] that there is.

    `all_regions`: everything of every region. `without_events`: a day without any event is told, too; otherwise it is
    not, since a trail that was off looks the same. `data_events`: prefixes of services. `trail_account`: whose changes
    of trails are looked at; empty: those of all accounts. `accounts`: those that were read; None: all with events.
    """

    first: date
    last: date
    all_regions: bool
    without_events: bool = False
    data_events: Collection[str] = ()
    trail_account: str = ""
    accounts: Collection[str] | None = None


def conclude(feed: UsageFeed, claim: Claim, today: date | None = None) -> None:
    """Extend what the feed tells in full, after a reading that ended well. Days that an earlier one told stay told,
    unless a file of them was set aside since."""
    oldest = (today or timezone.now().date()) - KEPT
    aside = _set_aside(feed)
    begins = max(claim.first, oldest, _trail_changed(feed, claim) or oldest)
    with transaction.atomic():
        if claim.without_events:
            _make_rows(feed, claim)
        regions = _regions(feed)
        for row in UsageCoverage.objects.select_for_update().filter(feed=feed).order_by("account"):
            gone = aside.get(row.account, set()) | aside.get("", set())
            before = set() if ALL in aside or row.regions != [ALL] else _told(row) - gone
            seen = {date.fromisoformat(day) for day in row.seen}
            wanted = claim.accounts is None or row.account in claim.accounts
            if claim.all_regions and ALL not in aside and wanted:
                days = {day for day in _days(begins, claim.last) if claim.without_events or day in seen}
                recorded = set(claim.data_events)
                # An event selector that came later says nothing of the days before.
                row.data_events = sorted(recorded & set(row.data_events) if before else recorded)
                row.regions, told = [ALL], before | (days - gone)
            elif before:
                told = before
            else:
                row.regions, row.data_events, told = regions.get(row.account, []), [], seen - gone
            _save(row, {day for day in told if day >= oldest})


def _make_rows(feed: UsageFeed, claim: Claim) -> None:
    """Accounts that were read and have no event at all."""
    for account in sorted(claim.accounts or ()):
        UsageCoverage.objects.get_or_create(
            feed=feed,
            account=account,
            defaults={"first_day": claim.first, "last_day": claim.first, "holes": [claim.first.isoformat()]},
        )


def _save(row: UsageCoverage, told: set[date]) -> None:
    if told:
        row.first_day, row.last_day = min(told), max(told)
        row.holes = [day.isoformat() for day in _days(row.first_day, row.last_day) if day not in told]
    else:
        row.last_day, row.holes = row.first_day, [row.first_day.isoformat()]
    row.save(update_fields=["first_day", "last_day", "holes", "regions", "data_events"])


def _told(row: UsageCoverage) -> set[date]:
    holes = set(row.holes)
    return {day for day in _days(row.first_day, row.last_day) if day.isoformat() not in holes}


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _set_aside(feed: UsageFeed) -> dict[str, set[date]]:
    """Days of which something could not be read, by account; under "" for all accounts. Under `ALL` if a name does not
    tell of which day it is: then nothing is sure."""
    rows = UsageFile.objects.filter(feed=feed).exclude(reason="")
    read = UsageFile.objects.filter(feed=feed, status=UsageFile.Status.READ, reason="").values("name")
    found: dict[str, set[date]] = {}
    for name in rows.exclude(name__in=read).values_list("name", flat=True).iterator():
        account, days = of_name(name)
        found.setdefault(account, set()).update(days)
    return found


def of_name(name: str) -> tuple[str, set[date]]:
    """The account and the days whose events a file may hold, as its name tells: (`ALL`, none) if it does not. A file
    that is written shortly after midnight holds events of the day before."""
    if match := _NAMED.search(name):
        day = _date(match[3], match[4], match[5])
        if day is not None:
            return match[1], {day, day - timedelta(days=1)}
    if match := _UNIT.search(name):
        first = _date(match[2], match[3], match[4])
        last = _date(match[5], match[6], match[7]) if match[5] else first
        if first is not None and last is not None and (last - first).days <= KEPT.days:
            return "" if match[1] == "all" else match[1], set(_days(first, last))
    return ALL, set()


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _trail_changed(feed: UsageFeed, claim: Claim) -> date | None:
    """The day after trails were changed last: how it was before is not known. Changes that name a trail of another
    account do not count."""
    if claim.without_events:
        return None  # the event history is always on
    changes = Usage.objects.filter(feed=feed, action__in=_CHANGES, denied=False).order_by("-last_used_at")
    for resource, last in changes.values_list("resource", "last_used_at").iterator(chunk_size=1000):
        if not claim.trail_account or arns.account_of(resource) in {"", claim.trail_account}:
            return last.date() + timedelta(days=1)
    return None


def _regions(feed: UsageFeed) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pairs = Usage.objects.filter(feed=feed).exclude(region="").order_by("account", "region")
    for account, region in pairs.values_list("account", "region").distinct():
        found.setdefault(account, []).append(region)
    return found
