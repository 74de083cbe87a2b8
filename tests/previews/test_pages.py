"""The pages of previews: what they ask, show, and refuse."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analyzers.models import AccessPreview, Analyzer
from analyzers.previews.configurations import with_policy
from analyzers.previews.work import work
from findings.models import Finding
from tests.pages.conftest import admin, client_of

from . import organization as org
from .test_as_scanned import outside, previewed

__all__ = ["admin", "client_of", "outside"]
pytestmark = pytest.mark.django_db
OPEN = org.document(org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to("*")))


@pytest.fixture(autouse=True)
def nobody_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.tasks.wake_preview", lambda pk: True)


def page(client: Client, path: str, status: int = 200, **data: Any) -> str:
    response = client.post(path, data) if data else client.get(path)
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def created(client: Client, **data: Any) -> AccessPreview:
    response = client.post("/previews/new/", data)
    assert response.status_code == 302, response.content.decode()[:3000]
    preview = AccessPreview.objects.get()
    assert response["Location"] == f"/previews/{preview.pk}/"
    return preview


def test_the_form_begins_with_the_present_policy(admin: Client, outside: Analyzer) -> None:
    text = page(admin, f"/previews/new/?resource={org.BUCKET}")
    assert org.OUTSIDE in text
    assert "bucketAclGrants" in text
    finding = Finding.objects.get(resource=org.BUCKET)
    assert org.OUTSIDE in page(admin, f"/previews/new/?finding={finding.pk}")
    assert f"/previews/new/?finding={finding.pk}" in page(admin, f"/findings/{finding.pk}/")
    assert "r-1" in page(admin, "/previews/new/?policy=p-full")
    for odd in ("?resource=%00", "?policy=p-none", "?finding=x", "?analyzer=none&resource=arn:aws:s3:::none"):
        page(admin, f"/previews/new/{odd}")


def test_from_the_form_to_the_answer(admin: Client, outside: Analyzer) -> None:
    preview = created(admin, analyzer="outside", resource=org.BUCKET, policy="", text=OPEN, rest="{}")
    waiting = page(admin, f"/previews/{preview.pk}/")
    assert "Still computing" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    work(preview.pk)
    text = page(admin, f"/previews/{preview.pk}/")
    assert "<h1>Opens the S3 bucket to everybody" in text
    assert "There would be new access" in text
    assert "Newly allowed by the text" in text
    assert 'class="hit"' in text
    assert "A request that would be allowed" in text
    assert "hx-trigger" not in text
    assert str(preview.pk) in page(admin, "/previews/")


def test_a_control_policy_from_the_form(admin: Client, outside: Analyzer) -> None:
    text = org.document({**org.deny("*"), "Principal": "*"})
    preview = created(admin, analyzer="outside", policy="new-rcp", resource="", text=text, targets=f"{org.UNIT}\n")
    work(preview.pk)
    shown = page(admin, f"/previews/{preview.pk}/")
    assert "Takes access at 1 resource from 1 principal outside." in shown
    assert "No new access." in shown


def test_a_text_that_is_no_policy_is_told_at_its_line(admin: Client, outside: Analyzer) -> None:
    broken = '{"Version": "2012-10-17",\n "Statement": [}'
    shown = page(admin, "/previews/new/", 422, analyzer="outside", resource=org.BUCKET, text=broken)
    assert "line 2" in shown
    assert broken.replace('"', "&quot;") in shown
    assert not AccessPreview.objects.exists()
    more = [
        ({"resource": "arn:aws:s3:::none"}, "of which type"),
        ({"resource": org.BUCKET, "rest": "["}, "This is no JSON"),
        ({"resource": org.BUCKET, "rest": '{"bucketAclGrants": [1]}'}, "must be an object"),
        ({"resource": org.BUCKET, "rest": "[" * 100_000}, "This is no JSON"),
        ({"policy": "new-scp", "targets": "r-1"}, "internal access"),
        ({"policy": "p-full", "targets": "r-1"}, "internal access"),
        ({"policy": "new-rcp", "targets": "r-9"}, "r-9"),
        ({"analyzer": "none", "resource": org.BUCKET}, "Choose an analyzer"),
        ({}, "Name a resource"),
    ]
    for given, message in more:
        data = {"analyzer": "outside", "text": OPEN, **given}
        assert message in page(admin, "/previews/new/", 422, **data), given


def test_hostile_texts_are_shown_as_they_are(admin: Client, outside: Analyzer) -> None:
    evil = "<script>alert(1)</script>\u202e"
    statement = {**org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to("*")), "Sid": evil}
    statement["Condition"] = {"StringEquals": {"aws:PrincipalTag/x": evil}}
    preview = created(admin, analyzer="outside", resource=org.BUCKET, text=org.document(statement))
    work(preview.pk)
    text = page(admin, f"/previews/{preview.pk}/")
    assert "<script>alert" not in text
    assert "\u202e" not in text


def test_unknown_is_shown_as_unknown(admin: Client, outside: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzers.kinds import external
    from analyzers.kinds.subject import Analysis

    monkeypatch.setattr(external, "analyze", lambda *args, **more: Analysis(error="No answer in time."))
    preview = created(admin, analyzer="outside", resource=org.BUCKET, text=OPEN)
    work(preview.pk)
    text = page(admin, f"/previews/{preview.pk}/")
    assert "not known whether it stays" in text
    assert "No answer in time." in text
    assert "verdict-unknown" in text


def test_a_failed_preview_says_that_nothing_is_known(admin: Client, outside: Analyzer) -> None:
    preview = created(admin, analyzer="outside", resource=org.BUCKET, text=OPEN)
    assert admin.post(f"/previews/{preview.pk}/cancel/").status_code == 302
    text = page(admin, f"/previews/{preview.pk}/")
    assert "Canceled." in text
    assert "must not be taken for safe" in text


def test_who_may_not_is_told(client_of: Callable[[User], Client], auditor: User, outside: Analyzer) -> None:
    client = client_of(auditor)
    assert "You may not preview" in page(client, f"/previews/new/?resource={org.BUCKET}")
    page(client, "/previews/new/", 403, analyzer="outside", resource=org.BUCKET, text=OPEN)
    page(client, f"/previews/{uuid.uuid4()}/", 404)
    assert Client().get("/previews/").status_code == 302


def test_a_page_of_many_findings_is_paged(admin: Client, outside: Analyzer) -> None:
    many = [f"{number:012d}" for number in range(700000000000, 700000000060)]
    text = org.document(org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to(*many)))
    preview = previewed(outside, configurations={org.BUCKET: with_policy("AWS::S3::Bucket", text)})
    assert "New (60)" in page(admin, f"/previews/{preview.pk}/")
    assert "page 2 of 2" in page(admin, f"/previews/{preview.pk}/?new-page=2")
    page(admin, f"/previews/{preview.pk}/?new-page=x&gone-page=-1")
