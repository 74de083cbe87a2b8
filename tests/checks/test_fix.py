"""`analyzer-portal fix`: mends in the files that policies stand in."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.checks.cli import fixing
from analyzers.checks.cli.main import main
from analyzers.checks.fixing import NotWritten, fixed, write, yaml_text
from analyzers.checks.fixing.structure import copied, edited
from analyzers.checks.found import FoundPolicy
from analyzers.checks.mending.editing import GONE, Edit
from analyzers.checks.outcome import Outcome
from analyzers.checks.sources import File, Options, tree

OPEN = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
WIDE = {"Sid": "Wide", "Effect": "Allow", "Action": ["iam:PassRole", "sqs:SendMessage"], "Resource": "*"}

YAML = """\
# The web site.
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Policy:
    Type: AWS::S3::BucketPolicy   # who may read
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          # visitors
          - Sid: Open   # for everybody
            Effect: Allow
            Principal: '*'
            Action: [s3:GetObject, "s3:GetObjectVersion"]  # both
            Resource: !Sub '${Bucket.Arn}/*'
          - Sid: Own
            Effect: Allow
            Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
            Action: s3:*
            Resource: !GetAtt Bucket.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}]}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              Effect: Allow
              Action:
                - iam:PassRole    # why?
                - sqs:SendMessage
              Resource: '*'
"""  # noqa: E501


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def policy(path: Path, *statements: Any, indent: int | None = 2) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent)
    path.write_text(text)
    return text


def template(**documents: Any) -> dict[str, Any]:
    return {
        "Resources": {
            name: {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": document}}
            for name, document in documents.items()
        }
    }


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(one) for one in statements]}


PUBLIC = ["no-public-access", "--account", "111122223333"]


def test_without_write_the_mend_is_shown_and_nothing_changes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = policy(files / "p.json", OPEN)
    assert main(["fix", *PUBLIC, "p.json"]) == 1
    out = capsys.readouterr().out
    assert '+      "Principal": {' in out
    assert "fix --write" in out
    assert (files / "p.json").read_text() == text


def test_a_plain_policy_is_mended_and_passes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "p.json", OPEN)
    assert main(["fix", "--write", *PUBLIC, "p.json"]) == 0
    assert json.loads((files / "p.json").read_text())["Statement"][0]["Principal"] == {
        "AWS": "arn:aws:iam::111122223333:root"
    }
    assert main(["check", *PUBLIC, "p.json"]) == 0


def test_what_is_mended_is_left_alone_the_second_time(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "t.yaml").write_text(YAML)
    arguments = ["fix", "--write", "access-not-granted", "--actions", "iam:PassRole,s3:GetObject", "t.yaml"]
    assert main(arguments) == 0
    first, status = (files / "t.yaml").read_text(), (files / "t.yaml").stat()
    assert main(arguments) == 0
    assert (files / "t.yaml").read_text() == first
    assert (files / "t.yaml").stat().st_ino == status.st_ino


def test_in_a_yaml_template_comments_and_short_forms_stay(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "t.yaml").write_text(YAML)
    assert main(["fix", "--write", "no-public-access", "t.yaml"]) == 0
    after = (files / "t.yaml").read_text()
    as_it_is_written_there = "Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}"
    assert after == YAML.replace("Principal: '*'", as_it_is_written_there)


def test_several_failures_in_one_template_are_mended_together(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "t.yaml").write_text(YAML)
    status = main(["fix", "--write", "access-not-granted", "--actions", "iam:PassRole,s3:GetObject", "t.yaml"])
    after = (files / "t.yaml").read_text()
    assert status == 0
    assert "iam:PassRole" not in after
    assert "# why?" not in after
    assert {"# The web site.", "# visitors", "# for everybody", "# both"} <= {
        f"# {line.split('# ', 1)[1]}" for line in after.splitlines() if "# " in line
    }
    assert "- sqs:SendMessage" in after
    assert "s3:GetObjectVersion" in after


def test_a_json_template_is_edited_under_the_policys_path(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = {"Ref": "AWS::StackName"}
    content = template(One=document(OPEN, OPEN | {"Sid": "B"}), Two=document(OPEN)) | {"Description": "x", "M": [other]}
    (files / "t.json").write_text(json.dumps(content, indent=4))
    assert main(["fix", "--write", "no-public-access", "--organization", "o-a1b2c3d4e5", "t.json"]) == 0
    after = json.loads((files / "t.json").read_text())
    assert json.dumps(after).count("o-a1b2c3d4e5") == 3
    for resource in content["Resources"].values():
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    assert after == content


def test_in_json_the_account_is_written_as_a_function(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "t.json").write_text(json.dumps(template(One=document(OPEN))))
    assert main(["fix", "--write", "no-public-access", "t.json"]) == 0
    statement = json.loads((files / "t.json").read_text())["Resources"]["One"]["Properties"]["PolicyDocument"]
    assert statement["Statement"][0]["Principal"] == {
        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    }


def test_of_what_cdk_made_it_is_said_that_the_code_needs_the_change(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = {"Fn::Join": ["", [{"Fn::GetAtt": ["Site", "Arn"]}, "/*"]]}
    content = template(Policy=document(OPEN | {"Resource": arn}))
    content["Resources"]["Site"] = {"Type": "AWS::S3::Bucket"}
    content["Resources"]["Policy"]["Metadata"] = {"aws:cdk:path": "Stack/Site/Policy/Resource"}
    folder = files / "cdk.out"
    folder.mkdir()
    (folder / "Stack.template.json").write_text(json.dumps(content, indent=1))
    assert main(["fix", "--write", "no-public-access", "cdk.out"]) == 0
    assert "code of Stack/Site/Policy" in capsys.readouterr().out
    after = json.loads((folder / "Stack.template.json").read_text())["Resources"]["Policy"]["Properties"]
    assert after["PolicyDocument"]["Statement"][0]["Resource"] == arn


MADE = """\
Parameters:
  Who: {Type: CommaDelimitedList, Default: "*"}
