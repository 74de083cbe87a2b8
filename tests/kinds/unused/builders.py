"""Users, roles and evidence for tests. All times are days before `NOW`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzers.kinds.unused import AccessKey, HeldPolicy, Holder, Password, UnusedAnalysis
from analyzers.kinds.unused.values import ROLE, USER
from analyzers.usage.evidence import Coverage, Evidence, Report, ServiceAccess, Use

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"


def ago(days: float | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


def text(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}


def policy(*statements: Mapping[str, Any], name: str = "p", updated: float | None = None) -> HeldPolicy:
    return HeldPolicy(name, text(*statements), ago(updated))


_ROLE = Holder(
    arn=f"arn:aws:iam::{ACCOUNT}:role/app",
    type=ROLE,
    account=ACCOUNT,
    name="app",
    created_at=ago(500),
    read_at=NOW,
    last_used_at=ago(1),
    last_used_known=True,
)


def role(*policies: HeldPolicy, **more: Any) -> Holder:
    """A role of 500 days that was used yesterday."""
    return replace(_ROLE, policies=policies, **more)


def user(*policies: HeldPolicy, **more: Any) -> Holder:
    fields = {"arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "type": USER, "name": "bob", "credentials_known": True}
    return replace(_ROLE, policies=policies, **{**fields, "last_used_at": None, "last_used_known": False, **more})


def key(name: str = "AKIA1", used: float | None = None, **more: Any) -> AccessKey:
    return AccessKey(
        **{"id": name, "active": True, "created_at": ago(400), "last_used_at": ago(used), "known": True, **more}
    )


def password(used: float | None = None, **more: Any) -> Password:
    return Password(**{"created_at": ago(400), "last_used_at": ago(used), "known": True, **more})


def report(
    services: Mapping[str, float | None],
    actions: Mapping[str, float | None] | None = None,
    asked: float = 0,
) -> Report:
    """IAM's report: services and tracked actions by full name, each with its last use."""
    tracked = {name.lower(): ago(days) for name, days in (actions or {}).items()}
    return Report(
        asked_at=NOW - timedelta(days=asked),
        by_action=actions is not None,
        services={
            prefix: ServiceAccess(ago(days), {n: at for n, at in tracked.items() if n.startswith(f"{prefix}:")})
            for prefix, days in services.items()
        },
    )


def use(action: str, days: float, *, denied: bool = False) -> Use:
    at = NOW - timedelta(days=days)
    return Use(action, "", denied, "CLI", "eu-central-1", at, at, {at.date(): 1})


def trail(first: float = 300, last: float = 0, **more: Any) -> Coverage:
    """A trail of all regions that told everything of these days."""
    days = {"first_day": (NOW - timedelta(days=first)).date(), "last_day": (NOW - timedelta(days=last)).date()}
    return Coverage(**{**days, "regions": frozenset("*"), **more})


def evidence(*uses: Use, report: Report | None = None, trails: tuple[Coverage, ...] = (), **more: Any) -> Evidence:
    return Evidence(_ROLE.arn, uses, report, trails, **more)


def everything(action: str, data_events: frozenset[str]) -> bool:
    """A trail that records whatever is asked about."""
    return True


def kinds(analysis: UnusedAnalysis) -> list[str]:
    return [
        finding.kind + (f" {finding.access_key_id}" if finding.access_key_id else "") for finding in analysis.findings
    ]


def unused(analysis: UnusedAnalysis) -> dict[str, list[str] | str]:
    """Of the permissions finding: by service the actions, or "whole"."""
    for finding in analysis.findings:
        if finding.kind == "UnusedPermission":
            return {
                one["service"]: "whole" if one["whole"] else [action["action"] for action in one["actions"]]
                for one in finding.details["services"]
            }
    return {}
