"""The pages of usage: who may do what, what they say, and that nothing hostile gets through."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from analyzers.models import (
    LastAccessedReport,
    Principal,
    UnknownEvent,
    Usage,
    UsageCoverage,
    UsageFeed,
    UsageFile,
    UsageReading,
)
from analyzers.usage.sources import upload

from .tallies import ACCOUNT, ROLE, at

HOSTILE = "<script>alert(1)</script>"
SECRET = "an-id-that-nobody-should-see"
PATHS = ("/usage/", "/usage/unknown/", "/usage/principal/", f"/usage/principal/?arn={ROLE}")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("analyzers.views.credentials.profiles", lambda: ["audit"])
    monkeypatch.setattr("analyzers.tasks.wake_reading", lambda pk: True)
    settings.DATA = tmp_path


@pytest.fixture
def enter(client: Client) -> Callable[[User], Client]:
    def login(user: User) -> Client:
        client.force_login(user)
        return client

    return login


@pytest.fixture
def admin(administrator: User, enter: Callable[[User], Client]) -> Client:
    return enter(administrator)


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.fixture
def read(feed: UsageFeed) -> UsageFeed:
    """A feed that was read, with hostile names everywhere."""
    feed.kind, feed.location = "S3", "s3://trail/"
    feed.settings = {"external_id": SECRET, "note": f"Trail {HOSTILE} records all regions."}
    feed.save()
    now = timezone.now()
    UsageReading.objects.create(
        feed=feed,
        status="COMPLETED",
        finished_at=now + timedelta(minutes=1),
        started_at=now,
        resumed_at=now,
        files_total=2,
        files_done=2,
    )
    UsageFile.objects.create(feed=feed, name=HOSTILE, digest="a" * 64, status="SET_ASIDE", reason=f"cut off {HOSTILE}")
    UsageCoverage.objects.create(
        feed=feed, account=ACCOUNT, first_day=now.date() - timedelta(days=50), last_day=now.date(), regions=["*"]
    )
    last = now - timedelta(days=3)
    fields: dict[str, Any] = {"feed": feed, "principal": ROLE, "account": ACCOUNT, "region": "us-east-1"}
    fields |= {"first_used_at": last, "last_used_at": last, "days": {str(last.date()): 7}, "sessions": [HOSTILE]}
    Usage.objects.create(action="s3:ListAllMyBuckets", **fields)
    Usage.objects.create(action="s3:GetObject", resource=f"arn:aws:s3:::{HOSTILE}/*", denied=True, **fields)
    UnknownEvent.objects.create(
        feed=feed,
        event_source=HOSTILE,
        event_name="Frobnicate",
        count=12345,
        first_seen_at=last,
        last_seen_at=last,
        principals=[HOSTILE],
    )
    return feed


def test_an_empty_portal_shows_three_ways_to_bring_usage(admin: Client) -> None:
    said = page(admin, "/usage/")
    assert "There are three ways" in said
    assert 'href="/usage/upload/"' in said
    assert "read_usage folder" in said


def test_the_pages_show_what_is_known_and_nothing_hostile_or_secret(admin: Client, read: UsageFeed) -> None:
    reading = UsageReading.objects.get()
    for path in (*PATHS, f"/usage/feeds/{read.pk}/", f"/usage/readings/{reading.pk}/"):
        said = page(admin, path)
        assert HOSTILE not in said
        assert SECRET not in said
    assert "1 account," in page(admin, "/usage/")
    assert "12,345" in page(admin, "/usage/unknown/")
    assert "cut off" in page(admin, f"/usage/readings/{reading.pk}/")


def test_denied_attempts_are_shown_apart(admin: Client, read: UsageFeed) -> None:
    LastAccessedReport.objects.create(
        principal=ROLE,
        account=ACCOUNT,
        asked_at=timezone.now(),
        by_action=True,
        services=[
            {"service": "sqs", "last_accessed": None},
            {
                "service": "ec2",
                "last_accessed": "2026-06-01T00:00:00+00:00",
                "actions": [{"action": "RunInstances", "last_accessed": "2026-06-01T00:00:00+00:00"}],
            },
        ],
    )
    said = page(admin, f"/usage/principal/?arn={ROLE}")
    assert "s3:ListAllMyBuckets" in said
    assert '<span class="badge danger">7</span>' in said
    assert 'class="denied"' in said
    assert "ec2:runinstances" in said.lower()
    assert "as IAM's report says" in said.replace("&#x27;", "'")
    assert "sqs" in said.split("Allowed, and not used")[1]
    assert "not in the inventory" in said


@pytest.mark.parametrize(
    "arn", ["", "x", "arn:aws:iam::1:role/" + "a" * 3000, "%00", "arn:aws:iam::111122223333:role/x"]
)
def test_any_address_is_answered(admin: Client, arn: str) -> None:
    page(admin, f"/usage/principal/?arn={arn}")


def test_a_reading_is_followed_and_cancelled(admin: Client, feed: UsageFeed) -> None:
    reading = UsageReading.objects.create(
        feed=feed, status="RUNNING", resumed_at=timezone.now() - timedelta(seconds=10), files_total=10, files_done=4
    )
    UsageReading.objects.update(bytes_total=10_000_000, bytes_done=4_000_000, bytes_read=4_000_000, files_read=4)
    said = page(admin, f"/usage/readings/{reading.pk}/", HX_Request="true")
    assert "<html" not in said
    assert "4 of 10 files, 4.0 of 10.0 MB" in said
    assert "0.4 MB/s" in said
    assert "left" in said
    assert "every 2s" in said
    admin.post(f"/usage/readings/{reading.pk}/cancel/")
    reading.refresh_from_db()
    assert reading.status == "CANCELED"
    assert "every 2s" not in page(admin, f"/usage/readings/{reading.pk}/")


def test_files_are_uploaded_and_wait_for_a_worker(admin: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", "{}")
    files = [SimpleUploadedFile("../../evil.json", b"{}"), SimpleUploadedFile("logs.zip", packed.getvalue())]
    answer = admin.post("/usage/upload/", {"files": files})
    reading = UsageReading.objects.get()
    assert answer["Location"] == f"/usage/readings/{reading.pk}/"
    names = [item.name for item in upload.Uploads(reading.feed).items()]
    assert names == ["evil.json", "logs.zip!a.json"]
    # More of them are read by the same reading.
    admin.post("/usage/upload/", {"files": [SimpleUploadedFile("b.json", b"{}")]})
    assert UsageReading.objects.count() == 1
    assert len(upload.waiting()) == 2
    admin.post(f"/usage/readings/{reading.pk}/cancel/")
    assert not upload.waiting()


def test_an_upload_over_the_limit_says_what_to_do(admin: Client, settings: Any) -> None:
    settings.USAGE_UPLOAD_BYTES = 10
    answer = admin.post("/usage/upload/", {"files": [SimpleUploadedFile("a.json", b"x" * 11)]}, follow=True)
    assert "manage.py read_usage" in answer.content.decode()
    assert "Choose one to" in admin.post("/usage/upload/", {}, follow=True).content.decode()
    assert not UsageFeed.objects.exists()


def test_a_feed_is_added_with_a_profile_of_the_server_and_removed(admin: Client) -> None:
    assert "profile audit" in page(admin, "/usage/feeds/new/")
    wanted = {"kind": "S3", "location": "s3://trail/logs", "profile": "audit", "external_id": SECRET, "daily": "on"}
    answer = admin.post("/usage/feeds/new/", wanted | {"regions": "eu-central-1, us-east-1"})
    feed = UsageFeed.objects.get()
    assert answer["Location"] == f"/usage/readings/{feed.readings.get().pk}/"
    assert feed.location == "s3://trail/logs/"
    assert feed.settings["regions"] == ["eu-central-1", "us-east-1"]
    assert SECRET not in page(admin, f"/usage/feeds/{feed.pk}/")
    assert "It is being read" in admin.post(f"/usage/feeds/{feed.pk}/remove/", follow=True).content.decode()
    feed.readings.update(status="CANCELED")
    assert "sure" in admin.post(f"/usage/feeds/{feed.pk}/remove/", follow=True).content.decode()
    assert UsageFeed.objects.exists()
    admin.post(f"/usage/feeds/{feed.pk}/remove/", {"sure": "on"})
    assert not UsageFeed.objects.exists()


@pytest.mark.parametrize(
    ("kind", "location", "more"),
    [
        ("S3", "http://169.254.169.254/latest", {}),
        ("S3", "s3://trail@evil.example/x", {}),
        ("LAKE", "s3://../x", {}),
        ("ATHENA", 'db.table" WHERE 1=1 --', {}),
        ("ATHENA", "db", {}),
        ("ATHENA", "db.t", {"workgroup": "a'b"}),
        ("ATHENA", "db.t", {"output": "https://evil.example"}),
        ("HISTORY", "12", {}),
        ("FOLDER", "/etc", {}),
        ("S3", "s3://trail", {"regions": "evil.example"}),
        ("S3", "s3://trail", {"region": "evil.example/"}),
        ("S3", "s3://trail", {"start_day": "yesterday"}),
        ("S3", "s3://trail", {"accounts": "12"}),
    ],
)
def test_what_is_no_address_of_aws_is_refused(admin: Client, kind: str, location: str, more: dict[str, str]) -> None:
    answer = admin.post("/usage/feeds/new/", {"kind": kind, "location": location, **more})
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert not UsageFeed.objects.exists()


def test_who_may_not_import_may_look_and_not_touch(
    auditor: User, enter: Callable[[User], Client], read: UsageFeed
) -> None:
    client = enter(auditor)
    for path in PATHS:
        page(client, path)
    assert "Remove this feed" not in page(client, f"/usage/feeds/{read.pk}/")
    reading = UsageReading.objects.get()
    assert client.get("/usage/upload/").status_code == 403
    assert client.get("/usage/feeds/new/").status_code == 403
    for path in ("upload/", "feeds/new/", f"feeds/{read.pk}/read/", f"feeds/{read.pk}/remove/"):
        assert client.post(f"/usage/{path}", {"files": []}).status_code == 403
    assert client.post(f"/usage/readings/{reading.pk}/cancel/").status_code == 403


def test_strangers_are_sent_to_the_door(client: Client, db: None) -> None:
    for path in (*PATHS, "/usage/upload/"):
        assert client.get(path)["Location"].startswith("/login/")


def test_a_page_costs_the_same_whatever_is_known(
    admin: Client, read: UsageFeed, django_assert_max_num_queries: Any
) -> None:
    Usage.objects.bulk_create(
        Usage(
            feed=read,
            principal=ROLE,
            account=ACCOUNT,
            action=f"ec2:A{number}",
            first_used_at=at(timezone.now().date()),
            last_used_at=at(timezone.now().date()),
        )
        for number in range(300)
    )
    with django_assert_max_num_queries(12):
        page(admin, f"/usage/principal/?arn={ROLE}")
    with django_assert_max_num_queries(14):
        page(admin, "/usage/")


def test_principals_lead_to_their_use(admin: Client, account: Any) -> None:
    Principal.objects.create(arn=ROLE, account=account, kind="ROLE", name="app")
    assert "/usage/principal/?arn=arn%3Aaws%3Aiam" in page(admin, "/inventory/principals/")
