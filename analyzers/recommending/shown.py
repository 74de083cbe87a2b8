"""A recommendation as plain values, for pages and for JSON; texts of documents as they are, instants as ISO texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analyzers.checks.recommendation import (
    Change,
    Held,
    Left,
    Loss,
    Recommendation,
    Step,
    StepAction,
    WhatIf,
    downloads,
    side_by_side,
)

from .files import POLICY

MOST_NAMED = 200
"""Actions that one change or one loss names; their number is told in any case."""
MOST_ROWS = 4_000
"""Lines side by side of one policy."""
LONGEST_LINE = 2_000

_WRITERS = {
    "cli": downloads.as_cli,
    "cloudformation": downloads.as_cloudformation,
    "terraform": downloads.as_terraform,
    "json": downloads.as_json,
    "plan": downloads.as_roll_out,
}


def of(found: Recommendation, losses: Mapping[int, WhatIf | None]) -> dict[str, Any]:
    """`{principal, since, now, resources, refused, unchanged, actions_before, actions_after, seconds, proofs,
    policies, notes, shorter: {days: {broken, broken_count, spared, spared_count} | None}, files: {kind: text}}`."""
    texts, missing = files(found) if found.proved else ({}, [])
    told = {
        "principal": found.principal,
        "since": found.since.isoformat(),
        "now": found.now.isoformat(),
        "days": (found.now - found.since).days,
        "resources": found.resources,
        "refused": found.refused,
        "unchanged": found.unchanged,
        "actions_before": found.actions_before,
        "actions_after": found.actions_after,
        "seconds": round(found.seconds, 3),
        "proofs": [dataclasses.asdict(proof) for proof in found.proofs],
        "policies": [_policy(held, found) for held in found.policies],
        "notes": [*found.notes, *missing],
        "shorter": {str(days): loss and shorter(loss) for days, loss in losses.items()},
        "files": texts,
    }
    kept: dict[str, Any] = storable(told)
    return kept


def storable(value: Any) -> Any:
    """With a sign for each NUL, which no database keeps. Documents have none: JSON writes it as an escape."""
    if isinstance(value, str):
        return value.replace("\0", "␀")
    if isinstance(value, dict):
        return {storable(name): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list) else value


def files(found: Recommendation) -> tuple[dict[str, str], list[str]]:
    """The texts to download, by kind, and why a format is missing. Only of what is proven."""
    new = [step.text for step in found.steps if step.action is StepAction.CREATE_POLICY]
    texts = {f"{POLICY}{number}": text + "\n" for number, text in enumerate(new, 1)}
    missing = []
    for kind, write in _WRITERS.items():
        try:
            texts[kind] = _whole(write(found))
        except downloads.NotWritable as error:
            missing.append(str(error))
    return texts, list(dict.fromkeys(missing))


def _whole(text: str) -> str:
    if "\0" in text:
        raise downloads.NotWritable("A policy holds a NUL character, which this format cannot tell.")
    return text


def shorter(loss: WhatIf) -> dict[str, Any]:
    return {
        "broken": [_loss(one) for one in loss.broken[:MOST_NAMED]],
        "broken_count": len(loss.broken),
        "spared": [_loss(one) for one in loss.spared[:MOST_NAMED]],
        "spared_count": len(loss.spared),
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {"action": loss.action, "last_use": _instant(loss.last_use)}


def _policy(held: Held, found: Recommendation) -> dict[str, Any]:
    """`fate`: replaced, detached, kept (a group's policy that is attached to the principal itself) or unchanged."""
    steps = [step for step in found.steps if step.policy == held]
    new = [step for step in steps if step.action is StepAction.CREATE_POLICY]
    changes = steps[0].changes if steps else ()
    created = [step for step in found.steps if step.action is StepAction.CREATE_POLICY]
    return {
        "id": held.id,
        "name": held.name,
        "arn": held.arn,
        "kind": str(held.kind),
        "via": held.via,
        "by_aws": held.by_aws,
        "updated_at": _instant(held.updated_at),
        "known": bool(held.text),
        "fate": _fate(steps),
        "words": [step.words for step in steps if step.words],
        "new": [
            {
                "name": step.name,
                "kind": str(step.kind),
                "number": step.number,
                "text": step.text,
                "file": f"{POLICY}{created.index(step) + 1}",
            }
            for step in new
        ],
        "changes": [_change(change) for change in changes],
        "rows": _rows(held, new, changes),
        "left": [{"statement": one.statement, "reason": one.reason} for one in _left(held, found.left)],
    }


def _left(held: Held, left: tuple[Left, ...]) -> list[Left]:
    return [one for one in left if one.policy == held]


def _fate(steps: list[Step]) -> str:
    actions = {step.action for step in steps}
    if StepAction.CREATE_POLICY in actions:
        return "replaced"
    if StepAction.DETACH_POLICY in actions:
        return "detached"
    return "kept" if actions else "unchanged"


def _change(change: Change) -> dict[str, Any]:
    return {
        "statement": change.statement,
        "sid": change.sid,
        "element": change.element,
        "old": change.old,
        "new": list(change.new[:MOST_NAMED]),
        "new_count": len(change.new),
        "dropped": list(change.dropped[:MOST_NAMED]),
        "dropped_count": len(change.dropped),
        "kept": change.kept,
        "reason": change.reason,
        "last_use": _instant(change.last_use),
    }


def _rows(held: Held, new: list[Step], changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    """`[{mark, statement, old_number, old, new_number, new, reason, last_use}]`; a reason that several lines share
    stands at the first of them."""
    if not changes:
        return []
    shown: list[dict[str, Any]] = []
    before = None
    for row in side_by_side.rows(held.text, [step.text for step in new], changes)[:MOST_ROWS]:
        why = (row.statement, row.reason)
        shown.append(
            {
                "mark": str(row.mark),
                "statement": row.statement,
                "old_number": row.old_number,
                "old": row.old[:LONGEST_LINE],
                "new_number": row.new_number,
                "new": row.new[:LONGEST_LINE],
                "reason": row.reason if row.reason and why != before else "",
                "last_use": _instant(row.last_use),
            }
        )
        before = why if row.reason else before
    return shown


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
