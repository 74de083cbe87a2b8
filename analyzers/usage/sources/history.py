"""CloudTrail's event history of one account: management events of the last 90 days, without a trail.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html (two calls a second and region)
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.decode import tally_events
from analyzers.usage.store import FileRead

from . import Item
from .credentials import access_of, failed
from .files import left_out

REACH = 89
"""Whole days that the history holds besides today."""
DELAY = timedelta(hours=6)
"""A day is asked for once it is over so long: events come late."""
PAUSE = 0.5
MOST_EVENTS = 250_000
"""Of one day and region: 42 minutes of asking. More are read from the files of a trail."""
THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
TRIES = 6


class History:
    """The location is the account. `settings`: `regions` (those that the account uses, if empty), `days`, `role_name`.

    One item is a day in a region, so that each is asked for once and an interrupted reading goes on where it was.
    """

    at_once = 1

    def __init__(self, feed: UsageFeed, now: datetime, beat: Callable[[], None]) -> None:
        self._feed, self._beat = feed, beat
        self._account = feed.location
        self._access = access_of(feed)
        self._last = (now - DELAY).date() - timedelta(days=1)
        days = min(int(feed.settings.get("days") or REACH), REACH)
        self._first = max(self._last - timedelta(days=days - 1), now.date() - timedelta(days=REACH))
        self._chosen: list[str] = list(feed.settings.get("regions") or ())
        self._all = not self._chosen
        self._clients: dict[str, Any] = {}
        self._asked = 0.0
        self.note = (
            "The history holds the management events of all regions; data events are not in it."
            if self._all
            else "Only some regions are read, so nothing is taken for unused because of it."
        )

    def items(self) -> Iterator[Item]:
        """The newest days first: they say most. The regions of a day are together."""
        regions = self._regions()
        for number in range((self._last - self._first).days + 1):
            day = self._last - timedelta(days=number)
            yield from (Item(f"{self._account}/{region}/{day}", 0, "whole") for region in regions)

    def _regions(self) -> list[str]:
        if not self._chosen:
            try:
                client = self._access.client(self._account, "ec2", self._access.region)
                self._chosen = sorted(one["RegionName"] for one in client.describe_regions()["Regions"])
            except (ClientError, BotoCoreError) as error:
                raise failed(error, f"Asking account {self._account} for its regions", "ec2:DescribeRegions") from error
        return self._chosen

    def read(self, item: Item) -> FileRead:
        _, region, text = item.name.split("/")
        day = date.fromisoformat(text)
        digest = hashlib.sha256(item.name.encode())
        events = self._events(region, day, digest.update)
        tally = tally_events(events)
        if tally.events >= MOST_EVENTS:
            reason = f"More than {MOST_EVENTS:,} events of one day: read the files of a trail instead."
            return FileRead(item.name, digest.hexdigest(), 0, item.mark, None, reason)
        return FileRead(item.name, digest.hexdigest(), 0, item.mark, tally, left_out(tally))

    def _events(self, region: str, day: date, note: Callable[[bytes], None]) -> Iterator[Mapping[str, Any]]:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        asked: dict[str, Any] = {"StartTime": begin, "EndTime": begin + timedelta(days=1, seconds=-1), "MaxResults": 50}
        seen = 0
        while True:
            page = self._ask(region, asked)
            for event in page.get("Events") or ():
                note(str(event.get("EventId", "")).encode())
                seen += 1
                yield event
            token = page.get("NextToken")
            if not token or token == asked.get("NextToken") or seen >= MOST_EVENTS:
                return
            asked["NextToken"] = token

    def _ask(self, region: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if region not in self._clients:
            self._clients[region] = self._access.client(self._account, "cloudtrail", region)
        for attempt in range(TRIES):
            self._wait(PAUSE if not attempt else min(30.0, 2.0**attempt))
            try:
                answer: Mapping[str, Any] = self._clients[region].lookup_events(**asked)
                return answer
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code not in THROTTLED or attempt == TRIES - 1:
                    what = f"The event history of account {self._account} in {region}"
                    raise failed(error, what, "cloudtrail:LookupEvents") from error
            except BotoCoreError as error:
                raise failed(error, f"The event history of account {self._account} in {region}", "") from error
        raise AssertionError("not reached")

    def _wait(self, seconds: float) -> None:
        """Regions have limits of their own; one pace for all is simple, and kind to others who ask."""
        self._beat()
        left = self._asked + seconds - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._asked = time.monotonic()

    def claim(self) -> Claim | None:
        return Claim(self._first, self._last, self._all, without_events=True, accounts={self._account})

    def finished(self) -> None:
        return
