"""Results of a CloudTrail Lake query that were saved to S3: tables with one record a row, in the column `eventJson`.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-run-query.html
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.decode import read as decode
from analyzers.usage.decode import tally_events
from analyzers.usage.store import KEPT, FileRead
from analyzers.usage.tally import NotALog, Tally
from analyzers.usage.unpack import blocks

from . import Item
from .credentials import access_of, bucket_and_prefix, client_of, failed
from .files import read_file

COLUMN = "eventjson"
MOST_FIELD = 2 * 1024**2
"""A record has 256 KB at most."""


class Lake:
    """`settings`: `account` and `role_name` (where the bucket is), `region`, `complete`: the query asked for everything
    of all regions."""

    at_once = 1

    def __init__(self, feed: UsageFeed, now: datetime) -> None:
        self._bucket, self._prefix = bucket_and_prefix(feed.location)
        self._client = client_of(feed, access_of(feed), "s3")
        self._complete = bool(feed.settings.get("complete"))
        self._today = now.date()
        self.note = "" if self._complete else "It is not said that the query asked for all events of all regions."

    def items(self) -> Iterator[Item]:
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for one in page.get("Contents") or ():
                    key = str(one["Key"])
                    if key.lower().endswith((".csv.gz", ".csv", ".json.gz")):
                        name = key[len(self._prefix) :]
                        yield Item(name, int(one["Size"]), str(one.get("ETag", "")).strip('"'), key)
        except (ClientError, BotoCoreError) as error:
            raise failed(error, f"Listing s3://{self._bucket}", "s3:ListBucket") from error

    def read(self, item: Item) -> FileRead:
        how = decode if item.name.lower().endswith(".json.gz") else read_table
        try:
            with self._client.get_object(Bucket=self._bucket, Key=item.path)["Body"] as body:
                return read_file(body, item.name, size=item.size, mark=item.mark, how=how)
        except (ClientError, BotoCoreError) as error:
            raise failed(error, f"Reading s3://{self._bucket}/{item.path}", "s3:GetObject") from error

    def claim(self) -> Claim | None:
        return Claim(self._today - KEPT, self._today - timedelta(days=1), all_regions=self._complete)

    def finished(self) -> None:
        return


def read_table(stream: BinaryIO, name: str) -> Tally:
    """A saved result, packed or not. Raises NotALog."""
    csv.field_size_limit(MOST_FIELD)
    rows = csv.reader(_lines(stream))
    try:
        header = [field.strip().lower() for field in next(rows, [])]
        if COLUMN not in header:
            raise NotALog("It has no column eventJson; ask for SELECT eventJson FROM ….")
        return tally_events(_records(rows, header.index(COLUMN)))
    except csv.Error as error:
        raise NotALog(f"The table is damaged: {str(error)[:200]}") from error


def _lines(stream: BinaryIO) -> Iterator[str]:
    """With their ends. Memory is bounded, whatever the file holds."""
    rest = ""
    for text in codecs.iterdecode(blocks(stream), "utf-8", errors="replace"):
        *lines, rest = (rest + text).splitlines(keepends=True) or [""]
        yield from lines
        if len(rest) > MOST_FIELD:
            raise NotALog("It holds a line that no record is long enough for.")
    if rest:
        yield rest


def _records(rows: Iterator[list[str]], column: int) -> Iterator[Mapping[str, Any]]:
    """One that is no record is passed on as it is: it is counted as malformed."""
    for row in rows:
        try:
            record = json.loads(row[column])
        except (ValueError, IndexError, RecursionError):
            record = {}
        yield record if isinstance(record, dict) else {}
