"""The pages of usage in a real browser: both themes, two widths, no complaint of axe or of the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Browser

from analyzers.models import (
    LastAccessedReport,
    UnknownEvent,
    Usage,
    UsageCoverage,
    UsageFeed,
    UsageFile,
    UsageReading,
)
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations

from .tallies import ACCOUNT, ROLE

__all__ = ["browser", "complaints", "pytestmark"]


@pytest.fixture
def known(transactional_db: None) -> tuple[UsageFeed, UsageReading]:
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    now = timezone.now()
    feed = UsageFeed.objects.create(
        kind="S3", location="s3://organization-trail-logs/", settings={"note": "Trail all records all regions."}
    )
    reading = UsageReading.objects.create(
        feed=feed, status="RUNNING", resumed_at=now - timedelta(minutes=3), files_total=900, files_done=300
    )
    UsageReading.objects.update(bytes_total=90_000_000, bytes_done=30_000_000, bytes_read=30_000_000, events=123_456)
    UsageFile.objects.create(
        feed=feed,
        name=f"AWSLogs/o-example/{ACCOUNT}/CloudTrail/us-east-1/2026/06/01/{ACCOUNT}_CloudTrail_us-east-1_x.json.gz",
        digest="a" * 64,
        status="SET_ASIDE",
        reason="The gzip data is damaged.",
    )
    UsageCoverage.objects.create(
        feed=feed, account=ACCOUNT, first_day=now.date() - timedelta(days=300), last_day=now.date(), regions=["*"]
    )
    monthly = {str(now.date() - timedelta(days=30 * number)): 1 + number for number in range(12)}
    for action, denied in (("ec2:DescribeInstances", False), ("s3:GetObject", False), ("s3:GetObject", True)):
        Usage.objects.create(
            feed=feed,
            principal=ROLE,
            account=ACCOUNT,
            action=action,
            resource="arn:aws:s3:::reports-of-the-finance-department/*" if action == "s3:GetObject" else "",
            region="eu-central-1",
            source="CLI",
            denied=denied,
            first_used_at=now - timedelta(days=330),
            last_used_at=now,
            days=monthly,
            sessions=["nightly"],
        )
    LastAccessedReport.objects.create(
        principal=ROLE, account=ACCOUNT, asked_at=now, services=[{"service": "sqs", "last_accessed": None}]
    )
    UnknownEvent.objects.create(
        feed=feed,
        event_source="new.amazonaws.com",
        event_name="Frobnicate",
        count=12,
        first_seen_at=now,
        last_seen_at=now,
        principals=[ROLE],
    )
    return feed, reading


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "narrow-dark"])
def test_every_page_of_usage(
    browser: Browser,
    live_server: Any,
    known: tuple[UsageFeed, UsageReading],
    complaints: list[str],
    width: int,
    dark: bool,
) -> None:
    feed, reading = known
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    paths = ["/usage/", "/usage/upload/", "/usage/feeds/new/", "/usage/unknown/", "/usage/principal/"]
    paths += [f"/usage/feeds/{feed.pk}/", f"/usage/readings/{reading.pk}/", f"/usage/principal/?arn={ROLE}"]
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        assert violations(page) == [], path
    assert page.locator("svg.sparkline path.used").count() >= 4
    # The reading's page follows without being asked.
    page.goto(f"/usage/readings/{reading.pk}/")
    UsageReading.objects.filter(pk=reading.pk).update(status="COMPLETED", finished_at=timezone.now(), files_done=900)
    page.wait_for_selector("text=900 of 900 files")
    assert complaints == []
