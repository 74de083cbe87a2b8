"""Archiving: a person, or a rule, has decided that the access is expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from findings.models import Event, Finding, FindingStatus
from findings.roles import ARCHIVE, Actor, person, require

MAX_REASON = 2_000


@dataclass(frozen=True)
class _Change:
    """Moves the findings of a query from one status to another, all or none, with an event each."""

    findings: QuerySet[Finding]
    user: Actor
    reason: str = ""
    rule_name: str = ""

    source = FindingStatus.ACTIVE
    target = FindingStatus.ARCHIVED
    kind = Event.Kind.ARCHIVED
    reason_needed = False

    def __call__(self) -> list[Finding]:
        """The findings that changed. Raises PermissionDenied or ValidationError."""
        require(self.user, ARCHIVE)
        if len(self.reason) > MAX_REASON:
            raise ValidationError({"reason": f"At most {MAX_REASON:,} characters."})
        with transaction.atomic():
            rows = list(self.findings.filter(status=self.source).select_for_update(of=("self",)).order_by("pk"))
            now = timezone.now()
            Finding.objects.filter(pk__in=[row.pk for row in rows]).update(status=self.target, updated_at=now)
            Event.objects.bulk_create([self._event(row, now) for row in rows], batch_size=1000)
        for row in rows:
            row.status, row.updated_at = self.target, now
        return rows

    def _event(self, row: Finding, now: datetime) -> Event:
        return Event(
            finding=row,
            kind=self.kind,
            at=now,
            actor=person(self.user),
            rule_name=self.rule_name,
            reason=self.reason.strip(),
            old_status=self.source,
            new_status=self.target,
        )


class Archive(_Change):
    """ACTIVE -> ARCHIVED."""


class Unarchive(_Change):
    """ARCHIVED -> ACTIVE."""

    source = FindingStatus.ARCHIVED
    target = FindingStatus.ACTIVE
    kind = Event.Kind.UNARCHIVED
