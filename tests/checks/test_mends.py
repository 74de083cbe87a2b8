"""Mends of failing checks: each passes the check that failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.checks import asking, custom
from analyzers.checks.asking import Owner
from analyzers.checks.custom import Access, Result
from analyzers.checks.found import FoundPolicy, Place, Variant, mark, marks_in
from analyzers.policy import parse
from analyzers.reasoning.question import PolicyType

ACCOUNT = mark("AWS::AccountId", word=True)


def policy(*statements: Any, kind: PolicyType = PolicyType.IDENTITY, **more: Any) -> FoundPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2, ensure_ascii=False)
    return FoundPolicy((Variant(text),), kind, Place("p.json"), **more)


def with_text(found: FoundPolicy, text: str) -> FoundPolicy:
    return FoundPolicy((Variant(text),), found.policy_type, found.place, found.resource_type)


WIDE = {"Sid": "Wide", "Effect": "Allow", "Action": ["s3:*", "sqs:SendMessage"], "Resource": "*"}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def test_what_must_not_be_granted_is_taken_out() -> None:
    found = policy(WIDE)
    outcome = asking.access_not_granted(found, [Access(("s3:DeleteBucket",))])
    assert (outcome.result, outcome.mends) == (Result.FAIL, ())
    mend = outcome.mended().mends[0]
    assert custom.access_not_granted(with_text(found, mend.text), [Access(("s3:DeleteBucket",))]).result is Result.PASS
    statement = json.loads(mend.text)["Statement"][0]
    assert "sqs:SendMessage" in json.dumps(statement)
    assert mend.is_file
    assert mend.diff.startswith("--- a/p.json")


def test_what_the_reference_does_not_allow_is_taken_out() -> None:
    reference = parse(json.dumps({"Version": "2012-10-17", "Statement": [WIDE | {"Action": "s3:Get*"}]}))
    found = policy(WIDE | {"Action": ["s3:GetObject", "sqs:SendMessage"]})
    mend = asking.no_new_access(found, reference).mended().mends[0]
    assert custom.no_new_access(with_text(found, mend.text), reference).result is Result.PASS
    assert "s3:GetObject" in mend.text


@pytest.mark.parametrize("owner", [Owner(), Owner(organization="o-a1b2c3d4e5"), Owner(account="111122223333")])
def test_a_public_policy_is_closed(owner: Owner) -> None:
    own = OPEN | {"Principal": {"AWS": "111122223333"}, "Action": "s3:PutObject"}
    found = policy(OPEN, own, kind=PolicyType.RESOURCE, resource_type="AWS::S3::Bucket")
    mends = asking.no_public_access(found, owner=owner).mended().mends
    assert mends
    for mend in mends:
        assert custom.no_public_access(with_text(found, mend.text)).result is Result.PASS
        assert "s3:PutObject" in mend.text


def test_what_is_not_known_stays_as_it_is_in_a_mend() -> None:
    own = OPEN | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:PutObject"}
    bucket = mark("Bucket.BucketName", word=True)
    resource = {"Resource": f"arn:aws:s3:::{bucket}/*"}
    found = policy(OPEN | resource, own | resource, kind=PolicyType.RESOURCE)
    outcome = asking.no_public_access(found).mended()
    assert outcome.result is Result.FAIL
    assert "AWS::AccountId" in set(marks_in(outcome.mends[0].text))
    assert "100000000" not in outcome.mends[0].text


def test_a_policy_that_passes_needs_none() -> None:
    assert asking.access_not_granted(policy(WIDE), [Access(("iam:PassRole",))]).mended().mends == ()
