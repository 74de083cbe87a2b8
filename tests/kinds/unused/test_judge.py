"""Who is judged, what is found, and what nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.kinds.unused import HeldPolicy, Holder, judge
from analyzers.kinds.unused.judge import (
    ENDS_EARLY,
    NO_AGE,
    NO_CREDENTIALS,
    NO_KEY_USE,
    NO_READING,
    NO_ROLE_USE,
    NOT_ACTIVE,
    OLD_READING,
)
from analyzers.kinds.unused.permissions import TEXT_MISSING
from analyzers.usage.evidence import Evidence

from .builders import (
    NOW,
    ago,
    allow,
    deny,
    everything,
    evidence,
    key,
    kinds,
    password,
    policy,
    report,
    role,
    trail,
    unused,
    use,
    user,
)

S3 = policy(allow("s3:GetObject", "s3:ListAllMyBuckets"))
NOTHING = evidence()


def found(holder: Holder, known: Evidence = NOTHING, days: int = 90) -> list[str]:
    return kinds(judge(holder, known, days, NOW))


# -- roles ---------------------------------------------------------------------------------------------------------


def test_a_role_without_use_in_the_period() -> None:
    [finding] = judge(role(S3, last_used_at=ago(200)), NOTHING, 90, NOW).findings
    assert finding.kind == "UnusedIAMRole"
    assert finding.last_accessed == ago(200)
    assert finding.details["summary"] == "Role app was not used in 90 days."
    assert finding.details["reason"] == "Its last use was on 2025-12-13."
    assert finding.details["since"] == "2026-04-02T12:00:00Z"


def test_a_role_never_used() -> None:
    [finding] = judge(role(last_used_at=None), NOTHING, 90, NOW).findings
    assert (finding.last_accessed, finding.details["reason"]) == (None, "No use of it is known.")


def test_a_role_younger_than_the_period_is_not_judged() -> None:
    young = role(S3, created_at=ago(89), last_used_at=None)
    analysis = judge(young, evidence(report=report({"s3": None})), 90, NOW)
    assert (kinds(analysis), analysis.unknown, analysis.gap) == ([], (), None)
    assert found(role(created_at=ago(90), last_used_at=None)) == ["UnusedIAMRole"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"created_at": None}, NO_AGE),
        ({"last_used_known": False, "last_used_at": None}, NO_ROLE_USE),
        ({"last_used_known": False, "last_used_at": ago(200)}, NO_ROLE_USE),
        ({"read_at": None, "last_used_at": None}, NO_READING),
        ({"read_at": ago(8), "last_used_at": ago(200)}, OLD_READING),
        ({"read_at": ago(5), "last_used_at": ago(93)}, ENDS_EARLY),
    ],
)
def test_what_is_not_known_of_a_role_is_never_unused(more: dict[str, Any], why: str) -> None:
    analysis = judge(role(S3, **more), NOTHING, 90, NOW)
    assert not analysis.findings
    assert analysis.unknown[0] == why
    assert not analysis.decides("UnusedIAMRole", "")
    assert not analysis.decides("UnusedPermission", "")


def test_a_trail_saw_the_role_that_iam_did_not() -> None:
    """Whether IAM was asked or not."""
    seen = evidence(use("s3:GetObject", 3))
    assert found(role(last_used_at=ago(200)), seen) == []
    assert judge(role(last_used_at=None, last_used_known=False), seen, 90, NOW).decides("UnusedIAMRole", "")


def test_a_refused_attempt_is_use() -> None:
    assert found(role(last_used_at=ago(200)), evidence(use("s3:GetObject", 3, denied=True))) == []


def test_the_use_of_an_earlier_role_of_that_name_does_not_count() -> None:
    """Deleted and created again: what was recorded before is not this role's."""
    again = role(created_at=ago(20), last_used_at=None)
    [finding] = judge(again, evidence(use("s3:GetObject", 25)), 10, NOW).findings
    assert (finding.kind, finding.last_accessed) == ("UnusedIAMRole", None)
    assert found(again, evidence(use("s3:GetObject", 5)), 10) == []


