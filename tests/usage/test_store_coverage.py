"""When a day counts as told in full: in doubt it does not."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.models import UsageCoverage, UsageFeed, UsageFile
from analyzers.usage.coverage import ALL, Claim, conclude, of_name
from analyzers.usage.store import FileRead, add

from .tallies import ACCOUNT, TODAY, ago, key, tally, used
from .trail_files import file_name, key_of

pytestmark = pytest.mark.django_db


def read(feed: UsageFeed, *days: int, number: int = 1, uses: Any = None) -> None:
    found = {key(): used({ago(day): 1 for day in days}), **(uses or {})}
    add(feed, [FileRead(file_name(ago(min(days)), number), f"{number:064d}", tally=tally(found))], today=TODAY)


def row(feed: UsageFeed) -> UsageCoverage:
    return UsageCoverage.objects.get(feed=feed, account=ACCOUNT)


def test_what_was_read_tells_nothing_before_the_reading_ended(feed: UsageFeed) -> None:
    read(feed, 5, 4, 3)
    assert row(feed).regions == []


def test_days_between_two_readings_that_nobody_listed_are_holes(feed: UsageFeed) -> None:
    read(feed, 30, 29, 20, 10, 9)
    conclude(feed, Claim(ago(30), ago(29), True), TODAY)
    conclude(feed, Claim(ago(10), ago(9), True), TODAY)
    found = row(feed)
    assert (found.first_day, found.last_day) == (ago(30), ago(9))
    assert len(found.holes) == 18


def test_data_events_count_only_if_they_were_recorded_all_the_time(feed: UsageFeed) -> None:
    read(feed, 5, 4)
    conclude(feed, Claim(ago(5), ago(5), True, data_events=["s3"]), TODAY)
    assert row(feed).data_events == ["s3"]
    conclude(feed, Claim(ago(5), ago(4), True, data_events=["s3", "lambda"]), TODAY)
    assert row(feed).data_events == ["s3"]
    conclude(feed, Claim(ago(5), ago(4), True), TODAY)
    assert row(feed).data_events == []


def test_days_older_than_400_are_forgotten(feed: UsageFeed) -> None:
    read(feed, 400, 399, 1)
    conclude(feed, Claim(ago(500), ago(1), True), TODAY)
    assert row(feed).first_day == ago(400)
    conclude(feed, Claim(ago(1), ago(1), True), ago(-1))
    assert row(feed).first_day == ago(399)


@pytest.mark.parametrize(
    ("resource", "begins"),
    [
        ("", 4),
        (f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all", 4),
        ("arn:aws:cloudtrail:us-east-1:999988887777:trail/own", 9),
    ],
)
def test_a_change_of_the_trail_itself_leaves_the_days_before_open(feed: UsageFeed, resource: str, begins: int) -> None:
    changed = key("cloudtrail:PutEventSelectors", principal="arn:aws:iam::999988887777:role/r", resource=resource)
    read(feed, *range(1, 10), uses={changed: used({ago(5): 1})})
    conclude(feed, Claim(ago(9), ago(1), True, trail_account=ACCOUNT), TODAY)
    assert row(feed).first_day == ago(begins)


def test_a_file_set_aside_later_opens_its_days_again(feed: UsageFeed) -> None:
    read(feed, *range(1, 10))
    conclude(feed, Claim(ago(9), ago(1), True), TODAY)
    assert row(feed).holes == []
    add(feed, [FileRead(key_of(ago(5), 7), "f" * 64, reason="cut off")], today=TODAY)
    conclude(feed, Claim(ago(2), ago(1), True), TODAY)
    assert row(feed).holes == [str(ago(6)), str(ago(5))]
    # Of another account it opens nothing here.
    UsageFile.objects.filter(digest="f" * 64).update(name=key_of(ago(3), 7, account="999988887777"))
    conclude(feed, Claim(ago(9), ago(1), True), TODAY)
    assert row(feed).holes == []


@pytest.mark.parametrize(
    ("name", "account", "days"),
    [
        (key_of(ago(3)), ACCOUNT, {ago(3), ago(4)}),
        ("logs.zip!" + file_name(ago(3)), ACCOUNT, {ago(3), ago(4)}),
        (f"{ACCOUNT}/us-east-1/{ago(3)}", ACCOUNT, {ago(3)}),
        (f"all/{ago(3)}..{ago(2)}", "", {ago(3), ago(2)}),
        ("result_1.csv.gz", ALL, set()),
        (f"{ACCOUNT}_CloudTrail_us-east-1_20269945T1210Z_x.json.gz", ALL, set()),
        ("all/2020-01-01..2026-01-01", ALL, set()),
    ],
)
def test_what_a_name_tells(name: str, account: str, days: set[Any]) -> None:
    assert of_name(name) == (account, days)