Resources:
  Q:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [q]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          Fn::If:
            - AWS::NoValue
            - []
            - - {Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: '*'}
Conditions:
  AWS::NoValue: !Equals [a, b]
"""


def test_where_a_function_makes_the_element_the_change_is_told_in_words(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "t.yaml").write_text(MADE)
    assert main(["fix", "--write", "no-public-access", "t.yaml"]) == 1
    out = capsys.readouterr().out
    assert "not fixed: Fn::If makes this part of the policy" in out
    assert "change by hand" in out
    assert "line " in out
    assert (files / "t.yaml").read_text() == MADE


def test_an_anchor_that_others_use_is_not_changed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """\
Resources:
  A:
    Type: AWS::SQS::QueuePolicy
    Properties: &shared
      Queues: [q]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: '*'}
  B: {Type: AWS::SQS::QueuePolicy, Properties: *shared}
"""
    (files / "t.yaml").write_text(text)
    assert main(["fix", "--write", "no-public-access", "t.yaml"]) == 1
    assert "not fixed" in capsys.readouterr().out
    assert (files / "t.yaml").read_text() == text


def test_a_plan_is_never_written(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {"actions": ["create"], "after": {"policy": json.dumps(document(OPEN))}, "after_unknown": {}}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "resource_changes": [
            {"address": "aws_s3_bucket_policy.p", "type": "aws_s3_bucket_policy", "mode": "managed", "change": change}
        ],
    }
    (files / "plan.json").write_text(json.dumps(plan))
    assert main(["fix", "--write", *PUBLIC, "plan.json"]) == 1
    assert "change by hand" in capsys.readouterr().out
    assert json.loads((files / "plan.json").read_text()) == plan


def test_in_a_sam_template_what_stands_there_is_mended_and_the_rest_told(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = """\
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: python3.12
      InlineCode: x
      Policies:
        - Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: ['iam:PassRole', 's3:GetObject'], Resource: '*'}]
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ['iam:PassRole', 's3:*'], Resource: '*'}]}
"""  # noqa: E501
    text = f"Transform: AWS::Serverless-2016-10-31\nResources:\n{made}"
    (files / "t.yaml").write_text(text)
    assert main(["fix", "--write", "access-not-granted", "--actions", "iam:PassRole", "t.yaml"]) == 1
    assert 'take out "iam:PassRole"' in capsys.readouterr().out
    assert (files / "t.yaml").read_text() == text.replace("['iam:PassRole', 's3:*']", "['s3:*']")


def test_who_is_let_in_by_the_reference_is_required(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "p.json", OPEN)
    arguments = ["guardrail", "own-organization", "--with", "organization=o-a1b2c3d4e5", "p.json"]
    assert main(["fix", "--write", *arguments]) == 0
    assert "o-a1b2c3d4e5" in (files / "p.json").read_text()


def test_line_ends_byte_order_mark_and_mode_stay(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files / "t.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + YAML.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    assert main(["fix", "--write", "no-public-access", "t.yaml"]) == 0
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf# The")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(files)) == ["t.yaml"]


def test_nothing_is_written_through_links(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "real").mkdir()
    text = policy(files / "real" / "p.json", OPEN)
    (files / "link.json").symlink_to(files / "real" / "p.json")
    assert main(["fix", "--write", *PUBLIC, "link.json"]) == 1
    assert "is a link" in capsys.readouterr().out
    os.link(files / "real" / "p.json", files / "hard.json")
    assert main(["fix", "--write", *PUBLIC, "hard.json"]) == 1
    assert (files / "real" / "p.json").read_text() == text


def test_a_file_that_has_changed_meanwhile_is_left_alone(files: Path) -> None:
    (files / "p.json").write_text("newer")
    with pytest.raises(NotWritten, match="changed meanwhile"):
        write(files / "p.json", "older", "mended")
    assert (files / "p.json").read_text() == "newer"


def test_a_file_that_does_not_say_what_was_proved_is_put_back(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = policy(files / "p.json", OPEN)
    seen = []

    def differs(*_: Any) -> str:
        seen.append((files / "p.json").read_text())
        return "After writing the checks said something else than before."

    monkeypatch.setattr(fixing, "_differs", differs)
    assert main(["fix", "--write", *PUBLIC, "p.json"]) == 1
    assert seen[0] != text
    assert (files / "p.json").read_text() == text
    assert "put back as it was" in capsys.readouterr().out


GUARDRAIL = """\
name: two
rules:
  - {id: no-passing, check: access-not-granted, actions: [iam:PassRole]}
  - {id: no-sending, check: access-not-granted, actions: ["sqs:Send*"]}
