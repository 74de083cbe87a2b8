"""What templates, plans and files hide from a reader is found, or told to be unknown: never passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.checks.cli.main import main
from analyzers.checks.custom import Access, Result, access_not_granted, no_public_access
from analyzers.checks.found import FoundPolicy, words_in
from analyzers.checks.sources import Options, Unreadable, read
from analyzers.checks.sources.permissions import PERMISSIONS
from analyzers.checks.sources.properties import PROPERTIES

from .test_terraform import change, plan

OPEN = '{Effect: Allow, Principal: "*", Action: "s3:*", Resource: "*"}'
ALL = '{Version: 2012-10-17, Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}'
NONE = "!Ref AWS::NoValue"
TEXT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'


def policies(tmp_path: Path, text: str, name: str = "template.yaml", **assume: str) -> list[FoundPolicy]:
    (tmp_path / name).write_text(text)
    told = list(read([str(tmp_path)], Options(assume=assume)))
    assert not [one for one in told if isinstance(one, Unreadable)], told
    return [one for one in told if isinstance(one, FoundPolicy)]


def resource(kind: str, properties: str, head: str = "") -> str:
    return f"{head}\nResources:\n  R:\n    Type: {kind}\n    Properties: {properties}\n"


def public(found: list[FoundPolicy]) -> set[Result]:
    return {no_public_access(one).result for one in found}


def granted(found: list[FoundPolicy]) -> set[Result]:
    return {access_not_granted(one, [Access(("s3:GetObject",))]).result for one in found}


@pytest.mark.parametrize(
    "properties",
    [
        f"{{Policies: !If [C, [{{PolicyName: a, PolicyDocument: {ALL}}}], {NONE}]}}",
        f"{{Policies: [!If [C, {{PolicyName: a, PolicyDocument: {ALL}}}, {NONE}]]}}",
        '{ManagedPolicyArns: [!If [C, "arn:aws:iam::1:policy/x", "arn:aws:iam::aws:policy/AdministratorAccess"]]}',
    ],
)
def test_policies_of_a_role_within_functions(tmp_path: Path, properties: str) -> None:
    assert Result.FAIL in granted(policies(tmp_path, resource("AWS::IAM::Role", properties)))


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::ApiGateway::RestApi", f"{{Body: {{x-amazon-apigateway-policy: {{Statement: [{OPEN}]}}}}}}"),
        ("AWS::DynamoDB::Table", f"{{ResourcePolicy: !If [C, {{PolicyDocument: {{Statement: [{OPEN}]}}}}, {NONE}]}}"),
        ("Custom::X", f"{{Policy: '{TEXT}'}}"),
        ("Custom::X", f"{{Policy: !Sub '{TEXT}'}}"),
        ("Custom::X", f"{{Policy: !Join ['', ['{TEXT[:-2]}', ']}}']]}}"),
        ("Custom::X", f"{{Policy: !If [C, {{Statement: [{OPEN}]}}, {NONE}]}}"),
    ],
)
def test_policies_in_properties_that_no_table_knows(tmp_path: Path, kind: str, properties: str) -> None:
    assert public(policies(tmp_path, resource(kind, properties))) == {Result.FAIL}


def test_statements_that_are_all_conditional_may_name_principals(tmp_path: Path) -> None:
    text = resource("Custom::X", f"{{Policy: {{Statement: [!If [C, {OPEN}, {NONE}]]}}}}")
    assert public(policies(tmp_path, text)) == {Result.UNKNOWN}


@pytest.mark.parametrize(
    "text",
    [
        "Transform: MyMacro\nResources: {X: {Type: AWS::SNS::Topic}}",
        "Transform: [{Name: AWS::Include}]\nResources: {X: {Type: AWS::SNS::Topic}}",
        "Resources: {X: {Type: AWS::SNS::Topic}, Fn::Transform: {Name: AWS::Include}}",
        "Resources: {X: {Type: AWS::SNS::Topic}, Fn::ForEach::Q: [N, [a], {Q: {Type: AWS::SQS::QueuePolicy}}]}",
        "Resources: {X: {Type: My::S3::Bucket::MODULE}, Y: {Type: AWS::SNS::Topic}}",
        "Resources: {X: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}}",
        "Resources: {X: {Type: AWS::S3::BucketPolicy, Fn::Transform: {Name: AWS::Include}}}",
        "Resources: {X: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: b, Fn::Transform: {Name: AWS::Include}}}}",
        "Resources: {X: {Type: AWS::Serverless::Function, Properties: {Policies: [AdministratorAccess]}}}",
        "Resources: {X: [], Y: {Type: AWS::SNS::Topic}}",
    ],
)
def test_resources_that_the_template_does_not_show_are_unknown(tmp_path: Path, text: str) -> None:
    found = policies(tmp_path, text)
    assert Result.UNKNOWN in public(found)
    assert granted(found) == {Result.UNKNOWN}
    assert all(one.missing for one in found)


@pytest.mark.parametrize("statement", ['"AWS": "111122223333"', '"AWS": "*"'])
def test_a_function_beside_other_keys_may_add_to_them(tmp_path: Path, statement: str) -> None:
    named = OPEN.replace('"*"', f"{{{statement}, Fn::Transform: {{Name: X}}}}", 1)
    found = policies(tmp_path, resource("AWS::S3::BucketPolicy", f"{{PolicyDocument: {{Statement: [{named}]}}}}"))
    assert public(found) == {Result.UNKNOWN}


PROD = "Parameters: {Env: {Type: String, Default: dev}}\nConditions: {Prod: !Equals [!Ref Env, prod]}"


def conditional(principal: str = '"*"', head: str = PROD) -> str:
    body = resource("AWS::S3::BucketPolicy", f"{{PolicyDocument: {{Statement: [{OPEN}]}}}}", head)
    return body.replace('"*"', principal, 1) + "    Condition: Prod\n"


def test_a_default_does_not_switch_a_resource_off(tmp_path: Path) -> None:
    assert public(policies(tmp_path, conditional())) == {Result.FAIL}
    assert public(policies(tmp_path, conditional("!Ref Env"))) == {Result.UNKNOWN}
    (tmp_path / "template.yaml").unlink()
    (tmp_path / "template.yaml").write_text(conditional())
    assert list(read([str(tmp_path / "template.yaml")], Options(assume={"Env": "dev"}))) == []


def test_defaults_that_are_in_a_policy_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = 'Parameters: {Trusted: {Type: String, Default: "111122223333"}}'
    principal = OPEN.replace('"*"', "{AWS: !Ref Trusted}", 1)
    text = resource("AWS::S3::BucketPolicy", f"{{PolicyDocument: {{Statement: [{principal}]}}}}", head)
    (found,) = policies(tmp_path, text)
    assert (public([found]), found.taken) == ({Result.PASS}, (("Trusted", "111122223333"),))
    for form in ("text", "json", "markdown"):
        assert main(["check", "no-public-access", str(tmp_path), "--format", form]) == 0
        assert "Trusted" in capsys.readouterr().out


def test_a_value_for_a_parameter_decides_no_condition_of_its_name(tmp_path: Path) -> None:
    head = "Parameters: {Prod: {Type: String}}\nConditions: {Prod: !Equals [!Ref Prod, yes-please]}"
    assert public(policies(tmp_path, conditional(head=head), Prod="yes-please")) == {Result.FAIL}


def test_functions_with_long_arguments_are_told_apart(tmp_path: Path) -> None:
    long = "10.0.0.0/16-" + "a" * 80
    head = f"Conditions: {{Prod: !Not [!Equals [!Cidr ['{long}', 1], !Cidr ['{long}', 2]]]}}"
    assert public(policies(tmp_path, conditional(head=head))) == {Result.FAIL}


def test_names_of_unknown_values_end_no_text(tmp_path: Path) -> None:
    text = TEXT.replace('"*"}', '"${a}"}')
    document = f"!Sub ['{text}', {{a: !Select [0, !Split [',', !Ref P]]}}]"
    found = policies(tmp_path, resource("AWS::SQS::QueuePolicy", f"{{PolicyDocument: {document}}}"))
    assert [one.unreadable for one in found] == [""]


def test_an_element_that_occurs_twice_is_no_policy_whatever_is_unknown(tmp_path: Path) -> None:
    text = TEXT.replace('"Resource": "*"', '"Resource": "${P}", "Effect": "Deny"')
    (found,) = policies(tmp_path, resource("AWS::SQS::QueuePolicy", f"{{PolicyDocument: !Sub '{text}'}}"))
    assert "twice" in found.unreadable


def test_values_that_aws_gives_are_words_only_where_they_are(tmp_path: Path) -> None:
    head = "Parameters: {P: {Type: String}}"
    provider = "  O: {Type: AWS::IAM::OIDCProvider, Properties: {Url: 'https://token.actions.githubusercontent.com'}}\n"
    provider += "  T: {Type: AWS::DynamoDB::Table}\n"
    names = ["!Ref AWS::StackId", "!Ref AWS::NotificationARNs", "!Ref O", "!GetAtt T.StreamArn"]
    statement = f"{{Effect: Allow, Action: '*', Resource: [{', '.join(names)}]}}"
    policy = resource("AWS::IAM::Policy", f"{{PolicyDocument: {{Statement: [{statement}]}}}}", head) + provider
    (found,) = policies(tmp_path, policy)
    written = json.loads(found.variants[0].text)["Statement"][0]["Resource"]
    words = [
        [name for name in ("StackId", "Notification", "Stream") if name in "".join(words_in(one))] for one in written
    ]
    assert words == [[], [], [], []]
    assert written[2].endswith("oidc-provider/token.actions.githubusercontent.com")


def test_managed_policies_of_the_template_are_checked_where_they_are_made(tmp_path: Path) -> None:
    text = resource("AWS::IAM::Role", "{ManagedPolicyArns: [!Ref M]}")
    text += f"  M: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {ALL}}}}}\n"
    assert [one.name for one in policies(tmp_path, text)] == ["M"]


def test_sam_is_translated_however_its_transform_is_named(tmp_path: Path) -> None:
    transform = "Transform: {Name: AWS::Serverless-2016-10-31}"
    function = (
        "{InlineCode: x, Handler: a.b, Runtime: python3.11, Policies: [arn:aws:iam::aws:policy/AdministratorAccess]}"
    )
    assert Result.FAIL in granted(policies(tmp_path, resource("AWS::Serverless::Function", function, transform)))


# -- plans --------------------------------------------------------------------------------------------------------


def planned(tmp_path: Path, *changes: Any, references: Any = None) -> list[FoundPolicy]:
    return policies(tmp_path, json.dumps(plan(*changes, references=references), sort_keys=True), "plan.json")


def test_a_policy_in_any_attribute_is_found_in_a_plan_whose_keys_are_sorted(tmp_path: Path) -> None:
    assert public(planned(tmp_path, change("awscc_s3_bucket_policy.b", {"policy_document": TEXT}))) == {Result.FAIL}
    assert public(planned(tmp_path, change("aws_new_policy.b", {}, {"policy": True}))) == {Result.UNKNOWN}


DOCUMENT = "data.aws_iam_policy_document.d"
WRITTEN = ("aws_s3_bucket_policy.b", "policy")


@pytest.mark.parametrize(
    "references",
    [
        [f"{DOCUMENT}.json", DOCUMENT, "var.open", "local.public"],
        [f"{DOCUMENT}.json", DOCUMENT, "data.aws_iam_policy_document.known.json", "data.aws_iam_policy_document.known"],
    ],
)
def test_an_expression_that_names_more_than_a_document_is_not_that_document(tmp_path: Path, references: Any) -> None:
    data = change(DOCUMENT, {"statement": []}, {"json": True}, mode="data", actions=["read"])
    policy = change("aws_s3_bucket_policy.b", {}, {"policy": True})
    assert public(planned(tmp_path, data, policy, references={WRITTEN: references})) == {Result.UNKNOWN}


@pytest.mark.parametrize(
    ("after", "unknown"),
    [
        (None, True),
        ({}, {"statement": [{}, True]}),
        ({"statement": [{}]}, {"statement": [True]}),
        ({"statement": [{"actions": ["s3:*"], "resources": ["*"]}]}, {"statement": [{"principals": [True]}]}),
    ],
)
def test_blocks_of_a_document_that_come_later_are_unknown(tmp_path: Path, after: Any, unknown: Any) -> None:
    data = change(DOCUMENT, after, unknown, mode="data", actions=["read"])
    policy = change("aws_s3_bucket_policy.b", {}, {"policy": True})
    told = planned(tmp_path, data, policy, references={WRITTEN: [f"{DOCUMENT}.json", DOCUMENT]})
    assert public(told) == {Result.UNKNOWN}


def test_an_attached_policy_that_the_plan_does_not_make_is_unknown(tmp_path: Path) -> None:
    attached = change("aws_iam_role_policy_attachment.a", {"role": "r"}, {"policy_arn": True})
    at = ("aws_iam_role_policy_attachment.a", "policy_arn")
    assert granted(planned(tmp_path, attached, references={at: ["data.aws_iam_policy.p.arn"]})) == {Result.UNKNOWN}
    made = {at: ["aws_iam_policy.p.arn", "aws_iam_policy.p"]}
    (tmp_path / "plan.json").write_text(json.dumps(plan(attached, references=made)))
    assert list(read([str(tmp_path / "plan.json")], Options())) == []


def test_a_policy_that_nobody_writes_is_not_asked_about(tmp_path: Path) -> None:
    text = json.dumps(
        plan(change("aws_sns_topic.t", {}, {"policy": True}), references={("aws_sns_topic.t", "name"): []})
    )
    (tmp_path / "plan.json").write_text(text)
    assert list(read([str(tmp_path / "plan.json")], Options())) == []


@pytest.mark.parametrize(
    "one",
    [
        change("aws_iam_role.r", {}, {"inline_policy": True}),
        change("aws_iam_role.r", {"managed_policy_arns": [None]}, {"managed_policy_arns": [True]}),
        change("aws_cloudformation_stack.s", {"template_body": "Resources: {}"}),
    ],
)
def test_what_a_plan_may_hold_besides_is_unknown(tmp_path: Path, one: Any) -> None:
    assert granted(planned(tmp_path, one)) == {Result.UNKNOWN}


def test_a_policy_that_is_an_object_is_found(tmp_path: Path) -> None:
    for address in ("aws_sqs_queue_policy.q", "awscc_sqs_queue_policy.q"):
        assert public(planned(tmp_path, change(address, {"policy": json.loads(TEXT)}))) == {Result.FAIL}


def test_a_plan_without_changes_is_unreadable(tmp_path: Path) -> None:
    content = plan() | {"planned_values": {"root_module": {"resources": [{}]}}}
    content["configuration"]["root_module"]["resources"] = 5
    del content["resource_changes"]
    (tmp_path / "plan.json").write_text(json.dumps(content))
    assert [type(one) for one in read([str(tmp_path / "plan.json")], Options())] == [Unreadable]


# -- files --------------------------------------------------------------------------------------------------------


def test_a_policy_that_is_filled_in_later_is_unknown(tmp_path: Path) -> None:
    text = TEXT.replace('"Principal": "*"', '"Principal": {"AWS": "${trusted}"}')
    (found,) = policies(tmp_path, text, "policy.json")
    assert (public([found]), [one.name for one in found.missing]) == ({Result.UNKNOWN}, ["trusted"])
    assert public(policies(tmp_path, text, "policy.json", trusted="111122223333")) == {Result.PASS}
    (found,) = policies(tmp_path, TEXT.replace('"Principal": "*"', '"Principal": {"Ref": "X"}'), "policy.json")
    assert found.unreadable


def test_a_folder_without_policies_is_not_passed(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    assert main(["check", "no-public-access", str(tmp_path)]) == 2


def test_the_tree_of_cdk_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "tree.json").write_text('{"version":"tree-0.1","tree":{"Statement": [1]}}')
    assert public(policies(tmp_path, TEXT, "policy.json")) == {Result.FAIL}


def test_names_without_a_service_are_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(TEXT)
    for option in (["--actions", "DeleteBucket"], ["--resources", "bucket"]):
        assert main(["check", "access-not-granted", *option, str(tmp_path)]) == 2


ODD: list[Any] = [None, True, 1, "x", "${A}", [], {"Ref": "A"}, {"Ref": ["x"]}, {"Ref": "AWS::NoValue"}, {"Fn::If": 1}]
ODD += [
    {f"Fn::{name}": argument} for name in ("Sub", "Select", "GetAtt", "Split", "Transform") for argument in (1, ["a"])
]
ODD += [{"Fn::If": ["C", "x", {"Ref": "AWS::NoValue"}]}, {"Fn::ToJsonString": {"Ref": "AWS::NoValue"}}]
ODD += [{"Fn::Sub": ["${a}", {"a": {"Ref": "AWS::NoValue"}}]}, {"Fn::FindInMap": ["M", 1, 2, {"DefaultValue": 1}]}]
KEYS = [
    "Statement",
    "Effect",
    "Principal",
    "Resource",
    "PolicyDocument",
    "Policies",
    "ManagedPolicyArns",
    "Fn::If",
    "Path",
]
NODES = st.recursive(
    st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
KINDS = [*PROPERTIES, *PERMISSIONS, "Custom::X", "AWS::Organizations::Policy"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KINDS), NODES, NODES)
def test_no_template_breaks_the_reader(tmp_path: Path, kind: str, properties: Any, condition: Any) -> None:
    made = {"Type": kind, "Condition": "C", "Properties": properties}
    content = {"Conditions": {"C": condition}, "Parameters": {"A": {"Type": "String"}}, "Resources": {"R": made}}
    (tmp_path / "template.json").write_text(json.dumps(content))
    for one in read([str(tmp_path / "template.json")], Options()):
        assert isinstance(one, FoundPolicy)
        assert one.variants
