"""From "this role has all permissions" to a downloaded, proven policy in three clicks, in a real browser."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser

from analyzers.actions import StartPolicyGeneration
from analyzers.generating import work as generating
from analyzers.models import Account
from findings import recommending
from findings.actions import Recommend
from findings.models import Finding
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations
from tests.pages.test_generated_pages import GUARDRAIL, LIST
from tests.recommending import HOME, ROLE, USED, WIDE, evidence, finding_of, role, told

__all__ = ["browser", "complaints", "pytestmark"]


@pytest.fixture
def finding(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Finding:
    """A function's role that may do everything, and did three things."""
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Reviewers"))
    account = Account.objects.create(pk=HOME, name="shop")
    principal = role(account, everything=WIDE)
    told(monkeypatch, evidence())
    return finding_of(principal)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Computes in a thread of its own, as a worker would."""

    def call(pk: int) -> None:
        def work() -> None:
            recommending.work(pk)
            connection.close()

        threading.Thread(target=work).start()

    monkeypatch.setattr("findings.tasks.compute_recommendation.delay", call)


def test_three_clicks_to_a_proven_policy(
    browser: Browser, live_server: Any, finding: Finding, worker: None, complaints: list[str], tmp_path: Path
) -> None:
    page = enter(browser, live_server, complaints)
    page.goto("/findings/")
    page.click("text=thumbnailer")
    page.click("text=Policy without them")
    page.wait_for_selector("h2:has-text('Keeps')")
    assert "Proven: nothing new is allowed, and nothing in use is lost." in page.inner_text("main")
    assert "30 days shorter" in page.inner_text("#shorter")
    assert "sqs:*" in page.inner_text("#shorter")
    with page.expect_download() as download:
        page.click(".downloads .primary")
    path = tmp_path / "policy"
    download.value.save_as(path)
    assert download.value.suggested_filename.startswith("thumbnailer.")
    actions = json.loads(path.read_text())["Statement"][0]["Action"]
    assert set(USED) <= set(actions)
    assert "*" not in actions
    assert complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_in_both_themes_and_widths(
    browser: Browser, live_server: Any, finding: Finding, complaints: list[str], width: int, dark: bool
) -> None:
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    row = Recommend(finding, None, wake=False)()
    recommending.work(row.pk)
    Recommend(finding, None, "strict", wake=False)()
    now = timezone.now()
    job = StartPolicyGeneration(ROLE, now - timedelta(days=90), now, None, guardrail=GUARDRAIL, wake=False)()
    generating.work(str(job.pk))
    home = f"/findings/{finding.pk}/"
    paths = [home, f"{home}recommendation/", f"{home}recommendation/?variant=strict"]
    for path in [*paths, LIST, f"{LIST}new/", f"{LIST}{job.pk}/"]:
        page.goto(path)
        for summary in page.locator("main details > summary").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        assert violations(page) == [], path
    assert complaints == []


def test_old_and_new_read_without_scripts(
    browser: Browser, live_server: Any, finding: Finding, complaints: list[str]
) -> None:
    page = enter(browser, live_server, complaints)
    cookies = page.context.cookies()
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    still = plain.new_page()
    still.goto(f"/findings/{finding.pk}/")
    still.click("text=Policy without them")
    row = finding.recommendations.get()
    assert "Still computing" in still.inner_text("main")
    recommending.work(row.pk)
    still.click("text=Reload")
    assert still.locator(".sides del").count() > 0
    assert still.locator(".sides ins").count() >= 3
    still.select_option("#days", "7")
    still.click("#shorter button")
    assert "7 days shorter" in still.inner_text("#shorter")
