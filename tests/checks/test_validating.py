"""Validation of policies in files and templates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzers.checks.cli.main import main
from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy, Missing, Place, Variant, mark
from analyzers.checks.validating import validated
from analyzers.reasoning.question import PolicyType


def found(action: str, resource: str = "*", **more: object) -> FoundPolicy:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1, ensure_ascii=False)
    return FoundPolicy((Variant(text),), PolicyType.IDENTITY, Place("p.json"), **more)  # type: ignore[arg-type]


def test_an_error_fails_and_tells_its_place() -> None:
    outcome = validated(found("s3:GetObjekt"))
    (problem,) = outcome.problems
    assert (outcome.result, problem.code, problem.place.line, problem.statement) == (
        Result.FAIL,
        "INVALID_ACTION",
        6,
        0,
    )
    assert problem.help_url.endswith("error-invalid-action")


def test_the_level_decides_what_fails() -> None:
    policy = found("iam:PassRole")
    assert validated(policy, "ERROR").result is Result.PASS
    assert validated(policy, "SECURITY_WARNING").result is Result.FAIL
    assert validated(policy, "ERROR").problems


def test_ids_that_aws_gives_are_fine() -> None:
    region, account = mark("AWS::Region", word=True), mark("AWS::AccountId", word=True)
    assert validated(found("sqs:SendMessage", f"arn:aws:sqs:{region}:{account}:q")).result is Result.PASS


def test_what_is_not_known_is_not_passed() -> None:
    policy = found("s3:GetObject", mark("Bucket"), missing=(Missing("Bucket"),))
    outcome = validated(policy)
    assert (outcome.result, [one.name for one in outcome.missing]) == (Result.UNKNOWN, ["Bucket"])
    wrong = found("s3:GetObjekt", mark("Bucket"), missing=(Missing("Bucket"),))
    assert [one.code for one in validated(wrong).problems] == ["INVALID_ACTION"]


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(found("s3:GetObject").variants[0].text)
    Path("bad.json").write_text(found("s3:GetObjekt").variants[0].text)
    Path("broken.json").write_text('{"Statement": [')
    assert main(["validate", "good.json"]) == 0
    assert main(["validate", "bad.json"]) == 1
    assert "INVALID_ACTION" in capsys.readouterr().out
    assert main(["validate", "broken.json"]) == 1
    capsys.readouterr()
    assert main(["validate", "bad.json", "--format", "sarif"]) == 1
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["INVALID_ACTION"]


def test_ids_that_a_pattern_tells_apart_are_validated_too() -> None:
    name = mark("Bucket.BucketName", word=True)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{name}-x", "*-x"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False)
    outcome = validated(FoundPolicy((Variant(text),), PolicyType.IDENTITY, Place("p.json")))
    assert (outcome.result, [one.path[-1] for one in outcome.problems if one.level == "error"][:1]) == (
        Result.FAIL,
        [0],
    )
