"""Archiving: a person, or a rule, has decided that the access is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from findings.models import ArchiveRule, Event, Finding, FindingStatus, RuleEvent
from findings.roles import ARCHIVE, Actor, person, require

MAX_REASON = 2_000
BATCH = 5_000


def batched(rows: Sequence[Finding], size: int) -> Iterator[list[Finding]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


@dataclass(frozen=True)
class _Change:
    """Moves the findings of a query from one status to another, all or none, with an event each."""

    findings: QuerySet[Finding]
    user: Actor
    reason: str = ""
    rule: ArchiveRule | None = None
    """The rule that archives, or whose archiving is undone."""
    application: RuleEvent | None = None

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
            rows = list(self._locked())
            now = timezone.now()
            for batch in batched(rows, BATCH):
                Finding.objects.filter(pk__in=[row.pk for row in batch]).update(
                    status=self.target, updated_at=now, archived_by=self._standing()
                )
                Event.objects.bulk_create([self._event(row, now) for row in batch])
        for row in rows:
            row.status, row.updated_at = self.target, now
        return rows

    def _locked(self) -> QuerySet[Finding]:
        """Without what is large in a row: there may be a hundred thousand."""
        wanted = self.findings.filter(status=self.source).select_related(None).only("pk", "status", "updated_at")
        return wanted.select_for_update(of=("self",)).order_by("pk")

    def _standing(self) -> ArchiveRule | None:
        return self.rule if self.target == FindingStatus.ARCHIVED else None

    def _event(self, row: Finding, now: datetime) -> Event:
        return Event(
            finding=row,
            kind=self.kind,
            at=now,
            actor=person(self.user),
            rule=self.rule,
            rule_name=self.rule.name if self.rule else "",
            application=self.application,
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
