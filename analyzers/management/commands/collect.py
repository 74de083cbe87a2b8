"""manage.py collect [--profile P] [--organization | --account ID] [--role-name R] [--external-id X] [--regions R,R]
[--config-aggregator NAME]"""

from __future__ import annotations

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from analyzers.actions import CancelCollection, ReadAgain, StartCollection
from analyzers.collect import permissions, summary
from analyzers.collect.access import DEFAULT_ROLE, NoCredentials
from analyzers.collect.work import OPEN, access_for, work
from analyzers.models import Collection, CollectionPart

_Status = CollectionPart.Status
READERS = 8


class Command(BaseCommand):
    help = (
        "Read what exists from AWS, with the credentials of the AWS CLI's environment. Exit status: 0 everything was "
        "read, 1 something was not, 2 wrong use or no credentials."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--organization", action="store_true", help="all accounts of the organization")
        what.add_argument("--account", action="append", default=[], metavar="ID", help="this account; may be repeated")
        what.add_argument("--again", type=int, metavar="N", help="what collection N could not read")
        what.add_argument("--print", choices=sorted(permissions.files()), help="the role's policy and templates")
        parser.add_argument("--profile", default="", help="of the AWS CLI's configuration")
        parser.add_argument("--role-name", default="", help=f"taken on in other accounts ({DEFAULT_ROLE})")
        parser.add_argument("--external-id", default="", help="that the role's trust policy asks for")
        parser.add_argument("--regions", default="", help="separated by commas; all that an account uses, if not given")
        parser.add_argument("--config-aggregator", default="", metavar="NAME", help="ask AWS Config, not the services")
        parser.add_argument("--config-region", default="", metavar="REGION", help="where the aggregator is")
        parser.add_argument("--readers", type=int, default=READERS, help=f"at the same time ({READERS})")
        parser.add_argument("--page-size", type=int, help="elements a page, where a service lets it be chosen")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print"]:
            self.stdout.write(permissions.files()[options["print"]], ending="")
            return
        collection = self._collection(options)
        self._shown = threading.Lock()
        self._began = time.monotonic()
        previous = signal.signal(signal.SIGINT, self._stop)
        try:
            self._run(collection, max(1, options["readers"]), options["page_size"])
        except KeyboardInterrupt:
            CancelCollection(collection, user=None)()
            self.stderr.write(f"Stopped. What was read is kept; go on with: collect --again {collection.pk}")
            raise SystemExit(130) from None
        finally:
            signal.signal(signal.SIGINT, previous)
        collection.refresh_from_db()
        if collection.status == Collection.Status.FAILED and not collection.parts.exists():
            raise CommandError(collection.error, returncode=2)
        self._report(collection)
        incomplete = collection.parts.filter(status__in=[_Status.NOT_READ, _Status.PARTLY]).exists()
        if collection.status != Collection.Status.COMPLETED or incomplete:
            raise SystemExit(1)

    def _collection(self, options: dict[str, Any]) -> Collection:
        if options["again"]:
            collection = Collection.objects.filter(pk=options["again"]).first()
            if collection is None:
                raise CommandError(f"There is no collection {options['again']}.", returncode=2)
            ReadAgain(collection, user=None, wake=False)()
            return collection
        try:
            return StartCollection(
                user=None,
                organization=options["organization"],
                accounts=options["account"],
                regions=[region for region in options["regions"].replace(" ", "").split(",") if region],
                profile=options["profile"],
                role_name=options["role_name"],
                external_id=options["external_id"],
                aggregator=options["config_aggregator"],
                aggregator_region=options["config_region"],
                wake=False,
            )()
        except ValidationError as error:
            said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
            raise CommandError(said, returncode=2) from error

    def _run(self, collection: Collection, readers: int, page_size: int | None) -> None:
        try:
            access = access_for(collection)
            access.caller()
        except NoCredentials as error:
            Collection.objects.filter(pk=collection.pk).update(status=Collection.Status.FAILED, error=str(error))
            return

        def read() -> None:
            try:
                work(collection.pk, access=access, page_size=page_size, wait=True, progress=self._progress)
            finally:
                connection.close()

        with ThreadPoolExecutor(readers) as pool:
            # The first reader plans; the others find parts to read, or wait for them.
            running = [pool.submit(read) for _ in range(readers)]
            try:
                for future in running:
                    future.result()
            except KeyboardInterrupt:
                CancelCollection(collection, user=None)()
                raise

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def _progress(self, part: CollectionPart) -> None:
        with self._shown:
            parts = CollectionPart.objects.filter(collection=part.collection_id)
            waiting, known = parts.filter(status__in=OPEN).count(), parts.count()
            seconds = time.monotonic() - self._began
            line = f"{known - waiting} of {known} parts  {seconds:4.0f} s  {part}: {part.get_status_display()}"
            end = "\r" if sys.stderr.isatty() else "\n"
            self.stderr.write(line[:118].ljust(118) if end == "\r" else line, ending=end)

    def _report(self, collection: Collection) -> None:
        if sys.stderr.isatty():
            self.stderr.write("")
        parts = collection.parts.all()
        columns = ("read", "partly", "not read", "not offered", "found", "calls")
        self.stdout.write(f"{'service':<24}" + "".join(f"{name:>12}" for name in columns))
        services = summary.rows(parts, "service")
        for row in services:
            numbers = (row["read"], row["partly"], row["not_read"], row["not_offered"], row["found"], row["calls"])
            name = summary.label(row["name"])[:23]
            self.stdout.write(f"{name:<24}" + "".join(f"{number:>12,}" for number in numbers))
        self._reasons(summary.reasons(summary.with_problems(parts)))
        if collection.error:
            self.stderr.write(collection.error)
        seconds = time.monotonic() - self._began
        calls = sum(row["calls"] for row in services)
        accounts = parts.values("account").distinct().count()
        self.stdout.write(
            f"Collection {collection.pk} {collection.status.lower()}: {accounts} accounts, {parts.count():,} parts, "
            f"{calls:,} calls in {seconds:.1f} s, {len(collection.changed_accounts)} accounts changed."
        )

    def _reasons(self, reasons: list[summary.Reason]) -> None:
        """What was not read, and why; the same reason in many places once."""
        if reasons:
            self.stdout.write("\nNot read:")
        for reason in reasons:
            lacks = f" Allow {reason.permission}." if reason.permission else ""
            more = f" and {reason.further:,} more" if reason.further else ""
            self.stdout.write(f"  {reason.call}: {reason.code}: {reason.message[:200]}{lacks}")
            self.stdout.write(f"    in {', '.join(reason.parts)}{more}")
        if reasons:
            self.stdout.write("")
