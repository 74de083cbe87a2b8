"""manage.py read_usage folder|s3|history|lake|athena|again|list …"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import AddFeed, CancelReading, ReadUsage
from analyzers.collect.access import DEFAULT_ROLE
from analyzers.models import UsageFeed, UsageFile, UsageReading
from analyzers.usage.progress import progress
from analyzers.usage.work import work

_Kind = UsageFeed.Kind
KINDS = {
    "folder": _Kind.FOLDER,
    "s3": _Kind.S3,
    "history": _Kind.HISTORY,
    "lake": _Kind.LAKE,
    "athena": _Kind.ATHENA,
}
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Read who used what from CloudTrail. The same files twice change nothing; an interrupted reading goes on when "
        "the command is given again. Exit status: 0 everything was read, 1 something was set aside or the reading "
        "ended early, 2 wrong use or no credentials."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="source", required=True, metavar="SOURCE")
        folder = commands.add_parser("folder", help="CloudTrail files in a folder of this machine")
        folder.add_argument("location", metavar="PATH")
        _complete(folder)
        s3 = commands.add_parser("s3", help="the files of a trail in S3")
        s3.add_argument("location", metavar="s3://BUCKET/PREFIX", help="what stands before AWSLogs/")
        s3.add_argument("--accounts", default="", help="separated by commas; all, if not given")
        s3.add_argument(
            "--from", dest="start_day", default="", metavar="DAY", help="2026-06-01; 400 days, if not given"
        )
        _regions(s3)
        _complete(s3)
        _daily(s3)
        history = commands.add_parser("history", help="the event history of an account: 90 days, without a trail")
        history.add_argument("location", metavar="ACCOUNT")
        history.add_argument("--days", type=int, default=0, help="only the last ones")
        _regions(history)
        _daily(history)
        lake = commands.add_parser("lake", help="saved results of CloudTrail Lake in S3")
        lake.add_argument("location", metavar="s3://BUCKET/PREFIX")
        _complete(lake)
        _daily(lake)
        athena = commands.add_parser("athena", help="sums that Athena makes")
        athena.add_argument("location", metavar="DATABASE.TABLE")
        athena.add_argument("--workgroup", default="")
        athena.add_argument("--output", default="", metavar="s3://BUCKET/PREFIX", help="unless the workgroup has one")
        athena.add_argument("--from", dest="start_day", default="", metavar="DAY")
        athena.add_argument("--days", type=int, default=0, help="of one query (7)")
        _complete(athena)
        _daily(athena)
        for sub in (s3, history, lake, athena):
            sub.add_argument("--profile", default="", help="of the AWS CLI's configuration")
            sub.add_argument("--role-name", default="", help=f"taken on in other accounts ({DEFAULT_ROLE})")
            sub.add_argument("--external-id", default="", help="that the role's trust policy asks for")
        for sub in (s3, lake, athena):
            sub.add_argument(
                "--account", default="", metavar="ID", help="where it lies, if not in the caller's account"
            )
            sub.add_argument("--region", default="", help="where it lies")
        again = commands.add_parser("again", help="read a feed that is known")
        again.add_argument("feed", type=int, metavar="N", help="as `list` shows it")
        commands.add_parser("list", help="the feeds that are known")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["source"] == "list":
            self._list()
            return
        feed = self._feed(options)
        reading = ReadUsage(feed, None, wake=False)()
        previous = signal.signal(signal.SIGINT, self._stop)
        try:
            mine = work(reading.pk, progress=self._show)
        except KeyboardInterrupt:
            CancelReading(reading, None)()
            self.stderr.write("\nStopped. What was read is kept; give the command again to go on.")
            raise SystemExit(130) from None
        finally:
            signal.signal(signal.SIGINT, previous)
        reading.refresh_from_db()
        if not mine and reading.is_open:
            raise CommandError(f"Somebody else reads it ({reading.lease_owner}).", returncode=1)
        if reading.status == UsageReading.Status.FAILED and not reading.files_total:
            raise CommandError(reading.error, returncode=2)
        self._report(reading)

    def _feed(self, options: dict[str, Any]) -> UsageFeed:
        if options["source"] == "again":
            found = UsageFeed.objects.filter(pk=options["feed"]).first()
            if found is None:
                raise CommandError(f"There is no feed {options['feed']}.", returncode=2)
            return found
        kind, location = KINDS[options["source"]], options["location"]
        if kind == _Kind.FOLDER:
            location = str(Path(location).resolve())
            if not Path(location).is_dir():
                raise CommandError(f"There is no folder {location}.", returncode=2)
        plain = ("profile", "role_name", "external_id", "account", "region", "start_day", "days", "workgroup", "output")
        settings = {name: options.get(name) for name in (*plain, "complete", "daily")}
        settings |= {name: _names(options.get(name) or "") for name in ("accounts", "regions")}
        try:
            return AddFeed(None, kind, location, settings)()
        except ValidationError as error:
            said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
            raise CommandError(said, returncode=2) from error

    def _list(self) -> None:
        for feed in UsageFeed.objects.order_by("pk"):
            last = feed.readings.first()
            state = f"{last.status.lower()} {last.created_at:%Y-%m-%d %H:%M}" if last else "never read"
            self.stdout.write(f"{feed.pk:>4}  {feed}  {state}")

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def _show(self, reading: UsageReading) -> None:
        at = progress(reading)
        size = f"  {at.megabytes_done:,.0f} of {at.megabytes_total:,.0f} MB" if at.megabytes_total else ""
        line = f"{at.files_done:,} of {at.files_total:,} files{size}  {at.events:,} events  {at.rate}"
        line += f"  {at.left} left" if at.left else ""
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(line[:118].ljust(118) if end == "\r" else line, ending=end)

    def _report(self, reading: UsageReading) -> None:
        if sys.stderr.isatty():
            self.stderr.write("")
        feed = UsageFeed.objects.get(pk=reading.feed_id)
        aside = UsageFile.objects.filter(feed=feed).exclude(reason="")
        number = aside.count()
        for file in aside[:SHOWN]:
            self.stdout.write(f"  {file.get_status_display()}: {file.name}: {file.reason[:300]}")
        if number > SHOWN:
            self.stdout.write(f"  and {number - SHOWN:,} more")
        if reading.error:
            self.stderr.write(reading.error)
        if feed.settings.get("note"):
            self.stdout.write(str(feed.settings["note"]))
        self.stdout.write(
            f"Reading {reading.pk} of feed {feed.pk} {reading.status.lower()}: {reading.files_done:,} files, "
            f"{reading.events:,} events that were new, {number:,} files set aside or not read in full."
        )
        if reading.status != UsageReading.Status.COMPLETED or number:
            raise SystemExit(1)


def _names(text: str) -> list[str]:
    return [name for name in text.replace(" ", "").split(",") if name]


def _regions(parser: CommandParser) -> None:
    parser.add_argument("--regions", default="", help="separated by commas; all, if not given")


def _complete(parser: CommandParser) -> None:
    said = "it holds all management events of all regions: then what is not in it counts as not used"
    parser.add_argument("--complete", action="store_true", help=said)


def _daily(parser: CommandParser) -> None:
    parser.add_argument("--daily", action="store_true", help="have the workers read it again each day")
