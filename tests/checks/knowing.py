"""Evidence for tests, in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from analyzers.usage.evidence import Coverage, Evidence, Report, ServiceAccess, Use

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SINCE = NOW - timedelta(days=90)
ROLE = "arn:aws:iam::111122223333:role/worker"
USER = "arn:aws:iam::111122223333:user/ann"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def reported(services: Mapping[str, float | None], actions: Mapping[str, float | None] | None = None) -> Report:
    """Days since the last use of each service, and of each action that IAM tracks; None: no use."""
    told: dict[str, dict[str, datetime | None]] = {prefix: {} for prefix in services}
    for name, days in (actions or {}).items():
        told[name.partition(":")[0]][name.lower()] = None if days is None else ago(days)
    accesses = {
        prefix: ServiceAccess(None if days is None else ago(days), told[prefix]) for prefix, days in services.items()
    }
    return Report(ago(1), True, accesses)


def use(action: str, resource: str = "", days: float = 5, *, denied: bool = False) -> Use:
    moment = ago(days)
    return Use(action, resource, denied, "CLI", "eu-west-1", moment, moment, {moment.date(): 1})


def evidence(
    services: Mapping[str, float | None],
    actions: Mapping[str, float | None] | None = None,
    uses: Iterable[Use] = (),
    *,
    principal: str = ROLE,
    recorded: bool = False,
) -> Evidence:
    """`recorded`: trails tell every use of every action."""
    whole = Coverage(ago(120).date(), NOW.date(), frozenset({"*"}), data_events=frozenset({"s3"}))
    report = reported(services, actions)
    if recorded:
        return Evidence(principal, tuple(uses), report, (whole,), recorded=lambda _action, _data: True)
    return Evidence(principal, tuple(uses), report)
