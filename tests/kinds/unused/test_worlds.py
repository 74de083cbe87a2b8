"""A generated organization whose every use is known. The sources tell of it as AWS's do: late, in part, or not at all.

What is said to be unused must never have been used in as long a time before the end of some source; with sources that
tell everything, exactly what was not used is found.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from analyzers.kinds.unused import Holder, judge
from analyzers.usage.evidence import Coverage, Evidence, Report, ServiceAccess, Use

from .builders import NOW, allow, kinds, policy, role, unused

GRANTED = (
    "s3:GetObject",
    "s3:CreateBucket",
    "sqs:SendMessage",
    "sqs:CreateQueue",
    "ec2:RunInstances",
    "ec2:CreateTags",
    "iam:PassRole",
    "iam:CreateUser",
)
TRACKED = frozenset({"s3:CreateBucket", "sqs:CreateQueue", "ec2:RunInstances", "iam:CreateUser"})
IN_TRAIL = frozenset({"s3:CreateBucket", "sqs:CreateQueue", "ec2:RunInstances", "ec2:CreateTags", "iam:CreateUser"})
"""Events of management; tags given at creation and roles that are passed leave none."""
STORIES = ("daily", "monthly", "quarterly", "once", "denied", "never", "silent", "born again")


class Event(NamedTuple):
    action: str
    at: datetime
    denied: bool = False
    by_itself: bool = True


class Sources(NamedTuple):
    """`asked`, `read`: days ago; None: not at all. `trail`: the days that it covers."""

    asked: float | None
    read: float
    trail: tuple[int, int] | None
    holes: frozenset[int] = frozenset()
    tracked: bool = True


def life(story: str, chance: random.Random) -> tuple[float, list[Event]]:
    """The age of a role in days, and everything that it ever did."""

    def moments(first: float, every: float) -> Iterator[datetime]:
        while first < 600:
            yield NOW - timedelta(days=first)
            first += every

    some = chance.sample(GRANTED[:6] + GRANTED[7:], 2)
    start = chance.random() * 20
    if story == "never":
        return 500, []
    if story == "silent":
        return 500, [Event("iam:PassRole", at, by_itself=False) for at in moments(start, 7)]
    if story == "once":
        return 500, [Event(some[0], NOW - timedelta(days=chance.random() * 300))]
    if story == "born again":
        return 50, [Event(some[0], at) for at in moments(51 + start, 3)] + [
            Event(some[1], at) for at in moments(start, 9)
        ]
    every = {"daily": 1, "monthly": 30, "quarterly": 91, "denied": 20}[story]
    found = [Event(action, at, story == "denied") for action in some for at in moments(start * every / 20, every)]
    if "ec2:CreateTags" in some and chance.random() < 0.5:
        found = [e._replace(by_itself=False) if e.action == "ec2:CreateTags" else e for e in found]
        found += [Event("ec2:RunInstances", e.at) for e in found if not e.by_itself]
    return 500, found


def told(age: float, events: Iterable[Event], sources: Sources, chance: random.Random) -> tuple[Holder, Evidence]:
    """What the sources say of it. Events of the last hours before a source was read are told or not."""
    created = NOW - timedelta(days=age)
    mine = [event for event in events if event.at >= created]
    visible = [event for event in mine if event.action != "iam:PassRole"]

    def until(days: float) -> list[Event]:
        end = NOW - timedelta(days=days)
        late = timedelta(hours=4)
        return [one for one in visible if one.at <= end - late or (one.at <= end and chance.random() < 0.5)]

    holder = role(
        policy(allow(*GRANTED)),
        created_at=created,
        read_at=NOW - timedelta(days=sources.read),
        last_used_at=max((one.at for one in until(sources.read) + _passing(mine, sources.read)), default=None),
    )
    return holder, Evidence(
        holder.arn,
        tuple(_uses([*events], sources)),
        None if sources.asked is None else _report(until(sources.asked), sources),
        () if sources.trail is None else (_coverage(sources),),
        lambda action, data_events: action in {one.lower() for one in IN_TRAIL},
    )


def _passing(events: list[Event], read: float) -> list[Event]:
    """IAM knows that a role was in use, whatever it did."""
    end = NOW - timedelta(days=read, hours=4)
    return [one for one in events if one.action == "iam:PassRole" and one.at <= end]


def _report(events: list[Event], sources: Sources) -> Report:
    asked = NOW - timedelta(days=sources.asked or 0)
    recent = [one for one in events if one.at >= asked - timedelta(days=400)]

    def last(name: str) -> datetime | None:
        return max((one.at for one in recent if one.action.startswith(name)), default=None)

    services = {
        prefix: ServiceAccess(
            last(f"{prefix}:"),
            {name.lower(): last(name) for name in TRACKED if name.startswith(prefix) and sources.tracked},
        )
        for prefix in {name.partition(":")[0] for name in GRANTED}
    }
    return Report(asked, sources.tracked, services)


def _uses(events: list[Event], sources: Sources) -> Iterator[Use]:
    first, last = sources.trail or (0, 1)
    for one in events:
        age = (NOW.date() - one.at.date()).days
        if one.by_itself and one.action in IN_TRAIL and last <= age <= first and age not in sources.holes:
            yield Use(one.action, "", one.denied, "CLI", "", one.at, one.at, {one.at.date(): 1})


def _coverage(sources: Sources) -> Coverage:
    first, last = sources.trail or (0, 0)
    day = NOW.date()
    holes = frozenset(day - timedelta(days=one) for one in sources.holes)
    return Coverage(day - timedelta(days=first), day - timedelta(days=last), frozenset("*"), holes)


def claims(holder: Holder, known: Evidence, days: int) -> tuple[bool, set[str]]:
    """Whether the role is said to be unused, and the actions that are."""
    found = judge(holder, known, days, NOW)
    actions: set[str] = set()
    for service, names in unused(found).items():
        whole = {name for name in GRANTED if name.startswith(f"{service}:")} - {"iam:PassRole"}
        actions |= whole if names == "whole" else set(names)
    return "UnusedIAMRole" in kinds(found), actions


def ends(sources: Sources) -> list[datetime]:
    """When the sources stop telling."""
    found = [] if sources.asked is None else [NOW - timedelta(days=sources.asked, hours=4)]
    if sources.trail is not None:
        day = NOW.date() - timedelta(days=sources.trail[1] - 1)
        found.append(min(NOW, datetime(day.year, day.month, day.day, tzinfo=NOW.tzinfo)))
    return found


def used(events: Iterable[Event], since: datetime, until: datetime, action: str = "") -> bool:
    return any(since <= one.at <= until and one.action.startswith(action) for one in events)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_to_be_unused_was_not_used(seed: int) -> None:
    """With sources of every kind of defect."""
    chance = random.Random(seed)
    for _ in range(25):
        age, events = life(chance.choice(STORIES), chance)
        days = chance.choice([1, 7, 30, 90, 180, 365])
        last = chance.choice([0, 1, 3, 9])
        sources = Sources(
            asked=chance.choice([None, 0, 2, 5, 9]),
            read=chance.choice([0, 1, 6, 20]),
            trail=chance.choice([None, (400, last), (90, last), (30, last)]),
            holes=frozenset(range(hole := chance.choice([0, 5, 20, 60]), hole + chance.choice([0, 0, 15]))),
            tracked=chance.random() < 0.7,
        )
        holder, known = told(age, events, sources, chance)
        period = timedelta(days=days)
        mine = [one for one in events if one.at >= NOW - timedelta(days=age)]
        role_unused, actions = claims(holder, known, days)
        if role_unused:
            end = NOW - timedelta(days=sources.read, hours=4)
            assert not used(mine, end - period, end), (days, sources)
        assert "iam:PassRole" not in actions
        for action in actions:
            assert any(not used(mine, end - period, end, action) for end in ends(sources)), (action, days, sources)


@pytest.mark.parametrize("days", [7, 30, 90, 365])
@pytest.mark.parametrize("story", STORIES)
def test_with_every_source_all_that_is_unused_is_found(story: str, days: int) -> None:
    chance = random.Random(f"{story} {days}")
    for _ in range(10):
        age, events = life(story, chance)
        events = [one for one in events if one.at < NOW - timedelta(hours=5)]
        everything = Sources(asked=0, read=0, trail=(400, 0))
        holder, known = told(age, events, everything, chance)
        since = NOW - timedelta(days=days)
        mine = [one for one in events if one.at >= NOW - timedelta(days=age)]
        found = claims(holder, known, days)
        if age < days:
            assert found == (False, set())
        elif not used(mine, since, NOW):
            assert found == (True, set())
        else:
            tellable = {name for name in GRANTED if name in TRACKED}
            idle = {
                name.partition(":")[0]
                for name in GRANTED
                if not used(_seen(mine), since, NOW, name[: name.index(":") + 1])
            }
            tellable |= {name for name in GRANTED if name.partition(":")[0] in idle} - {"iam:PassRole"}
            assert found == (False, {name for name in tellable if not used(_seen(mine), since, NOW, name)})


def _seen(events: list[Event]) -> list[Event]:
    return [one for one in events if one.action != "iam:PassRole"]


def test_a_late_event_takes_the_finding_back() -> None:
    """It was unused by all that was known, and is not any more."""
    chance = random.Random(1)
    late = Event("sqs:CreateQueue", NOW - timedelta(days=20))
    busy = [Event("s3:CreateBucket", NOW - timedelta(days=day)) for day in range(1, 100)]
    sources = Sources(asked=None, read=0, trail=(400, 0))
    assert claims(*told(500, busy, sources, chance), 90)[1] >= {"sqs:CreateQueue", "iam:CreateUser"}
    assert "sqs:CreateQueue" not in claims(*told(500, [*busy, late], sources, chance), 90)[1]


def test_a_monthly_job_needs_a_longer_period() -> None:
    chance = random.Random(1)
    job = [Event("sqs:CreateQueue", NOW - timedelta(days=25 + 30 * run)) for run in range(12)]
    holder, known = told(500, job, Sources(asked=0, read=0, trail=(400, 0)), chance)
    assert claims(holder, known, 20)[0]
    assert not claims(holder, known, 30)[0]
