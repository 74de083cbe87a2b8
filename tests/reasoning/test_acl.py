"""Access control lists as policies: the tables of the S3 guide and each kind of grantee."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.policy import PrincipalEntry, PrincipalKind, parse
from analyzers.reasoning.acl import policy_from_acl, policy_from_object_acl
from analyzers.reasoning.evaluate import Outcome, resource_side
from analyzers.reasoning.request import Request

GROUPS = "http://acs.amazonaws.com/groups"


def allowed(grant: dict[str, Any], caller: str, action: str, resource: str) -> bool:
    policy = policy_from_acl([grant], "b")
    assert policy is not None
    return resource_side(Request(caller, action, resource), [policy]).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    ("permission", "action", "resource"),
    [
        ("READ", "s3:ListBucket", "arn:aws:s3:::b"),
        ("READ", "s3:ListBucketVersions", "arn:aws:s3:::b"),
        ("READ", "s3:ListBucketMultipartUploads", "arn:aws:s3:::b"),
        ("WRITE", "s3:PutObject", "arn:aws:s3:::b/k"),
        ("WRITE", "s3:DeleteObject", "arn:aws:s3:::b/k"),
        ("READ_ACP", "s3:GetBucketAcl", "arn:aws:s3:::b"),
        ("WRITE_ACP", "s3:PutBucketAcl", "arn:aws:s3:::b"),
    ],
)
def test_the_permissions_of_a_bucket(permission: str, action: str, resource: str) -> None:
    for name in ("READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"):
        grant = {"grantee": "AllUsers", "permission": name}
        assert allowed(grant, "anonymous", action, resource) is (name in {permission, "FULL_CONTROL"})
    assert not allowed({"grantee": "AllUsers", "permission": permission}, "anonymous", action, "arn:aws:s3:::b2")


@pytest.mark.parametrize("permission", ["READ", "FULL_CONTROL"])
def test_the_list_of_a_bucket_does_not_open_its_objects(permission: str) -> None:
    assert not allowed(
        {"grantee": "AllUsers", "permission": permission}, "anonymous", "s3:GetObject", "arn:aws:s3:::b/k"
    )


@pytest.mark.parametrize(
    ("grantee", "anonymous", "signed"),
    [
        ("AllUsers", True, True),
        ({"uri": f"{GROUPS}/global/AllUsers"}, True, True),
        (f"{GROUPS}/global/AllUsers", True, True),
        ("AuthenticatedUsers", False, True),
        ({"uri": f"{GROUPS}/global/AuthenticatedUsers"}, False, True),
        ({"id": "abc"}, False, False),
        ({"uri": f"{GROUPS}/s3/LogDelivery"}, False, False),
    ],
)
def test_grantees(grantee: Any, anonymous: bool, signed: bool) -> None:
    grant = {"grantee": grantee, "permission": "READ"}
    assert allowed(grant, "anonymous", "s3:ListBucket", "arn:aws:s3:::b") is anonymous
    assert allowed(grant, "arn:aws:iam::222222222222:user/eve", "s3:ListBucket", "arn:aws:s3:::b") is signed


def test_a_canonical_user_and_the_log_service() -> None:
    user = {"grantee": {"id": "abc"}, "permission": "READ"}
    assert allowed(user, "canonical:abc", "s3:ListBucket", "arn:aws:s3:::b")
    assert not allowed(user, "canonical:abd", "s3:ListBucket", "arn:aws:s3:::b")
    logs = {"grantee": "LogDelivery", "permission": "WRITE"}
    assert allowed(logs, "logging.s3.amazonaws.com", "s3:PutObject", "arn:aws:s3:::b/k")
    policy = policy_from_acl([user], "b")
    assert policy is not None
    assert policy.statements[0].principals is not None
    assert policy.statements[0].principals.entries == (PrincipalEntry(PrincipalKind.CANONICAL_USER, "abc"),)


def test_public_grants_may_be_ignored() -> None:
    public = [{"grantee": name, "permission": "READ"} for name in ("AllUsers", "AuthenticatedUsers")]
    assert policy_from_acl(public, "b", ignore_public=True) is None
    both = policy_from_acl([*public, {"grantee": "abc", "permission": "READ"}], "b", ignore_public=True)
    assert both is not None
    assert [statement.sid for statement in both.statements] == ["Grant3"]


def test_nothing_granted_is_no_policy() -> None:
    assert policy_from_acl([], "b") is None
    assert policy_from_object_acl([{"grantee": "AllUsers", "permission": "WRITE"}], "arn:aws:s3:::b/k") is None


def test_the_text_is_the_policy() -> None:
    policy = policy_from_acl([{"grantee": "AllUsers", "permission": "FULL_CONTROL"}], "b")
    assert policy is not None
    assert parse(policy.text) == policy
    policy = policy_from_acl([{"grantee": "AuthenticatedUsers", "permission": "READ_ACP"}], "b")
    assert policy is not None
    assert json.loads(policy.text)["Statement"] == [
        {
            "Sid": "Grant1",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["s3:GetBucketAcl"],
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
            "Condition": {"Null": {"aws:PrincipalArn": "false"}},
        }
    ]


def test_a_permission_that_means_nothing_there_does_not_hide_the_next() -> None:
    grants = [{"grantee": "AllUsers", "permission": name} for name in ("WRITE", "READ")]
    policy = policy_from_object_acl(grants, "arn:aws:s3:::b/k")
    assert policy is not None
    assert [statement.sid for statement in policy.statements] == ["Grant2"]


@pytest.mark.parametrize("grantee", [{"uri": f"{GROUPS}/global/Friends"}, f"{GROUPS}/global/Friends"])
def test_an_unknown_group_is_nobody_we_know(grantee: Any) -> None:
    policy = policy_from_acl([{"grantee": grantee, "permission": "READ"}], "b")
    assert policy is not None
    assert policy.statements[0].principals is not None
    entry = PrincipalEntry(PrincipalKind.CANONICAL_USER, f"{GROUPS}/global/Friends")
    assert policy.statements[0].principals.entries == (entry,)


@pytest.mark.parametrize("key", ["k", "aXk", "a/b*", "a?", "${aws:username}", "$"])
def test_the_list_of_an_object_is_of_that_object_alone(key: str) -> None:
    arn = f"arn:aws:s3:::b/{key}"
    policy = policy_from_object_acl([{"grantee": "AllUsers", "permission": "READ"}], arn)
    assert policy is not None
    assert resource_side(Request("anonymous", "s3:GetObject", arn), [policy]).outcome is Outcome.ALLOW
    assert resource_side(Request("anonymous", "s3:PutObject", arn), [policy]).outcome is Outcome.DENY
    other = f"{arn[:-1]}xyz"
    assert resource_side(Request("anonymous", "s3:GetObject", other), [policy]).outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("grant", "message"),
    [
        ({"grantee": "AllUsers", "permission": "OWN"}, "ACL grant 1 has the unknown permission 'OWN'"),
        ({"grantee": "AllUsers"}, "ACL grant 1 has the unknown permission 'None'"),
        ({"grantee": {}, "permission": "READ"}, "an ACL grant has no grantee"),
        ({"grantee": {"id": ""}, "permission": "READ"}, "an ACL grant has no grantee"),
        ({"grantee": "", "permission": "READ"}, "an ACL grant has no grantee"),
        ({"grantee": 5, "permission": "READ"}, "an ACL grant has no grantee"),
        ({"grantee": None, "permission": "READ"}, "an ACL grant has no grantee"),
        ({"permission": "READ"}, "an ACL grant has no grantee"),
    ],
)
def test_a_grant_that_is_not_understood_is_refused(grant: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        policy_from_acl([grant], "b")
    assert str(caught.value) == message
