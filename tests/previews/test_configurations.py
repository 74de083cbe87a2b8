"""Each shape of the API's Configuration, applied without loss; what is left out stays; what is wrong is told."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.previews.configurations import (
    MEMBERS,
    InvalidConfiguration,
    applied,
    policy_of,
    rest_of,
    type_of,
    with_policy,
)

TEXT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
OLD = TEXT.replace("*", "a:*")
POINT = "arn:aws:s3:eu-central-1:111122223333:accesspoint/p"


def subject(type_: str, **configuration: Any) -> Subject:
    documents = (ChannelDocument("POLICY", "", OLD), ChannelDocument("POLICY", "registry", OLD))
    return Subject("arn:aws:x:::y", type_, "111122223333", documents, configuration)


def names(one: Subject) -> dict[str, str]:
    return {document.name: document.text for document in one.documents}


@pytest.mark.parametrize("type_", [one for one in TRAITS if "Snapshot" not in one])
def test_a_policy_replaces_the_resources_own_and_no_other(type_: str) -> None:
    before = subject(type_, encrypted=True)
    after = applied(with_policy(type_, TEXT), before)
    assert names(after) == {"": TEXT, "registry": OLD}
    assert after.configuration == before.configuration
    if type_ in {"AWS::IAM::Role", "AWS::KMS::Key"}:
        with pytest.raises(InvalidConfiguration, match="must not be empty"):
            applied(with_policy(type_, ""), before)
    else:
        assert names(applied(with_policy(type_, ""), before)) == {"registry": OLD}
    if type_ in MEMBERS:
        assert type_of(with_policy(type_, TEXT)) == type_


@pytest.mark.parametrize("type_", sorted(MEMBERS))
def test_what_is_left_out_stays(type_: str) -> None:
    before = subject(type_, share={"accounts": ["1" * 12]}, acl=[{"x": 1}], grants=[{"y": 1}], encrypted=True)
    assert applied({MEMBERS[type_]: {}}, before) == before


def test_there_are_fourteen_types_as_in_the_api() -> None:
    assert len(MEMBERS) == 14


def test_snapshots() -> None:
    ebs = subject("AWS::EC2::Snapshot", share={"accounts": ["111122223333"], "public": True}, encrypted=True)
    after = applied({"ebsSnapshot": {"userIds": ["999988887777"]}}, ebs)
    assert after.configuration["share"] == {"accounts": ["999988887777"], "public": True}
    after = applied({"ebsSnapshot": {"userIds": [], "groups": [], "kmsKeyId": ""}}, ebs)
    assert after.configuration["share"] == {"accounts": [], "public": False}
    assert not after.configuration["encrypted"]
    rds = subject("AWS::RDS::DBSnapshot", share={"accounts": ["111122223333"]})
    after = applied({"rdsDbSnapshot": {"attributes": {"restore": {"accountIds": ["all", "999988887777"]}}}}, rds)
    assert after.configuration["share"] == {"accounts": ["999988887777"], "public": True}
    for one in (ebs, rds):
        assert applied(rest_of(one), one).configuration["share"]["accounts"] == one.configuration["share"]["accounts"]


def test_a_bucket() -> None:
    bucket = subject("AWS::S3::Bucket", public_access_block={"BlockPublicPolicy": True}, acl=[], access_points=[])
    grant = {"permission": "READ", "grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}
    inner = {
        "bucketAclGrants": [grant],
        "bucketPublicAccessBlock": {"ignorePublicAcls": True, "restrictPublicBuckets": False},
        "accessPoints": {POINT: {"accessPointPolicy": TEXT, "networkOrigin": {"vpcConfiguration": {"vpcId": "vpc-1"}}}},
    }
    after = applied({"s3Bucket": inner}, bucket)
    assert policy_of(after) == OLD
    assert after.configuration["acl"] == [grant]
    block = {"BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": False}
    assert after.configuration["public_access_block"] == block
    [point] = after.configuration["access_points"]
    assert (point["network_origin"], point["vpc_id"], point["account"]) == ("VPC", "vpc-1", "111122223333")
    assert point["public_access_block"]["RestrictPublicBuckets"], "as the API says of new ones"
    assert names(after)[POINT] == TEXT
    again = applied({"s3Bucket": {"accessPoints": {POINT: {"accessPointPolicy": ""}}}}, after)
    assert POINT not in names(again)
    assert again.configuration["access_points"] == [point]
    assert applied(rest_of(after), after) == after


def test_grants_of_a_key() -> None:
    grant = {
        "operations": ["Decrypt"],
        "granteePrincipal": "arn:aws:iam::999988887777:role/x",
        "issuingAccount": "111122223333",
        "constraints": {"encryptionContextEquals": {"a": "b"}},
    }
    key = subject("AWS::KMS::Key")
    after = applied({"kmsKey": {"grants": [grant]}}, key)
    assert after.configuration["grants"] == [grant]
    assert applied({"kmsKey": {"grants": []}}, after).configuration["grants"] == []


@pytest.mark.parametrize(
    ("type_", "given", "message"),
    [
        ("AWS::S3::Bucket", {"sqsQueue": {}}, "For AWS::S3::Bucket the configuration is s3Bucket"),
        ("AWS::S3::Bucket", {"s3Bucket": {"policy": TEXT}}, "none of bucketPolicy"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketPolicy": "{"}}, "s3Bucket.bucketPolicy: .*line 1"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketPolicy": 1}}, "text of a policy"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketPolicy": "{\x00}"}}, "characters"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketAclGrants": [{}] * 101}}, "at most 100"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketAclGrants": [{"permission": "ALL"}]}}, "permission"),
        ("AWS::S3::Bucket", {"s3Bucket": {"accessPoints": {str(n): {} for n in range(11)}}}, "at most 10"),
        ("AWS::S3::Bucket", {"s3Bucket": {"accessPoints": {"x": {}}}}, "no ARN of such"),
        ("AWS::S3::Bucket", {"s3Bucket": {"bucketPublicAccessBlock": {}}}, "true or false"),
        ("AWS::KMS::Key", {"kmsKey": {"keyPolicies": {"other": TEXT}}}, "default"),
        ("AWS::KMS::Key", {"kmsKey": {"grants": [{"operations": ["Decrypt"]}]}}, "granteePrincipal: is missing"),
        ("AWS::KMS::Key", {"kmsKey": {"grants": [{"operations": ["X"], "granteePrincipal": "y"}]}}, "no operation"),
        ("AWS::EC2::Snapshot", {"ebsSnapshot": {"userIds": ["x"]}}, "no account id"),
        ("AWS::EC2::Snapshot", {"ebsSnapshot": {"groups": ["some"]}}, "only group is all"),
        ("AWS::EC2::Snapshot", {"resourcePolicy": {"policy": TEXT}}, "have no policy"),
        ("AWS::RDS::DBSnapshot", {"rdsDbSnapshot": {"attributes": {"copy": {}}}}, "none of restore"),
        ("AWS::S3::Bucket", {}, "one element"),
        ("AWS::S3::Bucket", [], "one element"),
        ("AWS::S3::Bucket", {"x": {}}, "is none of"),
        ("AWS::S3::Bucket", {"s3Bucket": None}, "must be an object"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(type_: str, given: Any, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        applied(given, subject(type_))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["accessPoints", "bucketAclGrants", "grants", "keyPolicies", "attributes", "restore", POINT]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(type_=st.sampled_from(sorted(MEMBERS)), inner=JUNK)
def test_whatever_is_given_is_applied_or_refused(type_: str, inner: Any) -> None:
    with suppress(InvalidConfiguration):
        after = applied({MEMBERS[type_]: inner}, subject(type_))
        assert after.type == type_
