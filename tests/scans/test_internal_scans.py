"""A scan for internal access: from the inventory to findings, and again after something changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from analyzers.actions import CreateAnalyzer
from analyzers.inventory.selection import configuration_of, estimate, everything
from analyzers.kinds import internal
from analyzers.models import (
    Account,
    AnalyzedPopulation,
    AnalyzedResource,
    Analyzer,
    ControlPolicy,
    Document,
    Organization,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
)
from analyzers.scans import request_scan, work
from analyzers.scans.withheld import lines
from findings import wire
from findings.models import Finding

pytestmark = pytest.mark.django_db
A, B = "111111111111", "222222222222"


def text(*statements: dict[str, Any]) -> Document:
    said = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Document.objects.get_or_create(sha256=Document.digest(said), defaults={"text": said})[0]


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def role(name: str, *documents: Document, account: str = A) -> Principal:
    made = Principal.objects.create(
        arn=f"arn:aws:iam::{account}:role/{name}", account_id=account, kind="ROLE", name=name
    )
    for number, document in enumerate(documents):
        PrincipalPolicy.objects.create(principal=made, kind="INLINE", name=f"p{number}", document=document)
    return made


def bucket(name: str, *documents: Document, **more: Any) -> Resource:
    made = Resource.objects.create(arn=f"arn:aws:s3:::{name}", account_id=A, type="AWS::S3::Bucket", **more)
    for document in documents:
        ResourceDocument.objects.create(resource=made, channel="POLICY", document=document)
    return made


@pytest.fixture
def analyzer(db: None) -> Analyzer:
    """Two accounts of an organization; three roles in one of them and one in the other; two buckets."""
    organization = Organization.objects.create(id="o-1", management_account="999999999999", root="r-1")
    for number in (A, B):
        Account.objects.create(id=number, organization=organization, parent="r-1", canonical_user_id=number * 4)
    full = text(allow("*"))
    ControlPolicy.objects.create(
        id="p-full",
        organization=organization,
        kind="SERVICE_CONTROL_POLICY",
        name="Full",
        document=full,
        targets=["r-1", A, B],
    )
    role("reader", text(allow("s3:GetObject", "arn:aws:s3:::one/*")))
    role("twin", text(allow("s3:GetObject", "arn:aws:s3:::one/*")))
    role("nobody", text(allow("ec2:*")))
    role("abroad", text(allow("s3:*")), account=B)
    bucket("one", tags={"data": "secret"})
    bucket("two", text({**allow("s3:PutObject", "arn:aws:s3:::two/*"), "Principal": {"AWS": B}}))
    return CreateAnalyzer("inside", "ORGANIZATION_INTERNAL_ACCESS", "o-1", None, everything())()


def scan(analyzer: Analyzer) -> None:
    made = request_scan(analyzer)
    work(made.pk)
    made.refresh_from_db()
    assert (made.status, made.resources_failed) == ("COMPLETED", 0), made.error


def active() -> set[tuple[str, str]]:
    rows = Finding.objects.filter(status="ACTIVE").exclude(resource_type="AWS::KMS::Key")
    return {(row.principal["AWS"].rsplit("/", 1)[-1], row.resource.rsplit(":", 1)[-1]) for row in rows}


def test_everybody_who_gets_in_is_found(analyzer: Analyzer) -> None:
    scan(analyzer)
    assert active() == {("reader", "one"), ("twin", "one"), ("abroad", "two")}
    found = Finding.objects.get(principal__AWS__endswith="/abroad")
    shape = wire.finding(found)
    assert {key: shape[key] for key in ("accessType", "principalType", "principalOwnerAccount", "action")} == {
        "accessType": "INTRA_ORG",
        "principalType": "IAM_ROLE",
        "principalOwnerAccount": B,
        "action": ["s3:PutObject"],
    }
    assert shape["findingType"] == "InternalAccess"
    assert shape["serviceControlPolicyRestriction"] == "APPLIED"
    assert shape["resourceControlPolicyRestriction"] == "NOT_APPLICABLE"
    assert shape["sources"] == [{"type": "POLICY"}]
    assert "isPublic" not in shape
    assert found.proof == "PROVED"
    assert found.details["witness"]["resource"].startswith("arn:aws:s3:::two/")
    assert {ref["channel"] for ref in found.details["statements"]} == {"IDENTITY", "POLICY"}
    digests = {ref["document"] for ref in found.details["statements"]}
    assert Document.objects.filter(pk__in=digests).count() == len(digests)


def test_only_who_changed_is_asked_about(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(analyzer)
    asked: list[tuple[str, Any]] = []
    analyze = internal.Analyst.analyze

    def watch(self: Any, subject: Any, only: Any = None) -> Any:
        asked.append((subject.arn, only))
        return analyze(self, subject, only)

    monkeypatch.setattr(internal.Analyst, "analyze", watch)
    scan(analyzer)
    assert asked == []
    PrincipalPolicy.objects.filter(principal__name="twin").update(document=text(allow("s3:ListBucket")))
    scan(analyzer)
    twin = frozenset({f"arn:aws:iam::{A}:role/twin"})
    assert asked == [("arn:aws:s3:::one", twin), ("arn:aws:s3:::two", twin)]
    assert active() == {("reader", "one"), ("twin", "one"), ("twin", "two"), ("abroad", "two")}
    assert Finding.objects.filter(principal__AWS__endswith="/twin", status="RESOLVED").count() == 1
    assert Finding.objects.get(principal__AWS__endswith="/reader").status == "ACTIVE"
    assert AnalyzedPopulation.objects.count() == 1


def test_who_is_gone_is_resolved_and_who_is_new_is_found(analyzer: Analyzer) -> None:
    scan(analyzer)
    Principal.objects.get(name="reader").delete()
    role("new", text(allow("s3:GetObject", "arn:aws:s3:::one/*")))
    scan(analyzer)
    assert active() == {("new", "one"), ("twin", "one"), ("abroad", "two")}


def test_a_changed_resource_is_asked_about_everybody(analyzer: Analyzer) -> None:
    scan(analyzer)
    deny = {**allow("s3:*", ["arn:aws:s3:::one/*"]), "Effect": "Deny", "Principal": "*"}
    ResourceDocument.objects.create(
        resource=Resource.objects.get(arn="arn:aws:s3:::one"), channel="POLICY", document=text(deny)
    )
    scan(analyzer)
    assert active() == {("abroad", "two")}


def test_a_control_policy_closes_and_opens(analyzer: Analyzer) -> None:
    scan(analyzer)
    ControlPolicy.objects.create(
        id="p-no",
        organization_id="o-1",
        kind="SERVICE_CONTROL_POLICY",
        name="No",
        document=text({**allow("s3:*"), "Effect": "Deny"}),
        targets=[B],
    )
    scan(analyzer)
    assert active() == {("reader", "one"), ("twin", "one")}
    ControlPolicy.objects.filter(id="p-no").delete()
    scan(analyzer)
    assert ("abroad", "two") in active()


def test_a_policy_that_cannot_be_read_is_never_taken_for_no_access(analyzer: Analyzer) -> None:
    PrincipalPolicy.objects.filter(principal__name="nobody").update(document=None)
    broken = Document.objects.create(sha256="0" * 64, text="{")
    PrincipalPolicy.objects.filter(principal__name="twin").update(document=broken)
    scan(analyzer)
    unknown = Finding.objects.filter(proof="UNKNOWN")
    assert {(row.principal["AWS"].rsplit("/", 1)[-1], row.resource.rsplit(":", 1)[-1]) for row in unknown} == {
        ("nobody", "one"),
        ("nobody", "two"),
        ("twin", "one"),
        ("twin", "two"),
    }
    assert all(row.details["reason"] for row in unknown)


def test_a_resource_whose_policy_cannot_be_read(analyzer: Analyzer) -> None:
    ResourceDocument.objects.create(
        resource=Resource.objects.get(arn="arn:aws:s3:::one"),
        channel="POLICY",
        document=Document.objects.create(sha256="1" * 64, text="{"),
    )
    made = request_scan(analyzer)
    work(made.pk)
    assert Finding.objects.filter(resource="arn:aws:s3:::one", proof="ERROR").count() == 1
    assert set(Finding.objects.filter(resource="arn:aws:s3:::one").values_list("proof", flat=True)) == {
        "ERROR",
        "UNKNOWN",
    }


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, {"one", "two"}),
        ({"resourceArns": ["arn:aws:s3:::two", "arn:aws:s3:::three"]}, {"two"}),
        ({"resourceTypes": ["AWS::KMS::Key"]}, set()),
        ({"accountIds": [A], "resourceTypes": ["AWS::S3::Bucket"]}, {"one", "two"}),
        ({"resourceTags": {"data": "secret"}}, {"one"}),
        ({"resourceTags": {"data": ""}}, {"one"}),
        ({"resourceTags": {"data": "public"}}, set()),
    ],
)
def test_chosen_resources(analyzer: Analyzer, criteria: dict[str, Any], expected: set[str]) -> None:
    Analyzer.objects.filter(pk=analyzer.pk).update(configuration=configuration_of([criteria]))
    analyzer.refresh_from_db()
    scan(analyzer)
    assert {
        arn.rsplit(":", 1)[-1] for arn in AnalyzedResource.objects.values_list("resource_arn", flat=True)
    } == expected
    told = estimate(analyzer)
    assert (told.principals, told.resources) == (4, len(expected))
    assert told.missing == (("arn:aws:s3:::three",) if "resourceArns" in criteria else ())


def test_resources_no_longer_chosen_are_resolved(analyzer: Analyzer) -> None:
    scan(analyzer)
    Analyzer.objects.filter(pk=analyzer.pk).update(
        configuration=configuration_of([{"resourceArns": ["arn:aws:s3:::two"]}])
    )
    analyzer.refresh_from_db()
    scan(analyzer)
    assert active() == {("abroad", "two")}


def test_one_account_as_zone(analyzer: Analyzer) -> None:
    account = CreateAnalyzer("here", "ACCOUNT_INTERNAL_ACCESS", A, None, everything())()
    scan(account)
    assert active() == {("reader", "one"), ("twin", "one")}
    assert set(Finding.objects.values_list("service_control_policy_restriction", flat=True)) == {"APPLICABLE"}
    assert set(Finding.objects.values_list("access_type", flat=True)) == {"INTRA_ACCOUNT"}


@pytest.fixture
def key(analyzer: Analyzer) -> Resource:
    """Bucket one is encrypted; its key leaves it to the policies of its account."""
    made = Resource.objects.create(arn=f"arn:aws:kms:eu-west-1:{A}:key/k", account_id=A, type="AWS::KMS::Key")
    delegates = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{A}:root"}}
    ResourceDocument.objects.create(resource=made, channel="POLICY", document=text(delegates))
    Resource.objects.filter(arn="arn:aws:s3:::one").update(configuration={"encryption_key": made.arn})
    return made


def read_one(name: str, *more: dict[str, Any]) -> None:
    """The role reads bucket one, and has these statements."""
    said = text(allow("s3:GetObject", "arn:aws:s3:::one/*"), *more)
    PrincipalPolicy.objects.filter(principal__name=name).update(document=said)


def held() -> dict[str, list[str]]:
    """Name of the principal -> actions that the key of bucket one holds back."""
    (row,) = AnalyzedResource.objects.filter(resource_arn="arn:aws:s3:::one")
    lines = [(arn, line) for line in row.withheld for arn in line["principals"]]
    assert all(line["key"].endswith(":key/k") and line["blockers"] for _, line in lines)
    assert len(lines) == len({arn for arn, _ in lines})
    return {arn.rsplit("/", 1)[-1]: line["actions"] for arn, line in lines}


def test_data_that_the_key_does_not_open(analyzer: Analyzer, key: Resource) -> None:
    read_one("twin", allow("kms:Decrypt", key.arn))
    scan(analyzer)
    assert active() == {("twin", "one"), ("abroad", "two")}
    assert Finding.objects.get(resource="arn:aws:s3:::one").details["encryption"]["readable"] == "yes"
    assert held() == {"reader": ["s3:GetObject"]}
    scan(analyzer)
    assert held() == {"reader": ["s3:GetObject"]}, "nothing was asked, so it stays"


def test_what_is_held_back_follows_who_changes(analyzer: Analyzer, key: Resource) -> None:
    scan(analyzer)
    assert active() == {("abroad", "two")}
    assert held() == {"reader": ["s3:GetObject"], "twin": ["s3:GetObject"]}
    read_one("twin", allow("kms:Decrypt", key.arn))
    scan(analyzer)
    assert active() == {("twin", "one"), ("abroad", "two")}
    assert held() == {"reader": ["s3:GetObject"]}
    read_one("twin")
    scan(analyzer)
    assert active() == {("abroad", "two")}
    assert held() == {"reader": ["s3:GetObject"], "twin": ["s3:GetObject"]}
    Principal.objects.filter(name="reader").delete()
    scan(analyzer)
    assert held() == {"twin": ["s3:GetObject"]}


def test_another_policy_of_the_key_is_asked_of_everybody(analyzer: Analyzer, key: Resource) -> None:
    scan(analyzer)
    names = [f"arn:aws:iam::{A}:role/{name}" for name in ("reader", "twin")]
    opened = text({**allow("kms:Decrypt"), "Principal": {"AWS": names}})
    ResourceDocument.objects.filter(resource=key).update(document=opened)
    scan(analyzer)
    assert active() == {("reader", "one"), ("twin", "one"), ("abroad", "two")}
    assert held() == {}


def test_lines_keep_what_was_not_asked_and_can_be_stored() -> None:
    first = internal.Withheld("arn:a", ("s3:GetObject",), "k", ("kms:Decrypt: \x00 \ud800",))
    stored = lines([first, replace(first, principal="arn:b")])
    (line,) = stored
    assert line["principals"] == ["arn:a", "arn:b"]
    assert line["blockers"] == ["kms:Decrypt: \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"]
    (left,) = lines([], stored, {"arn:b"})
    assert left["principals"] == ["arn:a"]
    assert lines([replace(first, principal="arn:b")], [left], {"arn:b"}) == stored
    assert lines([], stored, {"arn:a", "arn:b"}) == []
    assert lines([], stored) == [], "everybody was asked"


def test_a_failed_analysis_holds_nothing_back(
    analyzer: Analyzer, key: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(analyzer)

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    read_one("twin", allow("kms:Decrypt", key.arn))
    monkeypatch.setattr(internal.Analyst, "analyze", fail)
    work(request_scan(analyzer).pk)
    assert held() == {}
    assert Finding.objects.filter(resource="arn:aws:s3:::one", status="ACTIVE").exclude(error="").exists()


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"internalAccess": {}},
        {"internalAccess": {"analysisRule": {"inclusions": []}}},
        configuration_of([{"resourceArns": ["nonsense"]}]),
        configuration_of([{"resourceTypes": ["AWS::Nothing::AtAll"]}]),
        configuration_of([{"accountIds": ["1"]}]),
        configuration_of([{"resourceNames": ["x"]}]),
        configuration_of([{"resourceTags": {"a": 1}}]),
    ],
)
def test_configurations_that_say_nothing_sound(analyzer: Analyzer, configuration: Any) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as caught:
        CreateAnalyzer("other", "ORGANIZATION_INTERNAL_ACCESS", "o-1", None, configuration)()
    assert "configuration" in caught.value.message_dict


def test_the_sample_organization(organization: Organization) -> None:
    inside = CreateAnalyzer("inside", "ORGANIZATION_INTERNAL_ACCESS", organization.pk, None, everything())()
    made = request_scan(inside)
    work(made.pk)
    made.refresh_from_db()
    assert made.status == "COMPLETED"
    assert Finding.objects.filter(proof="PROVED").count() > 100
    assert not Finding.objects.filter(details__reason__contains="does not confirm").exists()
