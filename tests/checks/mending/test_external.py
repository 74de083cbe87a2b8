"""For each way in that the documented and planted cases know: after the mend there is no such finding, and the others
are as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.checks.mending.external import Wanted, mend_external, said, with_document
from analyzers.checks.mending.values import Candidate, Kind
from analyzers.kinds import silent
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import Subject
from tests.kinds.test_external_types import (
    ACCOUNT,
    BLOCKED,
    ORGANIZATION,
    OUT,
    OWN,
    POINT,
    SHAPES,
    SHARED,
    behind,
    bucket,
    delegates,
    policy,
    reads,
    statement,
    subject,
)

OTHER = "444455556666"


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    silent.forget()


def best(asked: Subject, zone: Any = ORGANIZATION, *, number: int = 0, **more: Any) -> Candidate:
    """The first candidate for a finding of the resource."""
    findings = analyze(asked, zone).findings
    mended = mend_external(asked, zone, said(findings[number]), **more)
    assert mended.candidates, (mended.note, mended.refused)
    return mended.candidates[0]


def placed(asked: Subject, candidate: Candidate) -> Subject:
    name = next(one.name for one in asked.documents if one.text == candidate.before)
    return with_document(asked, candidate.before, name, candidate.text)


@pytest.mark.parametrize("kind", SHAPES)
def test_an_account_is_taken_out_and_the_others_stay(kind: str) -> None:
    text = policy(statement(kind, {"AWS": [OUT, OTHER]}), statement(kind, {"AWS": OWN}))
    asked = subject(kind, text)
    before = {said(one) for one in analyze(asked, ORGANIZATION).findings}
    gone = next(one for one in before if OUT in str(one))
    (first, *_) = mend_external(asked, ORGANIZATION, gone).candidates
    assert (first.kind, first.loss.exact) == (Kind.PRINCIPAL, True)
    after = analyze(placed(asked, first), ORGANIZATION)
    assert {said(one) for one in after.findings} == before - {gone}
    assert first.command is not None
    assert first.command.line.startswith("aws ") or first.command.note


@pytest.mark.parametrize("kind", SHAPES)
def test_everybody_becomes_those_inside(kind: str) -> None:
    text = policy(statement(kind, "*"), statement(kind, {"AWS": OTHER}, Sid="Partner"))
    asked = subject(kind, text)
    findings = analyze(asked, ORGANIZATION).findings
    wanted = next(said(one) for one in findings if one.is_public)
    mended = mend_external(asked, ORGANIZATION, wanted)
    assert mended.candidates
    for one in mended.candidates:
        if one.kind is Kind.SETTING:
            continue
        after = analyze(placed(asked, one), ORGANIZATION)
        assert wanted not in {said(found) for found in after.findings}
        assert not any(found.is_public for found in after.findings)
    kinds = {one.kind for one in mended.candidates}
    assert Kind.CONDITION in kinds
    condition = next(one for one in mended.candidates if one.kind is Kind.CONDITION)
    assert json.loads(condition.text)["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-own"}}
    assert any(f"Account {OTHER} can" in sentence for sentence in condition.proof), "what it had covered is told"


@pytest.mark.parametrize("kind", SHAPES)
def test_the_last_statement_goes_with_the_policy_where_there_may_be_none(kind: str) -> None:
    asked = subject(kind, policy(statement(kind, {"AWS": OUT})))
    first = best(asked)
    if kind in {"AWS::IAM::Role", "AWS::KMS::Key", "AWS::SNS::Topic"}:
        assert first.kind is Kind.DENY
        assert first.loss.exact
    else:
        assert (first.kind, first.text) == (Kind.POLICY, "")
    assert analyze(placed(asked, first), ORGANIZATION).findings == ()


def test_a_value_of_a_condition_is_taken_out() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": ["o-own", "o-partner"]}}
    asked = bucket(policy(statement("AWS::S3::Bucket", "*", Condition=condition)))
    first = best(asked)
    assert first.kind is Kind.VALUE
    assert first.loss.exact
    assert json.loads(first.text)["Statement"][0]["Condition"]["StringEquals"] == {"aws:PrincipalOrgID": ["o-own"]}


def test_several_statements_that_grant_the_same_are_changed_together() -> None:
    kind = "AWS::S3::Bucket"
    text = policy(
        statement(kind, {"AWS": [OUT, OTHER]}, Sid="One"),
        statement(kind, {"AWS": [OTHER, OUT]}, Sid="Two"),
        statement(kind, {"AWS": OTHER}, Sid="Three"),
    )
    asked = bucket(text)
    gone = next(said(one) for one in analyze(asked, ORGANIZATION).findings if OUT in str(one.principal))
    first = mend_external(asked, ORGANIZATION, gone).candidates[0]
    assert len(first.changes) == 2
    assert OUT not in first.text
    assert first.loss.exact


def test_an_account_analyzer_ties_to_the_account() -> None:
    asked = bucket(policy(statement("AWS::S3::Bucket", "*")))
    mended = mend_external(asked, ACCOUNT, said(analyze(asked, ACCOUNT).findings[0]))
    condition = next(one for one in mended.candidates if one.kind is Kind.CONDITION)
    tests = json.loads(condition.text)["Statement"][0]["Condition"]
    assert tests == {"StringEquals": {"aws:PrincipalAccount": OWN}}


def test_access_points() -> None:
    asked = behind(POINT, delegates(OWN), reads(POINT, {"AWS": [OUT, OTHER]}))
    gone = next(said(one) for one in analyze(asked, ORGANIZATION).findings if OUT in str(one.principal))
    first = mend_external(asked, ORGANIZATION, gone).candidates[0]
    assert first.kind is Kind.PRINCIPAL
    assert first.command is not None
    assert first.command.line.split()[1:3] == ["s3control", "put-access-point-policy"]
    within = behind(POINT, delegates(OWN), reads(POINT, "*"), network_origin="VPC", vpc_id="vpc-1")
    assert best(within).loss.exact


def test_a_bucket_that_leaves_it_to_access_points_of_another_account() -> None:
    first = best(bucket(delegates(OUT)))
    assert first.kind in {Kind.POLICY, Kind.DENY}


def test_access_control_lists() -> None:
    grants = [
        {"grantee": {"id": "c" * 64}, "permission": "FULL_CONTROL"},
        {"grantee": {"id": "d" * 64}, "permission": "READ"},
        {"grantee": {"id": "e" * 64}, "permission": "READ"},
    ]
    asked = bucket(None, acl=grants)
    gone = next(said(one) for one in analyze(asked, ACCOUNT).findings if "d" * 64 in str(one.principal))
    first, second = mend_external(asked, ACCOUNT, gone).candidates
    assert first.loss.exact
    assert first.command is not None
    assert first.command.line.startswith("aws s3api put-bucket-acl --bucket b --access-control-policy '")
    assert "d" * 64 not in first.command.line
    assert "e" * 64 in first.command.line
    assert "BucketOwnerEnforced" in second.sentence
    assert not second.loss.exact


def test_a_public_list_can_be_ignored() -> None:
    everybody = {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}, "permission": "READ"}
    owner = {"grantee": {"id": "c" * 64}, "permission": "FULL_CONTROL"}
    asked = bucket(None, acl=[owner, everybody])
    mended = mend_external(asked, ACCOUNT, said(analyze(asked, ACCOUNT).findings[0]))
    sentences = " ".join(one.sentence for one in mended.candidates)
    assert "Take AllUsers out" in sentences
    assert "IgnorePublicAcls" in sentences
    assert "BucketOwnerEnforced" in sentences


def test_a_grant_of_a_key_is_revoked() -> None:
    kind = "AWS::KMS::Key"
    grants = [
        {"id": "abc", "granteePrincipal": f"arn:aws:iam::{OUT}:role/ingest", "operations": ["Decrypt"]},
        {"id": "def", "granteePrincipal": f"arn:aws:iam::{OTHER}:role/x", "operations": ["Decrypt"]},
    ]
    asked = subject(kind, policy(statement(kind, {"AWS": OWN})), configuration={"grants": grants})
    gone = next(said(one) for one in analyze(asked, ORGANIZATION).findings if OUT in str(one.principal))
    (only,) = mend_external(asked, ORGANIZATION, gone).candidates
    assert only.loss.exact
    assert only.command is not None
    assert only.command.line.endswith("--grant-id abc --region eu-central-1")


@pytest.mark.parametrize("kind", SHARED)
def test_a_share_is_taken_back(kind: str) -> None:
    share = {"accounts": [OUT, OTHER], "public": True}
    asked = subject(kind, None, arn=SHARED[kind], configuration={"share": share, "encrypted": False})
    for finding in analyze(asked, ORGANIZATION).findings:
        (only,) = mend_external(asked, ORGANIZATION, said(finding)).candidates
        assert only.loss.exact or finding.is_public, "who is inside had the public share too"
        assert only.command is not None
        whom = "all" if finding.is_public else str(finding.principal["AWS"])
        assert whom in only.command.line.split()


def test_block_public_access_is_offered_for_what_is_public_only() -> None:
    asked = bucket(policy(statement("AWS::S3::Bucket", "*")))
    mended = mend_external(asked, ORGANIZATION, said(analyze(asked, ORGANIZATION).findings[0]))
    assert mended.candidates[-1].kind is Kind.SETTING
    assert not mended.candidates[-1].loss.exact
    shared = bucket(policy(statement("AWS::S3::Bucket", {"AWS": OUT})))
    mended = mend_external(shared, ORGANIZATION, said(analyze(shared, ORGANIZATION).findings[0]))
    assert all(one.kind is not Kind.SETTING for one in mended.candidates)


def test_a_finding_that_is_gone_is_not_mended() -> None:
    asked = bucket(policy(statement("AWS::S3::Bucket", {"AWS": OUT})), public_access_block=BLOCKED)
    wanted = Wanted.of({"AWS": OTHER}, ["s3:GetObject"], {}, [{"type": "POLICY"}])
    mended = mend_external(asked, ORGANIZATION, wanted)
    assert mended.candidates == ()
    assert "no such finding" in mended.note