"""


def test_a_policy_that_breaks_several_rules_is_mended_for_each(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "two.yaml").write_text(GUARDRAIL)
    policy(files / "p.json", WIDE | {"Action": ["iam:*", "sqs:*"]})
    assert main(["fix", "--write", "guardrail", "two.yaml", "p.json"]) == 0
    assert main(["check", "access-not-granted", "--actions", "iam:PassRole", "p.json"]) == 0
    assert "sqs:Receive" in (files / "p.json").read_text() or "Deny" in (files / "p.json").read_text()


def test_a_mend_by_which_another_rule_would_fail_is_not_kept(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "odd.yaml").write_text(
        GUARDRAIL.partition("  - {id: no-sending")[0]
        + "  - {id: named, check: no-new-access, policy-types: [IDENTITY_POLICY],"
        " reference: {Version: '2012-10-17', Statement: []}}\n"
    )
    text = policy(files / "p.json", WIDE)
    main(["fix", "--write", "guardrail", "odd.yaml", "p.json"])
    after = (files / "p.json").read_text()
    assert after != text  # one rule is mended, the other one has none that leaves a policy
    assert main(["check", "access-not-granted", "--actions", "iam:PassRole", "p.json"]) == 0


def test_a_file_never_gets_worse(files: Path) -> None:
    """A check that says something else of whatever is changed: no mend of it is kept."""
    text = policy(files / "p.json", WIDE)

    def check(found: FoundPolicy) -> list[Outcome]:
        from analyzers.checks import asking
        from analyzers.checks.custom import Access, Result

        asked = asking.access_not_granted(found, [Access(("iam:PassRole",))])
        other = Outcome("own", found, Result.PASS if "iam:PassRole" in found.variants[0].text else Result.UNKNOWN, "m")
        return [asked, other]

    done = fixed(File("p.json", files / "p.json", text), Options(), check)
    assert not done.changed
    assert "would be UNKNOWN" in done.left[0].reason


def test_which_mend_is_chosen_by_its_number(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--account", "111122223333", "--organization", "o-a1b2c3d4e5", "p.json"]
    written = set()
    for number in ("1", "2", "3"):
        policy(files / "p.json", OPEN)
        assert main(["fix", "--write", "no-public-access", "--mend", number, *arguments]) == 0
        written.add((files / "p.json").read_text())
    assert len(written) == 3
    assert "(--mend 2)" in capsys.readouterr().out


def test_as_json_it_is_told_what_was_done(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "p.json", OPEN)
    assert main(["fix", "--write", *PUBLIC, "p.json", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"], told["files"][0]["written"], len(told["files"][0]["mended"])) == ("PASS", True, 1)
    assert main(["fix", *PUBLIC, "p.json", "--format", "sarif"]) == 2


# -- edits of YAML -------------------------------------------------------------------------------------------------

EDITS = [
    [Edit(("Statement", 0), GONE)],
    [Edit(("Statement", 1), GONE)],
    [Edit(("Statement", 0, "Sid"), GONE)],
    [Edit(("Statement", 0, "Action", 1), GONE)],
    [Edit(("Statement", 0, "Action", 0), GONE)],
    [Edit(("Statement", 0, "Action"), "s3:GetObject")],
    [Edit(("Statement", 0, "Action"), ["s3:Get*", "true", "a: b", "it's", "line\nbreak", "${x}"])],
    [Edit(("Statement", 0, "Principal"), {"AWS": ["arn:aws:iam::111122223333:root", "*"]})],
    [Edit(("Statement", 0, "Principal"), {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}})],
    [Edit(("Statement", 0, "Condition"), {"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"a": True}})],
    [Edit(("Statement", 1, "Condition", "StringEquals", "aws:PrincipalOrgID"), "o-1")],
    [Edit(("Statement", 2), {"Effect": "Deny", "Principal": "*", "Action": ["a:b"] * 20, "Resource": "*"})],
    [
        Edit(("Statement", 0, "Action"), GONE),
        Edit(("Statement", 0, "NotAction"), ["s3:*"]),
        Edit(("Statement", 1), GONE),
    ],
]
LAYOUTS = {
    "block": """\
