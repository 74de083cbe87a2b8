"""Everything that people see of unused access: creating, findings, list, figures, and what stays readable when nothing
or too much is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from analyzers.models import (
    Account,
    AnalyzedResource,
    Analyzer,
    Document,
    LastAccessedReport,
    Organization,
    PolicyChange,
    Principal,
    Resource,
    Usage,
    UsageFeed,
)
from findings.models import Event, Finding

NEW = "/analyzers/new/unused/"
SCOPE = "/analyzers/new/unused/scope/"
ROLE = "arn:aws:iam::111122223333:role/jobs/invoice-function"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e'\"$(touch x)"


@pytest.fixture
def administrator(db: None) -> User:
    """Without a password, whose digest takes longer than most of these tests."""
    user = User.objects.create(username="adm")
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


@pytest.fixture
def unused(account: Account) -> Analyzer:
    configuration = {"unusedAccess": {"unusedAccessAge": 90}}
    return Analyzer.objects.create(
        name="unused-90", type="ACCOUNT_UNUSED_ACCESS", scope=account.pk, configuration=configuration
    )


@pytest.fixture
def organization(db: None) -> Organization:
    """Smaller than the sample: three accounts with a service-linked role and four users and roles each."""
    made = Organization.objects.create(pk="o-exampleorg", management_account="111122223333", root="r-root")
    for pk, name in (("111122223333", "management"), ("222233334444", "shop"), ("123456789012", "payments")):
        account = Account.objects.create(pk=pk, name=name, organization=made, parent="r-root")
        linked = ("ROLE", "/aws-service-role/config.amazonaws.com/", "linked")
        for kind, path, called in (
            linked,
            *(("ROLE", "/", f"r{n}") for n in (1, 2)),
            *(("USER", "/", f"u{n}") for n in (1, 2)),
        ):
            arn = f"arn:aws:iam::{pk}:{kind.lower()}{path}{called}"
            Principal.objects.create(arn=arn, account=account, kind=kind, path=path, name=called)
    return made


@pytest.fixture
def principal(account: Account) -> Principal:
    return Principal.objects.create(
        arn=ROLE,
        account=account,
        kind="ROLE",
        name="invoice-function",
        path="/jobs/",
        created_at=NOW - timedelta(days=800),
    )


def service(prefix: str, *, whole: bool = False, unused: Any = (), used: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "service": prefix,
        "name": more.pop("name", prefix.upper()),
        "last_accessed": None if whole else "2026-06-30T10:00:00Z",
        "whole": whole,
        "actions": [{"action": name, "last_accessed": None, "access_level": "Read"} for name in unused],
        "used": [{"action": name, "last_accessed": last} for name, last in used],
        "untracked": 0,
        "policies": ["everything"],
        **more,
    }


@pytest.fixture
def make(unused: Analyzer) -> Callable[..., Finding]:
    made: list[Finding] = []

    def finding(kind: str = "UnusedPermission", details: dict[str, Any] | None = None, **more: Any) -> Finding:
        told = {
            "summary": "Role invoice-function did not use 1 service and 2 actions of other services in 90 days.",
            "reason": "Of 10 actions that its policies allow, 7 were not used.",
            "tracking_period": 90,
            "since": "2026-04-02T12:00:00Z",
            "judged_at": "2026-07-01T12:00:00Z",
            "evidence": [{"source": "IAM's last-accessed report", "until": "2026-07-01T08:00:00Z"}],
            **(details or {}),
        }
        values: dict[str, Any] = {
            "analyzer": unused,
            "key": f"{len(made):064d}",
            "finding_type": kind,
            "resource": ROLE,
            "resource_type": "AWS::IAM::Role",
            "resource_owner_account": "111122223333",
            "last_accessed_at": NOW - timedelta(days=1),
            "details": told,
            "created_at": NOW,
            "analyzed_at": NOW,
            "updated_at": NOW,
        }
        made.append(Finding.objects.create(**values | more))
        return made[-1]

    return finding


def use(action: str, ago: list[int], **more: Any) -> None:
    feed, _ = UsageFeed.objects.get_or_create(kind="UPLOAD", location="test")
    Usage.objects.create(
        feed=feed,
        principal=ROLE,
        account="111122223333",
        action=action,
        first_used_at=NOW - timedelta(days=max(ago)),
        last_used_at=NOW - timedelta(days=min(ago)),
        days={str((NOW - timedelta(days=one)).date()): 2 for one in ago},
        **more,
    )


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# -- create --------------------------------------------------------------------------------------------------------


def fields(organization: Organization, **more: Any) -> dict[str, Any]:
    return {"scope": f"ORGANIZATION_UNUSED_ACCESS {organization.pk}", "preset": "365", "scan_every": "1440", **more}


def test_the_page_explains_the_wind_down_and_proposes_a_name(admin: Client, organization: Organization) -> None:
    text = page(admin, NEW)
    for days in ("365", "270", "90"):
        assert f'value="{days}"' in text
    assert ">unused-365<" in text
    assert "Winding down" in text
    assert NEW in page(admin, "/analyzers/new/")


def test_an_analyzer_without_a_name_carries_its_period(admin: Client, organization: Organization) -> None:
    admin.post(NEW, fields(organization, preset="other", period="120"))
    analyzer = Analyzer.objects.get()
    assert analyzer.name == "unused-120"
    assert analyzer.configuration["unusedAccess"]["unusedAccessAge"] == 120
    assert analyzer.scans.count() == 1
    admin.post(NEW, fields(organization, preset="other", period="120"))
    assert set(Analyzer.objects.values_list("name", flat=True)) == {"unused-120", "unused-120-2"}


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"preset": "other"}, "period", "how many days"),
        ({"preset": "other", "period": "366"}, "period", "365"),
        ({"preset": "other", "period": "0"}, "period", "1"),
        ({"name": "1 no"}, "name", "no digit first"),
        ({"tags": "=x"}, "tags", "needs a key"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    admin: Client, organization: Organization, more: dict[str, Any], field: str, said: str
) -> None:
    answer = admin.post(NEW, fields(organization, **more))
    assert said in " ".join(answer.context["form"].errors[field])
    assert not Analyzer.objects.exists()


def test_an_account_cannot_leave_out_accounts(admin: Client, organization: Organization) -> None:
    scope = "ACCOUNT_UNUSED_ACCESS 123456789012"
    answer = admin.post(NEW, fields(organization, scope=scope, accounts=["222233334444"]))
    assert "organization only" in " ".join(answer.context["form"].errors["accounts"])


def test_the_count_follows_exclusions_and_so_does_the_price(admin: Client, organization: Organization) -> None:
    everybody = Principal.objects.exclude(kind="GROUP").exclude(path__startswith="/aws-service-role/")
    found = admin.get(SCOPE, fields(organization)).context["at_hand"]
    assert found.principals == found.remaining == everybody.count() == 12
    assert f"{found.price:.2f}" == f"{everybody.count() * 0.2:.2f}"
    Principal.objects.filter(account="222233334444").exclude(kind="GROUP").update(tags={"team": "shop", "by": "hand"})
    inside = everybody.filter(account="222233334444").count()
    assert admin.get(SCOPE, fields(organization, tags="team=shop")).context["at_hand"].left_out == inside
    assert admin.get(SCOPE, fields(organization, tags="team=else\nby")).context["at_hand"].left_out == inside
    assert admin.get(SCOPE, fields(organization, accounts=["222233334444"])).context["at_hand"].left_out == inside
    text = page(admin, SCOPE + f"?scope=ORGANIZATION_UNUSED_ACCESS {organization.pk}&preset=90")
    assert "0.20 USD" in text
    assert "Service-linked roles are not among them" in text


def test_below_90_days_it_warns_of_what_runs_seldom(admin: Client, organization: Organization) -> None:
    assert "note-warning" not in page(admin, SCOPE + "?preset=90")
    assert "once a quarter will look unused" in page(admin, SCOPE + "?preset=other&period=60")
    assert "shorter than a month" in page(admin, SCOPE + "?preset=other&period=20")


def test_it_says_what_there_is_to_judge_by(admin: Client, organization: Organization) -> None:
    text = words(page(admin, NEW))
    assert "0 of " in text
    assert 'never called "unused"' in text
    assert "No trail was read" in text
    arn = Principal.objects.filter(kind="ROLE").exclude(path__startswith="/aws").values_list("arn", flat=True)[0]
    report = LastAccessedReport.objects.create(principal=arn, account="1" * 12, asked_at=timezone.now())
    assert admin.get(NEW).context["at_hand"].fresh == 1
    LastAccessedReport.objects.filter(pk=report.pk).update(asked_at=timezone.now() - timedelta(days=8))
    found = admin.get(NEW).context["at_hand"]
    assert (found.fresh, found.reported) == (0, 1)


def test_same_with_another_period(admin: Client, organization: Organization) -> None:
    admin.post(NEW, fields(organization, tags="team=shop\nkeep", accounts=["222233334444"]))
    first = Analyzer.objects.get()
    assert f"{NEW}?like={first.pk}" in page(admin, f"/analyzers/{first.pk}/")
    form = admin.get(f"{NEW}?like={first.pk}").context["form"]
    assert form.initial["preset"] == "270"
    assert form.initial["tags"] == "team=shop\nkeep"
    assert form.initial["accounts"] == ["222233334444"]
    assert admin.get(f"{NEW}?like=99999999999999").status_code == 200


def test_period_and_exclusions_can_be_changed(admin: Client, organization: Organization) -> None:
    admin.post(NEW, fields(organization, tags="team=shop"))
    analyzer = Analyzer.objects.get()
    path = f"/analyzers/{analyzer.pk}/unused/"
    assert "team=shop" in page(admin, path)
    admin.post(path, {"preset": "90", "tags": "", "accounts": ["222233334444"]})
    analyzer.refresh_from_db()
    inner = analyzer.configuration["unusedAccess"]
    assert inner["unusedAccessAge"] == 90
    assert inner["analysisRule"]["exclusions"] == [{"accountIds": ["222233334444"]}]
    assert analyzer.scan_every == 1440


def test_only_administrators_create_and_change(client: Client, reviewer: User, unused: Analyzer) -> None:
    client.force_login(reviewer)
    for path in (NEW, SCOPE, f"/analyzers/{unused.pk}/unused/"):
        assert client.get(path).status_code == 403


# -- finding -------------------------------------------------------------------------------------------------------


def test_a_reviewer_sees_what_stays_beside_what_goes(
    admin: Client, make: Callable[..., Finding], principal: Principal
) -> None:
    use("s3:GetObject", list(range(90)))
    services = [
        service("s3", unused=["s3:GetBucketAcl"], used=[("s3:GetObject", "2026-06-30T10:00:00Z")], untracked=3),
        service("ec2", whole=True, unused=(), name="Amazon EC2"),
    ]
    found = make(details={"services": services, "granted": 10, "unused": 7, "untracked": 2})
    text = page(admin, f"/findings/{found.pk}/")
    said = words(text)
    assert "Role invoice-function did not use" in said
    assert "s3:GetBucketAcl" in said
    assert "1 used" in said
    assert "3 not told of" in said
    assert "nothing used" in said
    assert "until" in said
    assert "sparkline" in text
    assert f"/findings/{found.pk}/service/?prefix=ec2" in text
    assert "A request that is allowed" not in said


def test_the_actions_of_a_service_are_loaded_on_opening_and_read_without_javascript(
    admin: Client, make: Callable[..., Finding], principal: Principal
) -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:D*", "Resource": "*"}}'
    document = Document.objects.create(sha256=Document.digest(text), text=text)
    principal.policies.create(kind="INLINE", name="everything", document=document)
    found = make(details={"services": [service("ec2", whole=True)]})
    path = f"/findings/{found.pk}/service/?prefix=ec2"
    whole = page(admin, path)
    assert "<html" in whole
    assert "ec2:DescribeInstances" in whole
    assert "ec2:RunInstances" not in whole
    part = admin.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "ec2:DescribeInstances" in part
    assert admin.get(f"/findings/{found.pk}/service/?prefix=s3").status_code == 404


def test_everything_of_aws_unused_is_a_short_page(
    admin: Client, make: Callable[..., Finding], principal: Principal, django_assert_max_num_queries: Any
) -> None:
    from analyzers.catalogue import services

    every = [service(one.prefix, whole=True, name=one.name) for one in services()]
    many = service("ec2", unused=[f"ec2:Do{number}" for number in range(2000)], used=[("ec2:DescribeInstances", None)])
    found = make(details={"services": [*every, many], "granted": 19000, "unused": 18995})
    with django_assert_max_num_queries(40):
        text = page(admin, f"/findings/{found.pk}/")
    assert "ec2:Do1999" not in text
    assert len(text) < 700_000
    assert "ec2:DescribeInstances" in text


def test_a_monthly_job_is_pointed_out_before_its_right_goes(
    admin: Client, make: Callable[..., Finding], principal: Principal
) -> None:
    use("ses:SendEmail", [17, 47, 78, 108, 139, 169])
    use("athena:StartQueryExecution", [96, 187, 278, 369])
    services = [
        service("ses", unused=["ses:SendRawEmail"], used=[("ses:SendEmail", "2026-06-14T10:00:00Z")]),
        service("athena", unused=["athena:StartQueryExecution"]),
    ]
    said = words(page(admin, f"/findings/{make(details={'services': services}).pk}/"))
    assert "about once a month, 6 times so far, last on 14 Jun 2026" in said
    assert "A tracking period of 30 days would miss it at times" in said
    assert "about once a quarter" in said
    assert "counted as unused" in said


def test_what_breaks_if_the_evidence_were_30_days_shorter(
    admin: Client, make: Callable[..., Finding], principal: Principal
) -> None:
    late, early = "2026-06-20T10:00:00Z", "2026-04-20T10:00:00Z"
    services = [service("s3", unused=["s3:GetBucketAcl"], used=[("s3:PutObject", late), ("s3:GetObject", early)])]
    found = make(details={"services": services})
    answer = admin.get(f"/findings/{found.pk}/")
    assert [line.name for line in answer.context["lost"]] == ["s3:GetObject"]
    assert "This would count as unused as well" in words(answer.content.decode())
    use("sqs:SendMessage", [80])  # of a service that is used in full, which the finding does not name
    use("s3:GetObject", [2])
    use("sns:Publish", [80], denied=True)
    told = [{"service": "kms", "last_accessed": early, "actions": []}]
    LastAccessedReport.objects.create(principal=ROLE, account="111122223333", asked_at=NOW, services=told)
    answer = admin.get(f"/findings/{found.pk}/")
    assert [line.name for line in answer.context["lost"]] == ["kms:*", "sqs:SendMessage"]


def test_denied_attempts_are_shown_apart(admin: Client, make: Callable[..., Finding], principal: Principal) -> None:
    use("organizations:ListAccounts", [44, 45], denied=True, resource="arn:aws:organizations::1:organization/o")
    services = [service("organizations", used=[("organizations:ListAccounts", "2026-05-18T10:00:00Z")])]
    answer = admin.get(f"/findings/{make(details={'services': services}).pk}/")
    (one,) = answer.context["denied"]
    assert (one.action, one.times, len(one.resources)) == ("organizations:ListAccounts", 4, 1)
    assert answer.context["tree"].used[0].days == {}
    assert "Attempts that were denied" in answer.content.decode()


def test_what_nobody_told_is_said(admin: Client, make: Callable[..., Finding], principal: Principal) -> None:
    said = words(page(admin, f"/findings/{make(details={'services': [service('s3', whole=True)]}).pk}/"))
    assert "report of this principal was not read" in said
    assert "No trail of this account was read" in said


def test_owners_are_hinted_at(admin: Client, make: Callable[..., Finding], principal: Principal) -> None:
    found = make()
    assert "no tag names an owner" in page(admin, f"/findings/{found.pk}/")
    principal.tags = {"Owner": "ann@example.com", "Cost-Center": "42", "aws:cloudformation:stack-name": "billing"}
    principal.save()
    PolicyChange.objects.create(
        resource=ROLE, status="KNOWN", event="CreateRole", by="arn:aws:iam::111122223333:user/bob", at=NOW, asked_at=NOW
    )
    said = words(page(admin, f"/findings/{found.pk}/"))
    assert "tag Owner ann@example.com" in said
    assert "created by arn:aws:iam::111122223333:user/bob" in said
    assert "CloudFormation stack billing" in said


def test_other_findings_come_in_the_order_of_work(
    admin: Client, make: Callable[..., Finding], principal: Principal
) -> None:
    kinds = ["UnusedPermission", "UnusedIAMRole", "UnusedIAMUserPassword", "UnusedIAMUserAccessKey"]
    rows = [make(kind, details={"access_key_id": f"AKIA{number}"}) for number, kind in enumerate(kinds)]
    answer = admin.get(f"/findings/{rows[0].pk}/")
    assert [row.finding_type for row in answer.context["others"]] == kinds[::-1]
    for query in ("sort=work", "q=analyzer:unused-90"):
        assert [row.finding_type for row in admin.get(f"/findings/?{query}").context["page"].rows] == kinds[::-1]


def test_a_key_is_deactivated_and_watched_before_it_is_deleted(admin: Client, make: Callable[..., Finding]) -> None:
    arn = "arn:aws:iam::111122223333:user/legacy-batch"
    found = make(
        "UnusedIAMUserAccessKey",
        details={"access_key_id": "AKIAEXAMPLE", "created_at": "2020-05-01T08:00:00Z"},
        resource=arn,
        resource_type="AWS::IAM::User",
        last_accessed_at=None,
    )
    text = page(admin, f"/findings/{found.pk}/")
    off = "aws iam update-access-key --user-name legacy-batch --access-key-id AKIAEXAMPLE --status Inactive"
    assert text.index(off) < text.index("aws iam delete-access-key --user-name legacy-batch")
    assert "never" in words(text)


def test_commands_are_quoted_and_hostile_text_is_shown_as_text(
    admin: Client, make: Callable[..., Finding], account: Account
) -> None:
    arn = f"arn:aws:iam::111122223333:role/{HOSTILE}"
    row = Principal.objects.create(arn=arn, account=account, kind="ROLE", name=HOSTILE, tags={"Owner": HOSTILE})
    row.policies.create(kind="INLINE", name=HOSTILE)
    entry = service(HOSTILE, unused=[HOSTILE], used=[(HOSTILE, "no time")], name=HOSTILE, policies=[HOSTILE])
    told = {
        "summary": HOSTILE,
        "reason": HOSTILE,
        "services": [entry],
        "evidence": [{"source": HOSTILE, "until": HOSTILE}],
    }
    role = make("UnusedIAMRole", details=told, resource=arn)
    permission = make(details=told, resource=arn)
    PolicyChange.objects.create(resource=arn, status="KNOWN", event=HOSTILE, by=HOSTILE, at=NOW, asked_at=NOW)
    AnalyzedResource.objects.create(
        analyzer=role.analyzer,
        resource_arn=arn,
        resource_type="AWS::IAM::Role",
        resource_owner_account="111122223333",
        analyzed_at=NOW,
        error=HOSTILE,
        actions_granted=3,
        actions_used=1,
        actions_unused=1,
    )
    told["services"].append(service(HOSTILE, whole=True))
    permission.details = told
    permission.save()
    service_page = f"/findings/{permission.pk}/service/?prefix={quote(HOSTILE)}"
    paths = [
        service_page,
        f"/findings/{role.pk}/",
        f"/findings/{permission.pk}/",
        "/unused/",
        "/unused/unknown/?analyzer=unused-90",
    ]
    for path in [*paths, "/findings/?q=findingType:UnusedIAMRole", f"/unused/?who={quote(HOSTILE)}"]:
        answer = admin.get(path)
        text = answer.content.decode()
        assert "<script>alert" not in text, path
        assert "\u202e" not in text, path
    step = admin.get(f"/findings/{role.pk}/").context["steps"][0]
    assert "--role-name '<script>alert(1)</script>\u202e'\"'\"'\"$(touch x)'" in step.commands[0]


def test_the_page_works_without_the_recommendations(admin: Client, make: Callable[..., Finding]) -> None:
    assert "What to do" in page(admin, f"/findings/{make().pk}/")


# -- list, filters, exports ----------------------------------------------------------------------------------------


def test_the_list_has_columns_of_its_own(admin: Client, make: Callable[..., Finding]) -> None:
    make("UnusedIAMRole", last_accessed_at=None)
    text = words(page(admin, "/findings/?q=findingType:UnusedIAMRole"))
    assert "Last used" in text
    assert "Unused role" in text
    assert "never" in text
    assert "Proved" not in text
    assert " Can " not in text


def test_a_mixed_list_keeps_the_columns_of_access(
    admin: Client, make: Callable[..., Finding], make_finding: Callable[..., Finding]
) -> None:
    make("UnusedIAMRole", details={"summary": "Role x was not used in 90 days."})
    make_finding()
    text = page(admin, "/findings/")
    assert "Role x was not used in 90 days." in text
    assert "s3:GetObject" in text


@pytest.mark.parametrize(
    ("value", "ago"),
    [
        ("ever", None),
        ("over-365-days", 366),
        ("270-365-days", 300),
        ("180-270-days", 200),
        ("90-180-days", 100),
        ("under-90-days", 10),
    ],
)
def test_findings_are_found_by_the_age_of_the_last_use(
    admin: Client, make: Callable[..., Finding], make_finding: Callable[..., Finding], value: str, ago: int | None
) -> None:
    make_finding()
    for days in (None, 366, 300, 200, 100, 10):
        make(last_accessed_at=None if days is None else timezone.now() - timedelta(days=days))
    rows = admin.get(f"/findings/?q=unusedFor:{value}").context["page"].rows
    assert len(rows) == 1
    assert (rows[0].last_accessed_at is None) == (ago is None)
    assert len(admin.get(f"/findings/?q=-unusedFor:{value}").context["page"].rows) == 6
    assert len(admin.get("/findings/?q=unusedFor:*").context["page"].rows) == 6
    if ago is not None:
        assert (timezone.now() - rows[0].last_accessed_at).days == ago


def test_exports_tell_last_use_and_key(admin: Client, make: Callable[..., Finding]) -> None:
    make("UnusedIAMUserAccessKey", details={"access_key_id": "AKIAEXAMPLE"}, last_accessed_at=NOW)
    answer = admin.get("/findings/export.csv?q=findingType:UnusedIAMUserAccessKey")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "AKIAEXAMPLE" in text
    assert "2026-07-01T12:00:00.000Z" in text
    assert "UnusedIAMUserAccessKey" in text


def test_home_counts_unused_apart_from_shared(admin: Client, make: Callable[..., Finding], account: Account) -> None:
    Resource.objects.create(arn=ROLE, account=account, type="AWS::IAM::Role")
    make()
    answer = admin.get("/")
    assert answer.context["total"]["unused"] == 1
    assert answer.context["total"]["cross_account"] == 0
    assert 'href="/unused/?analyzer=unused-90"' in answer.content.decode()


# -- figures -------------------------------------------------------------------------------------------------------


def judged(analyzer: Analyzer, name: str, numbers: tuple[int, int, int], error: str = "") -> None:
    AnalyzedResource.objects.create(
        analyzer=analyzer,
        resource_arn=f"arn:aws:iam::111122223333:role/{name}",
        resource_type="AWS::IAM::Role",
        resource_owner_account="111122223333",
        analyzed_at=NOW,
        error=error,
        actions_granted=numbers[0],
        actions_used=numbers[1],
        actions_unused=numbers[2],
    )


def test_without_an_analyzer_the_page_offers_one(admin: Client) -> None:
    assert "No analyzer of unused access yet" in page(admin, "/unused/")
    assert NEW in page(admin, "/unused/")


def test_without_usage_it_says_that_nothing_is_known(admin: Client, unused: Analyzer) -> None:
    assert "Nothing is known of use yet" in page(admin, "/unused/")


def test_nothing_unused_is_done(admin: Client, unused: Analyzer) -> None:
    unused.scans.create(status="COMPLETED", started_at=NOW, finished_at=NOW)
    LastAccessedReport.objects.create(principal=ROLE, account="111122223333", asked_at=NOW)
    assert "<h2>Done</h2>" in page(admin, "/unused/")


def test_every_number_leads_to_the_findings_it_counts(admin: Client, make: Callable[..., Finding]) -> None:
    now = timezone.now()
    make("UnusedIAMRole", last_accessed_at=None)
    make("UnusedIAMUserAccessKey", last_accessed_at=now - timedelta(days=400), resource_owner_account="222233334444")
    make("UnusedIAMUserAccessKey", last_accessed_at=now - timedelta(days=100))
    text = page(admin, "/unused/")
    links = re.findall(r'href="(/findings/\?q=[^"]+)"[^>]*>(?:<strong>)?(\d{1,3})<', text)
    assert len(links) > 6
    for address, number in links:
        rows = admin.get(address.replace("&amp;", "&")).context["page"].rows
        assert len(rows) == int(number), address


def test_the_gap_is_told_in_total_and_widest_first(admin: Client, unused: Analyzer) -> None:
    judged(unused, "wide", (1000, 10, 900))
    judged(unused, "narrow", (100, 90, 0))
    answer = admin.get("/unused/")
    assert answer.context["share_used"] == "10"
    assert [one["row"].arn.rsplit("/")[-1] for one in answer.context["gaps"]] == ["wide", "narrow"]
    assert "1,100 granted in all, 100 used, 900 unused, 100 not told of" in words(answer.content.decode())
    assert [one["row"].arn.rsplit("/")[-1] for one in admin.get("/unused/?who=narr").context["gaps"]] == ["narrow"]


def test_what_is_not_known_comes_with_its_reason_and_what_to_do(admin: Client, unused: Analyzer) -> None:
    judged(unused, "a", (5, 0, 0), "IAM's last-accessed report was not read.")
    judged(unused, "b", (5, 0, 0), "IAM's last-accessed report was not read.\nThe inventory is older than 7 days.")
    answer = admin.get("/unused/")
    told = {one["reason"]: one["number"] for one in answer.context["unknown"]}
    assert told == {"IAM's last-accessed report was not read.": 2, "The inventory is older than 7 days.": 1}
    assert answer.context["not_judged"] == 2
    assert "Read the accounts again." in answer.content.decode()
    found = admin.get("/unused/unknown/?analyzer=unused-90&reason=The inventory is older than 7 days.")
    assert [row.resource_arn.rsplit("/")[-1] for row in found.context["page"]] == ["b"]


def test_the_trend_is_drawn_from_what_happened(admin: Client, make: Callable[..., Finding]) -> None:
    now = timezone.now()
    for ago in (50, 20):
        found = make()
        Event.objects.create(finding=found, kind="CREATED", at=now - timedelta(days=ago), new_status="ACTIVE")
    answer = admin.get("/unused/")
    trend = answer.context["trend"]
    assert (trend.now, trend.most) == (2, 2)
    assert trend.words.startswith("0 active on")
    assert trend.line.count("V") == 83


def test_figures_cost_the_same_whatever_their_number(
    admin: Client, make: Callable[..., Finding], unused: Analyzer, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make("UnusedIAMRole", resource=f"{ROLE}{number}")
        judged(unused, f"r{number}", (10, 1, number), f"Why {number % 3}.")
    with django_assert_max_num_queries(24):
        admin.get("/unused/")


def test_another_analyzer_and_one_that_is_not_there(admin: Client, unused: Analyzer) -> None:
    Analyzer.objects.create(
        name="unused-365",
        type="ACCOUNT_UNUSED_ACCESS",
        scope=unused.scope,
        configuration={"unusedAccess": {"unusedAccessAge": 365}},
    )
    assert admin.get("/unused/").context["analyzer"].name == "unused-365"
    assert admin.get("/unused/?analyzer=unused-90").context["analyzer"] == unused
    assert admin.get("/unused/?analyzer=nobody").status_code == 404
    assert admin.get("/unused/unknown/?analyzer=nobody").status_code == 404
    assert admin.get("/unused/unknown/").context["analyzer"].name == "unused-365"