def test_a_report_about_an_earlier_role_of_that_name_is_none() -> None:
    again = role(policy(allow("s3:GetObject")), created_at=ago(3), last_used_at=ago(1))
    old = evidence(report=report({"s3": None}, asked=4))
    analysis = judge(again, old, 2, NOW)
    assert not analysis.findings
    assert analysis.unknown


# -- credentials ---------------------------------------------------------------------------------------------------


def test_keys_and_passwords_are_found_each_by_itself() -> None:
    bob = user(S3, keys=(key("AKIA1", used=5), key("AKIA2", used=120), key("AKIA3")), password=password(used=100))
    assert found(bob) == ["UnusedIAMUserAccessKey AKIA2", "UnusedIAMUserAccessKey AKIA3", "UnusedIAMUserPassword"]


def test_an_inactive_key_is_no_finding() -> None:
    assert found(user(keys=(key(active=False),))) == []


def test_young_credentials_are_not_judged() -> None:
    assert found(user(keys=(key(created_at=ago(10)),), password=password(created_at=ago(10)))) == []


def test_a_key_that_iam_was_not_asked_about_is_unknown() -> None:
    analysis = judge(user(S3, keys=(key(known=False), key("AKIA2", known=False, used=3))), NOTHING, 90, NOW)
    assert not analysis.findings
    assert NO_KEY_USE in analysis.unknown
    assert not analysis.decides("UnusedIAMUserAccessKey", "AKIA1")
    assert analysis.decides("UnusedIAMUserAccessKey", "AKIA2")


def test_credentials_that_were_not_read_are_unknown() -> None:
    analysis = judge(user(S3, credentials_known=False), evidence(report=report({"s3": None})), 90, NOW)
    assert (analysis.findings, analysis.unknown) == ((), (NO_CREDENTIALS, NOT_ACTIVE))
    part = user(S3, credentials_known=False, keys=(key(used=2),))
    assert found(part, evidence(report=report({"s3": None}))) == ["UnusedPermission"]


def test_a_user_none_of_whose_credentials_is_used_has_no_finding_of_permissions() -> None:
    idle = evidence(report=report({"s3": None}))
    assert found(user(S3, keys=(key(),)), idle) == ["UnusedIAMUserAccessKey AKIA1"]
    assert found(user(S3), idle) == []
    assert found(user(S3, keys=(key(), key("AKIA2", used=1))), idle) == [
        "UnusedIAMUserAccessKey AKIA1",
        "UnusedPermission",
    ]


def test_a_user_that_a_trail_saw_is_active() -> None:
    seen = evidence(use("sts:GetCallerIdentity", 3), report=report({"s3": None}))
    assert found(user(S3, keys=(key(),)), seen) == ["UnusedIAMUserAccessKey AKIA1", "UnusedPermission"]


# -- permissions ---------------------------------------------------------------------------------------------------


def test_a_service_without_attempt_is_unused_as_a_whole() -> None:
    analysis = judge(role(S3), evidence(report=report({"s3": 100})), 90, NOW)
    [finding] = analysis.findings
    assert unused(analysis) == {"s3": "whole"}
    assert finding.last_accessed == ago(100)
    assert finding.details["summary"] == "Role app did not use 1 service in 90 days."
    assert analysis.gap == (2, 0, 2)


def test_in_a_used_service_only_tracked_actions_are_unused() -> None:
    known = evidence(report=report({"s3": 1}, {"s3:ListAllMyBuckets": None, "s3:CreateBucket": None}))
    analysis = judge(role(S3), known, 90, NOW)
    assert unused(analysis) == {"s3": ["s3:ListAllMyBuckets"]}
    assert analysis.gap == (2, 0, 1)
    entry = analysis.findings[0].details["services"][0]
    assert (entry["untracked"], entry["policies"], entry["name"]) == (1, ["p"], "Amazon S3")
    assert entry["actions"][0]["access_level"]
    assert analysis.unknown == ()


def test_a_service_that_no_report_tells_of_is_unknown() -> None:
    analysis = judge(role(S3), evidence(report=report({"sqs": None})), 90, NOW)
    assert not analysis.findings
    assert analysis.unknown == ("IAM's last-accessed report does not list the service.",)
    assert not analysis.decides("UnusedPermission", "")


