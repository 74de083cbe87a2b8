"""From an answer of an analysis to the rows of its findings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from analyzers.kinds.internal.answer import InternalAnalysis, InternalFinding
from analyzers.kinds.subject import Analysis, Asked, ExternalFinding, FurtherCondition
from analyzers.kinds.unused import UnusedAnalysis
from analyzers.models import Analyzer, Document
from findings.models import Finding, FindingType, Proof

from .copying import storable

AnyAnalysis = Analysis | InternalAnalysis | UnusedAnalysis


def rows_of(analyzer: Analyzer, subject: Asked, analysis: AnyAnalysis, now: datetime) -> Iterator[Finding]:
    """The findings of one answer, new ones: to be compared with what is stored by their `key`."""
    shared: dict[str, Any] = {
        "analyzer": analyzer,
        "resource": subject.arn,
        "resource_type": subject.type,
        "resource_owner_account": subject.account,
        "created_at": now,
        "analyzed_at": now,
        "updated_at": now,
    }
    if isinstance(analysis, UnusedAnalysis):
        yield from _unused(shared, subject, analysis)
        return
    kind = FindingType.INTERNAL_ACCESS if analyzer.is_internal else FindingType.EXTERNAL_ACCESS
    for found in analysis.findings:
        yield Finding(
            **shared,
            **_of_kind(found),
            finding_type=kind,
            key=_key(subject.arn, found),
            action=storable(list(found.action)),
            condition=storable(dict(found.condition)),
            sources=[dict(source) for source in found.sources],
            resource_control_policy_restriction=found.restriction,
            proof=Proof.PROVED if found.proved else Proof.UNKNOWN,
            details=storable(_details(found)),
        )
    if analysis.error:
        summary = f"Access to {subject.arn} could not be ruled out."
        yield Finding(
            **shared,
            finding_type=kind,
            key=_digest([subject.arn, "error"]),
            error=storable(analysis.error),
            proof=Proof.ERROR,
            details=storable({"summary": summary, "reason": analysis.error}),
        )


def _unused(shared: Mapping[str, Any], subject: Asked, analysis: UnusedAnalysis) -> Iterator[Finding]:
    """One a kind and access key, whatever it says: the service keeps the id of a finding whose permissions change. What
    could not be judged is no finding."""
    for found in analysis.findings:
        yield Finding(
            **shared,
            finding_type=found.kind,
            key=_digest([subject.arn, found.kind, storable(found.access_key_id)]),
            last_accessed_at=found.last_accessed,
            details=storable(dict(found.details)),
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
    return {"principal": storable(dict(found.principal)), "is_public": found.is_public}


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
    if isinstance(found, ExternalFinding):
        details["notes"] = list(found.notes)
    else:
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
