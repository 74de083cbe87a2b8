"""Who may change what: decided in the actions, whoever calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, ValidationError

from analyzers.actions import CreateAnalyzer, DeleteAnalyzer, StartScan
from analyzers.inventory.load import load
from analyzers.models import Analyzer
from findings.actions import (
    ApplyRule,
    Archive,
    CopyRules,
    CreateRule,
    DeleteRule,
    ImportRules,
    RestoreRules,
    Unarchive,
    UndoRule,
    UpdateRule,
)
from findings.models import Finding
from tests.conftest import SAMPLE

SAFE = {"isPublic": {"eq": ["false"]}}


def test_an_auditor_only_reads(auditor: User, analyzer: Analyzer, make_finding: Callable[..., Finding]) -> None:
    make_finding()
    rule, _ = CreateRule(analyzer, "one", SAFE, None)()
    deeds: list[Callable[[], Any]] = [
        Archive(Finding.objects.all(), auditor),
        Unarchive(Finding.objects.all(), auditor),
        CreateRule(analyzer, "r", SAFE, auditor),
        UpdateRule(rule, SAFE, auditor),
        ApplyRule(rule, auditor),
        UndoRule(rule, auditor),
        DeleteRule(rule, auditor),
        ImportRules(analyzer, [], auditor),
        CopyRules([rule], analyzer, auditor),
        RestoreRules(analyzer, auditor),
        CreateAnalyzer("a", "ACCOUNT", analyzer.scope, auditor),
        DeleteAnalyzer(analyzer, analyzer.name, auditor),
        StartScan(analyzer, auditor),
        lambda: load([SAMPLE], user=auditor),
    ]
    for deed in deeds:
        with pytest.raises(PermissionDenied, match="Ask an administrator"):
            deed()
    assert Finding.objects.get().status == "ACTIVE"


def test_nobody_may_do_nothing(analyzer: Analyzer) -> None:
    with pytest.raises(PermissionDenied):
        StartScan(analyzer, AnonymousUser())()


def test_a_reviewer_decides_but_does_not_administer(
    reviewer: User, analyzer: Analyzer, make_finding: Callable[..., Finding]
) -> None:
    make_finding()
    assert len(Archive(Finding.objects.all(), reviewer)()) == 1
    with pytest.raises(PermissionDenied, match="Administrators"):
        StartScan(analyzer, reviewer)()


def test_an_administrator_keeps_analyzers(administrator: User, analyzer: Analyzer) -> None:
    made = CreateAnalyzer("two", "ACCOUNT", analyzer.scope, administrator)()
    assert made.created_by == administrator
    with pytest.raises(ValidationError, match="Repeat the name"):
        DeleteAnalyzer(made, "three", administrator)()
    DeleteAnalyzer(made, "two", administrator)()
    assert not Analyzer.objects.filter(name="two").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "ACCOUNT_UNUSED_ACCESS", "configuration": {"unusedAccess": {"unusedAccessAge": 366}}}, "1 to 365"),
        ({"scope": "000000000000"}, "not in the inventory"),
        ({"name": "1 two"}, "Letters, digits"),
        ({"scan_every": 1}, "Between 15"),
        ({"configuration": {"unusedAccess": {}}}, "takes no configuration"),
    ],
)
def test_an_unsound_analyzer_is_refused(analyzer: Analyzer, fields: dict[str, Any], message: str) -> None:
    sound = {"name": "two", "type": "ACCOUNT", "scope": analyzer.scope, "user": None}
    with pytest.raises(ValidationError) as caught:
        CreateAnalyzer(**sound | fields)()
    assert message in " ".join(caught.value.messages)
