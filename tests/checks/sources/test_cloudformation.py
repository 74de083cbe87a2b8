"""CloudFormation templates: which policies are found, with which values, and where."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from analyzers.checks.custom import Result, no_public_access
from analyzers.checks.found import FoundPolicy, marks_in, readable
from analyzers.checks.sources import Options, Unreadable, read
from analyzers.checks.sources.tree import MAX_DEPTH, NotReadable, load
from analyzers.reasoning.question import PolicyType

HEAD = "AWSTemplateFormatVersion: 2010-09-09\n"


@pytest.fixture
def found(tmp_path: Path):  # type: ignore[no-untyped-def]
    def policies(text: str, name: str = "template.yaml", **assume: str) -> list[FoundPolicy]:
        path = tmp_path / name
        path.write_text(text)
        told = list(read([str(path)], Options(assume={key.replace("__", "::"): one for key, one in assume.items()})))
        unreadable = [one for one in told if isinstance(one, Unreadable)]
        assert not unreadable, unreadable
        return [one for one in told if isinstance(one, FoundPolicy)]

    return policies


def bucket_policy(resource: str, more: str = "") -> str:
    return f"""{HEAD}
{more}
Resources:
  Bucket: {{Type: AWS::S3::Bucket}}
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs}}}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: "*"
            Action: s3:GetObject
            Resource: {resource}
"""


def resources(policies: Sequence[FoundPolicy]) -> list[str]:
    statements = [json.loads(one.text)["Statement"][0] for one in policies[0].variants]
    return [readable(json.dumps(one["Resource"], ensure_ascii=False)) for one in statements]


PARAMETERS = """
Parameters:
  Name: {Type: String}
  Team: {Type: String, Default: red}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Buckets: {red: {name: red-data}, blue: {name: blue-data}}
Conditions:
  Red: !Equals [!Ref Team, red]
  Named: !Not [!Equals [!Ref Name, ""]]
  Both: !And [!Condition Red, !Condition Named]
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Team", '"red"'),
        ("!Ref Names", '["a", "b"]'),
        ("!Select [1, !Ref Names]", '"b"'),
        ('!Join ["-", [x, !Ref Team]]', '"x-red"'),
        ('!Select [0, !Split [",", "p,q"]]', '"p"'),
        ("!FindInMap [Buckets, !Ref Team, name]", '"red-data"'),
        ("!If [Red, yes-red, no]", '"yes-red"'),
        ('!Sub "arn:${AWS::Partition}:s3:::${Team}/*"', '"arn:aws:s3:::red/*"'),
        ('!Sub ["${a}/${!aws:username}", {a: !Ref Team}]', '"red/${aws:username}"'),
        ("!GetAtt Queue.Arn", '"arn:aws:sqs:<AWS::Region>:<AWS::AccountId>:jobs"'),
        ('!Sub "${Bucket.Arn}/*"', '"arn:aws:s3:::<Bucket.BucketName>/*"'),
        ("!Ref Name", '"<Name>"'),
        ("!ImportValue shared-bucket", '"<import:shared-bucket>"'),
        ('"{{resolve:ssm:/bucket}}"', '"<resolve:ssm:/bucket>"'),
        ("[x, !Ref AWS::NoValue]", '["x"]'),
        ("!GetAtt Elsewhere.Arn", '"<Elsewhere.Arn>"'),
    ],
)
def test_intrinsic_functions(found, written: str, value: str) -> None:  # type: ignore[no-untyped-def]
    assert resources(found(bucket_policy(written, PARAMETERS))) == [value]


def test_what_is_not_known_is_named_and_can_be_assumed(found) -> None:  # type: ignore[no-untyped-def]
    policies = found(bucket_policy("!Ref Name", PARAMETERS))
    assert [one.name for one in policies[0].missing] == ["Name"]
    assert policies[0].missing[0].place is not None
    assert resources(found(bucket_policy("!Ref Name", PARAMETERS), Name="x")) == ['"x"']
    text = bucket_policy("!GetAtt Queue.Arn")
    assert resources(found(text, AWS__Region="eu-west-1", AWS__AccountId="111122223333")) == [
        '"arn:aws:sqs:eu-west-1:111122223333:jobs"'
    ]


