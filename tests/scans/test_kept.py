"""What could not be read takes nothing away, and large or odd input loses no chunk."""

from __future__ import annotations

import json

import pytest

from analyzers.inventory.subjects import Inputs, zone_of_trust
from analyzers.models import AnalyzedResource, Analyzer, Document, Resource, ResourceDocument, Scan
from analyzers.scans import request_scan, work
from analyzers.scans.plan import LARGEST_CHUNK
from findings.models import Event, Finding

OUT = "999988887777"


def policy(principal: object, **more: object) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def bucket(analyzer: Analyzer, name: str, text: str) -> Resource:
    resource = Resource.objects.create(arn=f"arn:aws:s3:::{name}", account_id=analyzer.scope, type="AWS::S3::Bucket")
    document, _ = Document.objects.get_or_create(sha256=Document.digest(text), defaults={"text": text})
    ResourceDocument.objects.create(resource=resource, channel="POLICY", document=document)
    return resource


def scan(analyzer: Analyzer) -> Scan:
    asked = request_scan(analyzer)
    work(asked.pk)
    asked.refresh_from_db()
    assert asked.status == "COMPLETED"
    return asked


def statuses() -> dict[str, str]:
    return {next(iter(row.principal.values()), "error"): row.status for row in Finding.objects.all()}


def test_findings_of_a_resource_that_cannot_be_read_any_more_are_kept_with_the_error(analyzer: Analyzer) -> None:
    """The collector keeps what it knew of the resource, or has no policy at all: both times nothing is disproved."""
    resource = bucket(analyzer, "b", policy({"AWS": OUT}))
    scan(analyzer)
    Resource.objects.update(error="GetBucketPolicy failed: AccessDenied")
    assert scan(analyzer).resources_failed == 1
    assert statuses() == {OUT: "ACTIVE", "error": "ACTIVE"}
    ResourceDocument.objects.all().delete()
    scan(analyzer)
    assert statuses() == {OUT: "ACTIVE", "error": "ACTIVE"}
    error = Finding.objects.exclude(error="").get()
    assert (error.error, error.proof) == ("GetBucketPolicy failed: AccessDenied", "ERROR")
    Resource.objects.filter(pk=resource.pk).update(error="")
    scan(analyzer)
    assert statuses() == {OUT: "RESOLVED", "error": "RESOLVED"}


def test_an_error_is_asked_again_though_nothing_changed(analyzer: Analyzer) -> None:
    bucket(analyzer, "b", "{")
    assert scan(analyzer).resources_failed == scan(analyzer).resources_failed == 1
    assert Finding.objects.count() == 1


def test_a_scan_without_changes_touches_nothing(analyzer: Analyzer) -> None:
    for number in range(5):
        bucket(analyzer, f"b{number}", policy({"AWS": OUT}))
    scan(analyzer)
    before = list(Finding.objects.order_by("id").values()), list(AnalyzedResource.objects.order_by("id").values())
    again = scan(analyzer)
    assert (again.resources_done, again.findings_new) == (5, 0)
    after = list(Finding.objects.order_by("id").values()), list(AnalyzedResource.objects.order_by("id").values())
    assert before == after
    assert Event.objects.count() == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda r: Resource.objects.update(configuration={"object_ownership": "ObjectWriter"}),
        lambda r: r.account.__class__.objects.update(public_access_block={"RestrictPublicBuckets": True}),
        lambda r: r.account.__class__.objects.update(canonical_user_id="c" * 64),
        lambda r: ResourceDocument.objects.update(channel="S3_ACCESS_POINT", name="arn:x"),
        lambda r: Resource.objects.update(error="AccessDenied"),
    ],
    ids=["configuration", "account", "zone", "channel", "error"],
)
def test_whatever_the_answer_depends_on_changes_the_hash(analyzer: Analyzer, change: object) -> None:
    resource = bucket(analyzer, "b", policy({"AWS": OUT}))

    def digest() -> str:
        inputs = Inputs(zone_of_trust(analyzer))
        (outline,) = inputs.outlines([resource.pk])
        return inputs.input_hash(outline)

    before = digest()
    assert digest() == before
    change(resource)  # type: ignore[operator]
    assert digest() != before


def test_characters_that_the_database_refuses_lose_no_chunk(analyzer: Analyzer) -> None:
    odd = '{"StringEquals": {"aws:SourceVpce": "vpce-\\u0000\\ud800"}}'
    text = policy("*").replace('"Resource": "*"', f'"Resource": "*", "Condition": {odd}')
    bucket(analyzer, "odd", text)
    bucket(analyzer, "plain", policy({"AWS": OUT}))
    scan(analyzer)
    assert set(Finding.objects.values_list("resource", flat=True)) == {"arn:aws:s3:::odd", "arn:aws:s3:::plain"}


def test_chunks_grow_with_the_scan(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.scans.plan.CHUNK", 2)
    monkeypatch.setattr("analyzers.scans.plan.MANY_CHUNKS", 2)
    for number in range(9):
        bucket(analyzer, f"b{number}", policy({"Service": "logs.amazonaws.com"}))
    asked = request_scan(analyzer)
    assert [len(chunk.resource_ids) for chunk in asked.chunks.all()] == [4, 4, 1]
    assert LARGEST_CHUNK == 1_000
