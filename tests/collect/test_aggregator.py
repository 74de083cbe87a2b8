"""Reading through an aggregator of AWS Config, against answers in the shapes that it records."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from analyzers.actions import StartCollection
from analyzers.collect import aggregator
from analyzers.collect.place import Part, Place
from analyzers.collect.storing import Sink
from analyzers.collect.work import work
from analyzers.inventory import check
from analyzers.models import Analyzer, LastReading, Resource
from findings.models import Finding

from .world import scan

HOME, OTHER, OUTSIDE = "111122223333", "222233334444", "999988887777"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": OUTSIDE}, "Action": "*", "Resource": "*"}],
}
TEXT = json.dumps(POLICY)
Pages = list[list[dict[str, Any]]]


def row(arn: str, **more: Any) -> dict[str, Any]:
    owner = arn.split(":")[4] or OTHER
    return {
        "arn": arn,
        "accountId": owner,
        "awsRegion": arn.split(":")[3] or "global",
        "resourceName": arn.split(":", 5)[5].rsplit("/", 1)[-1],
        "resourceCreationTime": "2026-01-02T03:04:05.000Z",
        "tags": [{"key": "team", "value": "red", "tag": "team=red"}],
        "configuration": {},
        "supplementaryConfiguration": {},
        **more,
    }


def client(*queries: Pages) -> Any:
    """One that answers each query with its pages."""
    made = boto3.client("config", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(made)
    for pages in queries:
        for number, rows in enumerate(pages):
            answer: dict[str, Any] = {"Results": [one if isinstance(one, str) else json.dumps(one) for one in rows]}
            asked: dict[str, Any] = {"ConfigurationAggregatorName": "all", "Expression": ANY}
            if number:
                asked["NextToken"] = f"page-{number}"
            if number + 1 < len(pages):
                answer["NextToken"] = f"page-{number + 1}"
            stubber.add_response("select_aggregate_resource_config", answer, asked)
    stubber.activate()
    return made


def read(kind: str, *queries: Pages) -> tuple[list[Part], Place]:
    service = aggregator.service(aggregator.PREFIX + kind, "all")
    made = client(*queries)
    place = Place(HOME, "eu-central-1", "aws", calls=service.calls, clients=lambda name, region: made)
    parts = list(service.read(place))
    for section, value in parts:
        if section in check.DEFINITIONS:
            assert list(check.problems(section, value)) == []
    return parts, place


def test_buckets_with_acl_block_and_access_points() -> None:
    listed = {
        "grantList": [
            {"grantee": {"id": "owner"}, "permission": "FullControl"},
            {"grantee": "AllUsers", "permission": "Read"},
            {"grantee": {"id": "other"}, "permission": "WriteAcp"},
        ],
        "owner": {"id": "owner"},
    }
    bucket = row(
        "arn:aws:s3:::photos",
        awsRegion="eu-central-1",
        supplementaryConfiguration={
            "BucketPolicy": {"policyText": TEXT},
            "AccessControlList": json.dumps(json.dumps(listed)),
            "PublicAccessBlockConfiguration": {"blockPublicAcls": True, "restrictPublicBuckets": False},
            "OwnershipControls": {"rules": [{"objectOwnership": "ObjectWriter"}]},
        },
    )
    point = row(
        f"arn:aws:s3:eu-central-1:{OTHER}:accesspoint/door",
        configuration={"Bucket": "photos", "Name": "door", "NetworkOrigin": "Internet", "Policy": POLICY},
    )
    block = row(f"arn:aws:s3::{OTHER}:block", configuration={"blockPublicAcls": True})
    parts, place = read("s3", [[block]], [[point]], [[bucket]])
    details, found = parts[0][1], parts[1][1]
    assert details["public_access_block"]["BlockPublicAcls"] is True
    assert found["account"] == OTHER
    assert found["policy"] == POLICY
    assert found["acl"] == [
        {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"},
        {"grantee": {"id": "other"}, "permission": "WRITE_ACP"},
    ]
    assert found["object_ownership"] == "ObjectWriter"
    assert found["public_access_block"]["BlockPublicAcls"] is True
    assert found["access_points"][0]["policy"] == POLICY
    assert "error" not in found
    assert [problem.code for problem in place.problems] == ["NotRecorded"]


def test_a_bucket_without_an_acl_on_record_is_not_sure() -> None:
    parts, _ = read("s3", [[]], [[]], [[row("arn:aws:s3:::photos")]])
    assert "ACL" in parts[0][1]["error"]


def test_principals_whose_policies_are_written_for_addresses() -> None:
    encoded = quote(TEXT, safe="")
    policy = row(
        f"arn:aws:iam::{OTHER}:policy/work",
        configuration={"policyVersionList": [{"isDefaultVersion": True, "document": encoded, "versionId": "v1"}]},
    )
    role = row(
        f"arn:aws:iam::{OTHER}:role/app",
        configuration={
            "roleName": "app",
            "roleId": "AROAEXAMPLEEXAMPLE",
            "path": "/",
            "assumeRolePolicyDocument": encoded,
            "rolePolicyList": [{"policyName": "inline", "policyDocument": encoded}],
            "attachedManagedPolicies": [{"policyArn": policy["arn"], "policyName": "work"}],
            "permissionsBoundary": {"permissionsBoundaryArn": policy["arn"]},
        },
    )
    user = row(f"arn:aws:iam::{OTHER}:user/ann", configuration={"userName": "ann", "groupList": ["staff"]})
    parts, _ = read(
        "iam", [[policy]], [[]], [[user]], [[role], [row(f"arn:aws:iam::{OTHER}:role/two", configuration={})]]
    )
    managed, ann, app, two = [value for _, value in parts]
    assert managed["document"] == POLICY
    assert ann["groups"] == [f"arn:aws:iam::{OTHER}:group/staff"]
    assert app["trust_policy"] == POLICY
    assert app["permissions_boundary"] == policy["arn"]
    assert app["inline_policies"] == [{"name": "inline", "document": POLICY}]
    assert two["arn"].endswith("role/two")


@pytest.mark.parametrize(
    ("kind", "arn", "where"),
    [
        ("sqs", f"arn:aws:sqs:eu-central-1:{OTHER}:jobs", {"configuration": {"Policy": TEXT}}),
        ("sns", f"arn:aws:sns:eu-central-1:{OTHER}:news", {"configuration": {"Policy": TEXT}}),
        (
            "lambda",
            f"arn:aws:lambda:eu-central-1:{OTHER}:function:f",
            {"supplementaryConfiguration": {"Policy": json.dumps({"policyText": TEXT})}},
        ),
        ("ecr", f"arn:aws:ecr:eu-central-1:{OTHER}:repository/r", {"configuration": {"RepositoryPolicyText": POLICY}}),
        (
            "efs",
            f"arn:aws:elasticfilesystem:eu-central-1:{OTHER}:file-system/fs-1",
            {"configuration": {"FileSystemPolicy": POLICY}},
        ),
        ("backup", f"arn:aws:backup:eu-central-1:{OTHER}:backup-vault:v", {"configuration": {"AccessPolicy": POLICY}}),
        ("opensearch", f"arn:aws:es:eu-central-1:{OTHER}:domain/d", {"configuration": {"AccessPolicies": POLICY}}),
    ],
)
def test_resources_with_one_policy(kind: str, arn: str, where: dict[str, Any]) -> None:
    parts, _ = read(kind, [[row(arn, **where)], [row(arn + "2")]])
    first, second = [value for _, value in parts]
    assert first["policy"] == POLICY
    assert first["tags"] == {"team": "red"}
    assert "policy" not in second


def test_snapshots_and_with_whom_they_are_shared() -> None:
    shared = row(
        f"arn:aws:rds:eu-central-1:{OTHER}:snapshot:s",
        configuration={"snapshotType": "manual", "encrypted": False},
        supplementaryConfiguration={
            "DBSnapshotAttributes": [{"attributeName": "restore", "attributeValues": [OUTSIDE, "all"]}]
        },
    )
    unknown = row(f"arn:aws:rds:eu-central-1:{OTHER}:snapshot:t", configuration={"snapshotType": "manual"})
    automatic = row(f"arn:aws:rds:eu-central-1:{OTHER}:snapshot:u", configuration={"snapshotType": "automated"})
    parts, _ = read("rds", [[shared, unknown, automatic]], [[]])
    first, second = [value for _, value in parts]
    assert first["share"] == {"accounts": [OUTSIDE], "public": True}
    assert "shared" in second["error"]


def test_what_config_does_not_hold_is_told_of_each_resource() -> None:
    key = row(
        f"arn:aws:kms:eu-central-1:{OTHER}:key/k",
        configuration={"keyManager": "CUSTOMER"},
        supplementaryConfiguration={"Policy": TEXT},
    )
    own = row(f"arn:aws:kms:eu-central-1:{OTHER}:key/m", configuration={"keyManager": "AWS"})
    parts, _ = read("kms", [[key, own]])
    assert len(parts) == 1
    assert "grants" in parts[0][1]["error"]
    secret = row(f"arn:aws:secretsmanager:eu-central-1:{OTHER}:secret:s-abcdef")
    parts, _ = read("secretsmanager", [[secret]])
    assert "policy of a secret" in parts[0][1]["error"]
    _, place = read("rest")
    assert "DynamoDB" in place.problems[0].message


HOSTILE = [
    "[]",
    "nonsense",
    '{"arn": 7}',
    '{"arn": "x", "configuration": "[[["}',
    "[" * 5000,
    '"' + "\\u0000" * 9 + '"',
]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", list(aggregator.KINDS))
def test_hostile_rows_end_nothing(kind: str) -> None:
    service = aggregator.service(aggregator.PREFIX + kind, "all")
    odd = row(f"arn:aws:x:eu-central-1:{OTHER}:y\u0000", tags=[7], configuration={"policyVersionList": [3]})
    made = client(*[[[*HOSTILE, odd]]] * 4)
    place = Place(HOME, "eu-central-1", "aws", calls=service.calls, clients=lambda name, region: made)
    sink = Sink(place, service)
    sink.take(service.read(place))
    assert {problem.code for problem in place.problems} & {"NotUnderstood", "NotRecorded"}
    assert Resource.objects.count() <= 1


class Answering:
    """Access to an account that has nothing but an aggregator."""

    region = "eu-central-1"

    def __init__(self, rows: dict[str, list[dict[str, Any]]], denied: str = "") -> None:
        self._rows, self._denied = rows, denied

    def caller(self) -> Any:
        from analyzers.collect.access import Caller

        return Caller(HOME, f"arn:aws:iam::{HOME}:user/collector", "aws")

    def offers(self, service: str, region: str) -> bool:
        return True

    def client(self, account: str, service: str, region: str) -> Any:
        made = client()
        rows, denied = self._rows, self._denied

        def answer(**parameters: Any) -> Any:
            kind = parameters["Expression"].split("'")[1]
            if denied and kind.startswith(denied):
                error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
                raise ClientError(error, "SelectAggregateResourceConfig")  # type: ignore[arg-type]
            return {"Results": [json.dumps(one) for one in rows.get(kind, [])]}

        made.select_aggregate_resource_config = answer
        return made


@pytest.mark.django_db(transaction=True)
def test_a_whole_collection_through_config() -> None:
    queue = row(f"arn:aws:sqs:eu-central-1:{OTHER}:jobs", configuration={"Policy": TEXT})
    key = row(f"arn:aws:kms:eu-central-1:{OTHER}:key/k", supplementaryConfiguration={"Policy": TEXT})
    rows = {"AWS::SQS::Queue": [queue], "AWS::KMS::Key": [key]}
    collection = StartCollection(user=None, aggregator="all", wake=False)()
    work(collection.pk, access=Answering(rows, denied="AWS::SNS"))  # type: ignore[arg-type]
    collection.refresh_from_db()
    assert collection.status == "COMPLETED"
    states = dict(LastReading.objects.values_list("service", "status"))
    assert states["config-sqs"] == "READ"
    assert states["config-kms"] == "PARTLY"
    assert states["config-rest"] == "PARTLY"
    assert states["config-sns"] == "NOT_READ"
    problem = LastReading.objects.get(service="config-sns").problems[0]
    assert problem["permission"] == "config:SelectAggregateResourceConfig"
    analyzer = Analyzer.objects.create(name="one", type="ACCOUNT", scope=OTHER)
    scan(analyzer)
    findings = Finding.objects.filter(analyzer=analyzer, status="ACTIVE")
    assert {row.resource for row in findings if not row.error} == {queue["arn"], key["arn"]}
    assert {row.resource for row in findings if row.error} == {key["arn"]}
    again = StartCollection(user=None, aggregator="all", wake=False)()
    work(again.pk, access=Answering({}))  # type: ignore[arg-type]
    assert Resource.objects.count() == 2
