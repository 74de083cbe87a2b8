"""Policy checks in a real browser: verdicts while typing, every page in both themes and widths, no complaint of axe."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from playwright.sync_api import Browser

from analyzers.actions import AssignGuardrail, CopyFromLibrary, SaveCheck
from analyzers.models import SavedCheck
from analyzers.views.playground import EXAMPLE
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations
from tests.pages.test_checks import run

__all__ = ["browser", "complaints", "pytestmark"]


@pytest.fixture
def person(transactional_db: None) -> User:
    cache.clear()
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


def test_the_verdict_comes_while_typing(
    browser: Browser, live_server: Any, person: User, complaints: list[str]
) -> None:
    page = enter(browser, live_server, complaints)
    page.click("nav >> text=Checks")
    page.fill("#policy", EXAMPLE.policy)
    page.fill("#reference", EXAMPLE.reference)
    page.wait_for_selector("#answer .outcome >> text=allows what the reference does not")
    assert "999988887777" in page.inner_text("#answer .hit >> nth=3") + page.inner_text("#answer")
    page.wait_for_selector("#mends .mend")
    page.fill("#policy", EXAMPLE.policy.replace(', "999988887777"', ""))
    page.wait_for_selector("#answer .badge.ok")
    page.wait_for_selector("#answer .badge.danger", state="detached")
    page.fill("#policy", "{")
    page.wait_for_selector("#policy-findings >> text=JSON_SYNTAX_ERROR")
    page.fill("#policy", EXAMPLE.policy)
    page.wait_for_selector("#policy-findings >> text=JSON_SYNTAX_ERROR", state="detached")
    page.click("button:has-text('Check and keep')")
    page.wait_for_url("**/checks/playground/*/")
    assert SavedCheck.objects.count() == 1
    assert complaints == []


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide and light", "narrow and dark"])
def test_every_page_in_two_themes_and_widths(
    browser: Browser, live_server: Any, person: User, complaints: list[str], width: int, dark: bool
) -> None:
    guardrail = CopyFromLibrary("github-oidc", person)().guardrail
    AssignGuardrail(guardrail, "PIPELINE", "shop-*", person, {"github-organization": "example"})()
    row = run(commit="0123456789abcdef", branch="feature/" + "long-" * 12, message="a note", unreadable=["x.json"])
    run(result="PASS")
    saved = SaveCheck(EXAMPLE.as_data(), person)()
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    for path in (
        "/checks/?example=1",
        f"/checks/playground/{saved.pk}/?mends=1",
        "/checks/pipelines/",
        "/checks/runs/",
        f"/checks/runs/{row.pk}/",
        "/checks/tokens/",
        "/checks/guardrails/",
        "/checks/guardrails/new/",
        "/checks/guardrails/library/baseline/",
        f"/checks/guardrails/{guardrail.pk}/",
        f"/checks/guardrails/{guardrail.pk}/diff/",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        for summary in page.locator("main details > summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        assert violations(page) == [], path
    assert complaints == []
