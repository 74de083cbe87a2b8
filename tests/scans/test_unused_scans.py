"""Scans for unused access: from the inventory and the evidence to findings, and again after something changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from analyzers.actions import CreateAnalyzer, UpdateAnalyzer
from analyzers.collect.work import finish
from analyzers.inventory.load import load
from analyzers.inventory.tracked import configuration_of, tracked, tracking_of
from analyzers.models import (
    Account,
    AnalyzedResource,
    Analyzer,
    Collection,
    CollectionPart,
    Document,
    Organization,
    Principal,
    PrincipalPolicy,
    Scan,
)
from analyzers.scans import request_scan, work
from analyzers.scans.after_import import usage_changed
from analyzers.scans.targeted import scan_resources
from analyzers.usage.evidence import Evidence, Report, ServiceAccess, Use
from findings import filters, wire
from findings.actions import Archive, CreateRule
from findings.exports import HEADER, row_of
from findings.models import Event, Finding
from findings.outsiders import all_names
from findings.summary import by_analyzer
from findings.unused_statistics import by_age, gap_of, gaps, statistics, total_gap, trend, unknown_reasons

pytestmark = pytest.mark.django_db
A, B, MANAGEMENT = "111111111111", "222222222222", "999999999999"
S3 = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:CreateBucket"], "Resource": "*"}
SQS = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def arn(name: str, account: str = A) -> str:
    return f"arn:aws:iam::{account}:{name}"


def principal(name: str, *statements: dict[str, Any], account: str = A, **more: Any) -> Principal:
    """`name`: role/app, with its path. A role of 500 days that was used yesterday and read just now."""
    kind, _, rest = name.partition("/")
    fields: dict[str, Any] = {
        "account_id": account,
        "kind": kind.upper(),
        "name": rest.rpartition("/")[2],
        "path": "/" + "".join(rest.rpartition("/")[:2]),
        "created_at": ago(500),
        "read_at": timezone.now(),
    }
    if kind == "role":
        fields |= {"last_used_at": ago(1), "last_used_known": True}
    made = Principal.objects.create(arn=arn(name, account), **fields | more)
    for number, statement in enumerate(statements):
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        document, _ = Document.objects.get_or_create(sha256=Document.digest(text), defaults={"text": text})
        PrincipalPolicy.objects.create(principal=made, kind="INLINE", name=f"p{number}", document=document)
    return made


def report(asked: float = 0, **services: float | None) -> Report:
    told = {prefix: ServiceAccess(None if days is None else ago(days), {}) for prefix, days in services.items()}
    return Report(ago(asked), False, told)


def use(action: str, days: float) -> Use:
    return Use(action, "", False, "CLI", "", ago(days), ago(days), {})


def _among(told: dict[str, Evidence]) -> Callable[[list[str]], dict[str, Evidence]]:
    return lambda arns: {one: told[one] for one in arns if one in told}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Evidence]:
    """The evidence by ARN."""
    told: dict[str, Evidence] = {}
    monkeypatch.setattr("analyzers.usage.reading.evidence", _among(told))
    return told


@pytest.fixture
def analyzer(known: dict[str, Evidence]) -> Analyzer:
    """An organization of two accounts with a role that uses SQS but not S3, one that nobody uses, and a user."""
    organization = Organization.objects.create(id="o-1", management_account=MANAGEMENT, root="r-1")
    for number in (A, B, MANAGEMENT):
        Account.objects.create(id=number, organization=organization, parent="r-1")
    principal("role/app", S3, SQS)
    principal("role/idle", S3, last_used_at=ago(200), tags={"team": "data"})
    key = {"id": "AKIA1", "status": "Active", "created_at": ago(300).isoformat(), "last_used_at": None, "known": True}
    bob = {"access_keys": [key], "password": {"created_at": ago(300).isoformat(), "last_used_at": None, "mfa": False}}
    principal("user/bob", SQS, account=B, credentials=bob)
    principal("role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", S3, last_used_at=None)
    principal("group/all", S3)
    known[arn("role/app")] = Evidence(arn("role/app"), report=report(s3=None, sqs=3))
    return CreateAnalyzer("unused", "ORGANIZATION_UNUSED_ACCESS", "o-1", None)()


def scan(analyzer: Analyzer) -> Scan:
    scan = request_scan(analyzer)
    work(scan.pk)
    scan.refresh_from_db()
    assert scan.status == "COMPLETED", scan.error
    return scan


def active() -> list[str]:
    rows = Finding.objects.filter(status="ACTIVE").order_by("resource", "finding_type")
    return [f"{row.resource.rpartition('/')[2]} {row.finding_type}" for row in rows]


FOUND = ["app UnusedPermission", "idle UnusedIAMRole", "bob UnusedIAMUserAccessKey", "bob UnusedIAMUserPassword"]


# -- scans ---------------------------------------------------------------------------------------------------------


def test_a_scan_records_what_is_unused(analyzer: Analyzer) -> None:
    done = scan(analyzer)
    assert active() == FOUND
    assert (done.resources_total, done.resources_done, done.findings_new, done.resources_failed) == (3, 3, 4, 0)
    finding = Finding.objects.get(finding_type="UnusedPermission")
    assert (finding.resource_type, finding.resource_owner_account) == ("AWS::IAM::Role", A)
    assert (finding.principal, finding.error, finding.is_public) == ({}, "", False)
    assert finding.details["services"][0]["whole"]
    assert Finding.objects.get(finding_type="UnusedIAMRole").last_accessed_at is not None


def test_the_same_input_is_not_recorded_anew_on_the_same_day(
    analyzer: Analyzer, known: dict[str, Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(analyzer)
    before = dict(Finding.objects.values_list("pk", "analyzed_at"))
    assert scan(analyzer).findings_new == 0
    assert dict(Finding.objects.values_list("pk", "analyzed_at")) == before
    known[arn("role/app")] = Evidence(arn("role/app"), report=report(s3=2, sqs=3))
    assert scan(analyzer).findings_resolved == 1
    changed = [pk for pk, at in Finding.objects.values_list("pk", "analyzed_at") if at != before[pk]]
    assert changed == [Finding.objects.get(finding_type="UnusedPermission").pk]


def test_a_finding_resolves_when_use_is_seen_and_comes_back(analyzer: Analyzer, known: dict[str, Evidence]) -> None:
    scan(analyzer)
    idle = Finding.objects.get(finding_type="UnusedIAMRole")
    known[idle.resource] = Evidence(idle.resource, uses=(use("s3:GetObject", 2),), report=report(s3=2))
    scan(analyzer)
    idle.refresh_from_db()
    assert idle.status == "RESOLVED"
    known.pop(idle.resource)
    scan(analyzer)
    idle.refresh_from_db()
    assert idle.status == "ACTIVE"
    assert list(idle.events.values_list("kind", flat=True)) == ["CREATED", "RESOLVED", "REOPENED"]


def test_a_finding_is_kept_when_its_evidence_vanishes(analyzer: Analyzer, known: dict[str, Evidence]) -> None:
    scan(analyzer)
    known.clear()
    Principal.objects.filter(name="idle").update(last_used_known=False, last_used_at=None)
    Principal.objects.filter(name="bob").update(credentials={})
    done = scan(analyzer)
    assert active() == FOUND
    assert (done.findings_resolved, done.resources_failed) == (0, 3)
    assert dict(unknown_reasons(analyzer)) == {
        "IAM's last-accessed report was not read.": 1,
        "When the role was last used was not read.": 1,
        "The credentials of the user were not read.": 1,
        "Whether it is used at all is not known, so its permissions are not judged.": 2,
    }
    assert not Finding.objects.exclude(error="").exists()


def test_a_deleted_key_resolves_and_its_neighbour_stays(analyzer: Analyzer) -> None:
    scan(analyzer)
    bob = Principal.objects.get(name="bob")
    bob.credentials["access_keys"] = []
    bob.save()
    scan(analyzer)
    assert active() == [one for one in FOUND if one != "bob UnusedIAMUserAccessKey"]


def test_a_role_deleted_and_created_again_is_another_one(analyzer: Analyzer) -> None:
    scan(analyzer)
    Principal.objects.filter(name="idle").update(created_at=ago(10), last_used_at=None)
    scan(analyzer)
    assert "idle UnusedIAMRole" not in active()


def test_a_deleted_role_takes_its_findings_with_it(analyzer: Analyzer) -> None:
    scan(analyzer)
    Principal.objects.filter(name="idle").delete()
    assert scan(analyzer).findings_resolved == 1
    assert not AnalyzedResource.objects.filter(resource_arn=arn("role/idle")).exists()


def test_permissions_that_change_are_an_event_and_a_new_day_is_none(
    analyzer: Analyzer, known: dict[str, Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(analyzer)
    finding = Finding.objects.get(finding_type="UnusedPermission")
    later = timezone.now() + timedelta(days=1)
    monkeypatch.setattr("analyzers.scans.plan.timezone.now", lambda: later)
    scan(analyzer)
    finding.refresh_from_db()
    assert finding.details["judged_at"] == later.isoformat(timespec="seconds").replace("+00:00", "Z")
    assert finding.updated_at == finding.created_at
    known[finding.resource] = Evidence(finding.resource, report=report(s3=None, sqs=None))
    scan(analyzer)
    finding.refresh_from_db()
    assert [one["service"] for one in finding.details["services"]] == ["s3", "sqs"]
    assert list(finding.events.values_list("kind", flat=True)) == ["CREATED", "UPDATED"]


def test_one_principal_that_upsets_the_judgement_keeps_its_findings(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(analyzer)
    Principal.objects.update(tags={"new": "1"}, read_at=timezone.now())

    def fail(*args: Any) -> None:
        raise ZeroDivisionError("out of luck")

    monkeypatch.setattr("analyzers.scans.unused.judge", fail)
    done = scan(analyzer)
    assert (active(), done.resources_failed) == (FOUND, 3)
    assert unknown_reasons(analyzer) == [("The analysis failed: ZeroDivisionError: out of luck", 3)]


def test_a_chunk_that_takes_workers_down_is_given_up(analyzer: Analyzer) -> None:
    scan(analyzer)
    second = request_scan(analyzer)
    second.chunks.update(attempts=3)
    work(second.pk)
    assert active() == FOUND
    assert unknown_reasons(analyzer)[0][0].startswith("Given up")


def test_several_analyzers_side_by_side(analyzer: Analyzer) -> None:
    strict = CreateAnalyzer("strict", "ACCOUNT_UNUSED_ACCESS", A, None, configuration_of(365))()
    scan(analyzer)
    scan(strict)
    assert Finding.objects.filter(analyzer=strict).count() == 1
    assert Finding.objects.filter(analyzer=analyzer).count() == 4
    assert {entry["analyzer"].name: entry["unused"] for entry in by_analyzer()} == {"unused": 4, "strict": 1}
    assert all(entry["cross_account"] == 0 for entry in by_analyzer())


@pytest.mark.parametrize(
    ("credentials", "found"),
    [
        ({"access_keys": [{"last_used_at": 200}], "password": {"last_used_at": 200}}, {"AKIA1", ""}),
        ({"access_keys": [{"last_used_at": 200, "known": False}], "password": {"last_used_at": None}}, set()),
        ({"access_keys": [{"last_used_at": None}], "password": {"last_used_at": None, "mfa": None}}, set()),
        (
            {"access_keys": [{"last_used_at": None, "known": True}], "password": {"last_used_at": None, "mfa": True}},
            {"AKIA1", ""},
        ),
        (
            {
                "access_keys": [{"last_used_at": None, "known": "yes"}],
                "password": {"last_used_at": None, "known": False, "mfa": True},
            },
            set(),
        ),
        ({"access_keys": [{"last_used_at": "someday", "known": True}], "password": None}, set()),
        ({"access_keys": [], "password": {"last_used_at": "2026-99-01T00:00:00Z", "mfa": True}}, set()),
        ({"access_keys": "x", "password": 5}, set()),
    ],
)
def test_what_was_read_of_credentials(analyzer: Analyzer, credentials: Any, found: set[str]) -> None:
    """A time says that IAM told it; without one, never is only said where IAM was asked."""
    for one in (*credentials["access_keys"], credentials["password"]):
        if isinstance(one, dict):
            one |= {"id": "AKIA1", "created_at": ago(300).isoformat()}
            if isinstance(one["last_used_at"], int):
                one["last_used_at"] = ago(one["last_used_at"]).isoformat()
    Principal.objects.filter(name="bob").update(credentials=credentials)
    scan(analyzer)
    rows = Finding.objects.filter(resource=arn("user/bob", B))
    assert {row.details.get("access_key_id", "") for row in rows} == found


def test_a_time_of_last_use_says_that_iam_was_asked(analyzer: Analyzer) -> None:
    Principal.objects.filter(name="idle").update(last_used_known=False)
    scan(analyzer)
    assert "idle UnusedIAMRole" in active()


def test_policies_of_groups_count_and_boundaries_do_not(analyzer: Analyzer, known: dict[str, Evidence]) -> None:
    key = {"id": "AKIA2", "status": "Active", "created_at": ago(300).isoformat(), "known": True}
    key["last_used_at"] = ago(2).isoformat()
    eve = principal("user/eve", groups=[arn("group/all")], credentials={"access_keys": [key], "password": None})
    boundary = PrincipalPolicy.objects.filter(principal__name="bob").get()
    PrincipalPolicy.objects.create(principal=eve, kind="BOUNDARY", name="b", document=boundary.document)
    known[eve.arn] = Evidence(eve.arn, report=report(s3=None, sqs=None))
    scan(analyzer)
    finding = Finding.objects.get(resource=eve.arn)
    assert [one["service"] for one in finding.details["services"]] == ["s3"]
    assert finding.details["services"][0]["policies"] == ["p0"]


# -- who is judged -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exclusions", "left"),
    [
        ([], ["app", "idle", "bob"]),
        ([{"accountIds": [B]}], ["app", "idle"]),
        ([{"resourceTags": [{"team": "data"}]}], ["app", "bob"]),
        ([{"resourceTags": [{"team": ""}]}], ["app", "bob"]),
        ([{"resourceTags": [{"team": "other"}]}], ["app", "idle", "bob"]),
        ([{"resourceTags": [{"team": "data", "stage": ""}]}], ["app", "idle", "bob"]),
        ([{"accountIds": [B], "resourceTags": [{"team": "data"}]}], ["app", "idle", "bob"]),
        ([{"accountIds": [A], "resourceTags": [{"x": ""}, {"team": "data"}]}], ["app", "bob"]),
        ([{"accountIds": [B]}, {"resourceTags": [{"team": ""}]}], ["app"]),
    ],
)
def test_exclusions(analyzer: Analyzer, exclusions: list[dict[str, Any]], left: list[str]) -> None:
    analyzer.configuration = {"unusedAccess": {"unusedAccessAge": 90, "analysisRule": {"exclusions": exclusions}}}
    assert [row.name for row in tracked(analyzer)] == left


def test_what_is_excluded_later_resolves(analyzer: Analyzer, django_capture_on_commit_callbacks: Any) -> None:
    scan(analyzer)
    with django_capture_on_commit_callbacks(execute=True):
        UpdateAnalyzer(analyzer, 1440, None, configuration_of(90, [B]))()
    work(Scan.objects.get(status="RUNNING").pk)
    assert active() == FOUND[:2]


def test_a_longer_period_later(analyzer: Analyzer) -> None:
    scan(analyzer)
    UpdateAnalyzer(analyzer, None, None, configuration_of(300))()
    assert Analyzer.objects.get().configuration["unusedAccess"]["unusedAccessAge"] == 300
    scan(analyzer)
    assert "idle UnusedIAMRole" not in active()


def test_changing_takes_a_permission_and_a_sound_configuration(
    analyzer: Analyzer, reviewer: User, administrator: User
) -> None:
    with pytest.raises(PermissionDenied):
        UpdateAnalyzer(analyzer, 1440, reviewer, configuration_of(30))()
    with pytest.raises(ValidationError, match="1 to 365"):
        UpdateAnalyzer(analyzer, 1440, administrator, configuration_of(366))()
    assert Analyzer.objects.get().configuration == {}
    UpdateAnalyzer(analyzer, 1440, administrator, configuration_of(30))()
    outside = Analyzer.objects.create(name="out", type="ACCOUNT", scope=A)
    with pytest.raises(ValidationError, match="cannot be changed"):
        UpdateAnalyzer(outside, 1440, administrator, {"regions": ["eu-central-1"]})()


def _unused(**inner: Any) -> dict[str, Any]:
    return {"unusedAccess": inner}


def _excluding(*exclusions: Any) -> dict[str, Any]:
    return _unused(analysisRule={"exclusions": list(exclusions)})


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ([], "an object"),
        ({"internalAccess": {}}, "nothing but unusedAccess"),
        (_unused(unusedAccessAge=0), "1 to 365"),
        (_unused(unusedAccessAge=366), "1 to 365"),
        (_unused(unusedAccessAge=True), "1 to 365"),
        (_unused(unusedAccessAge="90"), "1 to 365"),
        (_unused(age=90), "nothing but"),
        (_excluding({}), "accountIds or resourceTags"),
        (_excluding({"accountIds": []}), "at least one"),
        (_excluding({"accountIds": ["x"]}), "no account id"),
        (_excluding({"accountIds": [5]}), "no account id"),
        (_excluding({"accountIds": [f"{n:012}" for n in range(2001)]}), "At most 2,000"),
        (_excluding({"accountIds": [MANAGEMENT]}), "owns the analyzer"),
        (_excluding({"resourceTags": {"a": "b"}}), "list"),
        (_excluding({"resourceTags": [{}]}), "1 to 50"),
        (_excluding({"resourceTags": [{"": "x"}]}), "1 to 128"),
        (_excluding({"resourceTags": [{"a": 5}]}), "1 to 128"),
        (_excluding({"resourceTags": [{"a": "b\n"}]}), None),
        (_excluding({"resourceTags": [{"a\x00": "b"}]}), "cannot have"),
        (_excluding({"resourceTags": [{"aws:a": "b"}]}), "AWS's own"),
        (_excluding({"regions": ["x"]}), "nothing but"),
    ],
)
def test_an_unsound_configuration_is_told_what_is_wrong(
    analyzer: Analyzer, configuration: Any, message: str | None
) -> None:
    if message is None:  # white space is allowed in tags
        assert tracking_of(configuration, type_=analyzer.type, scope=analyzer.scope)
        return
    with pytest.raises(ValidationError, match=message):
        tracking_of(configuration, type_=analyzer.type, scope=analyzer.scope)


def test_an_excluded_account_that_becomes_the_owner_stops_no_scan(analyzer: Analyzer) -> None:
    Analyzer.objects.update(configuration=configuration_of(90, [B]))
    Organization.objects.update(management_account=B)
    scan(Analyzer.objects.get())
    assert active() == FOUND[:2]


def test_an_analyzer_of_an_account_excludes_no_accounts(analyzer: Analyzer) -> None:
    with pytest.raises(ValidationError, match="Only an analyzer of an organization"):
        tracking_of(configuration_of(90, [B]), type_="ACCOUNT_UNUSED_ACCESS", scope=A)


# -- commands, exports, filters ------------------------------------------------------------------------------------


def test_the_commands(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.management.commands.scan.PATIENCE", 0.0)
    out = StringIO()
    more = {"tracking_period": 30, "exclude_account": [B], "exclude_tag": ["team=data", "x"]}
    call_command("create_analyzer", "made", type="ORGANIZATION_UNUSED_ACCESS", scope="o-1", stdout=out, **more)
    assert "1 users and roles" in out.getvalue()
    made = Analyzer.objects.get(name="made")
    assert made.configuration == configuration_of(30, [B], [("team", "data"), ("x", "")])
    out = StringIO()
    call_command("scan", "made", wait=True, stdout=out, stderr=StringIO())
    assert "1 new findings" in out.getvalue()
    out = StringIO()
    call_command("list_findings", "findingType:UnusedPermission", analyzer="made", format="table", stdout=out)
    assert out.getvalue().strip() == "ACTIVE    unused  Role app did not use 1 service in 30 days."
    with pytest.raises(CommandError, match="1 to 365") as caught:
        call_command("create_analyzer", "no", type="ACCOUNT_UNUSED_ACCESS", scope=A, tracking_period=0)
    assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="are for unused access"):
        call_command("create_analyzer", "no", type="ACCOUNT", scope=A, tracking_period=30)


def test_the_command_that_changes_one(analyzer: Analyzer) -> None:
    def change(**options: Any) -> Any:
        call_command("update_analyzer", "unused", stdout=StringIO(), **options)
        return Analyzer.objects.get(name="unused").configuration

    assert change(tracking_period=180, exclude_account=[B]) == configuration_of(180, [B])
    assert change(exclude_tag=["team=data"]) == configuration_of(180, [], [("team", "data")])
    assert change(tracking_period=30) == configuration_of(30, [], [("team", "data")])
    assert change(no_exclusions=True, scan_every=0) == configuration_of(30)
    assert Analyzer.objects.get(name="unused").scan_every is None
    with pytest.raises(CommandError, match="1 to 365"):
        change(tracking_period=366)
    with pytest.raises(CommandError, match="Known: unused"):
        call_command("update_analyzer", "nobody")
    Analyzer.objects.create(name="out", type="ACCOUNT", scope=A)
    with pytest.raises(CommandError, match="unused access"):
        call_command("update_analyzer", "out", tracking_period=30)


def test_findings_have_the_shape_of_the_api(analyzer: Analyzer, known: dict[str, Evidence]) -> None:
    tracked_actions = {"sqs:sendmessage": ago(3), "sqs:createqueue": None}
    services = {"s3": ServiceAccess(ago(200), {}), "sqs": ServiceAccess(ago(3), tracked_actions)}
    known[arn("role/app")] = Evidence(arn("role/app"), report=Report(timezone.now(), True, services))
    principal_policy = PrincipalPolicy.objects.filter(principal__name="app", name="p1").get()
    text = json.dumps({"Version": "2012-10-17", "Statement": [{**SQS, "Action": "sqs:*"}]})
    principal_policy.document = Document.objects.create(sha256=Document.digest(text), text=text)
    principal_policy.save()
    scan(analyzer)
    shapes = {row.finding_type: wire.finding(row) for row in Finding.objects.all()}
    [one, two] = shapes["UnusedPermission"]["findingDetails"]
    assert set(one["unusedPermissionDetails"]) == {"serviceNamespace", "lastAccessed"}
    assert two["unusedPermissionDetails"]["actions"] == [{"action": "sqs:CreateQueue"}]
    [key] = shapes["UnusedIAMUserAccessKey"]["findingDetails"]
    assert key == {"unusedIamUserAccessKeyDetails": {"accessKeyId": "AKIA1"}}
    assert shapes["UnusedIAMUserPassword"]["findingDetails"] == [{"unusedIamUserPasswordDetails": {}}]
    [role] = shapes["UnusedIAMRole"]["findingDetails"]
    assert role["unusedIamRoleDetails"]["lastAccessed"].endswith("Z")
    assert {"condition", "isPublic", "principal", "action"}.isdisjoint(shapes["UnusedIAMRole"])


def test_exports_tell_what_is_unused(analyzer: Analyzer) -> None:
    scan(analyzer)
    names = all_names()
    rows = {row.finding_type: dict(zip(HEADER, row_of(row, names), strict=True)) for row in Finding.objects.all()}
    assert rows["UnusedPermission"]["unusedPermissions"] == "s3:*"
    assert rows["UnusedPermission"]["trackingPeriod"] == "90"
    assert rows["UnusedIAMUserAccessKey"]["accessKeyId"] == "AKIA1"
    assert rows["UnusedIAMRole"]["lastAccessed"]
    assert rows["UnusedIAMRole"]["verdict"] == "Role idle was not used in 90 days."


def test_filters_by_type_and_last_use(analyzer: Analyzer) -> None:
    scan(analyzer)

    def names(text: str) -> set[str]:
        criteria, _ = filters.read(text)
        return set(Finding.objects.filter(filters.query(criteria)).values_list("finding_type", flat=True))

    day = ago(200).strftime("%Y-%m-%d")
    assert names("findingType:UnusedIAMRole,UnusedIAMUserPassword") == {"UnusedIAMRole", "UnusedIAMUserPassword"}
    for text in ("lastAccessed:*", f"lastAccessed:{day}", f"lastAccessed~{day[:7]}"):
        assert names(text) == {"UnusedIAMRole"}
    assert len(names("-lastAccessed:*")) == 3
    assert names("isPublic:false") == names("isPublic:*") == set()


def test_archive_rules_and_people_decide_as_with_other_findings(analyzer: Analyzer, reviewer: User) -> None:
    CreateRule(analyzer, "keys", {"findingType": {"eq": ["UnusedIAMUserAccessKey"]}}, reviewer)()
    scan(analyzer)
    assert Finding.objects.get(status="ARCHIVED").finding_type == "UnusedIAMUserAccessKey"
    idle = Finding.objects.filter(finding_type="UnusedIAMRole")
    Archive(idle, reviewer, reason="wanted")()
    scan(analyzer)
    assert idle.get().status == "ARCHIVED"


# -- when ----------------------------------------------------------------------------------------------------------


def test_an_import_that_tells_of_use_alone_is_judged(
    analyzer: Analyzer, inventory_file: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    """Nothing but the last use of a role changed: only unused access is scanned again."""
    outside = Analyzer.objects.create(name="out", type="ACCOUNT", scope=A)
    role = {"arn": arn("role/app"), "kind": "ROLE", "trust_policy": {"Version": "2012-10-17", "Statement": []}}
    path = inventory_file(principals=[role])
    load([path])
    with django_capture_on_commit_callbacks(execute=True):
        load([inventory_file(principals=[{**role, "last_used_at": "2026-06-01T00:00:00Z"}])])
    assert list(Scan.objects.values_list("analyzer__name", "reason")) == [("unused", "import")]
    assert not outside.scans.exists()
    assert Principal.objects.get(name="app").read_at is not None


def test_new_usage_is_judged_and_a_running_scan_is_followed(
    analyzer: Analyzer, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        usage_changed([B])
    running = Scan.objects.get()
    assert running.reason == "usage"
    with django_capture_on_commit_callbacks(execute=True):
        usage_changed({A})
        usage_changed(["000000000000"])
    running.refresh_from_db()
    assert running.again


def test_a_collection_that_read_users_and_roles_is_judged(
    analyzer: Analyzer, django_capture_on_commit_callbacks: Any
) -> None:
    def collect(**part: Any) -> bool:
        collection = Collection.objects.create(status="RUNNING", started_at=timezone.now())
        CollectionPart.objects.create(collection=collection, account=A, **part)
        with django_capture_on_commit_callbacks(execute=True):
            assert finish(collection.pk)
        return Scan.objects.exists()

    assert not collect(service="s3", status="READ")
    assert not collect(service="iam", status="NOT_READ")
    assert collect(service="iam", status="PARTLY")


def test_a_changed_role_is_judged_and_a_changed_bucket_is_not(analyzer: Analyzer) -> None:
    scan_resources(["arn:aws:s3:::photos"], [A])
    assert not Scan.objects.exists()
    scan_resources([arn("role/app")], [A])
    assert Scan.objects.get().reason == "change"


def test_an_inventory_file_says_when_it_was_read(analyzer: Analyzer, inventory_file: Callable[..., Any]) -> None:
    role = {"arn": arn("role/old"), "kind": "ROLE", "read_at": "2026-01-01T00:00:00Z"}
    later = {"arn": arn("role/future"), "kind": "ROLE", "read_at": "2999-01-01T00:00:00Z"}
    wrong = {"arn": arn("role/wrong"), "kind": "ROLE", "read_at": "2026-99-01"}
    load([inventory_file(principals=[role, later, wrong])])
    assert Principal.objects.get(name="wrong").read_at is None
    assert Principal.objects.get(name="old").read_at == datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    future = Principal.objects.get(name="future").read_at
    assert future is not None
    assert future <= timezone.now()


# -- numbers -------------------------------------------------------------------------------------------------------


def test_statistics(analyzer: Analyzer, django_assert_num_queries: Any) -> None:
    scan(analyzer)
    Finding.objects.filter(finding_type="UnusedIAMUserPassword").update(status="ARCHIVED")
    with django_assert_num_queries(1):
        told = statistics(analyzer)
    assert {one["unusedAccessType"]: one["total"] for one in told["unusedAccessTypeStatistics"]} == {
        "UnusedIAMRole": 1,
        "UnusedIAMUserAccessKey": 1,
        "UnusedIAMUserPassword": 0,
        "UnusedPermission": 1,
    }
    assert told["topAccounts"] == [
        {"account": A, "numberOfActiveFindings": 2, "details": {"UnusedIAMRole": 1, "UnusedPermission": 1}},
        {"account": B, "numberOfActiveFindings": 1, "details": {"UnusedIAMUserAccessKey": 1}},
    ]
    assert (told["totalActiveFindings"], told["totalArchivedFindings"], told["totalResolvedFindings"]) == (3, 1, 0)
    with django_assert_num_queries(1):
        ages = by_age(analyzer, timezone.now())
    assert [(one.days, one.total) for one in ages] == [(None, 2), (365, 0), (270, 0), (180, 1), (90, 0), (0, 0)]


def test_the_gap_counts_principals_without_findings_as_well(analyzer: Analyzer, known: dict[str, Evidence]) -> None:
    principal("role/good", SQS)
    tracked_actions = {"sqs:sendmessage": ago(3)}
    services = {"sqs": ServiceAccess(ago(3), tracked_actions)}
    known[arn("role/good")] = Evidence(arn("role/good"), report=Report(timezone.now(), True, services))
    scan(analyzer)
    assert gap_of(analyzer, arn("role/good")) == (1, 1, 0)
    assert gap_of(analyzer, arn("role/app")) == (3, 0, 2)
    assert gap_of(analyzer, arn("role/none")) is None
    total = total_gap(analyzer)
    assert total == (7, 1, 5)
    assert (total.untold, total.share_used) == (1, 1 / 6)
    assert [one.arn.rpartition("/")[2] for one in gaps(analyzer, 2)] == ["app", "idle"]


def test_the_trend_follows_the_events(analyzer: Analyzer, django_assert_num_queries: Any) -> None:
    scan(analyzer)
    today = timezone.now().date()
    Event.objects.update(at=ago(3))
    row = Finding.objects.get(finding_type="UnusedIAMRole")
    Finding.objects.filter(pk=row.pk).update(status="RESOLVED")
    Event.objects.create(finding=row, kind="RESOLVED", at=ago(1), old_status="ACTIVE", new_status="RESOLVED")
    with django_assert_num_queries(2):
        days = trend(analyzer, 5, today)
    assert [one.active["UnusedIAMRole"] for one in days] == [0, 1, 1, 0, 0]
    assert [one.active["UnusedPermission"] for one in days] == [0, 1, 1, 1, 1]
    assert days[-1].day == today
