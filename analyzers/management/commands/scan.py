"""manage.py scan NAME [--wait]"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import StartScan
from analyzers.models import Analyzer, Scan
from analyzers.scans import work
from analyzers.scans.plan import AlreadyRunning
from analyzers.tasks import wake

PATIENCE = 3.0
"""Seconds without progress after which this process lends a hand."""


class Command(BaseCommand):
    help = "Scan an analyzer. Exit status: 0 everything was read, 1 something was not, 2 wrong use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--wait", action="store_true", help="show progress until the scan is done")

    def handle(self, *args: Any, **options: Any) -> None:
        analyzer = Analyzer.objects.filter(name=options["name"]).first()
        if analyzer is None:
            known = ", ".join(Analyzer.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no analyzer {options['name']!r}. Known: {known}.", returncode=2)
        try:
            scan = StartScan(analyzer, user=None, wake=False)()
        except AlreadyRunning as error:
            if error.scan is None:
                raise CommandError(str(error), returncode=2) from error
            scan = error.scan
            self.stderr.write(str(error))
        woken = wake(scan)
        if not options["wait"]:
            if not woken:
                self.stderr.write("No worker could be told; the scan starts when one comes.")
            self.stdout.write(f"Scan {scan.pk} of {analyzer.name}: {scan.resources_total} resources.")
            return
        self._follow(scan)
        scan.refresh_from_db()
        self._report(scan)
        if scan.status != Scan.Status.COMPLETED or scan.resources_failed:
            raise SystemExit(1)

    def _follow(self, scan: Scan) -> None:
        """Show progress; when no worker makes any, do the work here."""
        began = moved = time.monotonic()
        seen = -1
        while True:
            scan.refresh_from_db()
            if scan.resources_done != seen:
                seen, moved = scan.resources_done, time.monotonic()
                self._line(scan, time.monotonic() - began)
            if scan.status != Scan.Status.RUNNING:
                return
            if time.monotonic() - moved > PATIENCE:
                work(scan.pk, progress=lambda current: self._line(current, time.monotonic() - began))
                moved = time.monotonic()
            time.sleep(0.1)

    def _line(self, scan: Scan, seconds: float) -> None:
        rate = scan.resources_done / seconds if seconds > 0.5 else 0
        per_second = f", {rate:.0f}/s" if rate else ""
        self.stderr.write(f"{scan.resources_done} of {scan.resources_total} resources{per_second}")

    def _report(self, scan: Scan) -> None:
        self.stdout.write(
            f"Scan {scan.pk} {scan.status.lower()}: {scan.resources_done} resources, "
            f"{scan.findings_new} new findings, {scan.findings_resolved} resolved, "
            f"{scan.resources_failed} not fully analysed. {scan.error}".rstrip()
        )
        failed = scan.analyzer.analyzed_resources.exclude(error="").order_by("resource_arn")
        for resource in failed[:20]:
            self.stdout.write(f"  {resource.resource_arn}: {resource.error.splitlines()[0]}")
