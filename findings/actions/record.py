"""What an analysis found, brought together with what was found before.

A finding that says the same keeps its id. One that is gone is RESOLVED. One that is found again is ACTIVE, unless a
person had archived it: then it is ARCHIVED again.
Lifecycle: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from analyzers.kinds.subject import Asked
from analyzers.kinds.unused import UnusedAnalysis
from analyzers.models import Analyzer, Document
from findings import filters
from findings.models import ArchiveRule, Event, Finding, FindingStatus

from .copying import copy_in
from .locks import hold_rules
from .rows import AnyAnalysis, rows_of

_COMPARED = ("is_public", "proof", "details", "error", "service_control_policy_restriction", "last_accessed_at")
"""May change without the finding becoming another one."""


@dataclass
class Recorded:
    new: int = 0
    resolved: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(self.new + other.new, self.resolved + other.resolved)


def record(
    analyzer: Analyzer,
    answers: Iterable[tuple[Asked, AnyAnalysis]],
    now: datetime,
    *,
    only: Collection[str] | None = None,
) -> Recorded:
    """Write the findings of these resources; the resources' other findings are resolved. One transaction.

    Where a part of a resource could not be analysed, its earlier findings are kept: nothing was disproved. `only`: the
    principals (ARNs) that were asked about; findings about others stay as they are.
    """
    answers = list(answers)
    wanted = {row.key: row for subject, analysis in answers for row in rows_of(analyzer, subject, analysis, now)}
    asked = {subject.arn: analysis for subject, analysis in answers}
    with transaction.atomic():
        hold_rules(analyzer.pk, change=False)
        rows = Finding.objects.select_for_update().filter(
            analyzer=analyzer, resource__in=[subject.arn for subject, _ in answers]
        )
        if only is not None:
            rows = rows.filter(Q(principal__AWS__in=sorted(only)) | ~Q(error=""))
        known = {row.key: row for row in rows}
        _keep_documents(wanted.values())
        created = [row for key, row in wanted.items() if key not in known]
        events = [_event(row, Event.Kind.CREATED, now) for row in created]
        again = [row for key, row in known.items() if key in wanted]
        events += _refresh(again, wanted, now)
        gone = [
            row
            for key, row in known.items()
            if key not in wanted and row.status != FindingStatus.RESOLVED and _disproved(row, asked[row.resource])
        ]
        copy_in(Finding, created)
        events += _resolve(gone, now)
        copy_in(Event, events)
        changed = [row for row in again if row.updated_at == now]
        _reopen_what_outgrew_its_rule(changed, now)
        fresh = [row.pk for row in (*created, *changed) if row.status == FindingStatus.ACTIVE]
        decided = _made_active_by_people(changed)
        _archive_by_rules(analyzer, [pk for pk in fresh if pk not in decided], now)
    return Recorded(len(created), len(gone))


def _disproved(row: Finding, analysis: AnyAnalysis) -> bool:
    """Whether an answer without this finding says that there is none."""
    if isinstance(analysis, UnusedAnalysis):
        return analysis.decides(row.finding_type, row.details.get("access_key_id", ""))
    return not analysis.error


def resolve_vanished(
    analyzer: Analyzer, present: QuerySet[Any], now: datetime, *, only: Collection[str] | None = None
) -> int:
    """Resolve the findings of resources that are not among those `present` any more. `only`: of these ARNs."""
    rows = Finding.objects.filter(~Exists(present.filter(arn=OuterRef("resource"))), analyzer=analyzer)
    if only is not None:
        rows = rows.filter(resource__in=only)
    with transaction.atomic():
        gone = list(rows.select_for_update(of=("self",)).exclude(status=FindingStatus.RESOLVED))
        Event.objects.bulk_create(_resolve(gone, now), batch_size=1000)
    return len(gone)


def _keep_documents(rows: Iterable[Finding]) -> None:
    """Texts that we wrote for an ACL, a grant or a share become documents, so that a page finds all in one place."""
    written = {
        ref["document"]: ref.pop("text") for row in rows for ref in row.details.get("statements", ()) if "text" in ref
    }
    Document.objects.bulk_create(
        [Document(sha256=digest, text=text) for digest, text in sorted(written.items())],
        ignore_conflicts=True,
    )


def _refresh(again: list[Finding], wanted: Mapping[str, Finding], now: datetime) -> list[Event]:
    events = []
    archived = _archived_before(row for row in again if row.status == FindingStatus.RESOLVED)
    touched = []
    for row in again:
        fresh = wanted[row.key]
        row.analyzed_at = now
        changed = [name for name in _COMPARED if getattr(row, name) != getattr(fresh, name)]
        telling = {"is_public", "proof", "error"} & set(changed)
        if _unused_permissions(row) != _unused_permissions(fresh):
            telling.add("details")
        for name in changed:
            setattr(row, name, getattr(fresh, name))
        if changed or row.status == FindingStatus.RESOLVED:
            touched.append(row)
        if row.status == FindingStatus.RESOLVED:
            old = row.status
            row.status = FindingStatus.ARCHIVED if row.pk in archived else FindingStatus.ACTIVE
            if row.status == FindingStatus.ACTIVE:
                row.archived_by = None
            row.updated_at = now
            events.append(_event(row, Event.Kind.REOPENED, now, old))
        elif telling:
            row.updated_at = now
            events.append(_event(row, Event.Kind.UPDATED, now, row.status, changed=changed))
    Finding.objects.filter(pk__in=[row.pk for row in again]).update(analyzed_at=now)
    Finding.objects.bulk_update(touched, [*_COMPARED, "status", "archived_by", "updated_at"], batch_size=500)
    return events


def _unused_permissions(row: Finding) -> list[Any]:
    """Which permissions a finding says are not used; the day of the judgement changes every day."""
    services = row.details.get("services", ())
    return [(one["service"], one["unused"], [action["action"] for action in one["actions"]]) for one in services]


def _archived_before(rows: Iterable[Finding]) -> set[Any]:
    """Of resolved findings those that a person had archived when they were resolved.

    What a rule archived by itself does not count: the rule decides again, and if it is gone the finding is active.
    """
    resolved = [row.pk for row in rows]
    last: dict[Any, str] = {}
    by_person: dict[Any, bool] = {}
    for event in Event.objects.filter(finding__in=resolved).order_by("at", "id"):
        if event.kind == Event.Kind.RESOLVED:
            last[event.finding_id] = event.old_status
        elif event.kind == Event.Kind.ARCHIVED:
            by_person[event.finding_id] = not event.rule_name or event.actor_id is not None
        elif event.kind == Event.Kind.UNARCHIVED:
            by_person[event.finding_id] = False
    return {pk for pk, old in last.items() if old == FindingStatus.ARCHIVED and by_person.get(pk)}


def _resolve(gone: list[Finding], now: datetime) -> list[Event]:
    events = []
    for row in gone:
        old, row.status = row.status, FindingStatus.RESOLVED
        row.updated_at = row.analyzed_at = now
        events.append(_event(row, Event.Kind.RESOLVED, now, old))
    Finding.objects.bulk_update(gone, ["status", "updated_at", "analyzed_at"], batch_size=500)
    return events


def _event(row: Finding, kind: Event.Kind, now: datetime, old: str = "", **details: Any) -> Event:
    return Event(finding=row, kind=kind, at=now, old_status=old, new_status=row.status, details=details)


def _archive_by_rules(analyzer: Analyzer, active: Sequence[Any], now: datetime) -> None:
    """New findings are archived in the transaction that writes them, so nobody sees them active."""
    for rule in ArchiveRule.objects.filter(analyzer=analyzer) if active else ():
        rows = list(
            Finding.objects.filter(pk__in=active, status=FindingStatus.ACTIVE).filter(filters.query(rule.filter))
        )
        Finding.objects.filter(pk__in=[row.pk for row in rows]).update(status=FindingStatus.ARCHIVED, archived_by=rule)
        Event.objects.bulk_create(
            Event(
                finding=row,
                kind=Event.Kind.ARCHIVED,
                at=now,
                rule=rule,
                rule_name=rule.name,
                reason=rule.reason,
                old_status=FindingStatus.ACTIVE,
                new_status=FindingStatus.ARCHIVED,
            )
            for row in rows
        )


def _made_active_by_people(rows: Sequence[Finding]) -> set[Any]:
    """Findings that somebody made active again, or undid a rule for: no rule overrules that by itself."""
    if not rows:
        return set()
    decisions = Event.objects.filter(
        finding__in=[row.pk for row in rows], kind__in=(Event.Kind.ARCHIVED, Event.Kind.UNARCHIVED)
    )
    last = decisions.order_by("finding", "-id").distinct("finding")
    return {
        event.finding_id
        for event in last
        if event.kind == Event.Kind.UNARCHIVED and (event.actor_id is not None or event.application_id is not None)
    }


def _reopen_what_outgrew_its_rule(rows: Sequence[Finding], now: datetime) -> None:
    """A finding that a rule archived and that changed, to public for example, so that the rule no longer says that."""
    by_rule: dict[int, list[Finding]] = {}
    for row in rows:
        if row.status == FindingStatus.ARCHIVED and row.archived_by_id is not None:
            by_rule.setdefault(row.archived_by_id, []).append(row)
    for rule in ArchiveRule.objects.filter(pk__in=by_rule):
        changed = by_rule[rule.pk]
        matching = Finding.objects.filter(pk__in=[row.pk for row in changed]).filter(filters.query(rule.filter))
        still = set(matching.values_list("pk", flat=True))
        outgrown = [row for row in changed if row.pk not in still]
        Finding.objects.filter(pk__in=[row.pk for row in outgrown]).update(
            status=FindingStatus.ACTIVE, archived_by=None
        )
        for row in outgrown:
            row.status, row.archived_by = FindingStatus.ACTIVE, None
        Event.objects.bulk_create(
            Event(
                finding=row,
                kind=Event.Kind.UNARCHIVED,
                at=now,
                rule=rule,
                rule_name=rule.name,
                reason="The finding changed and no longer matches the rule.",
                old_status=FindingStatus.ARCHIVED,
                new_status=FindingStatus.ACTIVE,
            )
            for row in outgrown
        )