def test_a_trail_of_all_regions_tells_of_what_it_records() -> None:
    whole = evidence(use("s3:GetObject", 3), trails=(trail(),), recorded=everything)
    assert unused(judge(role(S3), whole, 90, NOW)) == {"s3": ["s3:ListAllMyBuckets"]}
    part = evidence(use("s3:GetObject", 3), trails=(trail(regions=frozenset({"eu-central-1"})),), recorded=everything)
    assert unused(judge(role(S3), part, 90, NOW)) == {}


def test_passing_a_role_is_never_told_of() -> None:
    """It is checked within requests to other services, so an unused IAM says nothing of it."""
    analysis = judge(role(policy(allow("iam:PassRole"))), evidence(report=report({"iam": None})), 90, NOW)
    assert (analysis.findings, analysis.gap) == ((), (1, 0, 0))
    both = judge(role(policy(allow("iam:PassRole", "iam:CreateUser"))), evidence(report=report({"iam": None})), 90, NOW)
    assert (unused(both), both.gap) == ({"iam": "whole"}, (2, 0, 1))


def test_what_a_statement_always_denies_is_not_granted() -> None:
    denied = role(policy(allow("s3:*")), policy(deny("s3:Delete*", "s3:Put*", "s3:Create*"), name="d"))
    known = evidence(report=report({"s3": 1}, {"s3:DeleteBucket": None, "s3:ListAllMyBuckets": None}))
    assert unused(judge(denied, known, 90, NOW)) == {"s3": ["s3:ListAllMyBuckets"]}
    sometimes = role(policy(allow("s3:*")), policy(deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})))
    assert unused(judge(sometimes, known, 90, NOW)) == {"s3": ["s3:DeleteBucket", "s3:ListAllMyBuckets"]}


def test_a_policy_changed_within_the_period_is_not_judged() -> None:
    known = evidence(report=report({"s3": None, "sqs": None}))
    changed = policy(allow("s3:GetObject", "sqs:SendMessage"), name="new", updated=10)
    old = policy(allow("sqs:SendMessage"), name="old", updated=300)
    assert unused(judge(role(changed), known, 90, NOW)) == {}
    assert unused(judge(role(changed, old), known, 90, NOW)) == {"sqs": "whole"}


def test_a_policy_that_cannot_be_read_leaves_the_rest() -> None:
    known = evidence(report=report({"s3": None}))
    analysis = judge(role(S3, HeldPolicy("gone", None), HeldPolicy("bad", "{")), known, 90, NOW)
    assert unused(analysis) == {"s3": "whole"}
    assert analysis.unknown == ("A policy cannot be read as one.", TEXT_MISSING)


def test_the_permissions_of_an_unused_role_are_a_gap_but_no_finding() -> None:
    analysis = judge(role(S3, last_used_at=None), evidence(report=report({"s3": None})), 90, NOW)
    assert (kinds(analysis), analysis.gap) == (["UnusedIAMRole"], (2, 0, 2))


def test_all_permissions_with_a_report_of_some() -> None:
    """19,000 unused actions are a number; those of used services are listed."""
    known = evidence(report=report({"s3": 1, "ec2": None}, {"s3:CreateBucket": None, "s3:ListAllMyBuckets": 1}))
    analysis = judge(role(policy(allow("*"))), known, 90, NOW)
    assert unused(analysis) == {"ec2": "whole", "s3": ["s3:CreateBucket"]}
    assert analysis.gap is not None
    assert analysis.gap.granted > 19_000
    s3 = analysis.findings[0].details["services"][1]
    assert [one["action"] for one in s3["used"]] == ["s3:ListAllMyBuckets"]


def test_a_trail_alone_does_not_fill_a_finding_with_everything() -> None:
    seen = evidence(use("s3:GetObject", 3), trails=(trail(),), recorded=everything)
    [finding] = judge(role(policy(allow("*"))), seen, 90, NOW).findings
    by_service = {one["service"]: one for one in finding.details["services"]}
    assert by_service["s3"]["listed"]
    assert len(by_service["s3"]["actions"]) > 50
    assert not by_service["ec2"]["listed"]
    assert by_service["ec2"]["unused"] > 500
    assert by_service["ec2"]["actions"] == []
