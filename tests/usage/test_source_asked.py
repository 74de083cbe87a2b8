"""Sources that AWS is asked for piece by piece: the event history, Lake and Athena. moto lacks them; answers are
stubbed."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from analyzers.models import Usage, UsageCoverage, UsageFeed, UsageFile
from analyzers.usage.coverage import conclude
from analyzers.usage.sources import Item, NotRead, athena, history, lake
from analyzers.usage.sources.files import read_file
from analyzers.usage.store import add
from analyzers.usage.tally import NotALog

from .tallies import ACCOUNT, ROLE
from .trail_files import event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}


def nothing() -> None:
    return


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(history, "time", made)
    monkeypatch.setattr(athena, "time", made)
    return made


# -- the event history ---------------------------------------------------------------------------------------------


def looked_up(record: dict[str, Any]) -> dict[str, Any]:
    """As lookup_events answers."""
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventTime": datetime.fromisoformat(record["eventTime"]),
        "CloudTrailEvent": json.dumps(record),
    }


class Region:
    def __init__(self) -> None:
        self.client = boto3.client("cloudtrail", region_name="us-east-1", **KEYS)
        self.stub = Stubber(self.client)
        self.stub.activate()

    def page(self, day: date, *records: dict[str, Any], token: str = "", following: str = "") -> None:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        asked: dict[str, Any] = {"StartTime": begin, "EndTime": begin + timedelta(hours=23, minutes=59, seconds=59)}
        answer: dict[str, Any] = {"Events": [looked_up(record) for record in records]}
        if following:
            answer["NextToken"] = following
        more = {"NextToken": token} if token else {}
        self.stub.add_response("lookup_events", answer, {**asked, "MaxResults": 50, **more})


@pytest.fixture
def history_feed(db: None) -> UsageFeed:
    return UsageFeed.objects.create(kind="HISTORY", location=ACCOUNT, settings={"regions": ["us-east-1"], "days": 2})


def source(feed: UsageFeed, region: Region, beat: Callable[[], None] = nothing) -> history.History:
    made = history.History(feed, NOW, beat)
    made._clients["us-east-1"] = region.client
    return made


def test_the_history_is_read_by_whole_days_the_newest_first(history_feed: UsageFeed, clock: Clock) -> None:
    region, day = Region(), date(2026, 6, 30)
    region.page(day, event(day), following="more")
    region.page(day, event(day, "DescribeInstances", "ec2"), token="more")
    found = source(history_feed, region)
    items = list(found.items())
    assert [item.name for item in items] == [f"{ACCOUNT}/us-east-1/2026-06-30", f"{ACCOUNT}/us-east-1/2026-06-29"]
    file = found.read(items[0])
    assert file.tally is not None
    assert {key.action for key in file.tally.uses} == {"s3:ListAllMyBuckets", "ec2:DescribeInstances"}
    region.stub.assert_no_pending_responses()
    # Twice a second.
    assert clock.slept == [0.5]


def test_a_day_that_is_not_over_for_hours_is_left_for_later(history_feed: UsageFeed) -> None:
    early = history.History(history_feed, datetime(2026, 7, 1, 5, 0, tzinfo=UTC), nothing)
    assert next(iter(early.items())).name.endswith("2026-06-29")
    history_feed.settings = {"regions": ["us-east-1"]}
    assert len(list(history.History(history_feed, NOW, nothing).items())) == 89


def test_the_history_backs_off_when_it_is_told_to(history_feed: UsageFeed, clock: Clock) -> None:
    region, day = Region(), date(2026, 6, 30)
    region.stub.add_client_error("lookup_events", "ThrottlingException", "slow down", 400)
    region.stub.add_client_error("lookup_events", "ThrottlingException", "slow down", 400)
    region.page(day, event(day))
    beats: list[int] = []
    found = source(history_feed, region, lambda: beats.append(1))
    file = found.read(next(found.items()))
    assert file.tally is not None
    assert file.tally.events == 1
    assert clock.slept == [2.0, 4.0]
    assert len(beats) == 3


def test_a_refusal_names_the_permission(history_feed: UsageFeed, clock: Clock) -> None:
    region = Region()
    region.stub.add_client_error("lookup_events", "AccessDeniedException", "no", 400)
    found = source(history_feed, region)
    with pytest.raises(NotRead, match="Allow cloudtrail:LookupEvents"):
        found.read(next(found.items()))


def test_a_day_with_too_many_events_is_set_aside(
    history_feed: UsageFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_EVENTS", 2)
    region, day = Region(), date(2026, 6, 30)
    region.page(day, event(day), event(day, role="b"), following="more")
    found = source(history_feed, region)
    file = found.read(next(found.items()))
    assert file.tally is None
    assert "read the files of a trail" in file.reason


def test_the_history_is_always_on_so_a_quiet_day_counts(history_feed: UsageFeed, clock: Clock) -> None:
    history_feed.settings = {"days": 3}
    found = history.History(history_feed, NOW, nothing)
    claim = found.claim()
    assert claim is not None
    conclude(history_feed, claim, NOW.date())
    row = UsageCoverage.objects.get()
    assert (row.account, row.regions, row.holes) == (ACCOUNT, ["*"], [])
    assert (row.first_day, row.last_day) == (date(2026, 6, 28), date(2026, 6, 30))
    # A day of one region that could not be read is a hole.
    file = read_file(io.BytesIO(b"x"), f"{ACCOUNT}/us-east-1/2026-06-29")
    add(history_feed, [file])
    conclude(history_feed, claim, NOW.date())
    assert UsageCoverage.objects.get().holes == ["2026-06-29"]


def test_some_regions_tell_nothing_in_full(history_feed: UsageFeed) -> None:
    claim = history.History(history_feed, NOW, nothing).claim()
    assert claim is not None
    assert not claim.all_regions


# -- CloudTrail Lake -----------------------------------------------------------------------------------------------


def table(*rows: list[str], header: str = "eventJson") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["eventTime", header], *rows])
    return gzip.compress(text.getvalue().encode(), mtime=0)


def test_saved_results_of_lake_are_read_by_their_records() -> None:
    day = date(2026, 6, 30)
    rows = [["x", json.dumps(event(day))], ["x", json.dumps(event(day, "RunInstances", "ec2"))], ["x", "{broken"]]
    file = read_file(io.BytesIO(table(*rows)), "result_1.csv.gz", how=lake.read_table)
    assert file.tally is not None
    assert {key.action for key in file.tally.uses} == {"s3:ListAllMyBuckets", "ec2:RunInstances"}
    assert file.tally.malformed == 1
    assert file.reason


@pytest.mark.parametrize(
    "content", [table(["x", "{}"], header="eventName"), b"\x1f\x8bbroken", table(["x", "{}"])[:30]]
)
def test_other_tables_are_set_aside(content: bytes) -> None:
    with pytest.raises(NotALog):
        lake.read_table(io.BytesIO(content), "result_1.csv.gz")


# -- Athena --------------------------------------------------------------------------------------------------------


@pytest.fixture
def athena_feed(db: None) -> UsageFeed:
    settings = {"workgroup": "portal", "output": "s3://results/x/", "start_day": "2026-06-01", "region": "us-east-1"}
    return UsageFeed.objects.create(kind="ATHENA", location="logs.cloudtrail", settings=settings)


COLUMNS = [*athena._GROUPED, "number", "first_time", "last_time", "sample"]


def row(**values: str) -> dict[str, Any]:
    return {"Data": [{"VarCharValue": values[name]} if name in values else {} for name in COLUMNS]}


SUM = {
    "identity_type": "AssumedRole",
    "identity_account": ACCOUNT,
    "issuer_type": "Role",
    "issuer_arn": ROLE,
    "event_source": "s3.amazonaws.com",
    "event_name": "ListBuckets",
    "event_type": "AwsApiCall",
    "region": "us-east-1",
    "agent": "aws-cli",
    "recipient": ACCOUNT,
    "event_day": "2026-06-03",
    "number": "1234567",
    "first_time": "2026-06-03T01:00:00Z",
    "last_time": "2026-06-03T22:00:00Z",
    "sample": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Stubber]:
    client = boto3.client("athena", region_name="us-east-1", **KEYS)
    monkeypatch.setattr(athena, "access_of", lambda feed: None)
    monkeypatch.setattr(athena, "client_of", lambda *args: client)
    with Stubber(client) as stub:
        yield stub


def start(stub: Stubber, first: date, last: date, *states: str) -> None:
    stub.add_response(
        "start_query_execution",
        {"QueryExecutionId": "q"},
        {
            "QueryString": athena.query("logs", "cloudtrail", first, last),
            "QueryExecutionContext": {"Database": "logs"},
            "WorkGroup": "portal",
            "ResultConfiguration": {"OutputLocation": "s3://results/x/"},
        },
    )
    for state in states:
        status = {"State": state, "StateChangeReason": "because"}
        stub.add_response("get_query_execution", {"QueryExecution": {"Status": status}}, {"QueryExecutionId": "q"})


def test_only_sums_are_fetched_and_counted_as_often_as_they_say(
    athena_feed: UsageFeed, asked: Stubber, clock: Clock
) -> None:
    found = athena.Athena(athena_feed, NOW, nothing)
    items = list(found.items())
    first, last = (date.fromisoformat(text) for text in items[0].name.removeprefix("all/").split(".."))
    assert (last - first).days == 6
    start(asked, first, last, "QUEUED", "RUNNING", "SUCCEEDED")
    header = {"Data": [{"VarCharValue": name} for name in COLUMNS]}
    denied = row(**{**SUM, "error": "AccessDenied", "number": "3"})
    asked.add_response(
        "get_query_results",
        {"ResultSet": {"Rows": [header, row(**SUM)]}, "NextToken": "t"},
        {"QueryExecutionId": "q", "MaxResults": 1000},
    )
    asked.add_response(
        "get_query_results",
        {"ResultSet": {"Rows": [denied, row(**{**SUM, "number": "x"})]}},
        {"QueryExecutionId": "q", "MaxResults": 1000, "NextToken": "t"},
    )
    file = found.read(items[0])
    asked.assert_no_pending_responses()
    assert clock.slept == [2.0, 2.0]
    add(athena_feed, [file], today=NOW.date())
    rows = {one.denied: one for one in Usage.objects.all()}
    assert rows[False].days == {"2026-06-03": 1_234_567}
    assert (rows[False].principal, rows[False].action) == (ROLE, "s3:ListAllMyBuckets")
    assert rows[False].first_used_at == datetime(2026, 6, 3, 1, tzinfo=UTC)
    assert rows[True].days == {"2026-06-03": 3}
    # The row without a number makes its days a hole.
    assert "without number" in UsageFile.objects.get().reason
    assert add(athena_feed, [file], today=NOW.date()).known == 1


def test_spans_are_the_same_ones_each_day(athena_feed: UsageFeed, asked: Stubber) -> None:
    today = [item.name for item in athena.Athena(athena_feed, NOW, nothing).items()]
    later = [item.name for item in athena.Athena(athena_feed, NOW + timedelta(days=20), nothing).items()]
    assert later[: len(today)] == today
    assert len(later) > len(today)
    assert all(name.rsplit("..", 1)[1] <= "2026-06-29" for name in today)


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_fails_ends_the_reading_with_athenas_reason(
    athena_feed: UsageFeed, asked: Stubber, state: str
) -> None:
    found = athena.Athena(athena_feed, NOW, nothing)
    start(asked, date(2026, 6, 1), date(2026, 6, 7), state)
    with pytest.raises(NotRead, match="because"):
        found.read(Item("all/2026-06-01..2026-06-07"))


def test_a_query_that_nobody_waits_for_is_stopped(athena_feed: UsageFeed, asked: Stubber) -> None:
    class Canceled(Exception):
        pass

    def beat() -> None:
        raise Canceled

    start(asked, date(2026, 6, 1), date(2026, 6, 7), "RUNNING")
    asked.add_response("stop_query_execution", {}, {"QueryExecutionId": "q"})
    with pytest.raises(Canceled):
        athena.Athena(athena_feed, NOW, beat).read(Item("all/2026-06-01..2026-06-07"))
    asked.assert_no_pending_responses()


@pytest.mark.parametrize(
    "location", ['logs"; DROP TABLE x; --.t', "logs.cloud trail", "logs", "logs.a.b", "Logs.t", "logs.t'", ".t", "1.t"]
)
def test_nothing_but_names_reaches_the_query(location: str) -> None:
    with pytest.raises(ValueError, match=r"database\.table"):
        athena.names(location)
    database, _, name = location.partition(".")
    with pytest.raises(ValueError, match=r"database\.table"):
        athena.query(database, name, date(2026, 6, 1), date(2026, 6, 7))


def test_the_query_of_the_documentation_is_this_one() -> None:
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs" / "usage.md").read_text()
    assert athena.query("logs", "cloudtrail", date(2026, 6, 1), date(2026, 6, 7)) in page
