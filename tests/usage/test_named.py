"""Which resources a record names, and where none may be told."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.usage.decode import tally_events

from .events import ACCOUNT, UNTIL, event

HERE = f"eu-west-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:db/main-AbCd12"


def named(call: str, parameters: dict[str, Any] | None = None, arns: list[str] | None = None) -> dict[str, list[str]]:
    """The resources by action."""
    more = {} if arns is None else {"resources": [{"ARN": arn, "accountId": ACCOUNT, "type": "x"} for arn in arns]}
    found: dict[str, list[str]] = {}
    for key in tally_events([event(call, requestParameters=parameters, **more)], UNTIL).uses:
        found.setdefault(key.action, []).append(key.resource)
    return found


@pytest.mark.parametrize(
    ("call", "parameters", "resource"),
    [
        ("s3:GetObject", {"bucketName": "b-1", "key": "a/b"}, "arn:aws:s3:::b-1/*"),
        ("s3:GetBucketPolicy", {"bucketName": "b-1"}, "arn:aws:s3:::b-1"),
        ("s3:ListObjects", {"bucketName": "b-1", "prefix": "x"}, "arn:aws:s3:::b-1"),
        ("dynamodb:GetItem", {"tableName": "t", "key": {"id": "1"}}, ""),
        ("dynamodb:GetItem", {"tableName": "orders", "key": {"id": "1"}}, f"arn:aws:dynamodb:{HERE}:table/orders"),
        (
            "dynamodb:Query",
            {"tableName": "orders", "indexName": "by-day"},
            f"arn:aws:dynamodb:{HERE}:table/orders/index/by-day",
        ),
        ("lambda:Invoke", {"functionName": "fn"}, f"arn:aws:lambda:{HERE}:function:fn"),
        ("lambda:Invoke", {"functionName": "fn", "qualifier": "live"}, f"arn:aws:lambda:{HERE}:function:fn:live"),
        (
            "lambda:Invoke",
            {"functionName": "arn:aws:lambda:us-east-1:999988887777:function:fn"},
            "arn:aws:lambda:us-east-1:999988887777:function:fn",
        ),
        (
            "sqs:SendMessage",
            {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/999988887777/jobs"},
            "arn:aws:sqs:eu-west-1:999988887777:jobs",
        ),
        ("sns:Publish", {"topicArn": f"arn:aws:sns:{HERE}:news"}, f"arn:aws:sns:{HERE}:news"),
        ("kms:Decrypt", {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, KEY),
        ("secretsmanager:GetSecretValue", {"secretId": SECRET}, SECRET),
        ("iam:GetRole", {"roleName": "Worker"}, f"arn:aws:iam::{ACCOUNT}:role/Worker"),
        ("iam:GetUser", {"userName": "Alice"}, f"arn:aws:iam::{ACCOUNT}:user/Alice"),
        ("iam:GetUser", None, ""),
        (
            "iam:GetPolicy",
            {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        ("iam:AddUserToGroup", {"userName": "Alice", "groupName": "G"}, f"arn:aws:iam::{ACCOUNT}:group/G"),
        ("ecr:DescribeImages", {"repositoryName": "team/app"}, f"arn:aws:ecr:{HERE}:repository/team/app"),
        ("ssm:GetParameter", {"name": "/app/key"}, f"arn:aws:ssm:{HERE}:parameter/app/key"),
        ("kinesis:PutRecord", {"streamName": "clicks"}, f"arn:aws:kinesis:{HERE}:stream/clicks"),
        ("ec2:DescribeInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}]}}, ""),
    ],
)
def test_parameters_that_name_a_resource(call: str, parameters: dict[str, Any] | None, resource: str) -> None:
    ((found,),) = named(call, parameters).values()
    assert found == resource


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("s3:GetObject", {"bucketName": "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap", "key": "x"}),
        ("s3:GetObject", {"bucketName": "my-ap-abcdefghijklmnop-s3alias", "key": "x"}),
        ("s3:GetObject", {"bucketName": "*", "key": "x"}),
        ("s3:GetObject", {"bucketName": ["b-1"], "key": "x"}),
        ("secretsmanager:GetSecretValue", {"secretId": "db/main"}),
        ("secretsmanager:GetSecretValue", {"secretId": f"arn:aws:secretsmanager:{HERE}:secret:db/main"}),
        ("kms:Decrypt", {"keyId": "alias/app"}),
        ("lambda:Invoke", {"functionName": "fn:live"}),
        ("sns:Publish", {"topicArn": "arn:aws:sqs:eu-west-1:111122223333:q"}),
        ("ssm:GetParameters", {"names": ["/a", "/b"]}),
        ("ecr:DescribeImages", {"repositoryName": "x" * 5000}),
        ("dynamodb:GetItem", "not an object"),
    ],
)
def test_a_name_that_may_mean_something_else_names_nothing(call: str, parameters: Any) -> None:
    assert {name for names in named(call, parameters).values() for name in names} == {""}


def test_resources_that_the_record_lists() -> None:
    assert named("kms:Decrypt", {"keyId": "alias/app"}, [KEY]) == {"kms:Decrypt": [KEY]}
    tables = [f"arn:aws:dynamodb:{HERE}:table/{name}" for name in ("one", "two")]
    assert named("dynamodb:BatchGetItem", {"requestItems": {}}, tables).keys() == {"dynamodb:BatchGetItem"}
    assert named("kms:Decrypt", {}, ["arn:aws:s3:::b"]) == {"kms:Decrypt": [""]}
    many = [f"{KEY[:-3]}{number:03d}" for number in range(50)]
    assert named("kms:Decrypt", {}, many) == {"kms:Decrypt": [""]}


def test_objects_that_the_record_lists_are_folded_into_their_bucket() -> None:
    arns = ["arn:aws:s3:::b-1/a/b", "arn:aws:s3:::b-1"]
    assert named("s3:GetObject", {"Host": "x"}, arns) == {"s3:GetObject": ["arn:aws:s3:::b-1/*"]}


def test_copying_reads_the_source_and_writes_the_target() -> None:
    parameters = {"bucketName": "target", "key": "x", "x-amz-copy-source": "source/deep/key?versionId=1"}
    assert named("s3:CopyObject", parameters) == {
        "s3:GetObject": ["arn:aws:s3:::source/*"],
        "s3:PutObject": ["arn:aws:s3:::target/*"],
    }
    parameters["x-amz-copy-source"] = "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/x"
    assert named("s3:CopyObject", parameters)["s3:GetObject"] == [""]


def test_an_old_version_of_an_object_has_actions_of_its_own() -> None:
    found = named("s3:GetObject", {"bucketName": "b-1", "key": "a", "versionId": "v1"})
    assert found == {"s3:GetObjectVersion": ["arn:aws:s3:::b-1/*"]}
    assert list(named("s3:DeleteObject", {"bucketName": "b-1", "key": "a", "versionId": "v1"})) == [
        "s3:DeleteObjectVersion"
    ]
