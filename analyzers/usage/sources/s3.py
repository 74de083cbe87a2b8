"""The files of a trail in S3: of an organization or of single accounts, all accounts and regions.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html (names and folders)
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.models import UsageFeed, UsageReading
from analyzers.usage.coverage import Claim
from analyzers.usage.store import KEPT, FileRead

from . import Item, NotRead, trail
from .credentials import access_of, bucket_and_prefix, client_of, failed
from .files import is_log, read_file

LATE = timedelta(days=7)
"""So far back files are looked for again that came late."""
SETTLED = timedelta(days=2)
"""A day is told in full once it is this old."""

_ORGANIZATION = re.compile(r"o-[a-z0-9]{4,32}/\Z")
_ACCOUNT = re.compile(r"[0-9]{12}/\Z")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}/\Z")


class Trail:
    """`settings`: `accounts` and `regions` (all, if empty), `start_day`, `account` and `role_name` (where the bucket
    is), `region`, `complete`."""

    at_once = 4

    def __init__(self, feed: UsageFeed, now: datetime) -> None:
        self._feed = feed
        self._today = now.date()
        self._bucket, self._prefix = bucket_and_prefix(feed.location)
        self._accounts = set(feed.settings.get("accounts") or ())
        self._regions = set(feed.settings.get("regions") or ())
        self._first = first_day(feed, self._today)
        self._access = access_of(feed)
        self._client = client_of(feed, self._access, "s3")
        self._own = threading.local()
        self.note = ""

    def items(self) -> Iterator[Item]:
        """By account, region and name, which is the order of time. Names are within the location."""
        found = False
        for home in self._homes():
            for folder in self._beneath(home + "CloudTrail/"):
                if _REGION.search(folder) and self._wanted(folder.rsplit("/", 2)[-2], self._regions):
                    found = True
                    yield from self._objects(folder)
        if not found:
            where = f"s3://{self._bucket}/{self._prefix}"
            raise NotRead(f"There are no files of a trail in {where}: AWSLogs/ACCOUNT/CloudTrail/REGION is expected.")

    def _homes(self) -> Iterator[str]:
        """The folder of each account."""
        for folder in self._beneath(self._prefix + "AWSLogs/"):
            name = folder.rsplit("/", 2)[-2] + "/"
            if _ACCOUNT.match(name) and self._wanted(name[:-1], self._accounts):
                yield folder
            elif _ORGANIZATION.match(name):
                for inner in self._beneath(folder):
                    account = inner.rsplit("/", 2)[-2]
                    if _ACCOUNT.match(account + "/") and self._wanted(account, self._accounts):
                        yield inner

    def _wanted(self, name: str, chosen: set[str]) -> bool:
        return not chosen or name in chosen

    def _beneath(self, prefix: str) -> Iterator[str]:
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            yield from (str(one["Prefix"]) for one in page.get("CommonPrefixes") or ())

    def _objects(self, folder: str) -> Iterator[Item]:
        start = f"{folder}{self._first:%Y/%m/%d}"
        for page in self._pages(Prefix=folder, StartAfter=start):
            for one in page.get("Contents") or ():
                name = str(one["Key"])[len(self._prefix) :]
                if is_log(name) and one["Size"]:
                    yield Item(name, int(one["Size"]), str(one.get("ETag", "")).strip('"'), str(one["Key"]))

    def _pages(self, **parameters: Any) -> Iterator[Any]:
        try:
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise failed(error, f"Listing s3://{self._bucket}", "s3:ListBucket") from error

    def read(self, item: Item) -> FileRead:
        try:
            body = self._mine().get_object(Bucket=self._bucket, Key=item.path)["Body"]
            with body:
                return read_file(body, item.name, size=item.size, mark=item.mark)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
                gone = hashlib.sha256(f"{item.name} {item.mark}".encode()).hexdigest()
                return FileRead(item.name, gone, item.size, item.mark, None, "It was removed before it was read.")
            raise failed(error, f"Reading s3://{self._bucket}/{item.path}", "s3:GetObject") from error
        except BotoCoreError as error:
            raise failed(error, f"Reading s3://{self._bucket}/{item.path}", "") from error

    def _mine(self) -> Any:
        """A client for this thread."""
        if not hasattr(self._own, "client"):
            self._own.client = client_of(self._feed, self._access, "s3")
        return self._own.client

    def claim(self) -> Claim | None:
        last = self._today - SETTLED
        first = self._first + timedelta(days=1)  # a file of the first day may be of the day before
        if self._regions:
            self.note = "Only some regions are read, so nothing is taken for unused because of it."
            return Claim(first, last, all_regions=False)
        if self._feed.settings.get("complete"):
            self.note = "That the trail records all regions was said by whoever added the feed."
            return Claim(first, last, all_regions=True, accounts=self._accounts or None)
        facts = trail.facts(self._access, self._bucket, self._prefix)
        self.note = facts.words
        if not facts.all_regions:
            return Claim(first, last, all_regions=False)
        accounts = self._accounts or None if facts.organization else {facts.account}
        first = max(first, facts.since) if facts.since else first
        return Claim(first, last, True, data_events=facts.data_events, trail_account=facts.account, accounts=accounts)

    def finished(self) -> None:
        return


def first_day(feed: UsageFeed, today: date) -> date:
    """From where files are listed: the start, or some days before the last reading of the same that ended well."""
    begun = feed.settings.get("start_day")
    start = max(date.fromisoformat(begun) if begun else date.min, today - KEPT)
    if feed.settings.get("read_whole") == scope(feed):
        last = feed.readings.filter(status=UsageReading.Status.COMPLETED).order_by("-started_at").first()
        if last is not None and last.started_at is not None:
            return max(start, last.started_at.date() - LATE)
    return start


def scope(feed: UsageFeed) -> str:
    """What is read, as a text that differs if it was changed."""
    chosen = {name: feed.settings.get(name) for name in ("start_day", "accounts", "regions") if feed.settings.get(name)}
    return json.dumps(chosen, sort_keys=True)
