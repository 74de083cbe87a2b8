"""What the checks do not find, and where they go beyond one example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import pytest

from analyzers.checks.validation import validate
from analyzers.checks.validation.coverage import covers, meet
from analyzers.checks.validation.document import TRUST
from analyzers.checks.validation.partitions import REGIONS

from .test_findings import codes, policy

SOURCE = {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    "elements",
    [
        {"Action": "*", "Resource": "arn:aws:s3:::b"},
        {"Action": "S3:getobject"},
        {"Action": "iotevents:Anything", "Resource": "*"},  # closed by AWS: nothing is known of it any more
        {"Resource": "arn:*:s3:::b/*"},
        {"Resource": "arn:aws-cn:s3:::b/*"},
        {"Resource": "arn:aws:s3:::b/${aws:username}/*"},
        {"Resource": "arn:aws:s3:*"},
        {"Action": "ssm:GetDocument", "Resource": "arn:aws:ssm:*::document/AWS-RunShellScript"},
        {"Action": "iam:GetPolicy", "Resource": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        {"Action": "apigateway:GET", "Resource": "arn:aws:apigateway:eu-west-1::/v2/apis/*/routes"},
        when("StringEquals", "aws:PrincipalTag/Cost Center", "a"),
        when("StringEquals", "AWS:principaltag/Team", "a"),
        when("ForAnyValue:StringEquals", "aws:CalledVia", ["athena.amazonaws.com"]),
        when("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"),
        when("StringLike", "aws:userid", "AROAEXAMPLE:*"),
        when("StringLike", "aws:userid", "*:session"),
        when("Bool", "aws:SecureTransport", True),
        when("DateGreaterThan", "aws:EpochTime", 1769817600),
        when("IpAddress", "aws:SourceIp", ["203.0.113.7", "2001:db8::/32"]),
        when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/a-*"),
        when("StringEqualsIfExists", "s3:prefix", "a"),  # absent on purpose
        {"Action": "ec2:*", "Resource": "*", **when("StringEquals", "aws:ResourceTag/team", "a")},
        {"Action": "iam:PassRole", "Resource": "*", **when("StringEquals", "iam:PassedToService", "ec2.amazonaws.com")},
        {"Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/service-*"},
    ],
    ids=str,
)
def test_nothing_is_found_in_what_is_right(elements: dict[str, Any]) -> None:
    assert policy(**elements) == ()


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"Action": "s3:Gett*"}, "INVALID_ACTION"),
        ({"Action": "GetObject"}, "INVALID_ACTION"),
        ({"NotAction": "s3:No", "Action": None}, "INVALID_ACTION"),
        ({"Resource": "arn:aws:sqs:cn-north-1:111122223333:q", "Action": "sqs:SendMessage"}, "INVALID_ARN_REGION"),
        ({"Resource": "arn:aws:nosuch:::x"}, "INVALID_SERVICE"),
        (when("StringEquals", "secretsmanager:ResourceTag", "a"), "MISSING_TAG_KEY_IN_CONDITION"),
        (when("StringLike", "aws:userid", "AROA*:x"), "WILDCARD_USAGE_TOO_PERMISSIVE"),
        (when("StringLike", "login.example.com:sub", "a*"), "WILDCARD_USAGE_TOO_PERMISSIVE"),
        (when("StringEquals", "aws:RequestedRegion", "eu-wset-1"), "INVALID_REGION"),
        (when("Null", "aws:TokenIssueTime", "maybe"), "TYPE_MISMATCH_BOOLEAN"),
        (when("StringEquals", "kms:ViaService", "s3.amazonaws.com"), "INVALID_SERVICE_PRINCIPAL_FORMAT"),
        ({"Action": "iam:*", "Resource": "arn:aws:iam::111122223333:*"}, "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    ],
    ids=str,
)
def test_more_that_is_found(elements: dict[str, Any], code: str) -> None:
    assert code in codes(policy(**elements))


def test_what_is_said_of_users_holds_not_for_other_policies() -> None:
    everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert validate(everything, "SERVICE_CONTROL_POLICY") == ()
    assert codes(validate(everything, "IDENTITY_POLICY")) == {
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
    }


def test_a_trust_policy_is_known_by_its_actions() -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert validate(text, "RESOURCE_POLICY") == validate(text, "RESOURCE_POLICY", TRUST) == ()
    other = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Action": "s3:GetObject"}})
    assert "MISSING_RESOURCE" in codes(validate(other, "RESOURCE_POLICY"))


def statements(*several: dict[str, Any]) -> set[str]:
    plain = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    told = {"Version": "2012-10-17", "Statement": [{**plain, **one} for one in several]}
    return codes(validate(json.dumps(told), "IDENTITY_POLICY"))


def test_a_statement_is_redundant_only_if_that_is_proved() -> None:
    narrow, wide = (
        when("IpAddress", "aws:SourceIp", "203.0.113.0/25"),
        when("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    )
    assert statements(narrow, wide) == {"REDUNDANT_STATEMENT"}, "by the solver"
    assert statements(when("StringEquals", "aws:username", "a"), {}) == {"REDUNDANT_STATEMENT"}
    assert statements(when("StringEquals", "aws:username", "a"), when("StringEquals", "aws:username", "b")) == set()
    assert statements({}, {"Effect": "Deny"}) == set()
    assert statements({"Action": "s3:Get*"}, {"Action": "s3:*Object"}) == set()


@pytest.mark.parametrize(
    ("wide", "narrow", "proved"),
    [
        ("s3:get*", "s3:getobject", True),
        ("s3:get*", "s3:get*acl", True),
        ("s3:*acl", "s3:get*", False),
        ("s3:get?bject", "s3:getobject", True),
        ("a*b*c", "a*c", False),
        ("*", "anything", True),
        ("a", "a", True),
        ("a" * 2000 + "*", "a" * 2001, False),  # too long to be compared
    ],
)
def test_which_pattern_covers_which(wide: str, narrow: str, proved: bool) -> None:
    assert covers(wide, narrow) is proved


def test_a_variable_may_be_anything() -> None:
    assert covers("b/*", "b/${aws:username}", variables=True)
    assert not covers("b/?*", "b/${aws:username}", variables=True)
    assert not covers("b/${aws:username}*", "b/x", variables=True)


@pytest.mark.parametrize(
    ("first", "second", "possible"),
    [("a*", "*b", True), ("a*", "b*", False), ("a?c", "abc", True), ("a?", "a", False), ("*", "", True)],
)
def test_which_patterns_meet(first: str, second: str, possible: bool) -> None:
    assert meet(first, second) is meet(second, first) is possible


def test_the_regions_are_those_that_boto3_knows() -> None:
    listed = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
    for partition in listed:
        regions = {name for name in partition["regions"] if not name.endswith("-global")}
        assert regions == set(REGIONS[partition["id"]]), partition["id"]
