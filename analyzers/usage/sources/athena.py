"""Sums that Athena makes where the files lie: only they are fetched. For volumes beyond one machine.

The table is that of docs/usage.md. https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.models import UsageFeed
from analyzers.usage.coverage import Claim
from analyzers.usage.decode import tally_events
from analyzers.usage.store import KEPT, FileRead
from analyzers.usage.tally import Tally

from . import Item, NotRead
from .credentials import access_of, client_of, failed
from .files import left_out

NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}\Z")
WORKGROUP = re.compile(r"[a-zA-Z0-9._-]{1,128}\Z")
SETTLED = timedelta(days=2)
PAUSE = 2.0
PATIENCE = 1800.0
"""Seconds for one query; Athena itself ends it after half an hour."""
MOST_ROWS = 2_000_000
DAYS = 7

CALLS = (
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:StopQueryExecution",
    "glue:GetTable",
    "glue:GetPartitions",
)

_GROUPED = {
    "identity_type": "useridentity.type",
    "identity_arn": "if(useridentity.type = 'AssumedRole', '', coalesce(useridentity.arn, ''))",
    "identity_account": "useridentity.accountid",
    "invoked_by": "useridentity.invokedby",
    "issuer_type": "useridentity.sessioncontext.sessionissuer.type",
    "issuer_arn": "useridentity.sessioncontext.sessionissuer.arn",
    "event_source": "eventsource",
    "event_name": "eventname",
    "event_type": "eventtype",
    "region": "awsregion",
    "error": "errorcode",
    "agent": r"regexp_extract(useragent, '^[^/ \[(]+')",
    "recipient": "recipientaccountid",
    "resource": (
        "if(cardinality(resources) = 1, "
        "regexp_replace(element_at(resources, 1).arn, '^(arn:aws[a-z-]*:s3:::[^/]+)/.*$', '$1/*'), '')"
    ),
    "bucket": "json_extract_scalar(requestparameters, '$.bucketName')",
    "event_day": "substr(eventtime, 1, 10)",
}
"""Column of the result -> expression over the table's columns. Sessions are folded into their role here already. Of
several resources none is told: one of them alone would make the others look unused."""


class Athena:
    """The location is `database.table`. `settings`: `region`, `account`, `role_name`, `workgroup`, `output` (an
    s3:// address, unless the workgroup has one), `start_day`, `days` (of one query), `complete`.

    One item is a span of days, asked for once they are settled.
    """

    at_once = 1

    def __init__(self, feed: UsageFeed, now: datetime, beat: Callable[[], None]) -> None:
        self._feed, self._beat = feed, beat
        self._database, self._table = names(feed.location)
        self._today = now.date()
        begun = feed.settings.get("start_day")
        first = max(date.fromisoformat(begun) if begun else date.min, self._today - KEPT)
        self._span = max(1, min(int(feed.settings.get("days") or DAYS), 31))
        # Spans lie on a fixed raster, so that a later reading finds the same ones.
        self._first = date.fromordinal(-(-first.toordinal() // self._span) * self._span)
        self._complete = bool(feed.settings.get("complete"))
        self._client = client_of(feed, access_of(feed), "athena")
        self.note = "" if self._complete else "It is not said that the table holds all events of all regions."

    def items(self) -> Iterator[Item]:
        first = self._first
        while (last := first + timedelta(days=self._span - 1)) <= self._today - SETTLED:
            yield Item(f"all/{first}..{last}", 0, "whole")
            first = last + timedelta(days=1)

    def read(self, item: Item) -> FileRead:
        first, last = (date.fromisoformat(text) for text in item.name.removeprefix("all/").split(".."))
        asked = query(self._database, self._table, first, last)
        digest = hashlib.sha256(item.name.encode())
        try:
            execution = self._run(asked)
            tally = tally_rows(self._rows(execution, digest.update))
        except (ClientError, BotoCoreError) as error:
            raise failed(error, "Athena", ", ".join(CALLS)) from error
        return FileRead(item.name, digest.hexdigest(), 0, item.mark, tally, left_out(tally))

    def _run(self, asked: str) -> str:
        """Start a query and wait for its end; its id."""
        parameters: dict[str, Any] = {"QueryString": asked, "QueryExecutionContext": {"Database": self._database}}
        if workgroup := self._feed.settings.get("workgroup"):
            parameters["WorkGroup"] = workgroup
        if output := self._feed.settings.get("output"):
            parameters["ResultConfiguration"] = {"OutputLocation": output}
        execution = str(self._client.start_query_execution(**parameters)["QueryExecutionId"])
        ended = time.monotonic() + PATIENCE
        try:
            while True:
                told = self._client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
                if told["State"] == "SUCCEEDED":
                    return execution
                if told["State"] in {"FAILED", "CANCELLED"}:
                    raise NotRead(
                        f"Athena ended the query: {str(told.get('StateChangeReason') or told['State'])[:500]}"
                    )
                if time.monotonic() > ended:
                    raise NotRead(f"Athena has not answered within {PATIENCE / 60:.0f} minutes; choose fewer days.")
                self._beat()
                time.sleep(PAUSE)
        except NotRead:
            raise
        except BaseException:
            self._stop(execution)
            raise

    def _stop(self, execution: str) -> None:
        """Nobody waits for it any more."""
        try:
            self._client.stop_query_execution(QueryExecutionId=execution)
        except (ClientError, BotoCoreError):
            return

    def _rows(self, execution: str, note: Callable[[bytes], None]) -> Iterator[dict[str, str]]:
        asked: dict[str, Any] = {"QueryExecutionId": execution, "MaxResults": 1000}
        header: list[str] = []
        count = 0
        while True:
            page = self._client.get_query_results(**asked)
            for row in page["ResultSet"]["Rows"]:
                values = [str(cell.get("VarCharValue", "")) for cell in row.get("Data") or ()]
                if not header:
                    header = values
                    continue
                note("\x1f".join(values).encode("utf-8", "surrogatepass"))
                count += 1
                if count > MOST_ROWS:
                    raise NotRead(f"More than {MOST_ROWS:,} sums; choose fewer days for one query.")
                yield dict(zip(header, values, strict=False))
            token = page.get("NextToken")
            if not token or token == asked.get("NextToken"):
                return
            asked["NextToken"] = token
            self._beat()

    def claim(self) -> Claim | None:
        spans = list(self.items())
        if not spans:
            return None
        last = date.fromisoformat(spans[-1].name.rsplit("..", 1)[-1])
        return Claim(self._first, last, all_regions=self._complete)

    def finished(self) -> None:
        return


def names(location: str) -> tuple[str, str]:
    """Database and table of `database.table`. Raises ValueError, in words."""
    database, _, table = location.partition(".")
    if NAME.match(database) is None or NAME.match(table) is None:
        raise ValueError("Written database.table; both of small letters, digits and _, not beginning with a digit.")
    return database, table


def query(database: str, table: str, first: date, last: date) -> str:
    """The sums of the days [first, last]. A file may hold events of the day before, so one day more is looked at."""
    names(f"{database}.{table}")  # nothing else comes from outside
    columns = ",\n  ".join(f"{expression} AS {name}" for name, expression in _GROUPED.items())
    numbers = ", ".join(str(number) for number in range(1, len(_GROUPED) + 1))
    return (
        f"SELECT\n  {columns},\n"
        "  count(*) AS number, min(eventtime) AS first_time, max(eventtime) AS last_time,\n"
        "  min(useridentity.arn) AS sample\n"
        f'FROM "{database}"."{table}"\n'
        f"WHERE day BETWEEN '{first:%Y/%m/%d}' AND '{last + timedelta(days=1):%Y/%m/%d}'\n"
        f"  AND eventtime >= '{first}T00:00:00Z' AND eventtime < '{last + timedelta(days=1)}T00:00:00Z'\n"
        f"GROUP BY {numbers}"
    )


def tally_rows(rows: Iterator[dict[str, str]] | list[dict[str, str]]) -> Tally:
    """Each sum is tallied as the event that it stands for, by the same rules as all events, and then counted as often
    as it says."""
    together = Tally()
    for row in rows:
        number, first, last = _number(row.get("number", "")), _time(row, "first_time"), _time(row, "last_time")
        if number < 1 or first is None or last is None or first > last or first.date() != last.date():
            together.merge(Tally(events=1, malformed=1))
            together.reasons["a row of Athena without number or times"] += 1
            continue
        one = tally_events([record(row)])
        for found in one.uses.values():
            found.first, found.last, found.days = first, last, {first.date(): number}
        for seen in one.unknown.values():
            seen.count, seen.first, seen.last = number, first, last
        if not one.malformed:
            one.events = number
        together.merge(one)
    return together


def record(row: Mapping[str, str]) -> dict[str, Any]:
    """The record of an event, as far as the sum has it."""
    identity: dict[str, Any] = {
        "type": row.get("identity_type", ""),
        "accountId": row.get("identity_account", ""),
        "arn": row.get("identity_arn") or row.get("sample", ""),
    }
    if row.get("invoked_by"):
        identity["invokedBy"] = row["invoked_by"]
    if row.get("issuer_arn"):
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": row.get("issuer_type", ""),
                "arn": row["issuer_arn"],
                "accountId": row["issuer_arn"].split(":")[4] if row["issuer_arn"].count(":") > 4 else "",
                "userName": row["issuer_arn"].rsplit("/", 1)[-1],
            }
        }
    made: dict[str, Any] = {
        "eventVersion": "1.08",
        "eventID": "",
        "eventTime": row.get("last_time", ""),
        "eventSource": row.get("event_source", ""),
        "eventName": row.get("event_name", ""),
        "eventType": row.get("event_type", ""),
        "awsRegion": row.get("region", ""),
        "userAgent": row.get("agent", ""),
        "recipientAccountId": row.get("recipient", ""),
        "userIdentity": identity,
        "requestParameters": {"bucketName": row["bucket"]} if row.get("bucket") else None,
    }
    if row.get("error"):
        made["errorCode"] = row["error"]
    if row.get("resource"):
        made["resources"] = [{"ARN": row["resource"]}]
    return made


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _time(row: Mapping[str, str], column: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(row.get(column, ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
