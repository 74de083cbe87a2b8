"""The pages about unused access in a real browser: both themes, two widths, no complaint of axe or the console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, expect

from analyzers.models import Account, Analyzer, Principal
from findings.models import Finding
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations
from tests.pages.test_unused_pages import judged, make, principal, service, unused, use

__all__ = ["browser", "complaints", "make", "principal", "pytestmark", "unused"]


@pytest.fixture
def account(transactional_db: None) -> Account:
    return Account.objects.create(pk="111122223333", name="shop")


@pytest.fixture
def person(transactional_db: None) -> User:
    cache.clear()
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


@pytest.fixture
def found(make: Callable[..., Finding], principal: Principal, unused: Analyzer) -> Finding:
    """One of each kind, with use that comes once a month, and attempts that were denied."""
    use("s3:GetObject", list(range(0, 400, 2)))
    use("ses:SendEmail", [17, 47, 78, 108, 139, 169])
    use("organizations:ListAccounts", [44, 45], denied=True)
    principal.tags = {"Owner": "ann@example.com"}
    principal.save()
    services = [
        service("s3", name="Amazon S3", unused=["s3:GetBucketAcl"], used=[("s3:GetObject", "2026-06-30T10:00:00Z")]),
        service(
            "ses", name="Amazon SES", unused=["ses:SendRawEmail"], used=[("ses:SendEmail", "2026-04-14T10:00:00Z")]
        ),
        service("ec2", name="Amazon EC2", whole=True),
    ]
    permission = make(details={"services": services, "granted": 900, "unused": 880, "untracked": 8})
    make("UnusedIAMRole", last_accessed_at=None)
    make(
        "UnusedIAMUserAccessKey",
        details={"access_key_id": "AKIAEXAMPLEKEY", "created_at": "2020-05-01T08:00:00Z"},
        resource="arn:aws:iam::111122223333:user/legacy-batch",
        resource_type="AWS::IAM::User",
        last_accessed_at=timezone.now() - timedelta(days=400),
    )
    judged(unused, "wide", (1000, 10, 900))
    judged(unused, "other", (5, 0, 0), "IAM's last-accessed report was not read.")
    return permission


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_in_both_themes_and_widths(
    browser: Browser, live_server: Any, person: User, found: Finding, complaints: list[str], width: int, dark: bool
) -> None:
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    key = Finding.objects.get(finding_type="UnusedIAMUserAccessKey")
    paths = ["/", "/unused/", "/unused/unknown/?analyzer=unused-90", "/analyzers/new/unused/", f"/findings/{found.pk}/"]
    paths += ["/findings/?q=unusedFor:*", f"/findings/{key.pk}/", f"/findings/{found.pk}/service/?prefix=ec2"]
    paths += [f"/analyzers/{found.analyzer_id}/", f"/analyzers/{found.analyzer_id}/unused/"]
    for path in paths:
        page.goto(path)
        assert violations(page) == [], path
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide"
    assert complaints == []


def test_a_service_opens_with_its_actions(
    browser: Browser, live_server: Any, person: User, found: Finding, complaints: list[str]
) -> None:
    page = enter(browser, live_server, complaints)
    page.goto(f"/findings/{found.pk}/")
    assert page.locator("details.service[open]").count() == 2
    whole = page.locator("details.service", has_text="Amazon EC2")
    whole.locator("summary").click()
    expect(whole.locator(".body")).not_to_contain_text("The actions of")
    assert complaints == []


def test_the_name_follows_the_period_until_somebody_types_his_own(
    browser: Browser, live_server: Any, person: User, account: Account, complaints: list[str]
) -> None:
    page = enter(browser, live_server, complaints)
    page.goto("/analyzers/new/unused/")
    name = page.locator("#id_name")
    assert name.input_value() == "unused-365"
    page.check("input[value='270']")
    expect(name).to_have_value("unused-270")
    page.fill("#id_period", "60")
    expect(name).to_have_value("unused-60")
    assert page.is_checked("input[value='other']")
    page.wait_for_selector(".note-warning")
    name.fill("mine")
    page.check("input[value='90']")
    page.wait_for_selector(".note-warning", state="detached")
    assert name.input_value() == "mine"
    assert complaints == []
