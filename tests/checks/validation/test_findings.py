"""The shape of findings, and what real answers of the service show: places, order, codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.checks.validation import FindingType, ValidationFinding, as_json, validate
from analyzers.checks.validation.shown import shown
from analyzers.reasoning.question import PolicyType

COGNITO = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "",
            "Effect": "Allow",
            "Principal": {
                "Federated": "cognito-identity.amazonaws.com"
            },
            "Action": [
                "sts:AssumeRole",
                "sts:TagSession"
            ],
            "Condition": {
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": "us-west-2_EXAMPLE"
                }
            }
        }
    ]
}
"""
"""The policy of the command line's example, with the answer of the service for it below.

https://docs.aws.amazon.com/cli/latest/reference/accessanalyzer/validate-policy.html
"""


def path(*steps: str | int) -> list[dict[str, Any]]:
    return [{"index": step} if isinstance(step, int) else {"value": step} for step in steps]


def policy(kind: str = "IDENTITY_POLICY", **elements: Any) -> tuple[ValidationFinding, ...]:
    plain = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    statement = {name: value for name, value in {**plain, **elements}.items() if value is not None}
    return validate(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), kind)


def codes(findings: tuple[ValidationFinding, ...]) -> set[str]:
    return {finding.code for finding in findings}


def test_the_example_of_the_command_line_is_answered_as_the_service_does() -> None:
    told = {finding["issueCode"]: finding for finding in map(as_json, validate(COGNITO, "RESOURCE_POLICY"))}
    assert told.keys() == {"EMPTY_SID_VALUE", "MISMATCHED_ACTION_FOR_PRINCIPAL", "UNSUPPORTED_ACTION_FOR_CONDITION_KEY"}
    assert told["EMPTY_SID_VALUE"]["locations"] == [
        {
            "path": path("Statement", 0, "Sid"),
            "span": {
                "start": {"line": 5, "column": 19, "offset": 79},
                "end": {"line": 5, "column": 21, "offset": 81},
            },
        }
    ]
    assert [one["path"] for one in told["MISMATCHED_ACTION_FOR_PRINCIPAL"]["locations"]] == [
        path("Statement", 0, "Action", 0),
        path("Statement", 0, "Principal", "Federated"),
    ]
    assert [one["path"] for one in told["UNSUPPORTED_ACTION_FOR_CONDITION_KEY"]["locations"]] == [
        path("Statement", 0, "Action", 1),
        path("Statement", 0, "Condition", "StringEquals", "cognito-identity.amazonaws.com:aud"),
    ]
    action = told["MISMATCHED_ACTION_FOR_PRINCIPAL"]["locations"][0]["span"]
    assert action == {
        "start": {"line": 11, "column": 16, "offset": 258},
        "end": {"line": 11, "column": 32, "offset": 274},
    }


def test_a_wrong_key_is_told_by_its_name_and_a_wrong_piece_by_its_place_in_the_text() -> None:
    (finding,) = policy(Condition={"StringEquals": {"aws:ViaAWSService": "true"}})
    assert finding.code == "TYPE_MISMATCH"
    location = as_json(finding)["locations"][0]
    assert location["path"] == [*path("Statement", 0, "Condition", "StringEquals"), {"key": "aws:ViaAWSService"}]
    assert location["span"]["end"]["offset"] - location["span"]["start"]["offset"] == len('"aws:ViaAWSService"')

    (finding,) = policy(Resource="arn:aws:s3:eu-west-1::b/*")
    location = as_json(finding)["locations"][0]
    assert location["path"] == [*path("Statement", 0, "Resource"), {"substring": {"start": 11, "length": 9}}]
    assert location["span"]["end"]["offset"] - location["span"]["start"]["offset"] == len("eu-west-1")


def test_a_piece_of_a_text_with_escapes_is_shown_by_all_of_it() -> None:
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:x::b\\u002f*"}}'
    )
    (finding, *_) = validate(text, "IDENTITY_POLICY")
    start, end = finding.locations[0].span
    assert text[start.offset : end.offset] == '"arn:aws:s3:x::b\\u002f*"'


def test_redundant_pieces_are_told_after_what_covers_them() -> None:
    (finding,) = policy(Action=["s3:GetObject", "s3:GetObjectAcl", "s3:Get*"])
    assert [location.path[-1] for location in finding.locations] == [2, 0, 1]


def test_findings_come_in_the_order_of_the_text() -> None:
    findings = policy(Action="s3:No", Resource="nowhere", Condition={"No": {}})
    offsets = [finding.locations[0].span.start.offset for finding in findings]
    assert offsets == sorted(offsets)
    assert codes(findings) == {"INVALID_ACTION", "INVALID_ARN_PREFIX", "INVALID_CONDITION_OPERATOR"}


def test_syntax_errors_are_told_with_their_place() -> None:
    (finding,) = validate('{\n  "Version": 2012-10-17\n}', PolicyType.IDENTITY)
    assert (finding.code, finding.type) == ("JSON_SYNTAX_ERROR", FindingType.ERROR)
    assert finding.locations[0].span.start[:2] == (2, 17)


def test_a_type_that_does_not_fit_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="resource type"):
        validate("{}", "IDENTITY_POLICY", "AWS::S3::Bucket")
    with pytest.raises(ValueError, match="resource type"):
        validate("{}", "RESOURCE_POLICY", "AWS::KMS::Key")
    with pytest.raises(ValueError, match="NO_POLICY"):
        validate("{}", "NO_POLICY")


def test_people_see_the_line_with_the_place_marked() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": {"Effect": "allow", "Action": "s3:*", "Resource": "*"}}'
    (finding,) = validate(text, "IDENTITY_POLICY")
    lines = shown(finding, text, "p.json").splitlines()
    assert lines[0].startswith("p.json:2:26: ERROR INVALID_EFFECT: ")
    assert lines[1] == "    at Statement.Effect"
    assert lines[2][lines[3].index("^") : lines[3].rindex("^") + 1] == '"allow"'
    assert lines[4].strip() == finding.learn_more


def test_long_lines_and_control_characters_are_cut_for_people() -> None:
    text = '{"Version": "2012-10-17", "Statement": [' + '{"Sid": "\u202e", "Effect": "x"},' * 50 + "{}]}"
    for finding in validate(text, "IDENTITY_POLICY"):
        for line in shown(finding, text, "p").splitlines()[1:-1]:
            assert "\u202e" not in line
            assert len(line) < 200
