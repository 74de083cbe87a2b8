"""Fixtures for all tests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from hypothesis import settings

from analyzers.inventory.load import load
from analyzers.models import Account, Analyzer, Organization
from findings.models import Finding

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "organization.json"
# The same examples every time, so that a failure is somebody's change; `make fuzz` looks for new ones. Never the clock.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", derandomize=False, deadline=None)
settings.load_profile("searching" if "FUZZ_EXAMPLES" in os.environ else "steady")

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do the work themselves; nobody is woken."""
    monkeypatch.setattr("analyzers.tasks.wake", lambda scan: True)


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(pk="111122223333", name="shop")


@pytest.fixture
def analyzer(account: Account) -> Analyzer:
    return Analyzer.objects.create(name="one", type="ACCOUNT", scope=account.pk)


@pytest.fixture
def organization(db: None) -> Organization:
    """The sample organization."""
    entry = load([SAMPLE])
    assert entry.status == "COMPLETED", entry.problems
    return Organization.objects.get()


def _person(name: str, group: str) -> User:
    user = User.objects.create_user(name, password="a long enough password")
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def auditor(db: None) -> User:
    return _person("aud", "Auditors")


@pytest.fixture
def reviewer(db: None) -> User:
    return _person("rev", "Reviewers")


@pytest.fixture
def administrator(db: None) -> User:
    return _person("adm", "Administrators")


@pytest.fixture
def make_finding(analyzer: Analyzer) -> Callable[..., Finding]:
    """A finding that differs from others in what is given."""
    made: list[Finding] = []

    def make(**more: Any) -> Finding:
        number = len(made)
        fields: dict[str, Any] = {
            "analyzer": analyzer,
            "key": f"{number:064d}",
            "resource": f"arn:aws:s3:::bucket-{number}",
            "resource_type": "AWS::S3::Bucket",
            "resource_owner_account": "111122223333",
            "principal": {"AWS": "999988887777"},
            "action": ["s3:GetObject"],
            "details": {"summary": f"Account 999988887777 can s3:GetObject on bucket bucket-{number}."},
            "created_at": NOW,
            "analyzed_at": NOW,
            "updated_at": NOW,
        }
        made.append(Finding.objects.create(**fields | more))
        return made[-1]

    return make


@pytest.fixture
def inventory_file(tmp_path: Path) -> Callable[..., Path]:
    """A small inventory file with the given sections."""

    def write(**sections: Any) -> Path:
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps({"inventory_version": 1, **sections}))
        return path

    return write
