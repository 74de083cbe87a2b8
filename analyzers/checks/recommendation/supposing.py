"""What a recommendation would be if the evidence were shorter or longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from analyzers.usage.evidence import Evidence, State

from .drafts import Draft, granted_by, read
from .judging import Granted, Judge, ServiceNames, needing
from .values import Held, Kind, Loss, WhatIf


def what_if(policies: Sequence[Held], evidence: Evidence, *, since: datetime, now: datetime, days: int = 30) -> WhatIf:
    """What would break if the evidence were `days` shorter, and what would be spared if it were longer.

    Only of what the policies allow; those that cannot be read count for nothing. Raises ValueError for days below 1.
    """
    if days < 1:
        raise ValueError("days must be at least 1")
    drafts = [found for held in policies if held.kind is not Kind.BOUNDARY and isinstance(found := read(held), Draft)]
    tests = [test for draft in drafts for test in granted_by(draft.policy)]
    judge = _judge(evidence, tests, since, now)
    later = min(since + timedelta(days=days), now)
    shorter = _judge(evidence, tests, later, now)
    earlier = since - timedelta(days=days)
    broken: list[Loss] = []
    spared: list[Loss] = []
    for service, granted in _granted(tests, judge):
        short = shorter.service(service.prefix)
        lost = [name for name in granted if service.names[name].stays and not short.names[name].stays]
        if lost and short.goes and len(granted) == len(service.names) > 1:
            lasts = [short.told.last, *(short.names[name].told.last for name in lost)]
            broken.append(Loss(f"{service.prefix}:*", max(filter(None, lasts), default=None)))
        else:
            broken += [Loss(service.names[name].text, short.names[name].told.last) for name in lost]
        for name in granted:
            if not service.names[name].stays:
                told = evidence.of_action(name, earlier, now)
                if told.state is State.USED:
                    spared.append(Loss(service.names[name].text, told.last))
    return WhatIf(days, _newest_first(broken), _newest_first(spared))


def _judge(evidence: Evidence, tests: Sequence[Granted], since: datetime, now: datetime) -> Judge:
    judge = Judge(evidence, since, now)
    judge.needed_by = needing(tests, judge)
    return judge


def _granted(tests: Sequence[Granted], judge: Judge) -> Iterator[tuple[ServiceNames, list[str]]]:
    """The services, with the known actions that some statement allows."""
    for prefix in sorted({prefix for test in tests for prefix in (test.services or judge.prefixes)}):
        service = judge.service(prefix)
        asked = [test for test in tests if test.services is None or prefix in test.services]
        names = [name for name in service.names if any(test.match(name) for test in asked)]
        if names:
            yield service, names


def _newest_first(losses: Sequence[Loss]) -> tuple[Loss, ...]:
    return tuple(sorted(losses, key=lambda one: (-(one.last_use.timestamp() if one.last_use else 0.0), one.action)))
