"""Which of the actions that policies allow were not used, service by service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from analyzers import catalogue
from analyzers.usage.evidence import Evidence, State, Told

from . import grants
from .values import Gap, Holder

MOST_LISTED = 2_000
"""If more single actions are unused than anybody reads, services that nothing was used of give their number only."""
TEXT_MISSING = "The text of a policy is not known."


class Permissions(NamedTuple):
    """`services`: those with anything unused, as in the details of a finding. `unknown`: why something cannot be told
    about; actions that nobody tracks are no such reason. `last`: the newest last use of what is unused."""

    gap: Gap
    services: tuple[Mapping[str, Any], ...]
    last: datetime | None
    unknown: tuple[str, ...]


class _Service(NamedTuple):
    entry: Mapping[str, Any] | None
    gap: Gap
    last: datetime | None
    why: str


def permissions(holder: Holder, evidence: Evidence, since: datetime, now: datetime) -> Permissions:
    """What the policies allow, and of it what was not used in [since, now]. What only policies allow that were changed
    within that time is too young to be judged."""
    held = [(policy, grants.grants_of(policy.text)) for policy in holder.policies if policy.text is not None]
    denied = grants.join(one.denied for _, one in held)
    granted = grants.less(grants.join(one.allowed for _, one in held), denied)
    settled = grants.join(
        one.allowed for policy, one in held if policy.updated_at is None or policy.updated_at <= since
    )
    unknown = {one.problem for _, one in held if one.problem}
    if len(held) < len(holder.policies):
        unknown.add(TEXT_MISSING)
    services: list[dict[str, Any]] = []
    total, last = Gap(0, 0, 0), None
    for prefix in sorted(granted):
        found = _service(prefix, granted[prefix], settled.get(prefix, 0), evidence, since, now)
        total = Gap(*map(sum, zip(total, found.gap, strict=True)))
        if found.why:
            unknown.add(found.why)
        if found.entry is not None:
            names = sorted({policy.name for policy, one in held if one.allowed.get(prefix, 0) & granted[prefix]})
            services.append({**found.entry, "policies": names})
            last = max(filter(None, (last, found.last)), default=None)
    return Permissions(total, tuple(_readable(services)), last, tuple(sorted(unknown)))


def _readable(services: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    short = sum(len(entry["actions"]) for entry in services) <= MOST_LISTED
    for entry in services:
        listed = short or entry["whole"] or bool(entry["used"])
        yield {**entry, "actions": entry["actions"] if listed else [], "listed": listed}


def _service(prefix: str, granted: int, settled: int, evidence: Evidence, since: datetime, now: datetime) -> _Service:
    """`granted` and `settled`: bits of the actions that are allowed, and of those that are old enough to be judged."""
    told = evidence.of_service(prefix, since, now)
    judged = granted & settled
    used: list[tuple[str, Told]] = []
    unused: list[tuple[str, Told]] = []
    if told.state == State.UNUSED:
        idle = judged & ~grants.silent_of(prefix)
    else:
        idle = 0
        for name in grants.split(prefix, granted & _told_of(prefix, evidence, since, now)):
            one = evidence.of_action(name, since, now)
            if one.state == State.USED:
                used.append((name, one))
            elif one.state == State.UNUSED:
                unused.append((name, one))
        idle = grants.bits_of(prefix, (name.lower() for name, _ in unused)) & judged
        unused = [(name, one) for name, one in unused if grants.bits_of(prefix, (name.lower(),)) & judged]
    silent = grants.silent_of(prefix)
    whole = idle != 0 and not used and told.state != State.USED and idle | silent == granted | silent
    number = idle.bit_count()
    gap = Gap(granted.bit_count(), len(used), number)
    rest = granted & ~idle & ~silent & ~grants.bits_of(prefix, (name.lower() for name, _ in used))
    why = told.why if told.state == State.UNKNOWN and rest & settled else ""
    if not idle:
        return _Service(None, gap, None, why)
    if told.state == State.UNUSED and not whole:
        unused = [(name, evidence.of_action(name, since, now)) for name in grants.split(prefix, idle)]
    last = told.last if whole else max((one.last for _, one in unused if one.last is not None), default=None)
    entry = {
        "service": prefix,
        "name": service.name if (service := catalogue.service(prefix)) else prefix,
        "last_accessed": instant(told.last),
        "whole": whole,
        "actions": [] if whole else [_action(name, one) for name, one in unused],
        "used": [{"action": name, "last_accessed": instant(one.last)} for name, one in used],
        "granted": gap.granted,
        "unused": number,
        "untracked": gap.granted - len(used) - number,
    }
    return _Service(entry, gap, last, why)


def _told_of(prefix: str, evidence: Evidence, since: datetime, now: datetime) -> int:
    """The actions that need to be asked about one by one."""
    names = evidence.names_told(prefix, since, now)
    return -1 if names is None else grants.bits_of(prefix, names)


def _action(name: str, told: Told) -> dict[str, Any]:
    return {"action": name, "last_accessed": instant(told.last), "access_level": access_level(name)}


def access_level(name: str) -> str:
    """Of an action of the catalogue: List, Read, Write, Permissions management or Tagging."""
    found = catalogue.action(name)
    return found.access_level.partition(",")[0] if found else ""


def instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