def test_conditions_that_are_not_known_make_variants(found) -> None:  # type: ignore[no-untyped-def]
    policies = found(bucket_policy("!If [Both, x, !If [Named, y, z]]", PARAMETERS))
    assert sorted(resources(policies)) == ['"x"', '"z"']
    assert {one.when for one in policies[0].variants} == {(("Named", True),), (("Named", False),)}


def test_conditions_that_need_each_other_end(found) -> None:  # type: ignore[no-untyped-def]
    more = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}"
    assert sorted(resources(found(bucket_policy("!If [A, x, y]", more)))) == ['"x"', '"y"']


def test_places_are_those_of_the_elements(found) -> None:  # type: ignore[no-untyped-def]
    text = bucket_policy("['*', !Ref Bucket]")
    policy = found(text)[0]
    lines = text.splitlines()
    place = policy.where(("Statement", 0, "Principal"))
    assert lines[place.line - 1][place.column - 1 :] == '"*"'
    assert policy.where(("Statement", 0, "Resource", 1)).line == policy.where(("Statement", 0, "Resource")).line
    assert policy.name == "Policy"


def test_json_templates_have_places_too(found) -> None:  # type: ignore[no-untyped-def]
    body = {
        "Resources": {
            "Q": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
                    }
                },
            }
        }
    }
    text = json.dumps(body, indent="\t")
    policy = found(text, "template.json")[0]
    place = policy.where(("Statement", 0, "Principal"))
    assert text.splitlines()[place.line - 1].strip() == '"Principal": "*",'
    assert policy.resource_type == "AWS::SQS::Queue"


IAM = f"""{HEAD}
Resources:
  Role:
    Type: AWS::IAM::Role
    Metadata: {{"aws:cdk:path": App/Stack/Role/Resource}}
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{{Effect: Allow, Principal: {{Service: ec2.amazonaws.com}}, Action: sts:AssumeRole}}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]
      Policies:
        - PolicyName: one
          PolicyDocument: '{{"Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}}'
  Gone:
    Type: AWS::IAM::Policy
    Condition: Never
    Properties: {{PolicyName: x, PolicyDocument: {{Statement: [{{Effect: Allow, Action: "*", Resource: "*"}}]}}}}
  Control:
    Type: AWS::Organizations::Policy
    Properties:
      Type: SERVICE_CONTROL_POLICY
      Content: {{Statement: [{{Effect: Deny, Action: "*", Resource: "*"}}]}}
  Odd:
    Type: Custom::Thing
    Properties: {{Inner: {{Doc: {{Statement: [{{Effect: Allow, Principal: "*", Action: "x:Y", Resource: "*"}}]}}}}}}
  Call:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: f
      Action: lambda:InvokeFunction
      Principal: s3.amazonaws.com
      SourceAccount: !Ref AWS::AccountId
Conditions:
  Never: !Equals [a, b]
"""


def test_every_kind_of_policy_is_found(found) -> None:  # type: ignore[no-untyped-def]
    told = {one.title.partition(": ")[2]: one for one in found(IAM)}
    role = "Role (App/Stack/Role)"
    assert set(told) == {
        f"{role}.AssumeRolePolicyDocument",
        f"{role}.Policies[0].PolicyDocument",
        f"{role}.ManagedPolicyArns(arn:aws:iam::aws:policy/AdministratorAccess)",
        "Control.Content",
        "Odd.Inner.Doc",
        "Call",
    }
    assert told["Control.Content"].policy_type is PolicyType.SERVICE_CONTROL
    assert told["Odd.Inner.Doc"].policy_type is PolicyType.RESOURCE
    assert told[f"{role}.AssumeRolePolicyDocument"].resource_type == "AWS::IAM::AssumeRolePolicyDocument"
    statement = json.loads(told["Call"].variants[0].text)["Statement"][0]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert list(marks_in(statement["Condition"]["StringEquals"]["AWS:SourceAccount"])) == ["AWS::AccountId"]


