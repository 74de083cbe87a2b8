"""Creating an internal access analyzer, and what its findings look like."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from analyzers.models import Analyzer, Organization, Resource
from analyzers.scans import work
from findings.models import Finding

pytestmark = pytest.mark.django_db
NEW = "/analyzers/new/internal/"


@pytest.fixture
def admin(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def fields(organization: Organization, **more: Any) -> dict[str, Any]:
    scope = f"ORGANIZATION_INTERNAL_ACCESS {organization.pk}"
    return {"scope": scope, "name": "inside", "scan_every": "1440", "choose": "all", **more}


def confirm(page: Any) -> dict[str, str]:
    draft = page.context["draft"]
    return {
        "name": draft.name,
        "type": draft.type,
        "scope": draft.scope,
        "scan_every": page.context["period"],
        "configuration": page.context["configuration"],
        "confirmed": "1",
    }


def test_nothing_is_created_before_it_is_confirmed(admin: Client, organization: Organization) -> None:
    assert admin.get(NEW).status_code == 200
    page = admin.post(NEW, fields(organization))
    assert page.status_code == 200
    assert not Analyzer.objects.exists()
    told = page.context["estimate"]
    assert told.pairs == told.principals * told.resources > 1000
    assert f"{told.principals}" in page.content.decode()
    answer = admin.post(NEW, confirm(page))
    analyzer = Analyzer.objects.get()
    assert answer.url == f"/analyzers/{analyzer.pk}/"
    assert analyzer.type == "ORGANIZATION_INTERNAL_ACCESS"
    assert analyzer.scans.count() == 1


def test_resources_by_a_list(admin: Client, organization: Organization) -> None:
    arns = list(Resource.objects.filter(type="AWS::S3::Bucket").values_list("arn", flat=True)[:2])
    text = "\n".join([*arns, arns[0], "arn:aws:s3:::not-there"])
    page = admin.post(NEW, fields(organization, choose="listed", arns=text))
    assert page.context["estimate"].resources == 2
    assert page.context["duplicates"] == 1
    assert page.context["missing"] == ("arn:aws:s3:::not-there",)
    file = SimpleUploadedFile("a.csv", ("arn\n" + text).encode())
    page = admin.post(NEW, fields(organization, choose="listed", file=file))
    assert page.context["estimate"].resources == 2


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"choose": "listed"}, "arns", "at least one"),
        ({"choose": "listed", "arns": "arn:aws:s3:::b\n<script>"}, "arns", "Line 2"),
        ({"choose": "fitting"}, "choose", "at least one"),
        ({"choose": "fitting", "tags": "=x"}, "tags", "needs a key"),
        ({"name": "1 no"}, "name", "no digit first"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    admin: Client, organization: Organization, more: dict[str, Any], field: str, said: str
) -> None:
    page = admin.post(NEW, fields(organization, **more))
    assert said in " ".join(page.context["form"].errors[field])
    assert b"<script>" not in page.content.replace(b"<script ", b"")


def test_a_broken_file_is_told_line_by_line(admin: Client, organization: Organization) -> None:
    file = SimpleUploadedFile("a.csv", b"arn\narn:aws:s3:::b\nx\ny\n")
    page = admin.post(NEW, fields(organization, choose="listed", file=file))
    assert [text[:7] for text in page.context["form"].errors["file"]] == ["Line 3:", "Line 4:"]


@pytest.mark.parametrize("configuration", ["", "[", "[]", '{"internalAccess":{}}', "[" * 100_000])
def test_a_forged_confirmation(admin: Client, organization: Organization, configuration: str) -> None:
    page = admin.post(NEW, fields(organization))
    answer = admin.post(NEW, confirm(page) | {"configuration": configuration})
    assert answer.status_code == 302
    assert answer.url == NEW
    assert not Analyzer.objects.exists()


def test_only_administrators(client: Client, reviewer: User, organization: Organization) -> None:
    client.force_login(reviewer)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, {"confirmed": "1"}).status_code == 403


def test_a_finding_shows_how_the_principal_gets_in(admin: Client, organization: Organization) -> None:
    page = admin.post(NEW, fields(organization))
    admin.post(NEW, confirm(page))
    work(Analyzer.objects.get().scans.get().pk)
    found = Finding.objects.filter(proof="PROVED").exclude(details__statements=[]).first()
    assert found is not None
    said = admin.get(f"/findings/{found.pk}/").content.decode()
    assert "A request that is allowed" in said
    assert "Service control policies" in said
    assert found.principal["AWS"] in said
    assert 'class="hit"' in said
    assert admin.get("/findings/").status_code == 200
    assert admin.get(f"/analyzers/{found.analyzer_id}/").status_code == 200


def test_from_the_command_line(organization: Organization, tmp_path: Any, capsys: Any) -> None:
    arn = Resource.objects.filter(type="AWS::S3::Bucket").values_list("arn", flat=True)[0]
    path = tmp_path / "critical.csv"
    path.write_text(f"arn\n{arn}\n{arn}\n")
    out = io.StringIO()
    options = ["--type", "ORGANIZATION_INTERNAL_ACCESS", "--scope", organization.pk]
    call_command("create_analyzer", "inside", *options, "--resources-file", str(path), stdout=out)
    assert "1 resources" in out.getvalue()
    chosen = Analyzer.objects.get().configuration["internalAccess"]["analysisRule"]["inclusions"]
    assert chosen == [{"resourceArns": [arn]}]
    path.write_text("nonsense")
    with pytest.raises(CommandError, match="line 1"):
        call_command("create_analyzer", "other", *options, "--resources-file", str(path))
    call_command("create_analyzer", "tagged", *options, "--tag", "data=secret", "--resource-type", "AWS::KMS::Key")
    said = json.dumps(Analyzer.objects.get(name="tagged").configuration)
    assert '"resourceTags": {"data": "secret"}' in said
