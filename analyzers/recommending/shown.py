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

MOST_NAMED = 200
"""Actions that one change or one loss names; their number is told in any case."""
MOST_ROWS = 4_000
"""Lines side by side of one policy."""


def of(found: Recommendation, losses: Mapping[int, WhatIf | None]) -> dict[str, Any]:
    """`{principal, since, now, resources, refused, unchanged, actions_before, actions_after, seconds, proofs,
    policies, left, notes, shorter: {days: {broken, broken_count} | None}, files: {kind: text}, roll_out}`."""
    return {
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
        "notes": list(found.notes),
        "shorter": {str(days): loss and shorter(loss) for days, loss in losses.items()},
        "files": files(found) if found.proved else {},
        "roll_out": downloads.as_roll_out(found) if found.proved else "",
    }


def files(found: Recommendation) -> dict[str, str]:
    """The texts to download, by kind. Only of what is proven."""
    return {
        "json": downloads.as_json(found),
        "cli": downloads.as_cli(found),
        "cloudformation": downloads.as_cloudformation(found),
        "terraform": downloads.as_terraform(found),
    }


def shorter(loss: WhatIf) -> dict[str, Any]:
    return {
        "broken": [_loss(one) for one in loss.broken[:MOST_NAMED]],
        "broken_count": len(loss.broken),
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {"action": loss.action, "last_use": _instant(loss.last_use)}


def _policy(held: Held, found: Recommendation) -> dict[str, Any]:
    """`fate`: replaced, detached, kept (a group's policy that is attached to the principal itself) or unchanged."""
    steps = [step for step in found.steps if step.policy == held]
    new = [step for step in steps if step.action is StepAction.CREATE_POLICY]
    changes = steps[0].changes if steps else ()
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
            {"name": step.name, "kind": str(step.kind), "number": step.number, "text": step.text} for step in new
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
    if not changes or not held.text:
        return []
    text = new[0].text if len(new) == 1 else ""
    return [_row(row) for row in side_by_side.rows(held.text, text, changes)[:MOST_ROWS]]


def _row(row: Any) -> dict[str, Any]:
    return {}


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
