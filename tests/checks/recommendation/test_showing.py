"""Recommendations beside the old policies, as files, and supposing other evidence."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from analyzers.checks.recommendation import Held, Kind, Recommendation, StepAction, recommend, what_if
from analyzers.checks.recommendation.downloads import (
    NotWritable,
    as_cli,
    as_cloudformation,
    as_json,
    as_roll_out,
    as_terraform,
)
from analyzers.checks.recommendation.side_by_side import Mark, rows
from analyzers.checks.recommendation.staging import deny_stage
from analyzers.policy import pretty
from tests.checks.knowing import NOW, ROLE, SINCE, USER, ago, evidence, use

TEXT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Old", "Effect": "Allow", "Action": ["s3:*"], "Resource": "*"},
            {"Sid": "Both", "Effect": "Allow", "Action": ["sqs:SendMessage", "s3:GetObject"], "Resource": "*"},
        ],
    }
)
KNOWN = evidence({"s3": 200, "sqs": 3})


def found_for(text: str = TEXT, name: str = "p", arn: str = "", principal: str = ROLE) -> Recommendation:
    held = Held(name, arn, Kind.MANAGED if arn else Kind.INLINE, text)
    known = evidence({"s3": 200, "sqs": 3}, principal=principal)
    found = recommend([held], known, since=SINCE, now=NOW, seconds=30)
    assert found.proved
    return found


# -- side by side --------------------------------------------------------------------------------------------------


def test_statements_stand_beside_each_other_and_what_goes_is_marked_with_its_last_use() -> None:
    found = found_for()
    shown = rows(TEXT, [found.steps[0].text], found.steps[0].changes)
    assert [row.old for row in shown if row.old_number] == pretty(json.loads(TEXT)).splitlines()
    assert [row.new for row in shown if row.new_number] == found.steps[0].text.splitlines()
    gone = [row for row in shown if row.statement == 0]
    assert {row.mark for row in gone} == {Mark.REMOVED}
    (action,) = [row for row in shown if '"s3:GetObject"' in row.old]
    assert action.mark is Mark.REMOVED
    assert action.last_use == ago(200)
    assert "Amazon S3 was not used" in action.reason
    (kept,) = [row for row in shown if '"sqs:SendMessage"' in row.old]
    assert kept.new.strip().startswith('"sqs:SendMessage"')


def test_of_a_policy_that_goes_everything_is_removed() -> None:
    assert {row.mark for row in rows(TEXT, [])} == {Mark.REMOVED}


# -- files ---------------------------------------------------------------------------------------------------------


def test_json_holds_the_api_shape_and_the_documents() -> None:
    told = json.loads(as_json(found_for()))
    assert told["recommendation"]["recommendationType"] == "UnusedPermissionRecommendation"
    assert told["policies"][0]["document"]["Statement"][0]["Action"] == ["sqs:SendMessage"]
    assert [proof["verdict"] for proof in told["proofs"]] == ["proved"] * 3


def run(script: str, argument: str, folder: Path) -> list[list[str]]:
    """The calls of `aws` that the script makes."""
    (folder / "aws").write_text(
        '#!/bin/sh\nfor one in "$@"; do printf "%s\\0" "$one"; done >> calls\nprintf "\\1" >> calls\n'
    )
    (folder / "aws").chmod(0o755)
    (folder / "calls").unlink(missing_ok=True)
    (folder / "script.sh").write_text(script)
    path = {"PATH": f"{folder}:/usr/bin:/bin"}
    subprocess.run(["sh", "script.sh", argument], cwd=folder, env=path, check=True)
    calls = (folder / "calls").read_text().split("\1")[:-1]
    return [call.split("\0")[:-1] for call in calls]


def test_commands_give_before_they_take_and_can_be_taken_back(tmp_path: Path) -> None:
    arn = "arn:aws:iam::aws:policy/Wide"
    found = found_for(name="Wide", arn=arn)
    new = "arn:aws:iam::111122223333:policy/worker-Wide-used-20260601"
    calls = run(as_cli(found), "apply", tmp_path)
    assert [call[1] for call in calls] == ["create-policy", "attach-role-policy", "detach-role-policy"]
    assert calls[1] == ["iam", "attach-role-policy", "--role-name=worker", f"--policy-arn={new}"]
    back = run(as_cli(found), "rollback", tmp_path)
    assert [call[1] for call in back] == ["attach-role-policy", "detach-role-policy", "delete-policy"]
    assert back[0][-1] == f"--policy-arn={arn}"


def test_an_inline_policy_is_overwritten_and_not_deleted(tmp_path: Path) -> None:
    calls = run(as_cli(found_for()), "apply", tmp_path)
    assert [call[1] for call in calls] == ["put-role-policy"]
    back = run(as_cli(found_for()), "rollback", tmp_path)
    assert json.loads(back[0][-1].removeprefix("--policy-document=")) == json.loads(TEXT)


def test_a_group_is_left_after_everything_needed_is_attached(tmp_path: Path) -> None:
    group = "arn:aws:iam::111122223333:group/ops"
    wide = Held("wide", "arn:aws:iam::111122223333:policy/wide", Kind.MANAGED, TEXT, via=group)
    same = Held("same", "arn:aws:iam::aws:policy/same", Kind.MANAGED, TEXT.replace("s3:", "sqs:"), via=group)
    found = recommend([wide, same], evidence({"s3": None, "sqs": 1}, principal=USER), since=SINCE, now=NOW, seconds=30)
    calls = run(as_cli(found), "apply", tmp_path)
    assert [call[1] for call in calls] == [
        "create-policy",
        "attach-user-policy",
        "attach-user-policy",
        "remove-user-from-group",
    ]
    back = run(as_cli(found), "rollback", tmp_path)
    assert back[0][1:] == ["add-user-to-group", "--user-name=ann", "--group-name=ops"]
    assert "attach arn:aws:iam::aws:policy/same" in as_terraform(found)


HOSTILE = '\'; touch pwned; $(touch pwned) `touch pwned` "${file("/etc/passwd")} %{ if true }'


def test_hostile_text_in_documents_is_only_text(tmp_path: Path) -> None:
    document = json.loads(TEXT)
    document["Statement"][1]["Condition"] = {"StringEquals": {"aws:userid": HOSTILE}}
    found = found_for(json.dumps(document))
    (call,) = run(as_cli(found), "apply", tmp_path)
    new = json.loads(call[-1].removeprefix("--policy-document="))
    assert new["Statement"][0]["Condition"] == document["Statement"][1]["Condition"]
    assert not (tmp_path / "pwned").exists()
    policy = json.loads(as_terraform(found))["resource"]["aws_iam_role_policy"]["used_1"]["policy"]
    assert "${" not in policy.replace("$${", "")
    assert "%{" not in policy.replace("%%{", "")
    assert json.loads(policy.replace("$${", "${").replace("%%{", "%{")) == new


@pytest.mark.parametrize("name", ["a b", "a'b", "file:///etc/passwd", "x\n*) rm", "", "a" * 129])
def test_names_that_iam_does_not_allow_are_not_written(name: str) -> None:
    found = found_for(name=name)
    for write in (as_cli, as_cloudformation, as_terraform):
        with pytest.raises(NotWritable):
            write(found)


@pytest.mark.parametrize(
    "condition",
    [{"StringEquals": {"Ref": "Secret"}}, {"StringEquals": {"aws:userid": "{{resolve:secretsmanager:x}}"}}],
)
def test_what_cloudformation_would_replace_is_refused(condition: Any) -> None:
    document = json.loads(TEXT)
    document["Statement"][1]["Condition"] = condition
    with pytest.raises(NotWritable):
        as_cloudformation(found_for(json.dumps(document)))


def test_cloudformation_makes_a_managed_policy_and_says_what_is_left_to_do() -> None:
    told = json.loads(as_cloudformation(found_for(name="Wide", arn="arn:aws:iam::aws:policy/Wide")))
    made = told["Resources"]["Policy1"]
    assert made["Type"] == "AWS::IAM::ManagedPolicy"
    assert made["Properties"]["Roles"] == ["worker"]
    assert "detach arn:aws:iam::aws:policy/Wide" in told["Description"]


def test_nothing_is_written_of_what_is_not_proven() -> None:
    nothing = recommend([Held("p", text=TEXT)], evidence({"s3": 1, "sqs": 1}), since=SINCE, now=NOW)
    for write in (as_json, as_cli, as_cloudformation, as_terraform, as_roll_out):
        with pytest.raises(NotWritable):
            write(nothing)


def test_the_roll_out_denies_what_goes_and_nothing_that_stays() -> None:
    found = found_for()
    stage = deny_stage(found)
    assert stage.document is not None
    assert stage.document["Statement"][0]["Action"] == ["s3:*", "s3:GetObject"]
    assert stage.proof is not None
    assert stage.proof.verdict == "proved"
    text = as_roll_out(found, days=30)
    assert "Watch for 30 days" in text
    assert text.index("1. Deny") < text.index("2. Watch") < text.index("3. Remove")


def test_the_roll_out_does_not_detach_an_inline_policy_that_it_overwrote() -> None:
    found = recommend([Held("p", text=TEXT, kind=Kind.INLINE)], KNOWN, since=SINCE, now=NOW, seconds=30)
    assert found.steps[-1].overwritten
    text = as_roll_out(found)
    assert f"Watch for {(NOW - SINCE).days} days" in text
    assert "CREATE_POLICY: p." in text
    assert "DETACH_POLICY" not in text
    assert found.steps[-1].words in text


def test_what_another_policy_still_allows_is_not_denied() -> None:
    young = Held("young", text=TEXT, updated_at=ago(3))
    found = recommend([Held("p", text=TEXT), young], KNOWN, since=SINCE, now=NOW, seconds=30)
    stage = deny_stage(found)
    assert stage.document is None
    assert "No action goes" in stage.reason


def test_shell_quoting_is_what_the_shell_reads() -> None:
    line = next(line for line in as_cli(found_for()).splitlines() if "put-role-policy" in line)
    assert shlex.split(line)[:3] == ["aws", "iam", "put-role-policy"]


# -- supposing -----------------------------------------------------------------------------------------------------


def test_what_was_used_in_the_oldest_days_would_break_if_the_evidence_were_shorter() -> None:
    document = TEXT.replace("s3:*", "sns:Publish")
    known = evidence({"sns": 80, "sqs": 3, "s3": 100}, uses=[use("sns:Publish", days=80)])
    supposed = what_if([Held("p", text=document)], known, since=SINCE, now=NOW, days=30)
    assert [(one.action, one.last_use) for one in supposed.broken] == [("sns:Publish", ago(80))]


def test_uses_before_the_period_would_be_spared_if_the_evidence_were_longer() -> None:
    known = evidence({"sqs": 3, "s3": 100}, {"s3:ListBucket": 100}, uses=[use("s3:GetObject", days=100)])
    supposed = what_if([Held("p", text=TEXT)], known, since=SINCE, now=NOW, days=30)
    assert [one.action for one in supposed.spared] == ["s3:GetObject", "s3:ListBucket"]
    assert not supposed.broken


def test_a_whole_service_is_told_as_one() -> None:
    supposed = what_if([Held("p", text=TEXT)], evidence({"sqs": 3, "s3": 80}), since=SINCE, now=NOW, days=30)
    assert [one.action for one in supposed.broken] == ["s3:*"]


def test_steps_of_the_api_carry_the_time_of_the_policy() -> None:
    held = Held("p", text=TEXT, updated_at=ago(300))
    found = recommend([held], KNOWN, since=SINCE, now=NOW, seconds=30)
    told = found.as_json()["recommendedSteps"]
    assert [one["unusedPermissionsRecommendedStep"]["recommendedAction"] for one in told] == [
        StepAction.CREATE_POLICY,
        StepAction.DETACH_POLICY,
    ]
    assert told[0]["unusedPermissionsRecommendedStep"]["policyUpdatedAt"] == ago(300).isoformat()
