"""A preview in a real browser: both widths, both themes, no complaint of axe."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser

from analyzers.models import AccessPreview
from analyzers.previews.work import work
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations

from . import organization as org

__all__ = ["browser", "complaints", "pytestmark"]


@pytest.fixture
def person(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr("analyzers.tasks.wake_preview", lambda pk: True)
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Reviewers"))
    return user


def test_a_policy_is_tried(browser: Browser, live_server: Any, person: User, complaints: list[str]) -> None:
    org.organization()
    org.scan(org.external())
    for width, dark in ((1440, False), (390, True)):
        page = enter(browser, live_server, complaints, width=width, dark=dark)
        page.goto(f"/access/resource/?arn={org.BUCKET}")
        page.click("text=Try a changed policy")
        text = page.locator("#text")
        text.fill(text.input_value().replace(org.OUTSIDE, "*"))
        assert violations(page) == []
        page.click("text=What would change? >> nth=-1")
        page.wait_for_selector("text=Still computing")
        assert violations(page) == []
        work(AccessPreview.objects.latest("created_at").pk)
        page.wait_for_selector("h1:has-text('Opens the S3 bucket to everybody')")
        for summary in page.locator("#preview details > summary").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        page.goto("/previews/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        page.context.close()
    assert complaints == []
