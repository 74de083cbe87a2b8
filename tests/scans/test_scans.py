"""A scan from plan to result, with workers that come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analyzers.kinds import external
from analyzers.models import (
    AnalyzedResource,
    Analyzer,
    Document,
    Organization,
    Resource,
    ResourceDocument,
    Scan,
    ScanChunk,
)
from analyzers.scans import hand_out_again, request_scan, work
from analyzers.scans import work as work_function
from analyzers.scans.plan import AlreadyRunning
from findings.models import Event, Finding
from findings.summary import by_analyzer, by_resource_type

PUBLIC = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)


@pytest.fixture
def buckets(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> Analyzer:
    """Five public buckets, two a chunk."""
    monkeypatch.setattr("analyzers.scans.plan.CHUNK", 2)
    document = Document.objects.create(sha256=Document.digest(PUBLIC), text=PUBLIC)
    for number in range(5):
        resource = Resource.objects.create(
            arn=f"arn:aws:s3:::b{number}", account_id=analyzer.scope, type="AWS::S3::Bucket"
        )
        ResourceDocument.objects.create(resource=resource, channel="POLICY", document=document)
    return analyzer


def test_a_scan_records_everything(buckets: Analyzer) -> None:
    scan = request_scan(buckets)
    assert scan.chunks.count() == 3
    work(scan.pk)
    scan.refresh_from_db()
    assert (scan.status, scan.resources_done, scan.findings_new, scan.resources_failed) == ("COMPLETED", 5, 5, 0)
    assert Finding.objects.filter(is_public=True, proof="PROVED").count() == 5
    assert AnalyzedResource.objects.filter(analyzer=buckets).count() == 5


def test_a_second_scan_asks_only_what_changed(buckets: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    work(request_scan(buckets).pk)
    asked: list[str] = []
    analyze = external.analyze

    def watch(subject: Any, zone: Any) -> Any:
        asked.append(subject.arn)
        return analyze(subject, zone)

    monkeypatch.setattr(external, "analyze", watch)
    Resource.objects.filter(arn="arn:aws:s3:::b3").update(
        configuration={"public_access_block": {"RestrictPublicBuckets": True}}
    )
    scan = request_scan(buckets)
    work(scan.pk)
    scan.refresh_from_db()
    assert asked == ["arn:aws:s3:::b3"]
    assert (scan.resources_done, scan.findings_resolved) == (5, 1)
    assert Finding.objects.get(resource="arn:aws:s3:::b3").status == "RESOLVED"


def test_only_one_scan_at_a_time(buckets: Analyzer) -> None:
    first = request_scan(buckets)
    with pytest.raises(AlreadyRunning) as caught:
        request_scan(buckets)
    assert caught.value.scan == first


def test_a_vanished_resource_resolves(buckets: Analyzer) -> None:
    work(request_scan(buckets).pk)
    Resource.objects.filter(arn="arn:aws:s3:::b0").delete()
    work(request_scan(buckets).pk)
    assert Finding.objects.get(resource="arn:aws:s3:::b0").status == "RESOLVED"
    assert not AnalyzedResource.objects.filter(resource_arn="arn:aws:s3:::b0").exists()


def test_one_resource_that_upsets_the_analysis(buckets: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    analyze = external.analyze

    def fail(subject: Any, zone: Any) -> Any:
        if subject.arn.endswith("b2"):
            raise ZeroDivisionError("out of luck")
        return analyze(subject, zone)

    monkeypatch.setattr(external, "analyze", fail)
    scan = request_scan(buckets)
    work(scan.pk)
    scan.refresh_from_db()
    assert (scan.status, scan.resources_failed) == ("COMPLETED", 1)
    finding = Finding.objects.get(resource="arn:aws:s3:::b2")
    assert "out of luck" in finding.error
    assert finding.proof == "ERROR"
    assert Finding.objects.filter(error="").count() == 4


def test_a_dead_worker_loses_nothing(buckets: Analyzer) -> None:
    """A lease that ran out is taken over; whoever lost it records nothing."""
    scan = request_scan(buckets)
    lost = work_function.__globals__["_lease"](scan.pk, "gone")
    ScanChunk.objects.filter(pk=lost.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert hand_out_again() == [scan.pk]
    work(scan.pk)
    scan.refresh_from_db()
    assert (scan.status, scan.resources_done) == ("COMPLETED", 5)
    work_function.__globals__["_work_on"](lost, "gone")
    scan.refresh_from_db()
    assert scan.resources_done == 5
    assert Finding.objects.count() == Event.objects.count() == 5


def test_a_chunk_that_takes_workers_down_is_given_up(buckets: Analyzer) -> None:
    scan = request_scan(buckets)
    first = scan.chunks.first()
    assert first is not None
    ScanChunk.objects.filter(pk=first.pk).update(attempts=3)
    work(scan.pk)
    scan.refresh_from_db()
    assert scan.status == "COMPLETED"
    assert "1 of 3 parts" in scan.error
    assert Finding.objects.filter(error__contains="Given up").count() == 2


def test_a_cancelled_scan_records_no_more(buckets: Analyzer) -> None:
    from analyzers.actions import CancelScan

    scan = request_scan(buckets)
    CancelScan(scan, None)()
    work(scan.pk)
    scan.refresh_from_db()
    assert (scan.status, Finding.objects.count()) == ("CANCELED", 0)
    assert request_scan(buckets).status == "RUNNING"


def test_the_sample_organization(organization: Organization) -> None:
    """The stories of the sample: what is found, and what is not."""
    analyzer = Analyzer.objects.create(name="org", type="ORGANIZATION", scope=organization.pk)
    scan = request_scan(analyzer)
    work(scan.pk)
    scan.refresh_from_db()
    assert scan.status == "COMPLETED"
    found = {row.resource.split(":", 5)[-1]: row for row in Finding.objects.all()}
    assert all(row.proof != "UNKNOWN" for row in found.values())
    for public in ("shop-website", "alice-playground", "mobile-uploads-legacy", "orders-inbound", "team-dataset"):
        assert found[public].is_public, public
    for shared in ("role/x7-tmp2", "role/analytics-vendor", "key/lake", "shop-partner-exchange", "partner-feed"):
        assert not found[shared].is_public, shared
    for broken in ("team-broken", "alice-unreadable"):
        assert found[broken].proof == "ERROR", broken
    for safe in ("shop-staging-website", "backup-inventory", "analytics-exports", "private-photos", "push-events"):
        assert safe not in found, safe
    counts = by_analyzer()[0]
    assert (counts["public"], counts["cross_account"], counts["errors"]) == (13, 36, 2)
    assert by_resource_type()[0]["public"] > 0


def test_scans_start_when_due(buckets: Analyzer) -> None:
    from analyzers.tasks import schedule_scans

    schedule_scans()
    assert Scan.objects.count() == 1
    work(Scan.objects.get().pk)
    schedule_scans()
    assert Scan.objects.count() == 1
    Scan.objects.update(created_at=timezone.now() - timedelta(days=2))
    schedule_scans()
    assert Scan.objects.count() == 2
