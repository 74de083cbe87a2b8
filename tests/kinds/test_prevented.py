"""Access that a Deny, Block Public Access or a control policy prevents, and what prevents it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.kinds.external import analyze
from analyzers.kinds.prevented import prevented
from analyzers.kinds.subject import ChannelDocument, Subject, ZoneOfTrust

OWNER, OUTSIDE = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::b"
ACCOUNT = ZoneOfTrust(False, frozenset({OWNER}))
ORGANIZATION = ZoneOfTrust(True, frozenset({OWNER}), "o-1")
ALL = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
READERS = {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect: str, principal: Any, action: str = "s3:GetObject", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": f"{BUCKET}/*", **more}


def bucket(*statements: dict[str, Any], **more: Any) -> Subject:
    documents = (ChannelDocument("POLICY", "", document(*statements)),) if statements else ()
    return Subject(BUCKET, "AWS::S3::Bucket", OWNER, documents, **more)


def told(subject: Subject, zone: ZoneOfTrust = ACCOUNT) -> list[tuple[dict[str, str], list[str]]]:
    found, error = prevented(subject, zone)
    assert error == ""
    return [(dict(one.finding.principal), [obstacle.name for obstacle in one.obstacles]) for one in found]


def test_nothing_is_prevented_where_nothing_is_open() -> None:
    assert told(bucket()) == []
    assert told(bucket(statement("Allow", {"AWS": OWNER}), statement("Deny", "*", "s3:PutObject"))) == []


def test_what_is_open_is_not_prevented() -> None:
    open_to_all = bucket(statement("Allow", "*"), statement("Deny", "*", "s3:PutObject"))
    assert analyze(open_to_all, ACCOUNT).findings
    assert told(open_to_all) == []


def test_a_deny() -> None:
    subject = bucket(statement("Allow", {"AWS": OUTSIDE}), statement("Deny", "*", "s3:*", Sid="Nobody"))
    assert told(subject) == [({"AWS": OUTSIDE}, ["Deny Nobody of the resource's policy"])]


def test_two_that_both_deny_must_both_go() -> None:
    denies = [statement("Deny", "*", "s3:*"), statement("Deny", {"AWS": OUTSIDE}, "s3:Get*")]
    [(_, names)] = told(bucket(statement("Allow", {"AWS": OUTSIDE}), *denies))
    assert names == ["Deny statement 2 of the resource's policy", "Deny statement 3 of the resource's policy"]


def test_a_deny_beside_an_access_control_list() -> None:
    """A policy takes away from what the list grants."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
    subject = bucket(deny, configuration={"acl": [READERS], "object_ownership": "ObjectWriter"})
    assert analyze(subject, ACCOUNT).findings == ()
    assert told(subject) == [({"AWS": "*"}, ["Deny statement 1 of the resource's policy"])]


def test_a_key_policy_takes_away_from_grants() -> None:
    key = f"arn:aws:kms:us-east-1:{OWNER}:key/1"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Sid": "Closed"}
    grant = {"granteePrincipal": f"arn:aws:iam::{OUTSIDE}:role/x", "operations": ["Decrypt", "Encrypt"]}
    subject = Subject(
        key, "AWS::KMS::Key", OWNER, (ChannelDocument("POLICY", "", document(deny)),), {"grants": [grant]}
    )
    [finding] = analyze(subject, ACCOUNT).findings
    assert finding.action == ("kms:Encrypt",)
    [one] = prevented(subject, ACCOUNT)[0]
    assert one.finding.action == ("kms:Decrypt",)
    assert [obstacle.sid for obstacle in one.obstacles] == ["Closed"]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"account_public_access_block": ALL}, "Block Public Access of the account"),
        ({"configuration": {"public_access_block": ALL}}, "Block Public Access of the bucket"),
    ],
)
def test_block_public_access(more: dict[str, Any], name: str) -> None:
    assert told(bucket(statement("Allow", "*"), **more)) == [({"AWS": "*"}, [name])]


def test_lists_that_are_disabled() -> None:
    subject = bucket(configuration={"acl": [READERS], "object_ownership": "BucketOwnerEnforced"})
    [(principal, [name])] = told(subject)
    assert principal == {"AWS": "*"}
    assert "BucketOwnerEnforced" in name


def test_a_control_policy_binds_in_an_organization() -> None:
    perimeter = document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}},
        }
    )
    subject = bucket(statement("Allow", {"AWS": OUTSIDE}), control_documents=(perimeter,))
    assert told(subject, ORGANIZATION) == [({"AWS": OUTSIDE}, ["a resource control policy"])]
    assert told(subject, ACCOUNT) == []


def test_an_encrypted_snapshot_is_not_public() -> None:
    arn = f"arn:aws:ec2:us-east-1:{OWNER}:snapshot/snap-1"
    share = {"share": {"public": True, "accounts": []}, "encrypted": True}
    [(principal, [name])] = told(Subject(arn, "AWS::EC2::Snapshot", OWNER, (), share))
    assert principal == {"AWS": "*"}
    assert "encrypted" in name


def test_what_cannot_be_read_is_said() -> None:
    subject = Subject(
        BUCKET,
        "AWS::S3::Bucket",
        OWNER,
        (ChannelDocument("POLICY", "", "{"),),
        {"public_access_block": ALL},
    )
    found, error = prevented(subject, ACCOUNT)
    assert found == ()
    assert "cannot be understood" in error


PRINCIPALS = ["*", {"AWS": OUTSIDE}, {"AWS": f"arn:aws:iam::{OUTSIDE}:role/x"}, {"AWS": OWNER}]
STATEMENTS = st.builds(
    statement, st.sampled_from(["Allow", "Deny"]), st.sampled_from(PRINCIPALS), st.sampled_from(["s3:Get*", "s3:*"])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.sampled_from([None, ALL]))
def test_taking_the_obstacles_away_opens_up(statements: list[dict[str, Any]], block: Any) -> None:
    subject = bucket(*statements, configuration={"public_access_block": block})
    for one in prevented(subject, ACCOUNT)[0]:
        assert one.obstacles
        opened = subject
        for obstacle in sorted(one.obstacles, key=lambda obstacle: -obstacle.statement):
            opened = obstacle.without(opened)
        assert {a for f in analyze(opened, ACCOUNT).findings for a in f.action} & set(one.finding.action)
