"""One user or role and what is known of its use -> findings, and what is not known.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-create-unused.html and
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_UnusedAccessConfiguration.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from analyzers.usage.evidence import FRESH, LAG, Evidence, State, Told

from .permissions import Permissions, instant, permissions
from .values import (
    ROLE,
    UNUSED_KEY,
    UNUSED_PASSWORD,
    UNUSED_PERMISSION,
    UNUSED_ROLE,
    AccessKey,
    Gap,
    Holder,
    Password,
    UnusedAnalysis,
    UnusedFinding,
)

NO_AGE = "When it was created is not known."
NO_READING = "When it was read into the inventory is not known."
OLD_READING = f"The inventory is older than {FRESH.days} days."
NO_ROLE_USE = "When the role was last used was not read."
NO_CREDENTIALS = "The credentials of the user were not read."
NO_KEY_USE = "When an access key was last used was not read."
NO_KEY_AGE = "When an access key was created is not known."
NO_PASSWORD_USE = "When the password was last used was not read."  # noqa: S105 - a sentence
NO_PASSWORD_AGE = "When the password was set is not known."  # noqa: S105 - a sentence
ENDS_EARLY = "The inventory was read too early to tell whether the last use was repeated since."
NOT_ACTIVE = "Whether it is used at all is not known, so its permissions are not judged."


class _Time(NamedTuple):
    """The time that is judged."""

    days: int
    since: datetime
    now: datetime


class _Credentials(NamedTuple):
    findings: tuple[UnusedFinding, ...]
    unknown: tuple[str, ...]
    undecided: frozenset[tuple[str, str]]
    active: State


def judge(holder: Holder, evidence: Evidence, days: int, now: datetime) -> UnusedAnalysis:
    """`days`: the tracking period. What is younger than it is not judged."""
    time = _Time(days, now - timedelta(days=days), now)
    if holder.created_at is None:
        return UnusedAnalysis(unknown=(NO_AGE,), undecided=None)
    if holder.created_at > time.since:
        return UnusedAnalysis()
    evidence = evidence.since_creation(holder.created_at)
    known = (_role if holder.type == ROLE else _user)(holder, evidence, time)
    allowed = permissions(holder, evidence, time.since, now)
    gap = allowed.gap
    if known.active == State.UNUSED:
        gap = Gap(gap.granted, 0, gap.granted)
    elif known.active == State.UNKNOWN:
        gap = Gap(gap.granted, gap.used, 0)
    findings, unknown, undecided = known.findings, known.unknown, known.undecided
    permission = (UNUSED_PERMISSION, "")
    if known.active == State.UNKNOWN:
        unknown, undecided = (*unknown, NOT_ACTIVE), undecided | {permission}
    elif known.active == State.USED:
        unknown += allowed.unknown
        if allowed.services:
            findings += (_permissions(holder, evidence, allowed, time),)
        elif allowed.unknown:
            undecided |= {permission}
    return UnusedAnalysis(findings, tuple(dict.fromkeys(unknown)), undecided, gap)


def _role(holder: Holder, evidence: Evidence, time: _Time) -> _Credentials:
    last = _newest(holder.last_used_at, evidence.last_activity)
    told = _of(last, holder.last_used_known, NO_ROLE_USE, holder, time)
    if told.state == State.UNKNOWN:
        return _Credentials((), (told.why,), frozenset({(UNUSED_ROLE, "")}), State.UNKNOWN)
    if told.state == State.USED:
        return _Credentials((), (), frozenset(), State.USED)
    finding = _finding(UNUSED_ROLE, holder, f"{holder.called} was not used", told, holder.created_at, time)
    return _Credentials((finding,), (), frozenset(), State.UNUSED)


def _user(holder: Holder, evidence: Evidence, time: _Time) -> _Credentials:
    """Active if one of its credentials was used, or if a trail saw it."""
    if not holder.credentials_known:
        undecided = frozenset({(UNUSED_KEY, ""), (UNUSED_PASSWORD, "")})
        used = [key.last_used_at for key in holder.keys]
        used += [holder.password.last_used_at] if holder.password is not None else []
        last = _newest(evidence.last_activity, *used)
        active = State.USED if last is not None and last >= time.since else State.UNKNOWN
        return _Credentials((), (NO_CREDENTIALS,), undecided, active)
    found = [_key(key, holder, time) for key in holder.keys]
    if holder.password is not None:
        found.append(_password(holder.password, holder, time))
    states = {one.active for one in found}
    active = State.UNKNOWN if State.UNKNOWN in states else State.UNUSED
    if State.USED in states or _seen(evidence, time):
        active = State.USED
    return _Credentials(
        tuple(finding for one in found for finding in one.findings),
        tuple(why for one in found for why in one.unknown),
        frozenset().union(*(one.undecided for one in found)),
        active,
    )


def _seen(evidence: Evidence, time: _Time) -> bool:
    return evidence.last_activity is not None and evidence.last_activity >= time.since


def _key(key: AccessKey, holder: Holder, time: _Time) -> _Credentials:
    """A key that is not active cannot be used: it is no finding, but an earlier use counts for its user."""
    if not key.active:
        used = key.last_used_at is not None and key.last_used_at >= time.since
        return _Credentials((), (), frozenset(), State.USED if used else State.UNUSED)
    told = _of(key.last_used_at, key.known, NO_KEY_USE, holder, time)
    said = f"Access key {key.id} of user {holder.name} was not used"
    finding = _finding(UNUSED_KEY, holder, said, told, key.created_at, time, key.id)
    return _credential(finding, told, key.created_at, NO_KEY_AGE, time)


def _password(password: Password, holder: Holder, time: _Time) -> _Credentials:
    told = _of(password.last_used_at, password.known, NO_PASSWORD_USE, holder, time)
    said = f"The password of user {holder.name} was not used"
    finding = _finding(UNUSED_PASSWORD, holder, said, told, password.created_at, time)
    return _credential(finding, told, password.created_at, NO_PASSWORD_AGE, time)


def _credential(
    finding: UnusedFinding, told: Told, created_at: datetime | None, no_age: str, time: _Time
) -> _Credentials:
    """`finding`: what there is to say if it was not used."""
    if told.state == State.USED or (created_at is not None and created_at > time.since):
        return _Credentials((), (), frozenset(), told.state)
    undecided = frozenset({(finding.kind, finding.access_key_id)})
    if told.state == State.UNKNOWN:
        return _Credentials((), (told.why,), undecided, State.UNKNOWN)
    if created_at is None:
        return _Credentials((), (no_age,), undecided, State.UNUSED)
    return _Credentials((finding,), (), frozenset(), State.UNUSED)


def _of(last: datetime | None, known: bool, why: str, holder: Holder, time: _Time) -> Told:
    """What a last use that IAM told when the inventory was read says of the time that is judged."""
    if last is not None and last >= time.since:
        return Told(State.USED, last)
    if not known:
        return Told(State.UNKNOWN, last, why)
    if holder.read_at is None:
        return Told(State.UNKNOWN, last, NO_READING)
    if holder.read_at < time.now - FRESH:
        return Told(State.UNKNOWN, last, OLD_READING)
    if last is not None and last >= _until(holder, time) - (time.now - time.since):
        return Told(State.UNKNOWN, last, ENDS_EARLY)
    return Told(State.UNUSED, last)


def _until(holder: Holder, time: _Time) -> datetime:
    return min(time.now, (holder.read_at or time.now) - LAG)


def _finding(
    kind: str,
    holder: Holder,
    said: str,
    told: Told,
    created_at: datetime | None,
    time: _Time,
    access_key_id: str = "",
) -> UnusedFinding:
    last = "No use of it is known." if told.last is None else f"Its last use was on {told.last:%Y-%m-%d}."
    more: dict[str, Any] = {"created_at": instant(created_at)}
    if access_key_id:
        more["access_key_id"] = access_key_id
    source = [("What IAM told when the inventory was read", _until(holder, time))]
    details = _details(f"{said} in {_days(time)}.", last, time, source, more)
    return UnusedFinding(kind, told.last, details, access_key_id)


def _permissions(holder: Holder, evidence: Evidence, allowed: Permissions, time: _Time) -> UnusedFinding:
    whole = sum(1 for entry in allowed.services if entry["whole"])
    single = sum(entry["unused"] for entry in allowed.services if not entry["whole"])
    parts = [_number(whole, "service"), _number(single, "action") + (" of other services" if whole else "")]
    said = " and ".join(part for part, number in zip(parts, (whole, single), strict=True) if number)
    more = {
        "services": list(allowed.services),
        "granted": allowed.gap.granted,
        "unused": allowed.gap.unused,
        "untracked": allowed.gap.granted - allowed.gap.used - allowed.gap.unused,
        "unknown": list(allowed.unknown),
        "created_at": instant(holder.created_at),
    }
    reason = (
        f"Of {_number(allowed.gap.granted, 'action')} that its policies allow, {allowed.gap.unused:,} were not used."
    )
    summary = f"{holder.called} did not use {said} in {_days(time)}."
    details = _details(summary, reason, time, evidence.until(time.since, time.now), more)
    return UnusedFinding(UNUSED_PERMISSION, allowed.last, details)


def _details(
    summary: str, reason: str, time: _Time, sources: Iterable[tuple[str, datetime]], more: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "summary": summary,
        "reason": reason,
        "tracking_period": time.days,
        "since": instant(time.since),
        "judged_at": instant(time.now),
        "evidence": [{"source": source, "until": instant(until)} for source, until in sources],
        **more,
    }


def _days(time: _Time) -> str:
    return _number(time.days, "day")


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
