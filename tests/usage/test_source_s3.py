"""The files of a trail in S3, on moto: of an organization and of single accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone
from moto import mock_aws

from analyzers.actions import AddFeed, ReadUsage
from analyzers.models import Usage, UsageCoverage, UsageFeed, UsageFile, UsageReading
from analyzers.usage.reading import evidence
from analyzers.usage.sources import Item, NotRead, s3
from analyzers.usage.sources.trail import _of, facts
from analyzers.usage.work import work

from .tallies import ACCOUNT
from .trail_files import event, file_name, key_of, packed

pytestmark = pytest.mark.django_db

TODAY = timezone.now().date()
BUCKET, HOME, OTHER = "trail-of-everybody", "o-exampleorg/", "222233334444"


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(client: Any, key: str, *records: dict[str, Any]) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=packed(records))


@pytest.fixture
def organization(bucket: Any) -> Any:
    """Two accounts, two regions, twelve days, and what must not be read."""
    for number in range(12):
        when = day(number)
        put(bucket, key_of(when, home=HOME), event(when))
        put(bucket, key_of(when, home=HOME, account=OTHER), event(when, account=OTHER))
    put(bucket, key_of(day(3), home=HOME, region="eu-central-1"), event(day(3), "DescribeInstances", "ec2"))
    digest = f"AWSLogs/{HOME}{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/06/01/{ACCOUNT}_CloudTrail-Digest_x.json.gz"
    insight = f"AWSLogs/{HOME}{ACCOUNT}/CloudTrail-Insight/us-east-1/2026/06/01/{ACCOUNT}_CloudTrail-Insight_x.json.gz"
    for key in (digest, insight, "AWSLogs/readme.json", f"AWSLogs/{HOME}notes/CloudTrail/us-east-1/x.json.gz"):
        put(bucket, key, event(day(1), role="trap"))
    return bucket


def feed_of(**settings: Any) -> UsageFeed:
    return AddFeed(None, "S3", f"s3://{BUCKET}", settings)()


def read(feed: UsageFeed) -> UsageReading:
    reading = ReadUsage(feed, None, wake=False)()
    work(reading.pk)
    reading.refresh_from_db()
    return reading


def test_all_accounts_and_regions_of_an_organization_are_read(organization: Any) -> None:
    feed = feed_of(complete=True)
    reading = read(feed)
    assert (reading.status, reading.files_done, reading.events) == ("COMPLETED", 25, 25), reading.error
    assert reading.bytes_total == reading.bytes_done > 0
    assert not Usage.objects.filter(principal__contains="trap").exists()
    rows = {row.account: row for row in UsageCoverage.objects.all()}
    assert set(rows) == {ACCOUNT, OTHER}
    # Of the last days files may still come.
    assert (rows[OTHER].first_day, rows[OTHER].last_day, rows[OTHER].holes) == (day(11), day(2), [])
    known = evidence([f"arn:aws:iam::{ACCOUNT}:role/app"])
    assert {use.action for use in next(iter(known.values())).uses} == {"s3:ListAllMyBuckets", "ec2:DescribeInstances"}


def test_single_accounts_and_a_prefix(bucket: Any) -> None:
    put(bucket, "logs/" + key_of(day(4)), event(day(4)))
    put(bucket, key_of(day(4), account=OTHER), event(day(4), account=OTHER))
    feed = AddFeed(None, "S3", f"s3://{BUCKET}/logs", {})()
    assert read(feed).events == 1
    assert UsageFile.objects.get().name == key_of(day(4))


def test_only_what_is_asked_for(organization: Any) -> None:
    assert read(feed_of(accounts=[OTHER], start_day=str(day(5)))).files_total == 6
    feed = feed_of(regions=["eu-central-1"], complete=True)
    assert read(feed).files_total == 1
    # With some regions only, nothing is told in full.
    assert not UsageCoverage.objects.filter(regions__contains=["*"]).exists()


def test_what_is_known_by_name_and_etag_is_not_fetched_again(
    organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = feed_of(complete=True)
    read(feed)
    fetched: list[str] = []
    real = s3.Trail.read

    def noting(self: s3.Trail, item: Item) -> Any:
        fetched.append(item.name)
        return real(self, item)

    monkeypatch.setattr(s3.Trail, "read", noting)
    again = read(feed)
    # A week is listed again, for what came late.
    assert (again.files_total, again.files_read, fetched) == (17, 0, [])
    put(organization, key_of(day(2), 7, home=HOME), event(day(2), role="late"))
    put(organization, key_of(day(1), home=HOME), event(day(1)), event(day(1), role="grown"))
    assert read(feed).events == 1 + 2
    assert len(fetched) == 2


def test_a_start_that_is_moved_back_is_listed_from_there(organization: Any) -> None:
    read(feed_of(start_day=str(day(2))))
    assert read(feed_of(start_day=str(day(9)))).files_total == 21


def test_a_corrupt_object_is_set_aside_and_makes_a_hole(organization: Any) -> None:
    organization.put_object(Bucket=BUCKET, Key=key_of(day(6), home=HOME), Body=b"\x1f\x8b broken")
    reading = read(feed_of(complete=True))
    assert reading.status == "COMPLETED"
    assert UsageFile.objects.get(status="SET_ASIDE").name.endswith(file_name(day(6)))
    holes = dict(UsageCoverage.objects.values_list("account", "holes"))
    assert holes == {ACCOUNT: [str(day(7)), str(day(6))], OTHER: []}


def test_an_empty_place_or_a_missing_bucket_says_what_is_expected(bucket: Any) -> None:
    reading = read(feed_of())
    assert reading.status == "FAILED"
    assert "AWSLogs/ACCOUNT/CloudTrail/REGION" in reading.error
    reading = read(AddFeed(None, "S3", "s3://no-such-bucket", {})())
    assert "NoSuchBucket" in reading.error


def test_a_file_that_goes_while_it_is_read_is_noted(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, key_of(day(4)), event(day(4)))
    trail = s3.Trail(feed_of(), timezone.now())
    item = next(trail.items())
    bucket.delete_object(Bucket=BUCKET, Key=item.path)
    assert trail.read(item).reason == "It was removed before it was read."


def test_a_refused_object_ends_the_reading_and_names_the_permission(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    put(bucket, key_of(day(4)), event(day(4)))

    class Refusing:
        def get_object(self, **asked: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    trail = s3.Trail(feed_of(), timezone.now())
    item = next(trail.items())
    monkeypatch.setattr(trail, "_mine", Refusing)
    with pytest.raises(NotRead, match="Allow s3:GetObject"):
        trail.read(item)


class TestTrail:
    """What CloudTrail says of the trail that writes there."""

    @pytest.fixture
    def trail(self, organization: Any) -> Any:
        client = boto3.client("cloudtrail")
        client.create_trail(Name="all", S3BucketName=BUCKET, IsMultiRegionTrail=True)
        client.start_logging(Name="all")
        everything = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
        client.put_event_selectors(TrailName="all", EventSelectors=[everything])
        return client

    def test_one_that_records_everything_makes_absence_count(self, trail: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        access = s3.access_of(feed_of())
        told = facts(access, BUCKET, "")
        assert (told.all_regions, told.organization, told.since) == (True, False, TODAY + timedelta(days=1))
        # As if it had recorded its account for a week.
        week = replace(told, account=ACCOUNT, since=day(7))
        monkeypatch.setattr("analyzers.usage.sources.trail.facts", lambda *args: week)
        feed = feed_of()
        read(feed)
        feed.refresh_from_db()
        assert "records all regions" in feed.settings["note"]
        mine = UsageCoverage.objects.get(regions=["*"])
        assert (mine.account, mine.first_day, mine.last_day) == (ACCOUNT, day(7), day(2))
        assert UsageCoverage.objects.get(account=OTHER).regions == ["us-east-1"]

    def test_days_that_were_told_stay_told_when_the_trail_cannot_be_asked(
        self, trail: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feed = feed_of(complete=True)
        read(feed)
        read(feed_of())
        assert UsageCoverage.objects.filter(regions=["*"], last_day=day(2)).count() == 2

    @pytest.mark.parametrize(
        "selector",
        [
            {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []},
            {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": []},
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                "DataResources": [],
            },
        ],
    )
    def test_one_that_leaves_something_out_does_not(self, trail: Any, selector: dict[str, Any]) -> None:
        trail.put_event_selectors(TrailName="all", EventSelectors=[selector])
        feed = feed_of()
        read(feed)
        feed.refresh_from_db()
        assert "leaves out some management events" in feed.settings["note"]
        assert not UsageCoverage.objects.filter(regions=["*"]).exists()

    def test_one_that_is_off_or_of_one_region_or_elsewhere_does_not(self, trail: Any) -> None:
        access = s3.access_of(feed_of())
        trail.stop_logging(Name="all")
        assert "switched off" in facts(access, BUCKET, "").words
        trail.start_logging(Name="all")
        assert not facts(access, BUCKET, "other/").all_regions
        trail.update_trail(Name="all", IsMultiRegionTrail=False)
        assert "one region" in facts(access, BUCKET, "").words


class Answering:
    """CloudTrail with advanced selectors."""

    def __init__(self, *selectors: dict[str, list[str]], **more: Any) -> None:
        self.selectors = [
            {
                "FieldSelectors": [{"Field": name, "Equals": values} for name, values in one.items()]
                + more.get("also", [])
            }
            for one in selectors
        ]

    def get_trail_status(self, **asked: Any) -> Any:
        return {"IsLogging": True}

    def get_event_selectors(self, **asked: Any) -> Any:
        return {"AdvancedEventSelectors": self.selectors}


MANAGEMENT = {"eventCategory": ["Management"]}
TRAIL = {"TrailARN": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all", "IsMultiRegionTrail": True}


def data(*types: str, **more: list[str]) -> list[dict[str, list[str]]]:
    return [{"eventCategory": ["Data"], "resources.type": [one], **more} for one in types]


def test_data_events_count_only_where_all_of_a_service_are_recorded() -> None:
    found = _of(Answering(MANAGEMENT, *data("AWS::S3::Object", "AWS::Lambda::Function")), TRAIL)
    assert (found.all_regions, found.data_events) == (True, {"lambda"})
    found = _of(Answering(MANAGEMENT, *data("AWS::S3::Object", "AWS::S3::AccessPoint")), TRAIL)
    assert found.data_events == {"s3"}
    part = data("AWS::Lambda::Function", **{"resources.ARN": ["arn:aws:lambda:us-east-1:1:function:x"]})
    assert _of(Answering(MANAGEMENT, *part), TRAIL).data_events == set()
    assert not _of(Answering({**MANAGEMENT, "readOnly": ["false"]}), TRAIL).all_regions
    also = [{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}]
    assert not _of(Answering(MANAGEMENT, also=also), TRAIL).all_regions
