"""Documented situations: who gets in from outside, and who does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.kinds.external import analyze
from analyzers.kinds.subject import Analysis, ChannelDocument, Subject, ZoneOfTrust
from analyzers.reasoning import memo

OWN, OTHER = "111111111111", "222222222222"
ACCOUNT = ZoneOfTrust(False, frozenset({OWN}), "o-1")
ORGANIZATION = ZoneOfTrust(True, frozenset({OWN, OTHER}), "o-1")
BUCKET = "arn:aws:s3:::b"
OBJECTS = f"{BUCKET}/*"


@pytest.fixture(autouse=True)
def fresh() -> None:
    memo.forget()


def allow(principal: Any, action: Any = "s3:GetObject", resource: Any = OBJECTS, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return {**statement, "Resource": resource} if resource else statement


def deny(principal: Any, action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(principal, action, resource, **more), "Effect": "Deny"}


def ask(
    *statements: dict[str, Any],
    zone: ZoneOfTrust = ACCOUNT,
    kind: str = "AWS::S3::Bucket",
    arn: str = BUCKET,
    seconds: float = 60.0,
    **more: Any,
) -> Analysis:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    documents = (ChannelDocument("POLICY", "", text),) if statements else ()
    return analyze(Subject(arn, kind, OWN, documents, **more), zone, seconds=seconds)


def said(analysis: Analysis) -> list[tuple[str, dict[str, str], bool]]:
    assert not analysis.error
    assert all(finding.proved for finding in analysis.findings)
    return sorted(
        ((next(iter(f.principal.values())), dict(f.condition), f.is_public) for f in analysis.findings), key=repr
    )


def role(*statements: dict[str, Any], **more: Any) -> Analysis:
    return ask(*statements, kind="AWS::IAM::Role", arn=f"arn:aws:iam::{OWN}:role/r", **more)


def test_everybody_is_public() -> None:
    analysis = ask(allow("*"))
    assert said(analysis) == [("*", {}, True)]
    assert analysis.findings[0].summary == "Anyone on the internet can s3:GetObject on bucket b."


def test_members_of_the_organization_are_inside_its_zone() -> None:
    tied = allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    assert said(ask(tied, zone=ORGANIZATION)) == []
    assert said(ask(tied)) == [("*", {"aws:PrincipalOrgID": "o-1"}, False)]


def test_an_account_of_the_organization_is_inside_its_zone() -> None:
    assert said(ask(allow({"AWS": OTHER}), zone=ORGANIZATION)) == []
    assert said(ask(allow({"AWS": OTHER}))) == [(OTHER, {}, False)]


def test_the_own_account_is_never_outside() -> None:
    assert said(ask(allow({"AWS": [OWN, f"arn:aws:iam::{OWN}:role/x"]}))) == []


def test_a_deny_is_subtracted() -> None:
    assert said(ask(allow({"AWS": OTHER}), deny({"AWS": OTHER}))) == []


def test_services_are_not_reported() -> None:
    assert said(ask(allow({"Service": "logs.amazonaws.com"}))) == []


def test_not_principal_in_an_allow_lets_everybody_else_in() -> None:
    statement = allow("*")
    del statement["Principal"]
    assert said(ask({**statement, "NotPrincipal": {"AWS": OWN}})) == [("*", {}, True)]


def test_several_not_resource_entries_all_exclude() -> None:
    statement = allow("*")
    del statement["Resource"]
    assert said(ask({**statement, "NotResource": [OBJECTS, BUCKET]})) == []
    assert said(ask({**statement, "NotResource": [OBJECTS, "arn:aws:s3:::c"]})) == [("*", {}, True)]


def test_a_missing_key_satisfies_a_negated_operator() -> None:
    tied = allow("*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})
    assert said(ask(tied)) == [("*", {}, True)]


def test_if_exists_does_not_limit() -> None:
    assert said(ask(allow("*", Condition={"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}))) == [("*", {}, True)]


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/7"}}, True),
        ({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}, True),
        ({"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/*"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OTHER}:*"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:UserAgent": "secret"}}, True),
    ],
)
def test_only_fixed_values_of_limiting_keys_tie_a_stranger(condition: dict[str, Any], public: bool) -> None:
    analysis = ask(allow("*", Condition=condition))
    assert analysis.findings
    assert all(finding.is_public is public for finding in analysis.findings)


def test_a_source_in_the_zone_is_not_outside() -> None:
    arn = f"arn:aws:sqs:eu-west-1:{OWN}:q"
    own = allow("*", "sqs:SendMessage", "*", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OWN}:t"}})
    other = allow("*", "sqs:SendMessage", "*", Condition={"StringEquals": {"aws:SourceAccount": OTHER}})
    assert said(ask(own, kind="AWS::SQS::Queue", arn=arn)) == []
    assert said(ask(other, kind="AWS::SQS::Queue", arn=arn)) == [("*", {"aws:SourceAccount": OTHER}, False)]


def test_who_is_named_is_outside_whatever_he_comes_through() -> None:
    tied = allow({"AWS": OTHER}, Condition={"StringEquals": {"aws:SourceAccount": OWN}})
    assert [f.principal for f in ask(tied).findings] == [{"AWS": OTHER}]


def test_a_claim_of_an_identity_provider_does_not_close_a_bucket() -> None:
    tied = allow("*", Condition={"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}})
    assert ask(tied).findings


def test_a_tag_that_is_compared_with_true_may_have_other_values() -> None:
    tag = {"aws:PrincipalTag/a": "true"}
    denies = [deny("*", Condition={"StringEquals": {"aws:PrincipalTag/a": value}}) for value in ("true", "false")]
    assert ask(allow({"AWS": OTHER}), *denies, deny("*", Condition={"Null": {"aws:PrincipalTag/a": "true"}})).findings
    assert ask(allow({"AWS": OTHER}, Condition={"Bool": tag})).findings


def test_two_unknown_conditions_are_not_the_same() -> None:
    one = allow("*", Condition={"StringMaybe": {"aws:x": "1"}})
    other = deny("*", Condition={"StringMaybe": {"aws:x": "2"}})
    assert [finding.proved for finding in ask(one, other).findings] == [False]


def test_a_wildcard_in_a_principal_is_not_taken_for_harmless() -> None:
    assert [f.proved for f in ask(allow({"AWS": f"arn:aws:iam::{OTHER}:role/*"})).findings] == [False]


def test_restrict_public_buckets_closes_a_public_policy_as_a_whole() -> None:
    block = {"public_access_block": {"RestrictPublicBuckets": True}}
    assert said(ask(allow("*"), allow({"AWS": OTHER}), configuration=block)) == []
    assert said(ask(allow({"AWS": OTHER}), configuration=block)) == [(OTHER, {}, False)]


def test_the_block_of_the_account_counts_too() -> None:
    assert said(ask(allow("*"), account_public_access_block={"RestrictPublicBuckets": True})) == []


def test_blocking_new_policies_leaves_the_existing_one() -> None:
    block = {"public_access_block": {"BlockPublicPolicy": True}}
    assert said(ask(allow("*"), configuration=block)) == [("*", {}, True)]


ALL_USERS = {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"}


def test_an_acl_lets_in_unless_disabled_or_ignored() -> None:
    acl = {"acl": [ALL_USERS], "object_ownership": "ObjectWriter"}
    analysis = ask(configuration=acl)
    assert said(analysis) == [("*", {}, True)]
    assert analysis.findings[0].sources == ({"type": "BUCKET_ACL"},)
    assert said(ask(configuration={**acl, "object_ownership": "BucketOwnerEnforced"})) == []
    assert said(ask(configuration={**acl, "public_access_block": {"IgnorePublicAcls": True}})) == []


def test_a_canonical_user_of_the_zone_is_inside() -> None:
    acl = {"acl": [{"grantee": {"id": "own"}, "permission": "READ"}, {"grantee": {"id": "x"}, "permission": "READ"}]}
    zone = ZoneOfTrust(False, frozenset({OWN}), canonical_users=frozenset({"own"}))
    analysis = ask(configuration=acl, zone=zone)
    assert [dict(finding.principal) for finding in analysis.findings] == [{"CanonicalUser": "x"}]


def test_an_access_point_and_its_bucket_must_both_permit() -> None:
    point = f"arn:aws:s3:eu-west-1:{OWN}:accesspoint/p"
    configuration = {"access_points": [{"arn": point, "account": OWN, "network_origin": "Internet"}]}
    inner = json.dumps({"Version": "2012-10-17", "Statement": [allow({"AWS": OTHER}, resource=f"{point}/object/*")]})

    def through(*bucket: dict[str, Any], origin: str = "Internet") -> Analysis:
        outer = json.dumps({"Version": "2012-10-17", "Statement": list(bucket)})
        documents = (ChannelDocument("POLICY", "", outer), ChannelDocument("S3_ACCESS_POINT", point, inner))
        points = [{**configuration["access_points"][0], "network_origin": origin}]
        return analyze(Subject(BUCKET, "AWS::S3::Bucket", OWN, documents, {"access_points": points}), ACCOUNT)

    delegate = allow("*", "s3:*", [BUCKET, OBJECTS], Condition={"StringEquals": {"s3:DataAccessPointAccount": OWN}})
    found = through(delegate)
    assert said(found) == [(OTHER, {}, False)]
    assert found.findings[0].sources[0]["type"] == "S3_ACCESS_POINT"
    assert said(through(deny("*"))) == []
    # Within a VPC it is never public, but another account that is named may get in from there.
    assert said(through(delegate, origin="VPC")) == [(OTHER, {}, False)]


def test_a_resource_control_policy_binds_in_an_organization_zone() -> None:
    perimeter = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                deny(
                    "*",
                    Condition={
                        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
                        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                    },
                )
            ],
        }
    )
    assert said(ask(allow("*"), zone=ORGANIZATION, control_documents=(perimeter,))) == []
    account = ask(allow("*"), control_documents=(perimeter,))
    assert said(account) == [("*", {}, True)]
    assert account.findings[0].restriction == "APPLICABLE"


def test_role_trust() -> None:
    assume = "sts:AssumeRole"
    assert said(role(allow({"AWS": OTHER}, assume, None))) == [(OTHER, {}, False)]
    assert said(role(allow({"Service": "ec2.amazonaws.com"}, assume, None))) == []
    vendor = role(allow({"AWS": OTHER}, assume, None, Condition={"StringEquals": {"sts:ExternalId": "x"}}))
    assert said(vendor) == [(OTHER, {}, False)]
    assert vendor.findings[0].further_conditions[0].key == "sts:ExternalId"


def test_an_identity_provider_vouches_for_strangers() -> None:
    provider = f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"
    sub = "token.actions.githubusercontent.com:sub"
    analysis = role(
        allow(
            {"Federated": provider},
            "sts:AssumeRoleWithWebIdentity",
            None,
            Condition={"StringLike": {sub: "repo:acme/*"}},
        )
    )
    assert said(analysis) == [(provider, {sub: "repo:acme/*"}, False)]


def test_a_session_of_a_role() -> None:
    session = f"arn:aws:sts::{OTHER}:assumed-role/R/S"
    analysis = role(allow({"AWS": session}, "sts:AssumeRole", None))
    assert said(analysis) == [(session, {}, False)]
    witness = analysis.findings[0].witness
    assert witness is not None
    assert witness.principal == session


def test_a_known_variable_is_filled_in() -> None:
    tied = allow("*", Condition={"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}})
    assert said(ask(tied)) == []


def test_a_variable_of_the_request_gets_an_example() -> None:
    analysis = ask(allow("*", resource=f"{BUCKET}/home/${{aws:username}}/*"))
    assert said(analysis) == [("*", {}, True)]
    witness = analysis.findings[0].witness
    assert witness is not None
    assert witness.context["aws:username"] in witness.resource


def test_an_unknown_operator_is_never_taken_for_safe() -> None:
    analysis = ask(allow("*", Condition={"StringMaybe": {"aws:x": "1"}}))
    assert [finding.proved for finding in analysis.findings] == [False]
    assert "cannot be decided" in analysis.findings[0].reason


def test_a_policy_that_does_not_parse_is_an_error() -> None:
    subject = Subject(BUCKET, "AWS::S3::Bucket", OWN, (ChannelDocument("POLICY", "", "{"),))
    assert "cannot be understood" in analyze(subject, ACCOUNT).error


def test_a_resource_that_was_not_read_is_an_error() -> None:
    assert analyze(Subject(BUCKET, "AWS::S3::Bucket", OWN, error="AccessDenied"), ACCOUNT).error == "AccessDenied"


def test_too_many_classes_are_an_error_and_not_safe() -> None:
    patterns = [f"*{c}x{c}*" for c in "abcdefghijklmnop"]
    analysis = ask(allow("*", Condition={"StringLike": {"aws:userid": patterns}}), seconds=300)
    assert "too large" in analysis.error
    assert "could not be ruled out" in analysis.error


def test_resources_of_one_template_share_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ask(allow("*"))
    monkeypatch.setattr(memo, "who", None)  # asking again would fail
    second = ask(allow("*", resource="arn:aws:s3:::c/*"), arn="arn:aws:s3:::c")
    assert second.findings[0].witness is not None
    assert second.findings[0].witness.resource == "arn:aws:s3:::c/example.txt"
    assert first.findings[0].summary.replace("bucket b", "bucket c") == second.findings[0].summary


def test_a_name_that_matters_is_not_shared() -> None:
    """Two buckets with like policies, one of which a pattern for others happens to name."""

    def logs(name: str) -> Analysis:
        statement = deny("*", resource="arn:aws:s3:::logs-*")
        return ask(allow("*", resource=f"arn:aws:s3:::{name}/*"), statement, arn=f"arn:aws:s3:::{name}")

    assert said(logs("data-1")) == [("*", {}, True)]
    assert said(logs("logs-1")) == []


def test_grants_and_shares() -> None:
    key = ask(
        allow({"AWS": OWN}, "kms:*", "*"),
        kind="AWS::KMS::Key",
        arn=f"arn:aws:kms:eu-west-1:{OWN}:key/k",
        configuration={"grants": [{"granteePrincipal": f"arn:aws:iam::{OTHER}:role/x", "operations": ["Decrypt"]}]},
    )
    assert said(key) == [(f"arn:aws:iam::{OTHER}:role/x", {}, False)]
    assert key.findings[0].statements[0].written
    arn = f"arn:aws:ec2:eu-west-1:{OWN}:snapshot/s"
    public = {"share": {"accounts": [OTHER], "public": True}}
    assert said(ask(kind="AWS::EC2::Snapshot", arn=arn, configuration=public)) == [("*", {}, True)]
    encrypted = {**public, "encrypted": True}
    assert said(ask(kind="AWS::EC2::Snapshot", arn=arn, configuration=encrypted)) == [(OTHER, {}, False)]
