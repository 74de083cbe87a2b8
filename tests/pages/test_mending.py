"""The smallest change on a finding's page, without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from analyzers.access import mending, on_demand
from analyzers.checks.mending import Candidate, Change, Command, Kind, Loss, Mended
from analyzers.models import Account, Analyzer, Document, Resource, ResourceDocument
from analyzers.scans import request_scan, work
from analyzers.tasks import ask_for_mend
from findings.models import Finding
from findings.views.mending import script

OUT, OTHER = "999988887777", "444455556666"
BUTTON = "Find the smallest change"


def text(*accounts: str) -> str:
    statement = {
        "Sid": "Partners",
        "Effect": "Allow",
        "Principal": {"AWS": list(accounts)},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


@pytest.fixture
def finding(analyzer: Analyzer) -> Finding:
    """An account outside that reads a bucket, beside another."""
    cache.clear()
    resource = Resource.objects.create(arn="arn:aws:s3:::b", account_id=analyzer.scope, type="AWS::S3::Bucket")
    written = text(OUT, OTHER)
    document = Document.objects.create(sha256=Document.digest(written), text=written)
    ResourceDocument.objects.create(resource=resource, channel="POLICY", document=document)
    work(request_scan(analyzer).pk)
    return Finding.objects.get(principal={"AWS": OUT})


def test_from_the_button_to_the_downloads(admin: Client, finding: Finding) -> None:
    page = f"/findings/{finding.pk}/"
    assert BUTTON in admin.get(page).content.decode()
    answer = admin.post(f"{page}mend/?status=ACTIVE")
    assert answer["Location"] == f"{page}?status=ACTIVE#smallest-change"
    shown = admin.get(page).content.decode()
    assert BUTTON not in shown
    assert f"Take {OUT} out of Principal of statement 0 (Partners)." in shown
    assert "It removes exactly this" in shown
    assert "All other findings of the resource stay as they are." in shown
    assert "Remove the policy" in shown
    assert "That does not say that nobody uses it" in shown
    policy = admin.get(f"{page}mend/0/policy.json")
    assert policy["Content-Disposition"] == 'attachment; filename="mended-policy.json"'
    assert policy.content.decode() == text(OTHER)
    command = admin.get(f"{page}mend/0/command.sh").content.decode()
    assert command.endswith("aws s3api put-bucket-policy --bucket b --policy file://mended-policy.json\n")
    assert admin.get(f"{page}mend/9/policy.json").status_code == 404


def test_nobody_downloads_what_was_not_asked_for(admin: Client, finding: Finding) -> None:
    assert admin.get(f"/findings/{finding.pk}/mend/0/policy.json").status_code == 404
    assert admin.get(f"/findings/{finding.pk}/mend/").status_code == 405


def test_strangers_are_sent_to_the_door(client: Client, finding: Finding) -> None:
    assert client.post(f"/findings/{finding.pk}/mend/")["Location"].startswith("/login/")
    assert client.get(f"/findings/{finding.pk}/mend/0/policy.json")["Location"].startswith("/login/")


def test_an_auditor_may_ask(auditor: User, client_of: Callable[[User], Client], finding: Finding) -> None:
    client = client_of(auditor)
    client.post(f"/findings/{finding.pk}/mend/")
    assert "It removes exactly this" in client.get(f"/findings/{finding.pk}/").content.decode()


def test_another_policy_is_another_question(admin: Client, finding: Finding) -> None:
    admin.post(f"/findings/{finding.pk}/mend/")
    written = text(OUT)
    document = Document.objects.create(sha256=Document.digest(written), text=written)
    ResourceDocument.objects.update(document=document)
    assert BUTTON in admin.get(f"/findings/{finding.pk}/").content.decode()


def test_a_worker_goes_on_where_a_page_may_not(
    admin: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, str]] = []
    monkeypatch.setattr(mending, "LARGE", 0)
    monkeypatch.setattr(ask_for_mend, "delay", lambda *values: called.append(values))
    page = f"/findings/{finding.pk}/"
    admin.post(f"{page}mend/")
    assert "A worker looks for the change" in admin.get(page).content.decode()
    assert 'hx-trigger="every 2s"' in admin.get(f"{page}smallest-change/").content.decode()
    ((pk, key),) = called
    ask_for_mend(pk, key)
    fragment = admin.get(f"{page}smallest-change/").content.decode()
    assert "It removes exactly this" in fragment
    assert "hx-trigger" not in fragment


@pytest.mark.parametrize("more", [{"error": "not read"}, {"status": "RESOLVED"}, {"finding_type": "UnusedIAMRole"}])
def test_where_no_policy_helps_there_is_no_section(
    admin: Client, make_finding: Callable[..., Finding], more: dict[str, Any]
) -> None:
    made = make_finding(**more)
    assert "The smallest change" not in admin.get(f"/findings/{made.pk}/").content.decode()
    admin.post(f"/findings/{made.pk}/mend/")
    assert on_demand.known(mending.key_of(made)) is None


def test_a_resource_that_is_gone(admin: Client, make_finding: Callable[..., Finding]) -> None:
    made = make_finding()
    admin.post(f"/findings/{made.pk}/mend/")
    assert "not in the inventory any more" in admin.get(f"/findings/{made.pk}/").content.decode()


HOSTILE = "<script>alert(1)</script>\u202e\n$(reboot)"


def test_hostile_text_is_shown_as_text(admin: Client, finding: Finding) -> None:
    candidate = Candidate(
        kind=Kind.PRINCIPAL,
        sentence=HOSTILE,
        before=HOSTILE,
        text=HOSTILE,
        edits=(),
        changes=(Change(HOSTILE, (), HOSTILE, HOSTILE),),
        diff=f"+{HOSTILE}",
        proof=(HOSTILE,),
        loss=Loss(False, HOSTILE, None, (HOSTILE,), (HOSTILE,)),
        document=HOSTILE,
        command=Command("aws x 'y'", "f", HOSTILE),
    )
    on_demand.keep(mending.key_of(finding), Mended((candidate, candidate), HOSTILE, (HOSTILE,)))
    shown = admin.get(f"/findings/{finding.pk}/").content.decode()
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    lines = script(candidate).splitlines()
    assert [line for line in lines[2:-1] if not re.match(r"# [^\n]*$", line)] == []
    assert lines[-1] == "aws x 'y'"


def test_the_page_of_a_finding_costs_few_queries_more(
    admin: Client, finding: Finding, django_assert_max_num_queries: Any, account: Account
) -> None:
    admin.post(f"/findings/{finding.pk}/mend/")
    with django_assert_max_num_queries(40):
        admin.get(f"/findings/{finding.pk}/")