def test_a_managed_policy_that_is_only_named_is_not_known(found, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = IAM.replace("AdministratorAccess", "Other")
    policy = next(one for one in found(text) if "ManagedPolicyArns" in one.element)
    assert [one.name for one in policy.missing] == ["arn:aws:iam::aws:policy/Other"]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "Other.json").write_text('{"Statement": []}')
    told = read([str(tmp_path / "template.yaml")], Options(managed=str(tmp_path / "texts")))
    texts = [one.variants[0].text for one in told if isinstance(one, FoundPolicy) and "Managed" in one.element]
    assert texts == ['{"Statement": []}']


def test_administrators_are_known(found) -> None:  # type: ignore[no-untyped-def]
    policy = next(one for one in found(IAM) if "ManagedPolicyArns" in one.element)
    assert json.loads(policy.variants[0].text)["Statement"][0]["Action"] == "*"


def test_own_account_and_made_up_names_are_decided(found) -> None:  # type: ignore[no-untyped-def]
    text = bucket_policy('!Sub "${Bucket.Arn}/*"')
    assert no_public_access(found(text)[0]).result is Result.FAIL
    own = text.replace('Principal: "*"', 'Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}')
    assert no_public_access(found(own)[0]).result is Result.PASS


def test_sam_is_translated(found) -> None:  # type: ignore[no-untyped-def]
    text = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: python3.11
      CodeUri: src/
      FunctionUrlConfig: {AuthType: NONE}
      Policies:
        - S3ReadPolicy: {BucketName: data}
"""
    told = {one.name: one for one in found(text)}
    assert {"ApiRole", "ApiUrlPublicPermissions"} <= set(told)
    assert no_public_access(told["ApiUrlPublicPermissions"]).result is Result.FAIL
    assert told["ApiUrlPublicPermissions"].place.line == 5


def test_a_broken_sam_template_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sam.yaml"
    path.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: 1}}\n"
    )
    told = list(read([str(path)], Options()))
    assert [type(one) for one in told] == [Unreadable]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "elements"),
        ("a: &a [*a]", "contains itself"),
        ("a: *b", "not defined"),
        ("[" * 100_000, "nest"),
        ("- " * 100_000, f"{MAX_DEPTH} levels"),
        ('{"a":' * 100_000, f"{MAX_DEPTH} levels"),
        ("a: b\n" * 1_000_000, "characters"),
        ("a: 1\na: 2", "twice"),
        ("", "empty"),
        ("a: b\n---\nc: d", "more than one document"),
        ("? [x]\n: y", "no text"),
        ("a: [", ""),
        ("\x00", ""),
    ],
)
def test_hostile_texts_are_refused_at_once(text: str, said: str) -> None:
    began = time.process_time()
    with pytest.raises(NotReadable) as caught:
        load(text)
    assert said in str(caught.value)
    assert time.process_time() - began < 5  # a hang, not a slow machine


def test_tags_make_nothing_but_values() -> None:
    assert load('a: !!python/object/apply:os.system ["true"]\nb: !Foo {x: 1}') == {
        "a": ["true"],
        "b": {"Fn::Foo": {"x": 1}},
    }


def test_scalars_are_what_cloudformation_makes_of_them() -> None:
    text = "[1, 012345678901, 2012-10-17, true, yes, null, 1.50, 0x10, '1', ~]"
    assert load(text) == [1, "012345678901", "2012-10-17", True, True, None, "1.50", "0x10", "1", None]
    assert load("{x: 1, <<: {x: 2, y: 3}}") == {"x": 1, "y": 3}


def test_a_broken_template_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("Resources:\n  A:\n    Type: AWS::S3::Bucket\n   x: [\n")
    (told,) = read([str(path)], Options())
    assert isinstance(told, Unreadable)
    assert ":4:" in str(told) or ":5:" in str(told)


def test_values_that_grow_are_cut_short(found) -> None:  # type: ignore[no-untyped-def]
    inner = '"' + "x" * 20_000 + '"'
    text = bucket_policy(f'!Sub ["{"${a}" * 50}", {{a: {inner}}}]')
    assert "too long" in resources(found(text))[0]
