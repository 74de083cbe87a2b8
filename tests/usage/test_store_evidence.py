"""From the tables to the evidence, and what comes along with inventory files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analyzers.inventory.dump import dump
from analyzers.inventory.load import load
from analyzers.inventory.signals import inventory_changed
from analyzers.models import (
    LastAccessedReport,
    Principal,
    PrincipalPolicy,
    Usage,
    UsageCoverage,
    UsageFeed,
)
from analyzers.usage.evidence import State
from analyzers.usage.reading import evidence
from analyzers.usage.store import FileRead, add

from .tallies import ACCOUNT, ROLE, TODAY, ago, at, key, tally, used

pytestmark = pytest.mark.django_db


def read(feed: UsageFeed, uses: dict[Any, Any], number: int = 1) -> None:
    add(feed, [FileRead(f"{number}", f"{number:064d}", tally=tally(uses))], today=TODAY)


def test_of_two_feeds_the_greater_count_of_a_day_counts(feed: UsageFeed, other_feed: UsageFeed) -> None:
    read(feed, {key(): used({ago(9): 1, ago(3): 5, ago(2): 1}, ["a"])})
    read(other_feed, {key(): used({ago(3): 4, ago(2): 7, ago(1): 2}, ["b"])})
    (use,) = evidence([ROLE])[ROLE].uses
    assert use.days == {ago(9): 1, ago(3): 5, ago(2): 7, ago(1): 2}
    assert (use.first, use.last, use.sessions) == (at(ago(9)), at(ago(1)), ("a", "b"))


def test_a_role_with_a_path_is_found_under_the_name_of_its_sessions(feed: UsageFeed) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/team/deep/app"
    # Read before the inventory was: the store did not know the path yet.
    read(feed, {key(): used({ago(1): 1}), key(principal=arn): used({ago(1): 2})})
    found = evidence([arn, f"arn:aws:iam::{ACCOUNT}:role/other"])
    (use,) = found[arn].uses
    assert use.days == {ago(1): 3}
    assert found[f"arn:aws:iam::{ACCOUNT}:role/other"].uses == ()


def test_a_thousand_principals_cost_three_queries(feed: UsageFeed, django_assert_num_queries: Any) -> None:
    arns = [f"arn:aws:iam::{ACCOUNT}:role/r{number}" for number in range(1000)]
    read(feed, {key(principal=arn): used({ago(1): 1}) for arn in arns})
    with django_assert_num_queries(3):
        found = evidence(arns)
    assert sum(len(one.uses) for one in found.values()) == 1000


def test_coverage_and_uses_tell_what_was_not_used(feed: UsageFeed) -> None:
    read(feed, {key("ec2:DescribeInstances"): used({ago(1): 1})})
    UsageCoverage.objects.filter(feed=feed).update(
        first_day=ago(100), last_day=ago(1), regions=["*"], holes=[str(ago(95))], data_events=[]
    )
    known = evidence([ROLE])[ROLE]
    now = at(TODAY)
    assert known.of_action("ec2:DescribeInstances", now - timedelta(days=90), now).state == State.USED
    assert known.of_action("ec2:StopInstances", now - timedelta(days=90), now).state == State.UNUSED
    # Over a hole, and before the beginning, it is not known.
    for days in (96, 120):
        assert known.of_action("ec2:StopInstances", now - timedelta(days=days), now).state == State.UNKNOWN


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
FILE: dict[str, Any] = {
    "accounts": [{"id": ACCOUNT, "name": "shop"}],
    "managed_policies": [
        {
            "arn": f"arn:aws:iam::{ACCOUNT}:policy/p",
            "document": POLICY,
            "updated_at": "2026-05-01T00:00:00Z",
        }
    ],
    "principals": [
        {
            "arn": ROLE,
            "kind": "ROLE",
            "last_used_at": "2026-06-01T00:00:00Z",
            "last_used_known": True,
            "managed_policies": [f"arn:aws:iam::{ACCOUNT}:policy/p"],
            "trust_policy": TRUST,
        }
    ],
    "last_accessed": [
        {
            "principal": ROLE,
            "asked_at": "2026-06-30T00:00:00Z",
            "by_action": True,
            "services": [
                {"service": "sqs", "last_accessed": None},
                {
                    "service": "ec2",
                    "last_accessed": "2026-06-01T00:00:00Z",
                    "actions": [{"action": "RunInstances", "last_accessed": None}],
                },
            ],
        }
    ],
    "usage": [
        {
            "principal": ROLE,
            "action": "s3:ListAllMyBuckets",
            "source": "CLI",
            "first_used_at": "2026-05-01T00:00:00Z",
            "last_used_at": "2026-06-01T00:00:00Z",
            "days": {"2026-05-01": 2, "2026-06-01": 3},
            "sessions": ["build"],
        }
    ],
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """Accounts that were said to have changed, import by import."""
    said: list[frozenset[str]] = []

    def note(accounts: frozenset[str], **kwargs: Any) -> None:
        if accounts:
            said.append(accounts)

    inventory_changed.connect(note, weak=False, dispatch_uid="usage test")
    monkeypatch.setattr("analyzers.tasks.start_scan", lambda *args, **kwargs: None)
    return said


@pytest.fixture(autouse=True)
def untold() -> Any:
    yield
    inventory_changed.disconnect(dispatch_uid="usage test")


def test_usage_comes_along_with_an_inventory_file_and_goes_back_out(
    inventory_file: Callable[..., Path], tmp_path: Path
) -> None:
    entry = load([inventory_file(**FILE)])
    assert entry.status == "COMPLETED", entry.problems
    known = evidence([ROLE])[ROLE]
    assert known.report is not None
    assert known.report.services["ec2"].actions == {"ec2:runinstances": None}
    assert [use.action for use in known.uses] == ["s3:ListAllMyBuckets"]
    role = Principal.objects.get()
    assert role.last_used_known
    assert PrincipalPolicy.objects.get().updated_at is not None
    written = "".join(dump())
    copy = tmp_path / "copy.json"
    copy.write_text(written)
    again = load([copy])
    assert again.status == "COMPLETED", again.problems
    assert "".join(dump()) == written
    assert Usage.objects.get().days == {"2026-05-01": 2, "2026-06-01": 3}
    assert set(json.loads(written)) >= {"last_accessed", "usage"}


def test_renewed_usage_alone_is_no_change_of_access(
    inventory_file: Callable[..., Path], told: list[frozenset[str]]
) -> None:
    load([inventory_file(**FILE)])
    assert told == [{ACCOUNT}]
    renewed = json.loads(json.dumps(FILE).replace("2026-06-01", "2026-06-15").replace("2026-05-01T", "2026-05-20T"))
    load([inventory_file(**renewed)])
    assert LastAccessedReport.objects.get().services[1]["last_accessed"] == "2026-06-15T00:00:00Z"
    assert PrincipalPolicy.objects.get().updated_at == at(ago(42), 0)
    assert told == [{ACCOUNT}]


@pytest.mark.parametrize(
    ("section", "path", "value"),
    [
        ("last_accessed", ["services", 0, "last_accessed"], "recently"),
        ("last_accessed", ["services", 1, "actions", 0, "last_accessed"], "2026-13-45T00:00:00Z"),
        ("last_accessed", ["asked_at"], None),
        ("last_accessed", ["principal"], "arn:aws:iam::x:role/r"),
        ("usage", ["last_used_at"], "soon"),
        ("usage", ["days"], {"2026-02-31": 1}),
        ("usage", ["days"], {"2026-02-01": 0}),
        ("usage", ["action"], "s3:*"),
    ],
)
def test_a_time_that_is_not_understood_is_refused_and_never_taken_for_never(
    inventory_file: Callable[..., Path], section: str, path: list[Any], value: Any
) -> None:
    broken = json.loads(json.dumps(FILE))
    inner = broken[section][0]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    entry = load([inventory_file(**broken)])
    assert entry.status == "FAILED"
    assert entry.problems[0]["path"].startswith(f"{section}[0]")


def test_a_last_use_that_is_not_understood_is_not_known(inventory_file: Callable[..., Path]) -> None:
    odd = json.loads(json.dumps(FILE))
    odd["principals"][0]["last_used_at"] = "recently"
    load([inventory_file(**odd)])
    assert not Principal.objects.get().last_used_known


@pytest.mark.parametrize(("used_at", "known"), [({}, True), (None, False)])
def test_iams_answer_tells_whether_the_last_use_is_known(
    tmp_path: Path, used_at: dict[str, str] | None, known: bool
) -> None:
    role = {"Arn": ROLE, "RoleName": "app", "AssumeRolePolicyDocument": TRUST}
    if used_at is not None:
        role["RoleLastUsed"] = used_at
    path = tmp_path / "iam.json"
    path.write_text(json.dumps({"RoleDetailList": [role]}))
    assert load([path]).status == "COMPLETED"
    assert Principal.objects.get().last_used_known is known
