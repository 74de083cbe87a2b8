"""Every finding of the sample organization, from the inventory's tables to the command."""

from __future__ import annotations

import io
import json
import shlex
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analyzers.access.mending import mended
from analyzers.models import Analyzer, Organization, Usage, UsageFeed
from analyzers.policy import parse
from analyzers.scans import request_scan, work
from findings.models import Finding, FindingStatus
from tests.conftest import NOW

CHOSEN = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")


@pytest.fixture
def external(organization: Organization) -> Analyzer:
    analyzer = Analyzer.objects.create(name="outside", type="ORGANIZATION", scope=organization.pk)
    work(request_scan(analyzer).pk)
    return analyzer


@pytest.fixture
def internal(organization: Organization) -> Analyzer:
    analyzer = Analyzer.objects.create(
        name="inside",
        type="ORGANIZATION_INTERNAL_ACCESS",
        scope=organization.pk,
        configuration={"internalAccess": {"analysisRule": {"inclusions": [{"resourceTypes": list(CHOSEN)}]}}},
    )
    work(request_scan(analyzer).pk)
    return analyzer


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("mend", *options, stdout=out)
    return out.getvalue()


def one(**more: object) -> Finding:
    return Finding.objects.filter(error="", status=FindingStatus.ACTIVE, **more).order_by("resource")[0]


def test_every_external_finding_has_a_proved_change(external: Analyzer) -> None:
    findings = list(Finding.objects.filter(analyzer=external, error="", status=FindingStatus.ACTIVE))
    assert len(findings) > 10
    for finding in findings:
        found = mended(finding, seconds=30)
        assert found.candidates, (finding.details["summary"], found.note, found.refused)
        best = found.candidates[0]
        assert not best.text or parse(best.text)
        assert best.command is not None
        assert best.command.line or best.command.note
        assert all(shlex.split(line)[0] == "aws" for line in best.command.line.splitlines())


def test_internal_findings_have_an_exact_change(internal: Analyzer) -> None:
    findings = Finding.objects.filter(analyzer=internal, error="", status=FindingStatus.ACTIVE, proof="PROVED")
    some = {(finding.resource_type, finding.access_type): finding for finding in findings}
    assert len(some) > 2
    for finding in some.values():
        found = mended(finding, seconds=30)
        assert found.candidates, (finding.details["summary"], found.note, found.refused)
        assert found.candidates[0].loss.exact


def test_the_command(external: Analyzer, tmp_path: Path) -> None:
    finding = one(resource__contains="repository/shop/api", principal={"AWS": "999988887777"})
    path = tmp_path / "policy.json"
    text = run(str(finding.pk), "--output", str(path))
    assert "Take arn:aws:iam::999988887777:root out of Principal of statement 0" in text
    assert "aws ecr set-repository-policy --repository-name shop/api" in text
    assert "999988887777" not in path.read_text()
    told = json.loads(run(str(finding.pk), "--json"))
    assert told["candidates"][0]["policy"] == path.read_text()
    assert told["candidates"][0]["lost"]["exact"] is True
    assert told["candidates"][0]["changes"][0]["after"] == ""


def test_exit_statuses(external: Analyzer) -> None:
    for wrong in ("nonsense", str(uuid.uuid4())):
        with pytest.raises(CommandError, match="no finding") as refused:
            run(wrong)
        assert refused.value.returncode == 2
    finding = one(resource_type="AWS::SQS::Queue")
    Finding.objects.filter(pk=finding.pk).update(action=["sqs:Nonsense"])
    with pytest.raises(SystemExit) as none:
        run(str(finding.pk))
    assert none.value.code == 1
    Finding.objects.filter(pk=finding.pk).update(status="RESOLVED")
    with pytest.raises(CommandError, match="not resolved") as resolved:
        run(str(finding.pk))
    assert resolved.value.returncode == 2


def test_what_is_used_is_told(external: Analyzer) -> None:
    finding = one(resource__contains="repository/shop/api", principal={"AWS": "999988887777"})
    feed = UsageFeed.objects.create(kind="FOLDER", location="/x")
    for account in ("999988887777", "333344445555"):
        Usage.objects.create(
            feed=feed,
            principal=f"arn:aws:iam::{account}:role/puller",
            account=account,
            action="ecr:BatchGetImage",
            resource=finding.resource,
            first_used_at=NOW,
            last_used_at=NOW,
        )
    found = mended(finding, seconds=30)
    first, *others = found.candidates
    assert found.uses == 2
    assert first.loss.used == ()
    assert first.loss.target_used == (
        f"arn:aws:iam::999988887777:role/puller uses ecr:BatchGetImage on {finding.resource}",
    )
    assert any("arn:aws:iam::333344445555:role/puller" in text for one in others for text in one.loss.used)
