"""Tallies as the decoding gives them, in short."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from analyzers.usage.tally import Key, Seen, Sum, Tally

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
TODAY = date(2026, 7, 1)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def key(action: str = "s3:ListAllMyBuckets", principal: str = ROLE, **more: Any) -> Key:
    fields: dict[str, Any] = {"resource": "", "region": "us-east-1", "source": "CLI", "denied": False}
    account = principal.split(":")[4] if principal.count(":") > 4 else ACCOUNT
    return Key(principal=principal, account=account, action=action, **fields | more)


def used(days: dict[date, int], sessions: Iterable[str] = ()) -> Sum:
    return Sum(at(min(days)), at(max(days)), dict(days), list(sessions))


def tally(uses: dict[Key, Sum], unknown: dict[tuple[str, str], Seen] | None = None, **more: Any) -> Tally:
    days: dict[str, set[date]] = {}
    for one, found in uses.items():
        days.setdefault(one.account, set()).update(found.days)
    events = sum(sum(found.days.values()) for found in uses.values())
    fields: dict[str, Any] = {"uses": uses, "unknown": unknown or {}, "events": events, "days": days}
    return Tally(**fields | more)
