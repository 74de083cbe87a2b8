"""Start and cancel scans."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from analyzers.models import Analyzer, Scan
from analyzers.scans import request_scan
from findings.roles import ANALYZERS, Actor, person, require


@dataclass(frozen=True)
class StartScan:
    """`wake`: tell the workers at once; the command line works by itself."""

    analyzer: Analyzer
    user: Actor
    wake: bool = True

    def __call__(self) -> Scan:
        """Raises PermissionDenied or AlreadyRunning."""
        require(self.user, ANALYZERS)
        scan = request_scan(self.analyzer, user=person(self.user))
        if self.wake:
            from analyzers.tasks import wake

            wake(scan)
        return scan


@dataclass(frozen=True)
class CancelScan:
    """Chunks that are being worked on are thrown away; what was recorded stays."""

    scan: Scan
    user: Actor

    def __call__(self) -> Scan:
        require(self.user, ANALYZERS)
        with transaction.atomic():
            scan = Scan.objects.select_for_update().get(pk=self.scan.pk)
            if scan.status in {Scan.Status.PENDING, Scan.Status.RUNNING}:
                scan.status, scan.finished_at = Scan.Status.CANCELED, timezone.now()
                scan.save(update_fields=["status", "finished_at"])
        return scan
