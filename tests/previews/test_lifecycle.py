"""Beginning, ending, keeping and refusing previews; who may; what people decided stays decided."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from analyzers.actions import CancelPreview, CreatePreview
from analyzers.actions.previews import ControlChange, QuotaExceeded
from analyzers.models import AccessPreview, Analyzer, Resource
from analyzers.previews import work as working
from analyzers.previews.configurations import with_policy
from findings.actions import Archive
from findings.models import ArchiveRule, Finding

from . import organization as org
from .test_as_scanned import hold, inside, outside, previewed, said

__all__ = ["inside", "outside"]
pytestmark = pytest.mark.django_db
OPEN = org.document(org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to("*")))
WIDER = org.document(org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to(org.OUTSIDE, "777766665555")))


def bucket(text: str) -> dict[str, Any]:
    return {org.BUCKET: with_policy("AWS::S3::Bucket", text)}


def asked(analyzer: Analyzer, user: User | None = None, **more: Any) -> AccessPreview:
    return CreatePreview(analyzer, user, wake=False, **(more or {"configurations": bucket(OPEN)}))()


def test_an_archived_finding_stays_archived(outside: Analyzer, reviewer: User) -> None:
    rows = Finding.objects.filter(resource=org.BUCKET)
    Archive(rows, reviewer, "a partner")()
    preview = previewed(outside, configurations=bucket(WIDER))
    kept = preview.findings.get(existing_id=rows.get().pk)
    assert (kept.change, kept.existing_status, kept.status) == ("UNCHANGED", "ARCHIVED", "ARCHIVED")
    hold(outside, preview, lambda: org.set_policy(org.BUCKET, WIDER))


def test_a_finding_found_again_is_changed_and_as_people_left_it(outside: Analyzer, reviewer: User) -> None:
    before = org.stored(Resource.objects.get(arn=org.BUCKET).documents.get().document.text).text
    Archive(Finding.objects.filter(resource=org.BUCKET), reviewer, "a partner")()
    org.set_policy(org.BUCKET, "")
    org.scan(outside)
    preview = previewed(outside, configurations=bucket(before))
    row = preview.findings.get()
    assert (row.change, row.change_type, row.existing_status, row.status) == (
        "CHANGED",
        "CHANGED",
        "RESOLVED",
        "ARCHIVED",
    )
    assert preview.new_access
    hold(outside, preview, lambda: org.set_policy(org.BUCKET, before))


def test_an_archive_rule_archives_what_is_new(outside: Analyzer) -> None:
    ArchiveRule.objects.create(analyzer=outside, name="partner", filter={"principal.AWS": {"eq": ["777766665555"]}})
    preview = previewed(outside, configurations=bucket(WIDER))
    assert {(row.principal["AWS"], row.status) for row in preview.findings.filter(change="NEW")} == {
        ("777766665555", "ARCHIVED")
    }
    hold(outside, preview, lambda: org.set_policy(org.BUCKET, WIDER))


def test_what_is_gone_is_changed_on_the_wire(outside: Analyzer) -> None:
    preview = previewed(outside, configurations=bucket(""))
    row = preview.findings.get()
    assert (row.change, row.change_type, row.status, row.existing_status) == ("GONE", "CHANGED", "RESOLVED", "ACTIVE")
    assert preview.summary == "Takes access from 1 principal outside."
    assert not preview.new_access


def test_what_cannot_be_analysed_is_never_gone(outside: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzers.kinds import external
    from analyzers.kinds.subject import Analysis

    monkeypatch.setattr(external, "analyze", lambda *args, **more: Analysis(error="No answer in time."))
    preview = previewed(outside, configurations=bucket(WIDER))
    assert not preview.findings.filter(change="GONE").exists()
    assert preview.findings.get(change="NEW").error == "No answer in time."
    assert preview.findings.get(change="UNCHANGED").uncertain
    assert preview.new_access
    assert "could not be proved" in preview.summary


def test_public_access_is_told_in_the_sentence(outside: Analyzer) -> None:
    preview = previewed(outside, configurations=bucket(OPEN))
    assert preview.summary.startswith("Opens the S3 bucket to everybody;")
    assert preview.comparisons[0]["relation"] in {"overlapping", "within"}
    assert any("Newly allowed" in sentence for sentence in preview.comparisons[0]["sentences"])


def test_findings_older_than_the_inventory_are_told(outside: Analyzer) -> None:
    org.set_policy(org.BUCKET, OPEN)
    preview = previewed(outside, configurations=bucket(WIDER))
    assert "older than the inventory" in preview.notes[0]


def test_a_resource_that_is_never_understood_is_not_older_than_the_inventory(outside: Analyzer) -> None:
    org.resource("arn:aws:s3:::broken", "AWS::S3::Bucket", "{")
    org.scan(outside)
    text = org.document({**org.deny("s3:PutObject"), "Principal": "*"})
    preview = previewed(outside, control=ControlChange(org.RCP, text=text, targets=[org.ROOT]))
    assert preview.notes == []
    assert not preview.counts.get("uncertain")
    assert not preview.new_access


def test_the_first_service_control_policy_comes_with_full_access(inside: Analyzer) -> None:
    from analyzers.models import ControlPolicy

    ControlPolicy.objects.all().delete()
    org.scan(inside)
    text = org.document(org.deny("sqs:*"))
    preview = previewed(inside, control=ControlChange(org.SCP, text=text, targets=[org.UNIT]))
    assert preview.counts.get("GONE", 0) < preview.counts["UNCHANGED"] + preview.counts.get("NEW", 0)
    assert "FullAWSAccess" in preview.notes[-1]

    def deploy() -> None:
        org.set_control("p-full", org.SCP, org.document(*org.FULL), [org.ROOT, org.UNIT, org.A, org.B])
        org.set_control("p-new", org.SCP, text, [org.UNIT])

    hold(inside, preview, deploy)


def test_reviewers_may_and_auditors_may_not(outside: Analyzer, auditor: User, reviewer: User) -> None:
    with pytest.raises(PermissionDenied, match="preview what a change"):
        asked(outside, auditor)
    preview = asked(outside, reviewer)
    assert preview.created_by == reviewer
    with pytest.raises(PermissionDenied):
        CancelPreview(preview, auditor)()


def test_a_canceled_preview_is_not_completed(outside: Analyzer, reviewer: User) -> None:
    preview = asked(outside)
    CancelPreview(preview, reviewer)()
    working.work(preview.pk)
    preview.refresh_from_db()
    assert (preview.status, preview.error, preview.findings.count()) == ("FAILED", "Canceled.", 0)


def test_a_preview_whose_worker_was_lost_goes_on(outside: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "PIECE", 1)
    text = org.document({**org.deny("s3:*"), "Principal": "*"})
    preview = asked(outside, control=ControlChange(org.RCP, text=text, targets=[org.ROOT]))
    preview.refresh_from_db()

    class Lost(BaseException):
        pass

    def lose(preview: AccessPreview) -> None:
        raise Lost

    with pytest.raises(Lost):
        working.work(preview.pk, progress=lose)
    preview.refresh_from_db()
    assert (preview.done, preview.status) == (1, "CREATING")
    working.work(preview.pk)
    preview.refresh_from_db()
    assert preview.done == 1, "somebody else may still be at it"
    AccessPreview.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert working.hand_out_again() == [preview.pk]
    working.work(preview.pk)
    preview.refresh_from_db()
    assert (preview.status, preview.done) == ("COMPLETED", preview.total)
    hold(outside, preview, lambda: org.set_control("p-new", org.RCP, text, [org.ROOT]))


def test_a_resource_that_vanished_meanwhile_fails_the_preview(outside: Analyzer) -> None:
    preview = asked(outside, configurations=bucket(OPEN))
    Resource.objects.filter(arn=org.BUCKET).delete()
    working.work(preview.pk)
    preview.refresh_from_db()
    assert (preview.status, preview.reason) == ("FAILED", "INVALID_CONFIGURATION")


def test_only_so_many_an_hour(outside: Analyzer, settings: Any) -> None:
    settings.PREVIEWS_AN_HOUR = 1
    asked(outside)
    with pytest.raises(QuotaExceeded, match="previews an hour"):
        asked(outside)
    AccessPreview.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    asked(outside)


def test_old_ones_are_deleted(outside: Analyzer, settings: Any) -> None:
    settings.PREVIEW_DAYS = 3
    preview = previewed(outside, configurations=bucket(OPEN))
    assert working.purge() == 0
    AccessPreview.objects.update(created_at=timezone.now() - timedelta(days=4))
    assert working.purge() == 1
    assert not AccessPreview.objects.filter(pk=preview.pk).exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (ControlChange(org.SCP, text="{}", targets=[org.ROOT]), "internal access"),
        (ControlChange(org.RCP, text="not json", targets=[org.ROOT]), "line 1"),
        (ControlChange(org.RCP, text="", targets=[org.ROOT]), "needs a text"),
        (ControlChange(org.RCP, text=org.document(org.deny("*", Principal="*"))), "attached to"),
        (ControlChange(org.RCP, text=org.document(org.deny("*", Principal="*")), targets=["r-2"]), "r-2"),
        (ControlChange(org.RCP, policy="p-none", text="{}"), "p-none"),
        (ControlChange("DECLARATIVE", text="{}", targets=[org.ROOT]), "one of"),
    ],
)
def test_what_is_wrong_with_a_control_policy_is_told(outside: Analyzer, change: ControlChange, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        asked(outside, control=change)


def test_the_last_service_control_policy_of_a_place_cannot_be_taken_away(inside: Analyzer) -> None:
    with pytest.raises(ValidationError, match="last service control policy"):
        asked(inside, control=ControlChange(org.SCP, policy="p-full", targets=[org.ROOT]))


def test_the_same_access_in_a_new_finding_is_no_new_access(outside: Analyzer) -> None:
    text = org.document({**org.deny("s3:PutObject"), "Principal": "*"})
    preview = previewed(outside, control=ControlChange(org.RCP, text=text, targets=[org.ROOT]))
    assert preview.findings.filter(
        change="NEW", same_access=True, resource_control_policy_restriction="APPLIED"
    ).exists()
    assert not preview.new_access
    assert preview.summary == "Changes nobody's access."


def test_less_access_is_no_new_access(outside: Analyzer) -> None:
    org.set_policy(
        org.BUCKET, org.document(org.allow(["s3:GetObject", "s3:PutObject"], f"{org.BUCKET}/*", **org.to(org.OUTSIDE)))
    )
    org.scan(outside)
    preview = previewed(
        outside,
        configurations=bucket(org.document(org.allow("s3:GetObject", f"{org.BUCKET}/*", **org.to(org.OUTSIDE)))),
    )
    assert preview.findings.filter(change="NEW").exists() or preview.findings.filter(change="CHANGED").exists()
    assert not preview.findings.filter(change="NEW", opening=True).exists()
    assert preview.summary == "Changes what 1 principal outside can do."


def test_a_policy_that_is_detached(inside: Analyzer) -> None:
    org.set_control("p-deny", org.SCP, org.document(org.deny("s3:*")), [org.UNIT])
    org.scan(inside)
    preview = previewed(inside, control=ControlChange(org.SCP, policy="p-deny", targets=[]))
    assert preview.counts["CHANGED"] > 0
    assert preview.new_access
    hold(inside, preview, lambda: org.set_control("p-deny", org.SCP, org.document(org.deny("s3:*")), []))


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("preview_access", *arguments, stdout=out)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_the_command_says_by_its_status_whether_there_is_new_access(outside: Analyzer, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(WIDER)
    status, text = run("--analyzer", "outside", "--resource", org.BUCKET, "--policy", str(file))
    assert (status, text.splitlines()[0]) == (1, "Opens the S3 bucket to 1 principal outside.")
    file.write_text("")
    status, text = run("--analyzer", "outside", "--resource", org.BUCKET, "--policy", str(file), "--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert status == 0
    assert (lines[0]["status"], lines[1]["changeType"], lines[1]["status"]) == ("COMPLETED", "CHANGED", "RESOLVED")
    file.write_text(org.document(org.deny("s3:*", Principal="*")))
    assert run("--analyzer", "outside", "--rcp", str(file), "--target", org.ROOT)[0] == 0


def test_wrong_use_of_the_command_is_told(outside: Analyzer, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"Version": "2012-10-17",\n "Statement": [}')
    status, text = run("--analyzer", "outside", "--resource", org.BUCKET, "--policy", str(file))
    assert status == 2
    assert "line 2" in text
    for arguments in (
        ["--analyzer", "none", "--resource", org.BUCKET, "--policy", str(file)],
        ["--analyzer", "outside"],
        ["--analyzer", "outside", "--resource", org.BUCKET],
        ["--analyzer", "outside", "--resource", "arn:aws:s3:::none", "--policy", str(file)],
        ["--analyzer", "outside", "--scp", str(file), "--rcp", str(file)],
        ["--analyzer", "outside", "--detach", "p-none"],
        ["--analyzer", "outside", "--resource", org.BUCKET, "--policy", str(tmp_path / "none")],
    ):
        assert run(*arguments)[0] == 2, arguments


def test_the_wire_shape_of_what_is_said_is_kept(outside: Analyzer) -> None:
    preview = previewed(outside, configurations=bucket(OPEN))
    row = preview.findings.filter(change="NEW").first()
    assert row is not None
    assert row.details["statements"][0]["document"] in preview.documents
    assert said(row)[0] == json.dumps(org.BUCKET)