Version: 2012-10-17
Statement:
- Sid: One  # first
  Effect: Allow
  Principal: '*'
  Action:
    - s3:GetObject  # read
    - "s3:PutObject"
  Resource: !Sub '${B.Arn}/*'
# between

- Effect: Allow
  Principal:
    AWS: !Ref Who
  Action: >-
    s3:*
  Resource: '*'
  Condition:
    StringEquals:
      aws:SourceVpc: vpc-1   # ours
# the end
""",
    "flow": """\
{Version: "2012-10-17", Statement: [
  {Sid: One, Effect: Allow, Principal: '*', Action: [s3:GetObject, 's3:PutObject'], Resource: !Sub '${B.Arn}/*'},
  {Effect: Allow, Principal: {AWS: !Ref Who}, Action: 's3:*', Resource: '*',
   Condition: {StringEquals: {aws:SourceVpc: vpc-1}}}]}
""",
    "deep": """\
Version: 2012-10-17
Statement:
      -
        Sid: One
        Effect: Allow
        Principal: "*"
        Action:
        - s3:GetObject
        # about the next
        - s3:PutObject
        Resource:
          Fn::Sub: ${B.Arn}/*
      -   Effect: Allow
          Principal: {AWS: {Ref: Who}}
          Action: 's3:*'
          Resource: '*'
          Condition:
            StringEquals: {aws:SourceVpc: vpc-1}
""",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("number", range(len(EDITS)))
def test_an_edit_of_yaml_changes_what_it_says_and_nothing_else(layout: str, number: int) -> None:
    text = LAYOUTS[layout]
    try:
        after = yaml_text.apply(text, EDITS[number])
    except LookupError:
        assert layout == "deep"  # a dash on a line of its own
        assert EDITS[number][-1] in {Edit(("Statement", 0), GONE), Edit(("Statement", 1), GONE)}
        return
    assert copied(tree.load(after)) == edited(tree.load(text), EDITS[number])
    if layout != "flow" and all(len(edit.path) > 2 or edit.value is not GONE for edit in EDITS[number]):
        gone = {line.strip() for line in text.splitlines()} - {line.strip() for line in after.splitlines()}
        assert len(gone) <= 4


TEXTS = st.sampled_from(["a", "s3:GetObject", "*", "x: y", "# no", "'", '"', "yes", "12", "é", "- a", "{", "a\nb", ""])
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(value=VALUES, layout=st.sampled_from(sorted(LAYOUTS)), name=st.sampled_from(["Principal", "Action", "New"]))
def test_whatever_is_written_is_read_again(value: Any, layout: str, name: str) -> None:
    edits = [Edit(("Statement", 0, name), value)]
    text = LAYOUTS[layout]
    after = yaml_text.apply(text, edits)
    assert copied(tree.load(after)) == edited(tree.load(text), edits)
