"""Archive rules: what is asked before they hide public access, what they archived, and how that is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from analyzers.actions import DeleteAnalyzer
from analyzers.kinds.subject import Analysis
from analyzers.models import Analyzer
from findings.actions import ApplyRule, Archive, CreateRule, DeleteRule, Unarchive, UndoRule, UpdateRule, record
from findings.actions.rules import standing
from findings.models import ArchiveRule, Event, Finding, RuleEvent
from tests.conftest import NOW
from tests.findings.test_record import SUBJECT, way

SAFE = {"resource": {"contains": ["bucket"]}, "isPublic": {"eq": ["false"]}}
BROAD = {"resource": {"contains": ["bucket"]}}

Make = Callable[..., Finding]


def said(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return error.value.message_dict


def archived() -> set[str]:
    return {row.resource[-1] for row in Finding.objects.filter(status="ARCHIVED")}


def test_a_rule_that_hides_public_access_has_to_be_confirmed(
    analyzer: Analyzer, reviewer: User, make_finding: Make
) -> None:
    make_finding(is_public=True)
    with pytest.raises(ValidationError) as caught:
        CreateRule(analyzer, "broad", BROAD, reviewer, existing=True)()
    assert "1 public finding matches now" in said(caught)["confirm_public"][0]
    assert not ArchiveRule.objects.exists()
    assert archived() == set()
    _, count = CreateRule(analyzer, "broad", BROAD, reviewer, existing=True, confirm_public=True)()
    assert count == 1


def test_so_has_one_that_could(analyzer: Analyzer, reviewer: User) -> None:
    with pytest.raises(ValidationError, match="0 public findings match now"):
        CreateRule(analyzer, "broad", BROAD, reviewer)()
    rule, _ = CreateRule(analyzer, "broad", SAFE, reviewer)()
    with pytest.raises(ValidationError, match="can hide public access"):
        UpdateRule(rule, BROAD, reviewer)()
    rule.refresh_from_db()
    assert rule.filter == SAFE
    assert UpdateRule(rule, BROAD, reviewer, confirm_public=True)() == 0


def test_applying_one_asks_if_something_public_matches_now(
    analyzer: Analyzer, reviewer: User, make_finding: Make
) -> None:
    rule, _ = CreateRule(analyzer, "broad", BROAD, reviewer, confirm_public=True)()
    make_finding()
    assert ApplyRule(rule, reviewer)() == 1
    make_finding(is_public=True)
    with pytest.raises(ValidationError, match="1 public finding matches"):
        ApplyRule(rule, reviewer)()
    assert ApplyRule(rule, reviewer, confirm_public=True)() == 1
    make_finding(error="unreadable", principal={}, action=[], proof="ERROR")
    with pytest.raises(ValidationError, match="can hide public access"):
        ApplyRule(rule, reviewer)()


@pytest.mark.parametrize(
    ("fields", "where", "message"),
    [
        ({"name": "1st"}, "name", "A letter"),
        ({"name": "there"}, "name", "one has a rule of this name already"),
        ({"filter": {}}, "filter", "at least one criterion"),
        ({"filter": {"findingType": {"eq": ["UnusedIAMRole"]}}}, "filter", "cannot be used in an archive rule"),
        ({"reason": "x" * 2001}, "reason", "At most 2,000"),
        ({"reason": "\ud800"}, "reason", "At most 2,000"),
    ],
)
def test_an_unsound_rule_is_refused(analyzer: Analyzer, fields: dict[str, Any], where: str, message: str) -> None:
    CreateRule(analyzer, "there", SAFE, None)()
    sound: dict[str, Any] = {"analyzer": analyzer, "name": "new", "filter": SAFE, "user": None}
    with pytest.raises(ValidationError) as caught:
        CreateRule(**sound | fields)()
    assert message in " ".join(said(caught)[where])


def test_the_number_of_rules_is_a_setting(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_RULES_PER_ANALYZER", 1)
    CreateRule(analyzer, "a", SAFE, None)()
    with pytest.raises(ValidationError, match="at most 1 archive rules, and one has 1"):
        CreateRule(analyzer, "b", SAFE, None)()


def test_undo_takes_back_what_the_rule_archived(analyzer: Analyzer, reviewer: User, make_finding: Make) -> None:
    for _ in range(3):
        make_finding()
    rule, count = CreateRule(analyzer, "r", SAFE, reviewer, "known", existing=True)()
    assert (count, standing(rule).count()) == (3, 3)
    assert UndoRule(rule, reviewer)() == 3
    assert archived() == set()
    event = Event.objects.filter(kind="UNARCHIVED").first()
    assert event is not None
    assert (event.actor, event.rule, event.reason) == (reviewer, rule, "Undone: rule r")
    assert UndoRule(rule, reviewer)() == 0
    assert [(e.kind, e.findings) for e in rule.history.order_by("id")] == [
        ("CREATED", 0), ("APPLIED", 3), ("UNDONE", 3), ("UNDONE", 0)]  # fmt: skip


def test_undo_leaves_what_people_decided(analyzer: Analyzer, reviewer: User, make_finding: Make) -> None:
    before, again, reopened, left = (make_finding() for _ in range(4))
    Archive(Finding.objects.filter(pk=before.pk), reviewer, "mine")()
    rule, count = CreateRule(analyzer, "r", SAFE, reviewer, existing=True)()
    assert count == 3
    for change in (Unarchive, Archive):
        change(Finding.objects.filter(pk=again.pk), reviewer)()
    Unarchive(Finding.objects.filter(pk=reopened.pk), reviewer)()
    assert set(standing(rule)) == {left}
    assert UndoRule(rule, reviewer)() == 1
    assert set(Finding.objects.filter(status="ARCHIVED")) == {before, again}


def test_one_application_is_undone_alone(analyzer: Analyzer, reviewer: User, make_finding: Make) -> None:
    one, two = make_finding(), make_finding()
    rule, _ = CreateRule(analyzer, "r", SAFE, reviewer, existing=True)()
    first = rule.history.get(kind="APPLIED")
    Unarchive(Finding.objects.filter(pk=two.pk), reviewer)()
    three = make_finding()
    ApplyRule(rule, reviewer)()
    second = rule.history.filter(kind="APPLIED").latest("id")
    assert (first.findings, second.findings) == (2, 2)
    # The second application archived two and three; of the first only one stands.
    assert UndoRule(rule, reviewer, first)() == 1
    assert set(Finding.objects.filter(status="ARCHIVED")) == {two, three}
    assert UndoRule(rule, reviewer, second)() == 2
    assert set(Finding.objects.filter(status="ACTIVE")) == {one, two, three}


def test_a_rule_that_is_called_otherwise_or_made_again_is_not_mixed_up(
    analyzer: Analyzer, reviewer: User, make_finding: Make
) -> None:
    make_finding()
    old, _ = CreateRule(analyzer, "vendor", SAFE, reviewer, existing=True)()
    UpdateRule(old, SAFE, reviewer, name="supplier")()
    new, _ = CreateRule(analyzer, "vendor", SAFE, reviewer)()
    assert (standing(old).count(), standing(new).count()) == (1, 0)
    assert UndoRule(new, reviewer)() == 0
    assert UndoRule(old, reviewer)() == 1
    event = Event.objects.get(kind="ARCHIVED")
    assert (event.rule_name, event.rule) == ("vendor", old)
    assert old.history.filter(note="Renamed from vendor").count() == 1


@pytest.mark.parametrize(("undo", "status"), [(False, "ARCHIVED"), (True, "ACTIVE")])
def test_deleting_a_rule_offers_to_undo(
    analyzer: Analyzer, reviewer: User, make_finding: Make, undo: bool, status: str
) -> None:
    finding = make_finding()
    rule, _ = CreateRule(analyzer, "r", SAFE, reviewer, existing=True)()
    pk = rule.pk
    assert DeleteRule(rule, reviewer, undo)() == int(undo)
    finding.refresh_from_db()
    assert (finding.status, finding.archived_by_id) == (status, None)
    # The events still say which rule it was.
    assert set(Event.objects.filter(rule_name="r").values_list("rule_id", flat=True)) == {pk}


def test_a_scan_and_a_person_archive_for_the_same_rule(analyzer: Analyzer, reviewer: User) -> None:
    rule, _ = CreateRule(analyzer, "r", {"principal.AWS": {"eq": ["999988887777"]}, **SAFE}, reviewer)()
    rule.filter.pop("resource")
    UpdateRule(rule, rule.filter, reviewer)()
    record(analyzer, [(SUBJECT, Analysis((way(),), ""))], NOW)
    assert standing(rule).count() == 1
    assert rule.history.filter(kind="APPLIED").count() == 0
    assert UndoRule(rule, reviewer)() == 1


def test_no_rule_decides_the_order(analyzer: Analyzer, reviewer: User, make_finding: Make) -> None:
    """Whichever comes first, the same findings are archived."""
    criteria: list[dict[str, Any]] = [SAFE, {"action": {"eq": ["s3:GetObject"]}, **SAFE}]
    outcomes = []
    for order in (criteria, criteria[::-1]):
        Finding.objects.all().delete()
        ArchiveRule.objects.all().delete()
        make_finding(key="a" * 64)
        make_finding(key="b" * 64, action=["s3:PutObject"])
        for number, filter_ in enumerate(order):
            CreateRule(analyzer, f"r{number}", filter_, reviewer, existing=True)()
        outcomes.append(Finding.objects.filter(status="ARCHIVED").count())
    assert outcomes == [2, 2]


def test_a_rule_outlives_its_analyzer(analyzer: Analyzer, administrator: User, make_finding: Make) -> None:
    make_finding()
    rule, _ = CreateRule(analyzer, "r", SAFE, administrator, "known", existing=True)()
    DeleteAnalyzer(analyzer, analyzer.name, administrator)()
    rule.refresh_from_db()
    assert (rule.is_kept, rule.analyzer_name, rule.analyzer_type, rule.reason) == (True, "one", "ACCOUNT", "known")
    assert rule.history.count() == 2
    assert UndoRule(rule, administrator)() == 0
    for deed in (UpdateRule(rule, SAFE, administrator), ApplyRule(rule, administrator)):
        with pytest.raises(ValidationError, match="The analyzer one is deleted"):
            deed()
    DeleteRule(rule, administrator)()
    assert not ArchiveRule.objects.exists()
    assert not RuleEvent.objects.exists()


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["apply", "archive", "unarchive", "undo", "scan", "vanish"]),
        st.integers(0, 1),
        st.integers(0, 2),
    ),
    max_size=12,
)


@examples(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(DEEDS)
@pytest.mark.django_db
def test_what_a_rule_is_said_to_have_archived_is_what_the_events_say(
    analyzer: Analyzer, deeds: list[tuple[str, int, int]]
) -> None:
    Finding.objects.all().delete()
    ArchiveRule.objects.all().delete()
    accounts = ["999988887777", "999988887778", "999988887779"]
    rules = [
        CreateRule(analyzer, f"r{n}", {"principal.AWS": {"eq": accounts[n : n + 2]}}, None, confirm_public=True)()[0]
        for n in range(2)
    ]
    record(analyzer, [(SUBJECT, Analysis(tuple(way(account) for account in accounts), ""))], NOW)
    person = User.objects.get_or_create(username="somebody", is_superuser=True)[0]
    for deed, number, which in deeds:
        row = Finding.objects.filter(principal={"AWS": accounts[which]})
        if deed == "apply":
            ApplyRule(rules[number], person, confirm_public=True)()
        elif deed == "archive":
            Archive(row, person)()
        elif deed == "unarchive":
            Unarchive(row, person)()
        elif deed == "undo":
            UndoRule(rules[number], person)()
        else:
            ways = tuple(way(a) for n, a in enumerate(accounts) if deed == "scan" or n != which)
            record(analyzer, [(SUBJECT, Analysis(ways, ""))], NOW)
    for finding in Finding.objects.filter(status="ARCHIVED"):
        last = finding.events.filter(kind__in=["ARCHIVED", "UNARCHIVED"]).latest("id")
        assert finding.archived_by_id == last.rule_id
    assert not Finding.objects.filter(status="ACTIVE", archived_by__isnull=False).exists()
