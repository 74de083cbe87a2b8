"""What an analysis found, brought together with what was found before.

A finding that says the same keeps its id. One that is gone is RESOLVED. One that is found again is ACTIVE, unless a
person had archived it: then it is ARCHIVED again.
Lifecycle: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from analyzers.kinds.internal.answer import InternalAnalysis, InternalFinding
from analyzers.kinds.subject import Analysis, ExternalFinding, FurtherCondition, Subject
from analyzers.models import Analyzer, Document
from findings import filters
from findings.models import ArchiveRule, Event, Finding, FindingStatus, FindingType, Proof

AnyAnalysis = Analysis | InternalAnalysis

_COMPARED = ("is_public", "proof", "details", "error", "service_control_policy_restriction")
"""May change without the finding becoming another one."""


@dataclass
class Recorded:
    new: int = 0
    resolved: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(self.new + other.new, self.resolved + other.resolved)


def record(
    analyzer: Analyzer,
    answers: Iterable[tuple[Subject, AnyAnalysis]],
    now: datetime,
    *,
    only: Collection[str] | None = None,
) -> Recorded:
    """Write the findings of these resources; the resources' other findings are resolved. One transaction.

    Where a part of a resource could not be analysed, its earlier findings are kept: nothing was disproved. `only`: the
    principals (ARNs) that were asked about; findings about others stay as they are.
    """
    answers = list(answers)
    wanted = {row.key: row for subject, analysis in answers for row in _rows(analyzer, subject, analysis, now)}
    incomplete = {subject.arn for subject, analysis in answers if analysis.error}
    with transaction.atomic():
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
            if key not in wanted and row.status != FindingStatus.RESOLVED and row.resource not in incomplete
        ]
        Finding.objects.bulk_create(created, batch_size=500)
        events += _resolve(gone, now)
        Event.objects.bulk_create(events, batch_size=1000)
        fresh = [*created, *(row for row in again if row.updated_at == now)]
        _archive_by_rules(analyzer, [row.pk for row in fresh if row.status == FindingStatus.ACTIVE], now)
    return Recorded(len(created), len(gone))


def resolve_vanished(analyzer: Analyzer, arns: QuerySet[Any], now: datetime) -> int:
    """Resolve the findings of resources that are not among `arns` any more (a query of ARNs)."""
    with transaction.atomic():
        gone = list(
            Finding.objects.select_for_update()
            .filter(analyzer=analyzer)
            .exclude(status=FindingStatus.RESOLVED)
            .exclude(resource__in=arns)
        )
        Event.objects.bulk_create(_resolve(gone, now), batch_size=1000)
    return len(gone)


def _rows(analyzer: Analyzer, subject: Subject, analysis: AnyAnalysis, now: datetime) -> Iterable[Finding]:
    shared: dict[str, Any] = {
        "analyzer": analyzer,
        "resource": subject.arn,
        "resource_type": subject.type,
        "resource_owner_account": subject.account,
        "created_at": now,
        "analyzed_at": now,
        "updated_at": now,
    }
    kind = FindingType.INTERNAL_ACCESS if analyzer.is_internal else FindingType.EXTERNAL_ACCESS
    for found in analysis.findings:
        yield Finding(
            **shared,
            **_of_kind(found),
            finding_type=kind,
            key=_key(subject.arn, found),
            action=list(found.action),
            condition=dict(found.condition),
            sources=[dict(source) for source in found.sources],
            resource_control_policy_restriction=found.restriction,
            proof=Proof.PROVED if found.proved else Proof.UNKNOWN,
            details=_details(found),
        )
    if analysis.error:
        summary = f"Access to {subject.arn} could not be ruled out."
        yield Finding(
            **shared,
            finding_type=kind,
            key=_digest([subject.arn, "error"]),
            error=analysis.error,
            proof=Proof.ERROR,
            details={"summary": summary, "reason": analysis.error},
        )


def _of_kind(found: ExternalFinding | InternalFinding) -> dict[str, Any]:
    if isinstance(found, InternalFinding):
        return {
            "principal": {"AWS": found.principal},
            "access_type": found.access_type,
            "principal_type": found.principal_type,
            "principal_owner_account": found.principal_owner_account,
            "service_control_policy_restriction": found.service_restriction,
        }
    return {"principal": dict(found.principal), "is_public": found.is_public}


def _key(arn: str, found: ExternalFinding | InternalFinding) -> str:
    """What a finding says: a change of any of these makes another finding, as with the service."""
    sources = [dict(source) for source in found.sources]
    said: list[Any] = [
        arn,
        {"AWS": found.principal} if isinstance(found, InternalFinding) else dict(found.principal),
        sorted(found.action),
        dict(found.condition),
        sources,
        found.restriction,
    ]
    if isinstance(found, InternalFinding):  # accesses of one principal may differ in these alone
        said += [_conditions(found.further_conditions), _conditions(found.unless)]
    return _digest(said)


def _conditions(found: Iterable[FurtherCondition]) -> list[dict[str, Any]]:
    return [{"operator": one.operator, "key": one.key, "values": list(one.values)} for one in found]


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _details(found: ExternalFinding | InternalFinding) -> dict[str, Any]:
    details = _shared_details(found)
    if isinstance(found, InternalFinding):
        details["unless"] = _conditions(found.unless)
        if found.encryption is not None:
            details["encryption"] = found.encryption.as_json()
    return details


def _shared_details(found: ExternalFinding | InternalFinding) -> dict[str, Any]:
    return {
        "summary": found.summary,
        "reason": found.reason,
        "witness": found.witness.as_json() if found.witness else None,
        "statements": [
            {
                "channel": ref.channel,
                "name": ref.name,
                "document": Document.digest(ref.text),
                "statement": ref.statement,
                "sid": ref.sid,
                "effect": ref.effect,
                "written": ref.written,
                **({"text": ref.text} if ref.written else {}),
            }
            for ref in found.statements
        ],
        "further_conditions": _conditions(found.further_conditions),
        "assumptions": list(found.assumptions),
    }


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
    for row in again:
        fresh = wanted[row.key]
        row.analyzed_at = now
        changed = [name for name in _COMPARED if getattr(row, name) != getattr(fresh, name)]
        for name in changed:
            setattr(row, name, getattr(fresh, name))
        if row.status == FindingStatus.RESOLVED:
            old = row.status
            row.status = FindingStatus.ARCHIVED if row.pk in archived else FindingStatus.ACTIVE
            row.updated_at = now
            events.append(_event(row, Event.Kind.REOPENED, now, old))
        elif {"is_public", "proof", "error"} & set(changed):
            row.updated_at = now
            events.append(_event(row, Event.Kind.UPDATED, now, row.status, changed=changed))
    Finding.objects.bulk_update(again, [*_COMPARED, "status", "analyzed_at", "updated_at"], batch_size=500)
    return events


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
        Finding.objects.filter(pk__in=[row.pk for row in rows]).update(status=FindingStatus.ARCHIVED)
        Event.objects.bulk_create(
            Event(
                finding=row,
                kind=Event.Kind.ARCHIVED,
                at=now,
                rule_name=rule.name,
                reason=rule.reason,
                old_status=FindingStatus.ACTIVE,
                new_status=FindingStatus.ARCHIVED,
            )
            for row in rows
        )
