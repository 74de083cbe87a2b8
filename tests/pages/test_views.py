"""Every page: who may see it, what it says, how many queries it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from analyzers.models import Analyzer, Import, Scan
from findings.models import Event, Finding
from tests.conftest import SAMPLE

PAGES = ["/", "/findings/", "/rules/", "/analyzers/", "/inventory/", "/inventory/resources/", "/profile/"]
FORMS = ["/analyzers/new/", "/rules/new/", "/rules/import/", "/rules/copy/", "/inventory/import/"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*PAGES, *FORMS, "/findings/export.csv", "/api/v1/findings/"])
def test_strangers_are_sent_to_the_door(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {302, 403}
    if answer.status_code == 302:
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("path", [*PAGES, *FORMS])
def test_empty_pages_say_what_to_do(admin: Client, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", FORMS)
def test_an_auditor_is_told_what_is_missing(auditor: User, client_of: Callable[[User], Client], path: str) -> None:
    answer = client_of(auditor).get(path)
    assert answer.status_code == 403
    assert "Ask an administrator to add you to the group" in answer.content.decode()


def test_the_list_and_its_filters(admin: Client, make_finding: Callable[..., Finding]) -> None:
    make_finding(is_public=True, principal={"AWS": "*"})
    make_finding(resource="arn:aws:s3:::other")
    text = admin.get("/findings/?q=isPublic:true").content.decode()
    assert "bucket-0" in text
    assert "other" not in text
    assert "There is no property" in admin.get("/findings/?q=nonsense:1").content.decode()
    assert "Nothing matches" in admin.get("/findings/?q=zzz").content.decode()
    assert admin.get("/findings/?after=zzz").status_code == 302


def test_the_list_costs_the_same_whatever_its_length(
    admin: Client, make_finding: Callable[..., Finding], django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make_finding()
    with django_assert_max_num_queries(14):
        admin.get("/findings/")


HOSTILE = "<script>alert(1)</script>\u202e"


def test_hostile_text_is_shown_as_text(admin: Client, make_finding: Callable[..., Finding]) -> None:
    finding = make_finding(
        resource=f"arn:aws:s3:::{HOSTILE}",
        principal={"AWS": HOSTILE},
        condition={HOSTILE: HOSTILE},
        action=[HOSTILE],
        details={"summary": HOSTILE, "witness": {"principal": HOSTILE, "context": {HOSTILE: [HOSTILE]}}},
    )
    for path in ("/findings/", f"/findings/{finding.pk}/", f"/findings/?q={HOSTILE}"):
        text = admin.get(path).content.decode()
        assert "<script>alert" not in text
        assert "\u202e" not in text


def test_a_finding_of_the_sample(admin: Client, organization: Any) -> None:
    from analyzers.scans import request_scan, work

    analyzer = Analyzer.objects.create(name="org", type="ORGANIZATION", scope=organization.pk)
    work(request_scan(analyzer).pk)
    finding = Finding.objects.get(resource="arn:aws:s3:::shop-website")
    text = admin.get(f"/findings/{finding.pk}/").content.decode()
    assert "Anyone on the internet can s3:GetObject on bucket shop-website." in text
    assert "allowed by a second, independent evaluator" in text
    assert 'class="hit"' in text
    assert "Block Public Access" in text
    for other in Finding.objects.all():
        assert admin.get(f"/findings/{other.pk}/").status_code == 200
    assert admin.get("/").status_code == 200
    assert admin.get(f"/analyzers/{analyzer.pk}/").status_code == 200


def test_archive_opens_the_next_and_can_be_undone(admin: Client, make_finding: Callable[..., Finding]) -> None:
    first, second = make_finding(is_public=True), make_finding()
    answer = admin.post(f"/findings/{first.pk}/change/", {"action": "archive", "reason": "a website"})
    assert answer["Location"].startswith(f"/findings/{second.pk}/")
    first.refresh_from_db()
    assert first.status == "ARCHIVED"
    assert Event.objects.get(finding=first).reason == "a website"
    admin.post("/findings/undo/", {"back": "/findings/"})
    first.refresh_from_db()
    assert first.status == "ACTIVE"


def test_many_at_once(admin: Client, make_finding: Callable[..., Finding]) -> None:
    rows = [make_finding(is_public=number < 3) for number in range(6)]
    admin.post("/findings/change/", {"action": "archive", "ids": [str(rows[4].pk), "nonsense"]})
    assert Finding.objects.filter(status="ARCHIVED").count() == 1
    admin.post("/findings/change/", {"action": "archive", "all": "1", "q": "isPublic:true", "status": "ACTIVE"})
    assert Finding.objects.filter(status="ARCHIVED").count() == 4
    admin.post("/findings/change/", {"action": "unarchive", "all": "1", "q": "", "status": "ARCHIVED"})
    assert Finding.objects.filter(status="ARCHIVED").count() == 0


def test_an_unsound_search_archives_nothing(admin: Client, make_finding: Callable[..., Finding]) -> None:
    make_finding()
    admin.post("/findings/change/", {"action": "archive", "all": "1", "q": "nonsense:1", "status": "ACTIVE"})
    assert Finding.objects.filter(status="ACTIVE").count() == 1


def test_nobody_is_sent_elsewhere_afterwards(admin: Client, make_finding: Callable[..., Finding]) -> None:
    answer = admin.post("/findings/change/", {"ids": [str(make_finding().pk)], "back": "https://evil.example/"})
    assert answer["Location"] == "/findings/"


def test_an_auditor_cannot_archive(
    auditor: User, client_of: Callable[[User], Client], make_finding: Callable[..., Finding]
) -> None:
    finding = make_finding()
    client = client_of(auditor)
    assert "Archive rule from this" not in client.get(f"/findings/{finding.pk}/").content.decode()
    assert client.post(f"/findings/{finding.pk}/change/", {"action": "archive"}).status_code == 403


def test_exports(admin: Client, make_finding: Callable[..., Finding]) -> None:
    make_finding(principal={"AWS": "=1+1"})
    csv = b"".join(admin.get("/findings/export.csv"))  # type: ignore[arg-type]
    assert b"'=1+1" in csv
    xlsx = b"".join(admin.get("/findings/export.xlsx?q=isPublic:false"))  # type: ignore[arg-type]
    assert xlsx.startswith(b"PK")
    assert admin.get("/findings/export.csv?q=nonsense:1").status_code == 400


def test_an_analyzer_from_creation_to_deletion(admin: Client, analyzer: Analyzer) -> None:
    form = {"scope": f"ACCOUNT {analyzer.scope}", "name": "two", "scan_every": "60"}
    answer = admin.post("/analyzers/new/", form)
    made = Analyzer.objects.get(name="two")
    assert answer["Location"] == f"/analyzers/{made.pk}/"
    assert made.scan_every == 60
    scan = Scan.objects.get(analyzer=made)
    assert 'hx-trigger="every 2s"' in admin.get(f"/analyzers/{made.pk}/state/").content.decode()
    admin.post(f"/scans/{scan.pk}/cancel/")
    assert "every 2s" not in admin.get(f"/analyzers/{made.pk}/state/").content.decode()
    admin.post(f"/analyzers/{made.pk}/scan/")
    admin.post(f"/analyzers/{made.pk}/", {"scan_every": ""})
    made.refresh_from_db()
    assert made.scan_every is None
    admin.post(f"/analyzers/{made.pk}/delete/", {"name": "wrong"})
    assert Analyzer.objects.filter(name="two").exists()
    admin.post(f"/analyzers/{made.pk}/delete/", {"name": "two"})
    assert not Analyzer.objects.filter(name="two").exists()


def test_an_upload(admin: Client) -> None:
    file = SimpleUploadedFile("organization.json", SAMPLE.read_bytes(), content_type="application/json")
    answer = admin.post("/inventory/import/", {"files": [file], "on_problem": "refuse"}, follow=True)
    assert "Imported" in answer.content.decode()
    assert Import.objects.get().requested_by is not None
    assert "shop-production" in admin.get("/inventory/").content.decode()
    exported = b"".join(admin.get("/inventory/export.json"))  # type: ignore[arg-type]
    assert exported.startswith(b'{\n"inventory_version": 1')


def test_a_bad_upload_says_file_place_and_reason(admin: Client) -> None:
    bad = b'{"inventory_version": 1, "resources": [{"arn": "x", "type": "AWS::S3::Bucket"}]}'
    file = SimpleUploadedFile("<b>bad.json", bad)
    text = admin.post("/inventory/import/", {"files": [file]}, follow=True).content.decode()
    assert "Nothing was imported" in text
    assert "resources[0].arn" in text
    assert "&lt;b&gt;bad.json" in text


def test_suggestions(admin: Client) -> None:
    assert "isPublic:" in admin.get("/findings/suggestions/?word=isp").json()["suggestions"]
    assert admin.get("/findings/suggestions/?word=isPublic:t").json()["suggestions"] == ["isPublic:true"]


def test_guessing_a_password_is_slowed_down(client: Client, reviewer: User) -> None:
    for _ in range(10):
        client.post("/login/", {"username": "rev", "password": "wrong"})
    text = client.post("/login/", {"username": "rev", "password": "a long enough password"}).content.decode()
    assert "Too many attempts" in text


def test_what_does_not_exist(admin: Client) -> None:
    answer = admin.get("/findings/00000000-0000-0000-0000-000000000000/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_the_api_lists_findings(admin: Client, make_finding: Callable[..., Finding]) -> None:
    made = [make_finding() for _ in range(3)]
    answer = admin.get("/api/v1/findings/?size=25").json()
    assert {item["id"] for item in answer["findings"]} == {str(row.pk) for row in made}
    assert admin.get(f"/api/v1/findings/{made[0].pk}/").json()["resource"] == made[0].resource
    assert admin.get("/api/v1/analyzers/").json()["analyzers"][0]["name"] == "one"
    assert admin.get("/api/v1/findings/?q=nonsense:1").status_code == 400
