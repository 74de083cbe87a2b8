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
    paths = ["/", "/findings/", f"/findings/{finding.pk}/", f"/findings/{error.pk}/", "/rules/", "/rules/new/"]
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
    page.check("#id_existing")
    page.click("button:has-text('Create')")
    page.check("#id_confirm_public")
    page.click("button:has-text('Create')")
    page.wait_for_selector("text=1 findings archived")
    assert ArchiveRule.objects.get().name == "public-prices"
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
    assert still.locator("table.findings tbody tr").count() == 12
    still.click("text=shop-website")
    assert "shop-website" in still.inner_text("h1")
