"""The smallest change in a real browser: both themes, two widths, by the keyboard, no complaint of axe."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from playwright.sync_api import Browser

from analyzers.models import Analyzer, Document, Resource, ResourceDocument
from analyzers.scans import request_scan, work
from findings.models import Finding
from findings.roles import create_groups
from tests.pages.test_browser import browser, complaints, enter, pytestmark, violations
from tests.pages.test_mending import OTHER, OUT, text

__all__ = ["browser", "complaints", "pytestmark"]


@pytest.fixture
def person(transactional_db: None) -> User:
    cache.clear()
    create_groups()
    user = User.objects.create_user("adm", password="a long enough password")
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


@pytest.fixture
def finding(person: User, analyzer: Analyzer) -> Finding:
    resource = Resource.objects.create(arn="arn:aws:s3:::b", account_id=analyzer.scope, type="AWS::S3::Bucket")
    written = text(OUT, OTHER)
    document = Document.objects.create(sha256=Document.digest(written), text=written)
    ResourceDocument.objects.create(resource=resource, channel="POLICY", document=document)
    work(request_scan(analyzer).pk)
    return Finding.objects.get(principal={"AWS": OUT})


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide and light", "narrow and dark"])
def test_from_the_button_to_the_diff(
    browser: Browser, live_server: Any, finding: Finding, complaints: list[str], width: int, dark: bool
) -> None:
    page = enter(browser, live_server, complaints, width=width, dark=dark)
    page.goto(f"/findings/{finding.pk}/")
    button = page.get_by_role("button", name="Find the smallest change")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#smallest-change .hit")
    assert f'"{OUT}"' in page.inner_text("#smallest-change .hit")
    for summary in page.locator("#smallest-change details > summary").all():
        if summary.is_visible():
            summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the changed policy").first.click()
    assert OUT not in started.value.path().read_text()
    assert complaints == []
