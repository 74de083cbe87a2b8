"""Files in a folder, and how a reading goes: followed, cancelled, interrupted, gone on with."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analyzers.actions import AddFeed, CancelReading, ReadUsage
from analyzers.models import (
    Account,
    Analyzer,
    Scan,
    Usage,
    UsageCoverage,
    UsageFeed,
    UsageFile,
    UsageReading,
)
from analyzers.tasks import schedule_usage, sweep
from analyzers.usage import work as working
from analyzers.usage.sources import Item
from analyzers.usage.sources.folder import Folder
from analyzers.usage.work import hand_out_again, request_reading, work

from .tallies import ACCOUNT
from .trail_files import event, file_name, key_of, packed

pytestmark = pytest.mark.django_db

TODAY = timezone.now().date()


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Ten days of an account, a file a day."""
    folder = tmp_path / "logs"
    for number in range(10):
        path = folder / key_of(day(number + 1), number)
        path.parent.mkdir(parents=True)
        path.write_bytes(packed([event(day(number + 1)), event(day(number + 1), "DescribeInstances", "ec2")]))
    return folder


def read(*arguments: str, status: int = 0) -> str:
    """What the command says."""
    out = io.StringIO()
    ended = 0
    try:
        call_command("read_usage", *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as error:
        ended = int(error.code or 0)
    assert ended == status, out.getvalue()
    return out.getvalue()


def counted(action: str = "s3:ListAllMyBuckets") -> int:
    return sum(sum(row.days.values()) for row in Usage.objects.filter(action=action))


def test_a_folder_is_read_once(logs: Path) -> None:
    said = read("folder", str(logs))
    assert "completed: 10 files, 20 events that were new" in said
    assert counted() == 10
    assert "0 events that were new" in read("folder", str(logs))
    assert counted() == 10
    assert UsageFeed.objects.count() == 1
    # Late events come in files of their own, and are taken.
    (logs / "late.json.gz").write_bytes(packed([event(day(5), role="late")]))
    assert "1 events that were new" in read("folder", str(logs))
    assert counted() == 11


def test_a_copy_under_another_name_counts_nothing(logs: Path) -> None:
    read("folder", str(logs))
    first = next(logs.rglob("*.gz"))
    (logs / "copy.json.gz").write_bytes(first.read_bytes())
    assert "0 events that were new" in read("folder", str(logs))
    assert counted() == 10


def test_what_is_no_log_is_set_aside_with_its_reason(logs: Path) -> None:
    good = next(logs.rglob("*.gz")).read_bytes()
    (logs / "a_cut.json.gz").write_bytes(good[: len(good) // 2])
    (logs / "b_text.json").write_bytes(b"\xff\x00 nothing")
    (logs / "digest").mkdir()
    digest = f"{ACCOUNT}_CloudTrail-Digest_us-east-1_trail_us-east-1_20260601T000000Z.json.gz"
    (logs / "digest" / digest).write_bytes(packed([]))
    (logs / "notes.txt").write_text("no log")
    said = read("folder", str(logs), status=1)
    assert "a_cut.json.gz" in said
    assert "2 files set aside" in said
    assert {file.name for file in UsageFile.objects.filter(status="SET_ASIDE")} == {"a_cut.json.gz", "b_text.json"}
    assert all(file.reason for file in UsageFile.objects.filter(status="SET_ASIDE"))
    assert not UsageFile.objects.filter(name__contains="Digest").exists()
    assert counted() == 10


def test_links_do_not_lead_out_of_the_folder(logs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json.gz").write_bytes(packed([event(day(1), role="outside")]))
    (logs / "link").symlink_to(outside)
    (logs / "link.json.gz").symlink_to(outside / "secret.json.gz")
    (logs / "loop").symlink_to(logs)
    (logs / "inner.json.gz").symlink_to(next(logs.rglob("*Z_*.gz")))
    feed = AddFeed(None, "FOLDER", str(logs))()
    names = [item.name for item in Folder(feed).items()]
    assert "inner.json.gz" in names
    assert len(names) == 11


def test_only_what_is_said_to_be_everything_tells_of_absence(logs: Path) -> None:
    said = read("folder", str(logs))
    assert "not said" in said
    row = UsageCoverage.objects.get()
    assert row.regions == ["us-east-1"]
    read("folder", str(logs), "--complete")
    row.refresh_from_db()
    assert (row.regions, row.first_day, row.last_day) == (["*"], day(10), day(1))


def test_a_set_aside_file_makes_a_hole_and_its_repair_closes_it(logs: Path) -> None:
    broken = next(logs.rglob(f"*{day(5):%Y%m%d}*"))
    good = broken.read_bytes()
    broken.write_bytes(good[:20])
    read("folder", str(logs), "--complete", status=1)
    row = UsageCoverage.objects.get()
    assert row.regions == ["*"]
    # Its own day, and the one before: it may hold events of that one, too.
    assert row.holes == [str(day(6)), str(day(5))]
    broken.write_bytes(good)
    read("folder", str(logs), "--complete", status=1)
    row.refresh_from_db()
    assert row.holes == []


def test_a_day_without_events_and_a_file_of_unknown_day_are_not_told(logs: Path) -> None:
    next(logs.rglob(f"*{day(4):%Y%m%d}*")).unlink()
    read("folder", str(logs), "--complete")
    row = UsageCoverage.objects.get()
    assert row.holes == [str(day(4))]
    (logs / "x.json").write_text("{")
    read("folder", str(logs), "--complete", status=1)
    row.refresh_from_db()
    assert row.regions == ["us-east-1"]


def test_a_record_that_was_left_out_makes_a_hole(logs: Path) -> None:
    odd = next(logs.rglob(f"*{day(3):%Y%m%d}*"))
    odd.write_bytes(packed([event(day(3)), {"eventName": 5}]))
    said = read("folder", str(logs), "--complete", status=1)
    assert "1 of 2 records were left out" in said
    assert str(day(3)) in UsageCoverage.objects.get().holes


def test_a_change_of_the_trail_leaves_the_days_before_open(logs: Path) -> None:
    path = logs / file_name(day(6), 99)
    path.write_bytes(packed([event(day(6), "UpdateTrail", "cloudtrail")]))
    read("folder", str(logs), "--complete")
    assert UsageCoverage.objects.get().first_day == day(5)


class Interrupted(BaseException):
    """As a worker that is killed."""


def test_an_interrupted_reading_goes_on_without_loss_or_double_count(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = AddFeed(None, "FOLDER", str(logs))()
    reading = ReadUsage(feed, None, wake=False)()
    monkeypatch.setattr(working, "FILES", 1)
    seen: list[str] = []
    real = Folder.read

    def dying(self: Folder, item: Item) -> Any:
        seen.append(item.name)
        if len(seen) == 5:
            raise Interrupted
        return real(self, item)

    monkeypatch.setattr(Folder, "read", dying)
    with pytest.raises(Interrupted):
        work(reading.pk)
    reading.refresh_from_db()
    assert (reading.status, reading.files_done, counted()) == ("RUNNING", 4, 4)
    # Its lease still runs: nobody else takes it.
    assert not work(reading.pk)
    UsageReading.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert work(reading.pk)
    reading.refresh_from_db()
    assert (reading.status, reading.files_done, reading.files_read, counted()) == ("COMPLETED", 10, 6, 10)
    assert reading.events == 20
    assert len(seen) == 5 + 6


def test_a_canceled_reading_stops_and_keeps_what_was_stored(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = AddFeed(None, "FOLDER", str(logs))()
    reading = ReadUsage(feed, None, wake=False)()
    monkeypatch.setattr(working, "FILES", 1)
    real = Folder.read

    def canceling(self: Folder, item: Item) -> Any:
        if str(day(5).strftime("%Y%m%d")) in item.name:
            CancelReading(reading, None)()
        return real(self, item)

    monkeypatch.setattr(Folder, "read", canceling)
    work(reading.pk)
    reading.refresh_from_db()
    assert reading.status == "CANCELED"
    assert 0 < counted() < 10
    # What was not read in full is not covered.
    assert all(row.regions == [] for row in UsageCoverage.objects.all())
    monkeypatch.setattr(Folder, "read", real)
    assert request_reading(feed).pk != reading.pk
    read("folder", str(logs))
    assert counted() == 10


def test_workers_that_end_again_and_again_are_not_sent_on_forever(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = ReadUsage(AddFeed(None, "FOLDER", str(logs))(), None, wake=False)()

    def dying(self: Folder, item: Item) -> Any:
        raise Interrupted

    monkeypatch.setattr(Folder, "read", dying)
    for _ in range(3):
        with pytest.raises(Interrupted):
            work(reading.pk)
        UsageReading.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert not work(reading.pk)
    reading.refresh_from_db()
    assert reading.status == "FAILED"
    assert "Given up" in reading.error


def test_two_who_read_at_once_count_once(logs: Path) -> None:
    reading = ReadUsage(AddFeed(None, "FOLDER", str(logs))(), None, wake=False)()
    assert ReadUsage(reading.feed, None, wake=False)().pk == reading.pk
    assert work(reading.pk)
    assert not work(reading.pk)
    assert counted() == 10


def test_what_cannot_be_begun_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("read_usage", "folder", str(tmp_path / "nowhere"))
    assert caught.value.returncode == 2
    with pytest.raises(CommandError) as caught:
        call_command("read_usage", "s3", "https://elsewhere.example/x")
    assert caught.value.returncode == 2
    assert "s3://bucket/prefix" in str(caught.value)
    feed = UsageFeed.objects.create(kind="FOLDER", location=str(tmp_path / "gone"))
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("read_usage", "again", str(feed.pk))
    assert str(feed.pk) in read("list")


def test_the_sweeper_hands_out_what_nobody_reads_but_no_folders(
    logs: Path, monkeypatch: pytest.MonkeyPatch, other_feed: UsageFeed
) -> None:
    folder = ReadUsage(AddFeed(None, "FOLDER", str(logs))(), None, wake=False)()
    reading = request_reading(other_feed)
    UsageReading.objects.update(status="RUNNING", lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert hand_out_again() == [reading.pk]
    assert folder.pk != reading.pk
    woken: list[int] = []
    monkeypatch.setattr("analyzers.tasks.read_usage.delay", woken.append)
    sweep()
    assert woken == [reading.pk]


def test_feeds_are_read_again_each_day(monkeypatch: pytest.MonkeyPatch, other_feed: UsageFeed) -> None:
    woken: list[int] = []
    monkeypatch.setattr("analyzers.tasks.wake_reading", woken.append)
    schedule_usage()
    assert not woken
    other_feed.settings = {"daily": True}
    other_feed.save()
    schedule_usage()
    schedule_usage()
    assert len(woken) == 1
    UsageReading.objects.update(status="COMPLETED", created_at=timezone.now() - timedelta(hours=25))
    schedule_usage()
    assert len(woken) == 2


def test_what_was_read_is_judged_at_once(logs: Path, django_capture_on_commit_callbacks: Any) -> None:
    Account.objects.create(id=ACCOUNT)
    Analyzer.objects.create(name="unused-90", type="ACCOUNT_UNUSED_ACCESS", scope=ACCOUNT)
    Analyzer.objects.create(name="outside", type="ACCOUNT", scope=ACCOUNT)
    with django_capture_on_commit_callbacks(execute=True):
        read("folder", str(logs))
    assert list(Scan.objects.values_list("analyzer__name", "reason")) == [("unused-90", "usage")]
