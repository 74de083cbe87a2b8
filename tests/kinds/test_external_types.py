"""Every resource type with all its channels: what a grant gives, and what looks like one and is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.kinds import silent
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import Analysis, ChannelDocument, ExternalFinding, Subject, ZoneOfTrust
from analyzers.kinds.wording import _NOUNS

OWN, OUT, REGION = "111122223333", "999988887777", "eu-central-1"
ACCOUNT = ZoneOfTrust(False, frozenset({OWN}), "o-own", frozenset({"c" * 64}))
ORGANIZATION = ZoneOfTrust(True, frozenset({OWN, "222233334444"}), "o-own")
BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def at(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{OWN}:{name}"


SHAPES: dict[str, tuple[str, str, str | None]] = {
    "AWS::S3::Bucket": ("arn:aws:s3:::b", "s3:GetObject", "/*"),
    "AWS::S3Express::DirectoryBucket": (at("s3express", "bucket/b--x-s3"), "s3express:CreateSession", ""),
    "AWS::IAM::Role": (f"arn:aws:iam::{OWN}:role/r", "sts:AssumeRole", None),
    "AWS::KMS::Key": (at("kms", "key/k"), "kms:Decrypt", "*"),
    "AWS::SQS::Queue": (at("sqs", "q"), "sqs:SendMessage", ""),
    "AWS::SNS::Topic": (at("sns", "t"), "sns:Publish", ""),
    "AWS::Lambda::Function": (at("lambda", "function:f"), "lambda:InvokeFunction", ""),
    "AWS::Lambda::LayerVersion": (at("lambda", "layer:l:7"), "lambda:GetLayerVersion", ""),
    "AWS::SecretsManager::Secret": (at("secretsmanager", "secret:s-a1b2c3"), "secretsmanager:GetSecretValue", "*"),
    "AWS::ECR::Repository": (at("ecr", "repository/r"), "ecr:BatchGetImage", None),
    "AWS::EFS::FileSystem": (at("elasticfilesystem", "file-system/fs-1"), "elasticfilesystem:ClientMount", None),
    "AWS::DynamoDB::Table": (at("dynamodb", "table/t"), "dynamodb:Query", "/index/*"),
    "AWS::DynamoDB::Stream": (at("dynamodb", "table/t/stream/2026"), "dynamodb:GetRecords", ""),
    "AWS::Kinesis::Stream": (at("kinesis", "stream/s"), "kinesis:PutRecord", ""),
    "AWS::Kinesis::StreamConsumer": (at("kinesis", "stream/s/consumer/c:1"), "kinesis:SubscribeToShard", ""),
    "AWS::OpenSearchService::Domain": (at("es", "domain/d"), "es:ESHttpGet", "/*"),
    "AWS::ApiGateway::RestApi": (at("execute-api", "api1"), "execute-api:Invoke", "/prod/GET/*"),
    "AWS::Backup::BackupVault": (at("backup", "backup-vault:v"), "backup:CopyIntoBackupVault", "*"),
    "AWS::CloudTrail::EventDataStore": (at("cloudtrail", "eventdatastore/e"), "cloudtrail:StartQuery", ""),
    "AWS::CodeArtifact::Domain": (at("codeartifact", "domain/d"), "codeartifact:GetAuthorizationToken", "*"),
    "AWS::S3Tables::TableBucket": (at("s3tables", "bucket/b"), "s3tables:GetTableData", "/table/*"),
    "AWS::S3Tables::Table": (at("s3tables", "bucket/b/table/1"), "s3tables:GetTableData", ""),
    "AWS::S3::Glacier": (at("glacier", "vaults/v"), "glacier:GetJobOutput", ""),
}
"""ARN, an action, and how a policy names the resource: `*`, not at all (None), or by its ARN with what follows it."""
SHARED = {
    "AWS::EC2::Snapshot": f"arn:aws:ec2:{REGION}:{OWN}:snapshot/snap-1",
    "AWS::RDS::DBSnapshot": f"arn:aws:rds:{REGION}:{OWN}:snapshot:s",
    "AWS::RDS::DBClusterSnapshot": f"arn:aws:rds:{REGION}:{OWN}:cluster-snapshot:s",
}


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    silent.forget()


def statement(kind: str, principal: Any, **more: Any) -> dict[str, Any]:
    arn, action, resource = SHAPES[kind]
    found: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": action}
    if resource is not None:
        found["Resource"] = "*" if resource == "*" else arn + resource
    return {**found, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def subject(kind: str, text: str | None, **more: Any) -> Subject:
    documents = (ChannelDocument("POLICY", "", text),) if text is not None else ()
    return Subject(more.pop("arn", None) or SHAPES[kind][0], kind, OWN, documents, **more)


def only(analysis: Analysis) -> ExternalFinding:
    assert not analysis.error
    (finding,) = analysis.findings
    assert finding.proved, finding.reason
    return finding


def test_every_type_is_here_and_has_a_noun() -> None:
    assert set(SHAPES) | set(SHARED) == set(TRAITS) == set(_NOUNS)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_grant_to_another_account(kind: str) -> None:
    finding = only(analyze(subject(kind, policy(statement(kind, {"AWS": OUT}))), ORGANIZATION))
    assert (finding.principal, finding.is_public) == ({"AWS": OUT}, False)
    assert finding.action == (SHAPES[kind][1],)
    assert finding.summary.startswith(f"Account {OUT} can {SHAPES[kind][1]} on {_NOUNS[kind]} ")


@pytest.mark.parametrize("kind", SHAPES)
def test_a_grant_to_everybody(kind: str) -> None:
    finding = only(analyze(subject(kind, policy(statement(kind, "*"))), ORGANIZATION))
    assert (finding.principal, finding.is_public) == ({"AWS": "*"}, True)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize(
    "principal",
    [{"AWS": "222233334444"}, {"AWS": f"arn:aws:iam::{OWN}:role/x"}, {"Service": "logs.amazonaws.com"}],
    ids=["member", "own role", "service"],
)
def test_who_is_inside_and_services_are_not_reported(kind: str, principal: Any) -> None:
    assert analyze(subject(kind, policy(statement(kind, principal))), ORGANIZATION) == Analysis()


@pytest.mark.parametrize("kind", SHAPES)
def test_what_is_denied_again_is_not_reported(kind: str) -> None:
    text = policy(statement(kind, {"AWS": OUT}), statement(kind, "*", Effect="Deny"))
    assert analyze(subject(kind, text), ORGANIZATION) == Analysis()


@pytest.mark.parametrize("kind", SHAPES)
def test_the_organization_as_a_condition(kind: str) -> None:
    text = policy(statement(kind, "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-own"}}))
    assert analyze(subject(kind, text), ORGANIZATION) == Analysis()
    finding = only(analyze(subject(kind, text), ACCOUNT))
    assert (finding.is_public, finding.condition) == (False, {"aws:PrincipalOrgID": "o-own"})


@pytest.mark.parametrize("kind", SHAPES)
def test_only_s3_names_the_source(kind: str) -> None:
    finding = only(analyze(subject(kind, policy(statement(kind, {"AWS": OUT}))), ORGANIZATION))
    assert finding.sources == (({"type": "POLICY"},) if kind.startswith(("AWS::S3::B", "AWS::S3Express")) else ())


@pytest.mark.parametrize("kind", SHARED)
def test_shared_snapshots(kind: str) -> None:
    def ask(**configuration: Any) -> Analysis:
        return analyze(subject(kind, None, arn=SHARED[kind], configuration=configuration), ORGANIZATION)

    finding = only(ask(share={"accounts": [OUT, "222233334444"], "public": False}, encrypted=True))
    assert (finding.principal, finding.is_public) == ({"AWS": OUT}, False)
    assert only(ask(share={"accounts": [], "public": True}, encrypted=False)).is_public
    assert ask(share={"accounts": ["222233334444"], "public": False}) == Analysis()
    assert ask(share={"accounts": [], "public": True}, encrypted=True) == Analysis(), "cannot be public"


# -- S3 ------------------------------------------------------------------------------------------------------------


def bucket(text: str | None, **configuration: Any) -> Subject:
    return subject("AWS::S3::Bucket", text, configuration=configuration)


def test_access_control_lists() -> None:
    grants = [
        {"grantee": {"id": "c" * 64}, "permission": "FULL_CONTROL"},
        {"grantee": {"id": "d" * 64}, "permission": "READ"},
        {"grantee": {"uri": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "permission": "WRITE"},
    ]
    finding = only(analyze(bucket(None, acl=grants), ACCOUNT))
    assert finding.principal == {"CanonicalUser": "d" * 64}
    assert finding.sources == ({"type": "BUCKET_ACL"},)
    everybody = [{"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"}]
    assert only(analyze(bucket(None, acl=everybody), ACCOUNT)).is_public
    assert analyze(bucket(None, acl=everybody, public_access_block=BLOCKED), ACCOUNT) == Analysis()
    assert analyze(bucket(None, acl=grants, object_ownership="BucketOwnerEnforced"), ACCOUNT) == Analysis()


@pytest.mark.parametrize("where", ["bucket", "account"])
def test_block_public_access(where: str) -> None:
    text = policy(statement("AWS::S3::Bucket", "*"), statement("AWS::S3::Bucket", {"AWS": OUT}))
    blocked = (
        bucket(text, public_access_block=BLOCKED)
        if where == "bucket"
        else subject("AWS::S3::Bucket", text, account_public_access_block=BLOCKED)
    )
    assert analyze(blocked, ORGANIZATION) == Analysis(), "a policy that is public as a whole admits nobody"


POINT = f"arn:aws:s3:{REGION}:{OWN}:accesspoint/p"
MULTI_REGION = f"arn:aws:s3::{OWN}:accesspoint/abc.mrap"


def behind(point: str, own: str, text: str, **more: Any) -> Subject:
    documents = (ChannelDocument("POLICY", "", own), ChannelDocument("S3_ACCESS_POINT", point, text))
    described = {"arn": point, "name": "p", "account": OWN, "network_origin": "Internet", **more}
    return Subject("arn:aws:s3:::b", "AWS::S3::Bucket", OWN, documents, {"access_points": [described]})


def delegates(account: str) -> str:
    condition = {"StringEquals": {"s3:DataAccessPointAccount": account}}
    return policy(statement("AWS::S3::Bucket", "*", Condition=condition))


def reads(point: str, principal: Any) -> str:
    return policy(
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{point}/object/*"}
    )


@pytest.mark.parametrize("point", [POINT, MULTI_REGION], ids=["one region", "multi-region"])
def test_access_points(point: str) -> None:
    finding = only(analyze(behind(point, delegates(OWN), reads(point, {"AWS": OUT})), ORGANIZATION))
    assert finding.principal == {"AWS": OUT}
    detail = {"accessPointArn": point, "accessPointAccount": OWN}
    assert finding.sources == ({"type": "S3_ACCESS_POINT", "detail": detail},)
    assert [ref.channel for ref in finding.statements] == ["S3_ACCESS_POINT", "POLICY"]
    closed = policy(statement("AWS::S3::Bucket", {"Service": "logs.amazonaws.com"}))
    assert analyze(behind(point, closed, reads(point, {"AWS": OUT})), ORGANIZATION) == Analysis()
    assert only(analyze(behind(point, delegates(OWN), reads(point, "*")), ORGANIZATION)).is_public


def test_an_access_point_within_a_vpc_is_never_public_but_admits_whom_it_names() -> None:
    def ask(principal: Any, **more: Any) -> Analysis:
        text = reads(POINT, principal)
        shape = {"network_origin": "VPC", "vpc_id": "vpc-1", **more}
        return analyze(behind(POINT, delegates(OWN), text, **shape), ORGANIZATION)

    finding = only(ask("*"))
    assert (finding.is_public, finding.condition) == (False, {"aws:SourceVpc": "vpc-1"})
    assert only(ask({"AWS": OUT})).principal == {"AWS": OUT}
    assert not only(ask("*", vpc_id=None)).is_public


def test_a_bucket_that_leaves_it_to_access_points_of_another_account() -> None:
    finding = only(analyze(bucket(delegates(OUT)), ORGANIZATION))
    detail = {"accessPointAccount": OUT}
    assert finding.sources == ({"type": "S3_ACCESS_POINT_ACCOUNT", "detail": detail},)
    assert (finding.is_public, finding.principal) == (True, {"AWS": "*"})
    assert finding.summary.startswith(f"Whoever an access point of account {OUT} lets in can s3:GetObject")
    assert "is not read" in finding.notes[0]
    blocked = only(analyze(bucket(delegates(OUT), public_access_block=BLOCKED), ORGANIZATION))
    assert (blocked.is_public, blocked.sources) == (False, finding.sources)
    assert analyze(bucket(delegates("222233334444")), ORGANIZATION) == Analysis(), "an account inside"


def test_an_access_point_of_another_account_by_its_arn() -> None:
    arn = f"arn:aws:s3:{REGION}:{OUT}:accesspoint/theirs"
    text = policy(statement("AWS::S3::Bucket", "*", Condition={"ArnEquals": {"s3:DataAccessPointArn": arn}}))
    source = only(analyze(bucket(text), ORGANIZATION)).sources[0]
    assert source["detail"] == {"accessPointArn": arn, "accessPointAccount": OUT}


def test_access_points_of_directory_buckets() -> None:
    kind = "AWS::S3Express::DirectoryBucket"
    point = f"arn:aws:s3express:{REGION}:{OWN}:accesspoint/p--euc1-az1--xa-s3"
    grant = {"Effect": "Allow", "Principal": {"AWS": OUT}, "Action": "s3express:CreateSession", "Resource": point}
    own = policy(statement(kind, "*", Condition={"StringEquals": {"s3express:DataAccessPointAccount": OWN}}))
    documents = (ChannelDocument("POLICY", "", own), ChannelDocument("S3_ACCESS_POINT", point, policy(grant)))
    described = {"access_points": [{"arn": point, "account": OWN, "network_origin": "Internet"}]}
    finding = only(analyze(Subject(SHAPES[kind][0], kind, OWN, documents, described), ORGANIZATION))
    assert finding.principal == {"AWS": OUT}
    assert finding.sources[0]["type"] == "S3_ACCESS_POINT"


# -- others --------------------------------------------------------------------------------------------------------


def test_grants_of_a_key() -> None:
    kind = "AWS::KMS::Key"
    grants = [
        {
            "granteePrincipal": f"arn:aws:iam::{OUT}:role/ingest",
            "operations": ["Decrypt"],
            "constraints": {"encryptionContextSubset": {"purpose": "ingest"}},
        },
        {"granteePrincipal": "rds.amazonaws.com", "operations": ["Decrypt"]},
        {"granteePrincipal": f"arn:aws:iam::{OWN}:role/app", "operations": ["Encrypt"]},
    ]
    own = policy(statement(kind, {"AWS": OWN}))
    finding = only(analyze(subject(kind, own, configuration={"grants": grants}), ORGANIZATION))
    assert finding.principal == {"AWS": f"arn:aws:iam::{OUT}:role/ingest"}
    assert [further.key for further in finding.further_conditions] == ["kms:EncryptionContext:purpose"]
    assert finding.statements[0].written


def test_an_alias_of_a_function_and_a_grant_on_all_of_them() -> None:
    kind = "AWS::Lambda::Function"
    alias = f"{SHAPES[kind][0]}:live"
    text = policy(statement(kind, {"AWS": OUT}, Resource=alias))
    assert "function f:live" in only(analyze(subject(kind, text, arn=alias), ORGANIZATION)).summary
    text = policy(statement(kind, {"AWS": OUT}, Resource=f"{SHAPES[kind][0]}:*"))
    assert only(analyze(subject(kind, text), ORGANIZATION)).principal == {"AWS": OUT}


def test_users_of_an_identity_provider() -> None:
    text = policy(
        {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}},
        }
    )
    finding = only(analyze(subject("AWS::IAM::Role", text), ORGANIZATION))
    assert finding.principal == {"Federated": "cognito-identity.amazonaws.com"}
    assert finding.condition == {"cognito-identity.amazonaws.com:aud": "pool"}


def test_images_also_need_a_token() -> None:
    kind = "AWS::ECR::Repository"
    finding = only(analyze(subject(kind, policy(statement(kind, {"AWS": OUT}))), ORGANIZATION))
    assert "ecr:GetAuthorizationToken" in finding.notes[0]


def test_a_file_system_that_is_open_within_its_vpc_only() -> None:
    kind = "AWS::EFS::FileSystem"
    condition = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
    finding = only(analyze(subject(kind, policy(statement(kind, "*", Condition=condition))), ORGANIZATION))
    assert not finding.is_public
    assert finding.condition == {"elasticfilesystem:AccessedViaMountTarget": "true"}


@pytest.mark.parametrize("arn", [at("execute-api", "api1"), f"arn:aws:apigateway:{REGION}::/restapis/api1"])
@pytest.mark.parametrize("resource", ["execute-api:/prod/GET/*", f"arn:aws:execute-api:{REGION}:{OWN}:api1/*", "*"])
def test_an_api_by_either_arn_and_with_short_patterns(arn: str, resource: str) -> None:
    kind = "AWS::ApiGateway::RestApi"
    text = policy(statement(kind, {"AWS": OUT}, Resource=resource))
    finding = only(analyze(subject(kind, text, arn=arn), ORGANIZATION))
    assert finding.witness is not None
    assert finding.witness.resource.startswith(f"arn:aws:execute-api:{REGION}:{OWN}:api1")
    assert finding.statements[0].text == text
    other = policy(statement(kind, {"AWS": OUT}, Resource=f"arn:aws:execute-api:{REGION}:{OWN}:other/*"))
    assert analyze(subject(kind, other, arn=arn), ORGANIZATION) == Analysis()


def test_a_vault_whose_policy_speaks_of_what_is_in_it() -> None:
    kind = "AWS::Backup::BackupVault"
    points = f"arn:aws:backup:{REGION}:{OWN}:recovery-point:*"
    text = policy(statement(kind, {"AWS": OUT}, Resource=points, Action="backup:StartCopyJob"))
    assert only(analyze(subject(kind, text), ORGANIZATION)).action == ("backup:StartCopyJob",)


# -- control policies and errors -----------------------------------------------------------------------------------

PERIMETER = policy(
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"}},
    }
)


@pytest.mark.parametrize(
    ("zone", "control", "restriction"),
    [
        (ORGANIZATION, (), "NOT_APPLICABLE"),
        (ACCOUNT, (PERIMETER,), "APPLICABLE"),
        (ORGANIZATION, (policy(statement("AWS::SQS::Queue", "*", Effect="Deny", Action="sqs:Purge*")),), "APPLIED"),
        (ORGANIZATION, ("{",), "FAILED_TO_EVALUATE_RCP"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_said_of_resource_control_policies(
    zone: ZoneOfTrust, control: tuple[str, ...], restriction: str
) -> None:
    kind = "AWS::SQS::Queue"
    analysis = analyze(subject(kind, policy(statement(kind, {"AWS": OUT})), control_documents=control), zone)
    assert [finding.restriction for finding in analysis.findings] == [restriction]
    assert bool(analysis.error) == (restriction == "FAILED_TO_EVALUATE_RCP")


def test_control_policies_forbid_only_what_they_bind() -> None:
    """AWS does not list SNS among the services that resource control policies bind."""
    for kind, found in (("AWS::SQS::Queue", 0), ("AWS::SNS::Topic", 1)):
        asked = subject(kind, policy(statement(kind, {"AWS": OUT})), control_documents=(PERIMETER,))
        analysis = analyze(asked, ORGANIZATION)
        assert len(analysis.findings) == found, kind
        assert all(finding.restriction == "NOT_APPLICABLE" for finding in analysis.findings)


def test_what_could_not_be_read_is_told_beside_what_could() -> None:
    analysis = analyze(
        subject("AWS::S3::Bucket", policy(statement("AWS::S3::Bucket", {"AWS": OUT})), error="GetBucketAcl failed"),
        ORGANIZATION,
    )
    assert len(analysis.findings) == 1
    assert analysis.error == "GetBucketAcl failed"


# -- remembered silence --------------------------------------------------------------------------------------------


def named_bucket(name: str, text: str, **more: Any) -> Subject:
    document = ChannelDocument("POLICY", "", text.replace("NAME", name))
    return Subject(f"arn:aws:s3:::{name}", "AWS::S3::Bucket", OWN, (document,), **more)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        (policy(statement("AWS::S3::Bucket", {"AWS": OUT}, Resource="arn:aws:s3:::other/*")), "other"),
        (policy(statement("AWS::S3::Bucket", {"AWS": OUT}, Resource="arn:aws:s3:::oth*")), "other"),
        (
            policy(
                statement("AWS::S3::Bucket", {"AWS": OUT}, Resource="arn:aws:s3:::NAME/*"),
                statement("AWS::S3::Bucket", "*", Effect="Deny", Resource="arn:aws:s3:::fir*"),
            ),
            "other",
        ),
        (
            policy(
                statement("AWS::S3::Bucket", {"AWS": OUT}, NotResource="arn:aws:s3:::first/*", Resource=None)
            ).replace('"Resource": null, ', ""),
            "other",
        ),
        (
            policy(
                statement(
                    "AWS::S3::Bucket",
                    {"AWS": OUT},
                    Resource="*",
                    Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:s3:::NAME*"}},
                )
            ),
            "other",
        ),
    ],
    ids=["another's ARN", "a pattern", "a deny by name", "not this one", "in a condition"],
)
def test_silence_of_one_resource_is_not_taken_for_that_of_another(text: str, second: str) -> None:
    analyze(named_bucket("first", text), ORGANIZATION)
    remembered = analyze(named_bucket(second, text), ORGANIZATION)
    silent.forget()
    assert remembered == analyze(named_bucket(second, text), ORGANIZATION)


def test_silence_is_remembered_for_what_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = policy(statement("AWS::S3::Bucket", {"AWS": OWN}, Resource="arn:aws:s3:::NAME/*"))
    assert analyze(named_bucket("first", text), ORGANIZATION) == Analysis()
    monkeypatch.setattr("analyzers.kinds.external.channels", lambda subject: pytest.fail("asked again"))
    assert analyze(named_bucket("second", text), ORGANIZATION) == Analysis()


def test_silence_because_of_the_account_is_not_taken_for_another_accounts() -> None:
    """The owner's account as a condition, and Block Public Access, which asks who is outside of it."""
    condition = {"StringEquals": {"aws:ResourceAccount": "444455556666"}}
    text = policy(statement("AWS::S3::Bucket", {"AWS": OUT}, Resource="arn:aws:s3:::NAME/*", Condition=condition))
    assert analyze(named_bucket("first", text), ORGANIZATION) == Analysis()
    document = ChannelDocument("POLICY", "", text.replace("NAME", "second"))
    other = Subject("arn:aws:s3:::second", "AWS::S3::Bucket", "444455556666", (document,))
    assert len(analyze(other, ORGANIZATION).findings) == 1
