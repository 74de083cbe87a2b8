"""From scan to scan: what stays keeps its id, what is gone resolves, what a person archived stays archived."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from analyzers.kinds.subject import Analysis, ExternalFinding, Subject
from analyzers.models import Analyzer
from analyzers.reasoning.request import Request
from findings.actions import Archive, CreateRule, DeleteRule, Unarchive, UndoRule, record, resolve_vanished
from findings.models import Event, Finding
from tests.conftest import NOW

VENDOR = {"principal.AWS": {"eq": ["999988887777"]}, "isPublic": {"eq": ["false"]}}
SUBJECT = Subject("arn:aws:s3:::b", "AWS::S3::Bucket", "111122223333")


def way(principal: str = "999988887777", **more: object) -> ExternalFinding:
    fields = {
        "principal": {"AWS": principal},
        "action": ("s3:GetObject",),
        "condition": {},
        "is_public": principal == "*",
        "sources": ({"type": "POLICY"},),
        "restriction": "NOT_APPLICABLE",
        "summary": "",
        "witness": Request("anonymous", "s3:GetObject", "arn:aws:s3:::b/x"),
        "statements": (),
    }
    return ExternalFinding(**{**fields, **more})  # type: ignore[arg-type]


def scan(analyzer: Analyzer, *ways: ExternalFinding, hour: int = 0, error: str = "") -> None:
    record(analyzer, [(SUBJECT, Analysis(ways, error))], NOW + timedelta(hours=hour))


def statuses() -> dict[str, str]:
    return {next(iter(row.principal.values()), "error"): row.status for row in Finding.objects.all()}


def kinds() -> list[str]:
    return list(Event.objects.values_list("kind", flat=True))


def test_what_stays_keeps_its_id(analyzer: Analyzer) -> None:
    scan(analyzer, way())
    before = Finding.objects.get()
    scan(analyzer, way(), hour=1)
    after = Finding.objects.get()
    assert after.pk == before.pk
    assert after.analyzed_at > before.analyzed_at
    assert after.updated_at == before.updated_at
    assert kinds() == ["CREATED"]


def test_what_is_gone_resolves_and_may_come_back(analyzer: Analyzer) -> None:
    scan(analyzer, way(), way("*"))
    scan(analyzer, way("*"), hour=1)
    assert statuses() == {"999988887777": "RESOLVED", "*": "ACTIVE"}
    scan(analyzer, way(), way("*"), hour=2)
    assert statuses() == {"999988887777": "ACTIVE", "*": "ACTIVE"}
    assert kinds() == ["CREATED", "CREATED", "RESOLVED", "REOPENED"]


def test_another_permission_is_another_finding(analyzer: Analyzer) -> None:
    scan(analyzer, way())
    scan(analyzer, way(action=("s3:GetObject", "s3:PutObject")), hour=1)
    assert sorted(Finding.objects.values_list("status", flat=True)) == ["ACTIVE", "RESOLVED"]


def test_what_a_person_archived_is_not_reopened(analyzer: Analyzer, reviewer: User) -> None:
    scan(analyzer, way())
    Archive(Finding.objects.all(), reviewer, "a vendor")()
    scan(analyzer, way(), hour=1)
    assert statuses() == {"999988887777": "ARCHIVED"}
    scan(analyzer, hour=2)
    assert statuses() == {"999988887777": "RESOLVED"}
    scan(analyzer, way(), hour=3)
    assert statuses() == {"999988887777": "ARCHIVED"}


def test_what_was_made_active_again_comes_back_active(analyzer: Analyzer, reviewer: User) -> None:
    scan(analyzer, way())
    Archive(Finding.objects.all(), reviewer)()
    Unarchive(Finding.objects.all(), reviewer)()
    scan(analyzer, hour=1)
    scan(analyzer, way(), hour=2)
    assert statuses() == {"999988887777": "ACTIVE"}


def test_nothing_resolves_while_a_resource_cannot_be_analysed(analyzer: Analyzer) -> None:
    scan(analyzer, way())
    scan(analyzer, hour=1, error="The policy cannot be understood")
    assert statuses() == {"999988887777": "ACTIVE", "error": "ACTIVE"}
    scan(analyzer, way(), hour=2)
    assert statuses() == {"999988887777": "ACTIVE", "error": "RESOLVED"}


def test_a_rule_archives_what_is_new_at_once(analyzer: Analyzer, reviewer: User) -> None:
    CreateRule(
        analyzer, "vendor", {"principal.AWS": {"eq": ["999988887777"]}}, reviewer, "contract", confirm_public=True
    )()
    scan(analyzer, way(), way("*"))
    assert statuses() == {"999988887777": "ARCHIVED", "*": "ACTIVE"}
    event = Event.objects.get(kind="ARCHIVED")
    assert (event.rule_name, event.reason, event.actor) == ("vendor", "contract", None)


def test_a_rule_leaves_what_was_there_unless_asked(analyzer: Analyzer, reviewer: User) -> None:
    scan(analyzer, way())
    criteria = {"principal.AWS": {"eq": ["999988887777"]}}
    _, archived = CreateRule(analyzer, "later", criteria, reviewer, confirm_public=True)()
    assert (archived, statuses()) == (0, {"999988887777": "ACTIVE"})
    _, archived = CreateRule(analyzer, "now", criteria, reviewer, existing=True, confirm_public=True)()
    assert (archived, statuses()) == (1, {"999988887777": "ARCHIVED"})


def test_what_a_person_made_active_is_not_archived_again_by_the_rule(analyzer: Analyzer, reviewer: User) -> None:
    CreateRule(analyzer, "vendor", VENDOR, reviewer)()
    scan(analyzer, way())
    Unarchive(Finding.objects.all(), reviewer, "look again")()
    scan(analyzer, way(), hour=1)
    assert statuses() == {"999988887777": "ACTIVE"}


def test_nor_when_it_changes_or_comes_back(analyzer: Analyzer, reviewer: User) -> None:
    CreateRule(analyzer, "vendor", VENDOR, reviewer)()
    scan(analyzer, way())
    Unarchive(Finding.objects.all(), reviewer, "look again")()
    scan(analyzer, way(proved=False, reason="open"), hour=1)
    assert statuses() == {"999988887777": "ACTIVE"}
    scan(analyzer, hour=2)
    scan(analyzer, way(), hour=3)
    assert statuses() == {"999988887777": "ACTIVE"}


def test_nor_what_was_undone(analyzer: Analyzer) -> None:
    rule, _ = CreateRule(analyzer, "vendor", VENDOR, None)()
    scan(analyzer, way())
    UndoRule(rule, None)()
    scan(analyzer, way(proved=False, reason="open"), hour=1)
    assert statuses() == {"999988887777": "ACTIVE"}


@pytest.mark.parametrize(("kept", "status"), [(True, "ARCHIVED"), (False, "ACTIVE")])
def test_what_a_rule_archived_comes_back_as_the_rules_of_today_say(
    analyzer: Analyzer, reviewer: User, kept: bool, status: str
) -> None:
    rule, _ = CreateRule(analyzer, "vendor", VENDOR, reviewer)()
    scan(analyzer, way())
    scan(analyzer, hour=1)
    if not kept:
        DeleteRule(rule, reviewer)()
    scan(analyzer, way(), hour=2)
    assert statuses() == {"999988887777": status}


def test_a_rule_that_a_person_applied_is_that_persons_decision(analyzer: Analyzer, reviewer: User) -> None:
    scan(analyzer, way())
    rule, _ = CreateRule(analyzer, "vendor", VENDOR, reviewer, existing=True)()
    DeleteRule(rule, reviewer)()
    scan(analyzer, hour=1)
    scan(analyzer, way(), hour=2)
    assert statuses() == {"999988887777": "ARCHIVED"}


def test_what_outgrows_its_rule_is_active_again(analyzer: Analyzer, reviewer: User) -> None:
    rule, _ = CreateRule(analyzer, "vendor", VENDOR, reviewer)()
    scan(analyzer, way())
    assert Finding.objects.get().archived_by == rule
    scan(analyzer, way(proved=False, reason="open"), hour=1)
    assert statuses() == {"999988887777": "ARCHIVED"}
    scan(analyzer, way(is_public=True), hour=2)
    assert statuses() == {"999988887777": "ACTIVE"}
    last = Event.objects.last()
    assert last is not None
    assert (last.kind, last.rule, last.actor) == ("UNARCHIVED", rule, None)
    assert "no longer matches" in last.reason
    assert Finding.objects.get().archived_by is None


def test_what_outgrows_one_rule_may_match_another(analyzer: Analyzer, reviewer: User) -> None:
    CreateRule(analyzer, "vendor", VENDOR, reviewer)()
    other, _ = CreateRule(analyzer, "public", {"isPublic": {"eq": ["true"]}}, reviewer, confirm_public=True)()
    scan(analyzer, way())
    scan(analyzer, way(is_public=True), hour=1)
    assert statuses() == {"999988887777": "ARCHIVED"}
    assert Finding.objects.get().archived_by == other


def test_a_weaker_proof_is_told(analyzer: Analyzer) -> None:
    scan(analyzer, way())
    scan(analyzer, way(proved=False, reason="open"), hour=1)
    finding = Finding.objects.get()
    assert finding.proof == "UNKNOWN"
    assert kinds() == ["CREATED", "UPDATED"]


def test_findings_of_vanished_resources_resolve(analyzer: Analyzer) -> None:
    from analyzers.models import Resource

    scan(analyzer, way())
    assert resolve_vanished(analyzer, Resource.objects.values("arn"), NOW) == 1
    assert statuses() == {"999988887777": "RESOLVED"}


@pytest.mark.usefixtures("analyzer")
def test_events_are_written_for_every_change(analyzer: Analyzer, reviewer: User) -> None:
    scan(analyzer, *(way(f"99998888777{n}") for n in range(5)))
    changed = Archive(Finding.objects.all(), reviewer, "  all known  ")()
    assert len(changed) == 5
    assert Event.objects.filter(kind="ARCHIVED", reason="all known", actor=reviewer).count() == 5
    assert Archive(Finding.objects.all(), reviewer)() == []
