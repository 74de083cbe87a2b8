"""`analyzer-portal explain`: plain sentences about what a policy says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzers.checks.cli.main import main
from analyzers.checks.explaining import allowed_in_words, statement_in_words
from analyzers.policy import parse
from analyzers.reasoning.question import PolicyType

READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
IDENTITY, RESOURCE = PolicyType.IDENTITY, PolicyType.RESOURCE


def words(statement: Any, kind: PolicyType = IDENTITY, version: str = "2012-10-17") -> str:
    policy = parse(json.dumps({"Version": version, "Statement": [statement]}))
    return "\n".join(statement_in_words(policy.statements[0], policy, kind))


def test_a_statement_says_who_can_do_what_on_what() -> None:
    said = words(READ)
    assert said.startswith("Whoever has this policy")
    assert "s3:GetObject (retrieve objects from Amazon S3)" in said
    assert "every object in the bucket b" in said
    assert "* stands for any text" in said


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        ("*", "Everybody in the world"),
        ({"AWS": "*"}, "Everybody in the world"),
        ({"AWS": "111122223333"}, "Users and roles of the account 111122223333"),
        ({"AWS": "arn:aws:iam::111122223333:root"}, "Users and roles of the account 111122223333"),
        ({"AWS": "arn:aws:iam::111122223333:role/x/Admin"}, "The role x/Admin of the account 111122223333"),
        ({"AWS": "AROAEXAMPLE"}, "unique id AROAEXAMPLE"),
        ({"Service": "sns.amazonaws.com"}, "The AWS service sns.amazonaws.com"),
        ({"Federated": "accounts.google.com"}, "sign in through accounts.google.com"),
        ({"CanonicalUser": "79a59d"}, "canonical id 79a59d"),
        ({"AWS": "111122223333", "Service": "sns.amazonaws.com"}, ", and the AWS service sns.amazonaws.com"),
    ],
)
def test_every_kind_of_principal_has_words(principal: Any, said: str) -> None:
    assert said.lower() in words(READ | {"Principal": principal}, RESOURCE).splitlines()[0].lower()


def test_a_deny_is_said_to_win() -> None:
    assert "can never do, whatever else allows it" in words(READ | {"Effect": "Deny"})


def test_exceptions_are_explained() -> None:
    said = words({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"})
    assert "everything except" in said
    assert "on every resource except" in said
    assert "another statement or policy may still allow it" in said
    said = words({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}, RESOURCE)
    assert said.startswith("Everybody in the world except users and roles of the account 111122223333")
    assert "made later" in said


def test_a_control_policy_gives_nothing() -> None:
    assert "this one gives nothing" in words(READ, PolicyType.SERVICE_CONTROL)


def test_wildcards_are_counted_by_the_catalogue_and_rights_pointed_out() -> None:
    said = words(READ | {"Action": ["iam:Put*", "*", "nosuch:*", "s3:NoSuchAction"], "Resource": "*"})
    assert "actions of AWS Identity and Access Management (IAM)" in said
    assert "who has which rights can be changed" in said
    assert "every action of every AWS service" in said
    assert "nosuch:*: no action that AWS documents" in said
    assert "s3:NoSuchAction: not an action that AWS documents" in said
    assert "any resource" in said


def test_variables_are_explained_by_version() -> None:
    own = READ | {"Resource": "arn:aws:s3:::b/${aws:username}/*"}
    assert "stands for the name of the user who calls" in words(own)
    assert "plain text here" in words(own, version="2008-10-17")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (
            {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            "the organization of the caller (aws:PrincipalOrgID) is o-1",
        ),
        (
            {"StringNotLike": {"aws:SourceArn": "arn:aws:sns:*"}},
            "does not look like arn:aws:sns:* (also if the request",
        ),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, "is vpc-1 (or the request does not tell it)"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, "is a or b (also if there is none at all)"),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, "at least one value of"),
        ({"Null": {"aws:SourceIp": "true"}}, "the request does not tell the internet address"),
        ({"Null": {"aws:SourceIp": "false"}}, "the request does tell the internet address"),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "is outside 10.0.0.0/8"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}, "is less than 60"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, "is after 2030"),
        ({"StringEquals": {"aws:ResourceTag/team": "x"}}, "the resource's tag team"),
        ({"StringSomething": {"a": "b"}}, "not an operator that AWS documents"),
    ],
)
def test_conditions_have_words(condition: Any, said: str) -> None:
    assert said in words(READ | {"Condition": condition})


def test_a_reference_fits_into_lines() -> None:
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": [READ, READ | {"Effect": "Deny"}] * 4}))
    lines = allowed_in_words(policy, IDENTITY)
    assert lines[0] == "Statement 0 (Read) allows s3:GetObject on arn:aws:s3:::b/*."
    assert "never allows" in lines[1]
    assert lines[-1] == "And 3 more statements."
    assert allowed_in_words(parse('{"Statement": []}', statement_required=False), IDENTITY) == ("It allows nothing.",)


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def explain(capsys: pytest.CaptureFixture[str], path: Path, *statements: Any) -> tuple[int, Any]:
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    status = main(["explain", path.name, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)["policies"][0]


def remarks(told: Any) -> str:
    return " ".join(one["message"] for one in told["remarks"])


def test_what_is_public_stands_out(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = explain(capsys, files / "p.json", READ | {"Principal": "*"})
    assert status == 0
    assert "It is public" in remarks(told)
    assert "statement 0 (Read)" in remarks(told)
    assert "public" not in remarks(explain(capsys, files / "p.json", READ | {"Principal": {"AWS": "111122223333"}})[1])


def test_administrators_and_those_who_can_become_one_stand_out(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert "makes an administrator" in remarks(explain(capsys, files / "p.json", everything)[1])
    assert "as good as an administrator" in remarks(
        explain(capsys, files / "p.json", everything | {"Action": "iam:*"})[1]
    )
    assert "administrator" not in remarks(explain(capsys, files / "p.json", READ)[1])


def test_findings_of_validation_stand_out_with_their_code(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = explain(capsys, files / "p.json", READ | {"Action": "s3:NoSuchAction"})[1]
    assert "INVALID_ACTION" in {one["code"] for one in told["remarks"]}


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_texts_out_of_files_start_nothing(files: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    hostile = "x<script>`@team`\x1b[31m[a](b)"
    policy = {
        "Version": "2012-10-17",
        "Statement": [READ | {"Sid": hostile, "Resource": hostile, "Principal": hostile}],
    }
    (files / "p.json").write_text(json.dumps(policy))
    main(["explain", "p.json", "--format", form])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert form != "markdown" or "<script" not in out.replace("\\<script", "")


def test_templates_are_explained_with_what_is_not_known(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "t.yaml").write_text(
        """\
Conditions: {Live: !Equals [!Ref Stage, live]}
Parameters: {Stage: {Type: String}}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Action: s3:GetObject, Resource: !Sub 'arn:aws:s3:::${Stage}/*'}
          - !If [Live, {Effect: Allow, Action: 's3:*', Resource: '*'}, !Ref AWS::NoValue]
"""
    )
    assert main(["explain", "t.yaml"]) == 0
    out = capsys.readouterr().out
    assert "<Stage>" in out
    assert "Live is true" in out or "Live is false" in out


def test_what_is_no_policy_is_said_to_be_none(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "p.json").write_text('{"Statement": [')
    assert main(["explain", "p.json"]) == 2
    assert "UNREADABLE" in capsys.readouterr().out
