"""manage.py external_findings."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analyzers.management.commands.external_findings import resource_type
from tests.shared import conformance

CASES = conformance("external_access_aws_answers.json")


def run(path: Path, *options: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("external_findings", str(path), *options, stdout=out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


@pytest.fixture
def public(tmp_path: Path) -> Path:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return path


def test_the_shape(public: Path) -> None:
    assert run(public, "--resource", "arn:aws:s3:::b", "--account", "111122223333") == [
        {
            "resource": "arn:aws:s3:::b",
            "resourceType": "AWS::S3::Bucket",
            "resourceOwnerAccount": "111122223333",
            "principal": {"AWS": "*"},
            "action": ["s3:GetObject"],
            "condition": {},
            "isPublic": True,
            "sources": [{"type": "POLICY"}],
            "resourceControlPolicyRestriction": "NOT_APPLICABLE",
        }
    ]


@pytest.mark.parametrize("case", CASES[-3:], ids=lambda case: case["id"])
def test_like_the_service_or_reduced(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(case["policy"]))
    options = ("--resource", "arn:aws:s3:::antsknmath", "--account", "222634363387")
    assert len(run(path, *options, "--like-aws")) == len(case["findings"])
    assert len(run(path, *options)) == len(case["policy"]["Statement"])


def test_a_policy_that_does_not_parse_is_not_an_empty_answer(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text("{")
    with pytest.raises(SystemExit):
        run(path, "--resource", "arn:aws:s3:::b", "--account", "111122223333")


def test_an_arn_that_tells_no_type(public: Path) -> None:
    with pytest.raises(CommandError, match="use --resource-type"):
        run(public, "--resource", "arn:aws:ec2:::b", "--account", "111122223333")


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:lambda:r:1:layer:x:1", "AWS::Lambda::LayerVersion"),
        ("arn:aws:lambda:r:1:function:x", "AWS::Lambda::Function"),
        ("arn:aws:dynamodb:r:1:table/x/stream/y", "AWS::DynamoDB::Stream"),
        ("arn:aws:dynamodb:r:1:table/x", "AWS::DynamoDB::Table"),
        ("arn:aws:kinesis:r:1:stream/x/consumer/y:1", "AWS::Kinesis::StreamConsumer"),
        ("arn:aws:s3tables:r:1:bucket/x", "AWS::S3Tables::TableBucket"),
        ("arn:aws:s3tables:r:1:bucket/x/table/1", "AWS::S3Tables::Table"),
        ("arn:aws:apigateway:r::/restapis/x", "AWS::ApiGateway::RestApi"),
        ("nonsense", ""),
    ],
)
def test_what_an_arn_tells(arn: str, kind: str) -> None:
    assert resource_type(arn) == kind
