"""The pages about access inside in a real browser: both themes, two widths, a walk, no complaint of axe."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from playwright.sync_api import Browser

from analyzers.models import Analyzer
from findings.roles import create_groups
from tests.pages.test_access import VAULT, arn, internal, planted
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations

__all__ = ["browser", "complaints", "internal", "planted", "pytestmark"]


@pytest.fixture
def person(transactional_db: None) -> User:
    cache.clear()
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_access_pages_in_both_themes_and_widths(
    browser: Browser,
    live_server: Any,
    person: User,
    internal: Analyzer,
    complaints: list[str],
    width: int,
    dark: bool,
) -> None:
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    paths = ["/access/", "/access/?q=taker", "/inventory/principals/", f"/analyzers/{internal.pk}/matrix/"]
    paths += [f"/access/resource/?arn={VAULT}&who={arn('user', 'nobody')}&action=s3:GetObject"]
    paths += [f"/access/principal/?arn={arn('user', 'taker')}", f"/access/principal/?arn={arn('user', 'climber')}"]
    for path in paths:
        page.goto(path)
        for summary in page.locator("details > summary").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        assert violations(page) == [], path
    assert complaints == []


def test_a_walk_from_a_resource_to_a_principal(
    browser: Browser,
    live_server: Any,
    person: User,
    internal: Analyzer,
    complaints: list[str],
) -> None:
    page = enter(browser, live_server, complaints)
    page.click("nav >> text=Access")
    page.fill("#aq", "vault")
    page.click("button:has-text('Search')")
    page.click("ul >> text=arn:aws:s3:::vault")
    assert page.locator("svg.paths g.node").count() == 5
    page.click("summary:has-text('user/taker')")
    page.click("summary:has-text('Proof of sts:AssumeRole')")
    assert page.locator("text=Statement 0 of the role's trust policy").first.is_visible()
    page.fill("#who", "user/nobody")
    page.click("button:has-text('Ask')")
    assert page.locator("text=No policy of the caller allows it.").first.is_visible()
    page.click("th >> text=reader")
    assert page.inner_text("h1") == "What does reader reach?"
    assert "its own rights" in page.inner_text("#access")
    assert complaints == []
