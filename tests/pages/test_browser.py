"""The pages in a real browser: a triage walk, both themes, two widths, no complaint of axe or of the console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, sync_playwright

from analyzers.actions import SaveSimulation
from analyzers.inventory.load import load
from analyzers.models import Analyzer, KnownAccount, Organization, PolicyChange
from analyzers.scans import request_scan, work
from analyzers.simulator.examples import EXAMPLES
from analyzers.simulator.fields import Typed
from findings.models import ArchiveRule, Finding
from findings.roles import create_groups
from tests.conftest import SAMPLE

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs an event loop in this thread

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def sample(transactional_db: None) -> Analyzer:
    create_groups()
    load([SAMPLE])
    analyzer = Analyzer.objects.create(name="org", type="ORGANIZATION", scope=Organization.objects.get().pk)
    work(request_scan(analyzer).pk)
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    return analyzer


@pytest.fixture
def complaints() -> list[str]:
    return []


def enter(browser: Browser, live_server: Any, complaints: list[str], *, width: int = 1440, dark: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        base_url=live_server.url,
        bypass_csp=False,
    )
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/login/")
    page.fill("#id_username", "adm")
    page.fill("#id_password", "a long enough password")
    page.click("button.primary")
    page.wait_for_url(f"{live_server.url}/")
    return page


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {item['nodes'][0]['html'][:120]}"
        for item in found["violations"]
        if item["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_in_both_themes_and_widths(
    browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str], width: int, dark: bool
) -> None:
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    finding = Finding.objects.get(
        resource="arn:aws:s3:::photo-thumbnails", condition__contains={"aws:SourceIp": "203.0.113.0/24"}
    )
    error = Finding.objects.get(resource="arn:aws:s3:::team-broken")
    paths = [
        "/",
        "/findings/",
        f"/findings/{finding.pk}/",
        f"/findings/{error.pk}/",
        "/rules/",
        "/rules/new/",
        "/rules/import/",
    ]
    paths += ["/analyzers/", f"/analyzers/{sample.pk}/", "/analyzers/new/"]
    paths += [
        "/inventory/",
        "/inventory/resources/",
        "/inventory/import/",
        "/inventory/known-accounts/",
        "/profile/",
        "/simulator/",
        "/catalogue/?q=s3:Get*",
        "/catalogue/sqs/",
    ]
    vendor = Finding.objects.get(resource__endswith=":role/analytics-vendor")
    KnownAccount.objects.create(identifier="999988887777", name="Example Monitoring", note="contract", trusted=True)
    PolicyChange.objects.create(
        resource=vendor.resource, status="KNOWN", event="CreateRole", at=vendor.created_at, asked_at=vendor.created_at
    )
    paths.append(f"/findings/{vendor.pk}/")
    line = Typed.from_data(EXAMPLES[2].data).read()
    paths.append(f"/simulator/{SaveSimulation(line, User.objects.get(username='adm'))().pk}/")
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.dataset.bsTheme") == ("dark" if dark else "light")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        assert violations(page) == [], path
    assert complaints == []


def test_a_simulation_walk(browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str]) -> None:
    page = enter(browser, live_server, complaints)
    page.goto("/simulator/")
    page.click("text=A permissions boundary stands in the way")
    page.click("button:has-text('Another policy of the caller')")
    page.fill(
        "#identity-2", '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    )
    page.click("button:has-text('Simulate')")
    page.wait_for_url("**/simulator/*/")
    assert page.inner_text("h1") == "Denied: nothing allows it"
    page.click("text=Change the request or the policies")
    assert page.input_value("#identity-2").startswith("{")
    page.fill("#boundary", "")
    page.click("button:has-text('Simulate')")
    page.wait_for_selector("h1:has-text('Allowed')")
    assert complaints == []


def test_a_triage_walk(browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str]) -> None:
    page = enter(browser, live_server, complaints)
    page.click("nav >> text=Findings")
    page.fill("#q", "isPublic:true")
    page.press("#q", "Enter")
    assert "isPublic%3Atrue" in page.url
    page.click("text=shop-website")
    assert "Anyone on the internet can s3:GetObject" in page.inner_text("h1")
    assert page.locator("li.hit").count() > 3
    page.fill("input[name=reason]", "the shop's website")
    page.click("button:has-text('Archive')")
    page.wait_for_selector("text=Archived: arn:aws:s3:::shop-website")
    assert Finding.objects.get(resource="arn:aws:s3:::shop-website").status == "ARCHIVED"
    page.click("button:has-text('Undo')")
    page.wait_for_selector("text=Undone")
    assert Finding.objects.get(resource="arn:aws:s3:::shop-website").status == "ACTIVE"
    page.goto("/findings/?q=resource~price-changes")
    page.click("text=price-changes")
    page.click("text=Archive rule from this")
    page.wait_for_selector("#preview >> text=active finding")
    page.fill("#id_name", "public-prices")
    page.check("text=New findings and those that match now")
    page.click("button:has-text('Create')")
    page.check("#id_confirm_public")
    page.click("button:has-text('Create')")
    page.wait_for_selector("text=1 finding archived")
    assert ArchiveRule.objects.get().name == "public-prices"
    assert complaints == []


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "narrow-dark"])
def test_a_rule_walk(
    browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str], width: int, dark: bool
) -> None:
    """Live preview, two questions before public access is hidden, undo, and the rule outlives its analyzer."""

    def look() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} scrolls sideways"
        assert violations(page) == [], page.url

    page = enter(browser, live_server, complaints, width=width, dark=dark)
    page.goto("/rules/new/")
    page.fill("#id_name", "buckets")
    page.fill("#id_q", "nonsense:1")
    page.wait_for_selector("#preview >> text=There is no property")
    page.fill("#id_q", "resourceType:AWS::S3::Bucket isPublic:false")
    page.wait_for_selector("#preview >> text=active findings match")
    assert page.locator("#preview .note-warning").count() == 0
    page.fill("#id_q", "resource~shop-website")
    page.wait_for_selector("#preview >> text=1 public")
    page.wait_for_selector("#preview >> text=can hide public access")
    page.wait_for_selector("#preview >> text=on bucket shop-website")
    page.check("text=New findings and those that match now")
    look()
    page.click("button:has-text('Create')")
    page.wait_for_selector("text=Sure? This rule can hide public access: 1 public finding matches now")
    assert not ArchiveRule.objects.exists()
    look()
    page.click("button:has-text('Create')")
    page.wait_for_selector("text=Sure?")
    assert not ArchiveRule.objects.exists()
    page.check("#id_confirm_public")
    page.click("button:has-text('Create')")
    page.wait_for_selector("text=Rule buckets created; 1 finding archived.")
    website = Finding.objects.get(resource="arn:aws:s3:::shop-website")
    assert website.status == "ARCHIVED"
    page.wait_for_selector("text=No active finding matches")
    look()
    page.click("text=Undo: make active again the 1 finding this rule archived")
    page.wait_for_selector("text=1 finding made active again")
    website.refresh_from_db()
    assert website.status == "ACTIVE"
    page.click("button:has-text('Archive what matches now')")
    page.wait_for_selector("text=Sure?")
    look()
    page.check("#id_confirm_public")
    page.click("button:has-text('Archive what matches now')")
    page.wait_for_selector("text=1 finding archived by buckets")
    page.click("a:has-text('Change')")
    page.wait_for_selector("#preview >> text=No active finding matches")
    page.fill("#id_q", "resourceType:AWS::S3::Bucket")
    page.wait_for_selector("#preview >> text=active findings match")
    look()
    page.click("text=Cancel")
    page.click("a:has-text('Delete')")
    page.wait_for_selector("text=1 finding is archived by this rule")
    look()
    page.click("text=Cancel")
    page.click("a:has-text('Copy')")
    page.click("button:has-text('Check')")
    page.wait_for_selector("text=org has a rule of this name already")
    look()
    sample.delete()
    page.goto("/rules/")
    page.wait_for_selector("text=Kept from deleted analyzer org")
    look()
    page.goto("/analyzers/new/")
    page.fill("#id_name", "org")
    page.wait_for_selector("text=1 archive rule was kept from a deleted analyzer of this name")
    page.check("text=Restore it")
    look()
    page.click("button:has-text('Create and scan')")
    page.wait_for_selector("text=Sure?")
    page.check("#id_confirm_public")
    page.click("button:has-text('Create and scan')")
    page.wait_for_selector("text=Analyzer org created, 1 kept rule restored")
    assert Analyzer.objects.get(name="org").archive_rules.get().name == "buckets"
    assert complaints == []


def test_keys_and_selection(browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str]) -> None:
    page = enter(browser, live_server, complaints)
    page.goto("/findings/?q=isPublic:true")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr.chosen").count() == 1
    assert page.locator(".bulk button").inner_text() == "Archive 1"
    page.keyboard.press("e")
    page.wait_for_selector("text=1 finding archived")
    assert Finding.objects.filter(status="ARCHIVED").count() == 1
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    assert complaints == []


def test_the_list_reads_without_scripts(
    browser: Browser, live_server: Any, sample: Analyzer, complaints: list[str]
) -> None:
    page = enter(browser, live_server, complaints)
    cookies = page.context.cookies()
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    still = plain.new_page()
    still.goto("/findings/?q=isPublic:true")
    assert still.locator("table.findings tbody tr").count() == 13
    still.click("text=shop-website")
    assert "shop-website" in still.inner_text("h1")
