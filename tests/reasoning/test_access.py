"""What single policies allow: the documented answers of the service's checks, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.policy import Policy, parse_value
from analyzers.reasoning import assumptions
from analyzers.reasoning.access import compare, decides, grants, no_new_access, public, type_of
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer, Relation, Verdict
from tests.shared import conformance

from .policies import allow, deny, policy

PASSES = {Answer.PROVED: "PASS", Answer.REFUTED: "FAIL", Answer.UNKNOWN: "UNKNOWN"}
SAMPLES = conformance("custom_policy_check_samples.json")
CHECKS = [
    case for case in conformance("tricky_cases.json") if not isinstance(case, dict) or case.get("area") == "checks"
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_a_documented_sample(sample: dict[str, Any]) -> None:
    existing, new = parse_value(sample["reference"]), parse_value(sample["candidate"])
    verdict = no_new_access(existing, new, policy_type=PolicyType(sample["policy_type"]), seconds=30)
    assert PASSES[verdict.answer] == sample["expected"], (sample["note"], verdict.witness, verdict.reason)
    if verdict.witness is not None:
        assert decides(new, verdict.witness) is True
        assert decides(existing, verdict.witness) is False
        assert verdict.culprits


@pytest.mark.parametrize("case", CHECKS, ids=lambda case: case["id"])
def test_a_documented_check(case: dict[str, Any]) -> None:
    policies = {name: parse_value(value) for name, value in case["policies"].items()}
    check = case["check"]
    if check["type"] == "CheckNoNewAccess":
        verdict = no_new_access(policies["existing"], policies["new"], seconds=30)
    elif check["type"] == "CheckAccessNotGranted":
        access = [(one.get("actions", []), one.get("resources", [])) for one in check["access"]]
        verdict = grants(policies["policy"], access, seconds=30)
    else:
        verdict = public(policies["policy"], check["resourceType"], seconds=30)
    assert PASSES[verdict.answer].lower() == case["expected"], (case["why"], verdict)


# -- compare -------------------------------------------------------------------------------------------------------

GET = allow("s3:GetObject", "arn:aws:s3:::b/*")
PAIRS = [
    ([GET], [GET], Relation.EQUAL),
    ([], [], Relation.EQUAL),
    ([], [deny()], Relation.EQUAL),
    ([GET], [allow("s3:Get*", "arn:aws:s3:::b/*")], Relation.WITHIN),
    ([allow("s3:*", "arn:aws:s3:::b/*")], [GET], Relation.CONTAINS),
    ([GET], [allow("s3:GetObject", "arn:aws:s3:::b/?*")], Relation.CONTAINS),
    ([GET], [allow("s3:PutObject", "arn:aws:s3:::b/*")], Relation.DISJOINT),
    ([GET], [allow("s3:*", "arn:aws:s3:::b/a*")], Relation.OVERLAPPING),
    ([allow(), deny("s3:*")], [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], Relation.EQUAL),
    ([allow("s3:Get*")], [allow("S3:get*")], Relation.EQUAL),
    ([allow(["s3:a*", "s3:b*"])], [allow("s3:a*"), allow("s3:b*")], Relation.EQUAL),
    (
        [allow(Condition={"StringEquals": {"aws:SourceVpc": "a"}})],
        [allow(Condition={"StringEqualsIfExists": {"aws:SourceVpc": "a"}})],
        Relation.WITHIN,
    ),
    (
        [allow(Condition={"NumericLessThan": {"s3:max-keys": "10"}})],
        [allow(Condition={"NumericLessThanEquals": {"s3:max-keys": 10}})],
        Relation.WITHIN,
    ),
    (
        [allow(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}})],
        [allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
        Relation.EQUAL,
    ),
    (
        [allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}})],
        [allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})],
        Relation.WITHIN,
    ),
    (
        [allow(Condition={"ForAnyValue:NumericGreaterThan": {"app:numbers": "5"}})],
        [allow(Condition={"ForAnyValue:NumericGreaterThanEquals": {"app:numbers": "5"}})],
        Relation.WITHIN,
    ),
]


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS)
def test_how_two_policies_compare(first: Any, second: Any, expected: Relation) -> None:
    found = compare(policy(*first), policy(*second), policy_type=PolicyType.IDENTITY, seconds=30)
    assert found.relation is expected
    for verdict, one, other in (
        (found.only_first, True, False),
        (found.only_second, False, True),
        (found.both, True, True),
    ):
        if verdict.witness is not None:
            assert decides(policy(*first), verdict.witness) is one
            assert decides(policy(*second), verdict.witness) is other


def test_a_principal_and_a_condition_that_mean_the_same_are_equal() -> None:
    """The caller's account and ARN are one identity, in both directions (SEMANTICS 5)."""
    named = policy(allow(Principal={"AWS": "111111111111"}))
    told = policy(allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalAccount": "111111111111"}}))
    assert compare(named, told, seconds=30).relation is Relation.EQUAL


def test_a_canonical_user_matters_where_one_is_named() -> None:
    account = policy(allow(Principal={"AWS": "111111111111"}))
    canonical = policy(allow(Principal={"AWS": "111111111111", "CanonicalUser": "abc"}))
    found = compare(account, canonical, seconds=30)
    assert found.relation is Relation.WITHIN
    assert found.only_second.witness is not None
    assert found.only_second.witness.principal == "canonical:abc"


def test_a_user_name_is_the_end_of_the_arn() -> None:
    named = policy(allow(Condition={"StringEquals": {"aws:username": "bob"}}))
    like, everywhere = (
        policy(allow(Condition={"ArnLike": {"aws:PrincipalArn": [f"arn:{p}:iam::*:user/{n}bob" for n in ("", "*/")]}}))
        for p in ("aws", "*")
    )
    assert compare(like, named, seconds=30).relation is Relation.WITHIN
    assert compare(named, everywhere, seconds=30).relation is Relation.EQUAL


def test_the_type_of_principal_is_tied_to_its_arn() -> None:
    typed = policy(allow(Condition={"StringEquals": {"aws:PrincipalType": "AssumedRole"}}))
    roles = policy(allow(Condition={"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"}}))
    assert compare(typed, roles, seconds=30).relation is Relation.EQUAL


def test_policies_of_different_types_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different types"):
        compare(policy(allow()), policy(allow(Principal="*")))
    assert type_of(policy(), policy(allow(Principal="*"))) is PolicyType.RESOURCE


# -- what is not understood ----------------------------------------------------------------------------------------


def test_an_unknown_operator_is_never_a_proof() -> None:
    odd = policy(allow("s3:GetObject", Condition={"StringResembles": {"aws:SourceVpc": "a"}}))
    plain = policy(allow("s3:GetObject"))
    verdict = no_new_access(policy(), odd, policy_type=PolicyType.IDENTITY, seconds=30)
    assert verdict.answer is Answer.UNKNOWN
    assert "StringResembles" in verdict.reason
    assert no_new_access(odd, odd, seconds=30).answer is Answer.PROVED
    assert no_new_access(plain, odd, seconds=30).answer is Answer.PROVED
    assert no_new_access(odd, plain, seconds=30).answer is Answer.UNKNOWN


def test_an_unknown_element_is_never_a_proof() -> None:
    """Of a statement, or of the whole document."""
    odd = policy(allow("s3:GetObject", Surprise="x"))
    verdict = grants(odd, [(["s3:*"], [])], seconds=30)
    assert verdict.answer is Answer.UNKNOWN
    assert odd.statements[0].problems[0].message.rstrip(".") in verdict.reason
    whole = parse_value({"Version": "2012-10-17", "Odd": 1, "Statement": [allow("s3:GetObject")]})
    verdict = grants(whole, [(["s3:*"], [])], seconds=30)
    assert verdict.answer is Answer.UNKNOWN
    assert whole.problems[0].message.rstrip(".") in verdict.reason
    assert grants(odd, [(["s3:PutObject"], [])], seconds=30).answer is Answer.PROVED
    assert grants(whole, [(["s3:PutObject"], [])], seconds=30).answer is Answer.PROVED


def test_a_wildcard_in_a_principal_is_not_taken_for_harmless() -> None:
    wild = policy(allow(Principal={"AWS": "arn:aws:iam::111111111111:role/*"}))
    assert grants(wild, [([], [])], seconds=30).answer is Answer.UNKNOWN
    user = {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/bob"}}
    elsewhere = policy(allow(Principal={"AWS": "arn:aws:iam::111111111111:role/*"}, Condition=user))
    assert grants(elsewhere, [([], [])], seconds=30).answer is Answer.PROVED


def test_two_doubts_are_not_one() -> None:
    """An unreadable number under another set operator may be read otherwise."""
    there = {"Null": {"app:n": "false"}}
    one = allow(Condition={"ForAllValues:NumericNotEquals": {"app:n": "x"}, **there})
    other = deny(Condition={"ForAnyValue:NumericNotEquals": {"app:n": "x"}, **there})
    assert grants(policy(one, other), [([], [])], seconds=30).answer is Answer.UNKNOWN
    canonical = deny(Principal={"CanonicalUser": "abd"})
    named = policy(allow(Principal={"CanonicalUser": "abc"}), canonical)
    assert grants(named, [([], [])], seconds=30).answer is Answer.REFUTED


def test_two_doubts_about_values_are_not_one() -> None:
    """Two variables, or one in two places, are filled in differently."""
    tags = "aws:TagKeys"
    one = allow(Condition={"ForAnyValue:StringLike": {tags: "${aws:username}a*"}})
    other = deny(Condition={"ForAnyValue:StringLike": {tags: "${aws:username}b*"}})
    assert grants(policy(one, other), [([], [])], seconds=30).answer is not Answer.PROVED
    there = {"Null": {"s3:delimiter": "false"}}
    one = allow(Condition={"StringEquals": {"s3:prefix": "${aws:username}"}, **there})
    other = deny(Condition={"StringEquals": {"s3:delimiter": "${aws:username}"}})
    assert grants(policy(one, other), [([], [])], seconds=30).answer is not Answer.PROVED
    other = deny(Condition={"StringEquals": {"s3:delimiter": "arn:aws:s3:::${aws:username}"}})
    there_too = allow(Resource="arn:aws:s3:::${aws:username}", Condition=there)
    assert grants(policy(there_too, other), [([], [])], seconds=30).answer is not Answer.PROVED


def test_a_key_that_is_compared_as_one_value_anywhere_has_one() -> None:
    both = {"ForAnyValue:StringEquals": {"app:x": "a"}, "ForAnyValue:StringLike": {"app:x": "b"}}
    assert grants(policy(allow(Condition=both)), [([], [])], seconds=30).answer is Answer.REFUTED
    single = policy(allow(Condition={**both, "StringLike": {"app:x": "*"}}))
    assert grants(single, [([], [])], seconds=30).answer is Answer.PROVED
    elsewhere = policy(allow("s3:*", Condition=both), allow("ec2:*", Condition={"StringLike": {"app:x": "*"}}))
    assert grants(elsewhere, [(["s3:*"], [])], seconds=30).answer is Answer.PROVED


def test_not_principal_is_everybody_else() -> None:
    others = policy({"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"})
    differs = policy(allow(Principal="*", Condition={"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}))
    assert compare(others, differs, seconds=30).relation is Relation.EQUAL


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_whether_colons_are_crossed_is_one_constant_for_each_effect(
    effect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a pattern of fewer fields leaves it open."""
    short = "arn:aws:logs:*:x"
    asked = [([], ["arn:aws:logs:eu:1:log:x"])]
    one = policy(allow(Resource=short)) if effect == "Allow" else policy(allow(), deny(Resource=short))
    assert grants(one, asked, seconds=30).answer is Answer.UNKNOWN
    monkeypatch.setattr(assumptions, f"{effect.upper()}_ACROSS_COLONS", True)
    assert grants(one, asked, seconds=30).answer is (Answer.REFUTED if effect == "Allow" else Answer.PROVED)
    other = policy(allow(), deny(Resource=short)) if effect == "Allow" else policy(allow(Resource=short))
    assert grants(other, asked, seconds=30).answer is Answer.UNKNOWN


def test_any_value_if_exists_without_the_key_depends_on_the_effect() -> None:
    condition = {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "true"}}
    assert grants(policy(allow(Condition=condition)), [([], [])], seconds=30).answer is Answer.REFUTED
    absent = policy(allow(Condition={"Null": {"aws:TagKeys": "true"}}), deny(Condition=condition))
    assert grants(absent, [([], [])], seconds=30).answer is Answer.REFUTED


def test_a_deny_that_is_not_understood_blocks_nothing_for_sure() -> None:
    odd = policy(allow("s3:*"), deny("s3:*", Condition={"StringResembles": {"aws:SourceVpc": "a"}}))
    assert grants(odd, [(["s3:GetObject"], [])], seconds=30).answer is Answer.UNKNOWN


def test_no_time_is_no_answer() -> None:
    for verdict in (
        no_new_access(policy(allow()), policy(allow("s3:*")), seconds=0),
        grants(policy(allow()), [(["s3:*"], [])], seconds=0),
        compare(policy(allow()), policy(allow("s3:*")), seconds=0).both,
    ):
        assert verdict.answer is Answer.UNKNOWN
        assert "No answer within 0 s" in verdict.reason


# -- policy variables ----------------------------------------------------------------------------------------------


def test_a_variable_is_within_its_pattern_and_itself() -> None:
    own = policy(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*"))
    folder = policy(allow("s3:GetObject", "arn:aws:s3:::b/*"))
    assert no_new_access(folder, own, seconds=30).answer is Answer.PROVED
    assert no_new_access(own, own, seconds=30).answer is Answer.PROVED
    verdict = no_new_access(own, folder, seconds=30)
    assert verdict.answer is Answer.REFUTED
    assert verdict.witness is not None


VARIABLES = [
    ("${aws:username}/x", "${aws:username}/*", Answer.PROVED),
    ("${aws:username}/*", "${aws:username}/x", Answer.REFUTED),
    ("${aws:username}", "${aws:userid}", Answer.REFUTED),
    ("a${aws:username}b", "a*b", Answer.PROVED),
    ("a${aws:username}", "${aws:username}*", Answer.REFUTED),
    ("${aws:PrincipalTag/t, 'a'}", "${aws:PrincipalTag/t}", Answer.REFUTED),
    ("${aws:PrincipalTag/t}", "${aws:PrincipalTag/t, 'a'}", Answer.UNKNOWN),
]


@pytest.mark.parametrize(("new", "existing", "expected"), VARIABLES)
def test_patterns_with_variables_are_compared(new: str, existing: str, expected: Answer) -> None:
    one, other = (policy(allow("s3:GetObject", f"arn:aws:s3:::b/{name}")) for name in (new, existing))
    assert no_new_access(other, one, seconds=30).answer is expected


def test_conditions_with_variables_are_compared() -> None:
    def tagged(operator: str, value: str) -> Any:
        return policy(allow("s3:*", Condition={operator: {"s3:ExistingObjectTag/team": value}}))

    own, any_of_it = tagged("StringEquals", "${aws:username}"), tagged("StringLike", "${aws:username}*")
    assert no_new_access(any_of_it, own, seconds=30).answer is Answer.PROVED
    assert no_new_access(own, any_of_it, seconds=30).answer is Answer.REFUTED


def test_under_the_older_version_a_variable_is_text() -> None:
    old = parse_value({"Version": "2008-10-17", "Statement": [allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")]})
    verdict = grants(old, [(["s3:GetObject"], ["arn:aws:s3:::b/bob"])], seconds=30)
    assert verdict.answer is Answer.PROVED


def test_a_literal_star_is_one_object() -> None:
    star = policy(allow("s3:GetObject", "arn:aws:s3:::b/${*}"))
    verdict = grants(star, [([], ["arn:aws:s3:::b/x"])], seconds=30)
    assert verdict.answer is Answer.PROVED


# -- grants and public ---------------------------------------------------------------------------------------------


def blocked_by(verdict: Verdict) -> list[tuple[str, int | None]]:
    return [(b.layer, b.statement.statement if b.statement else None) for b in verdict.blockers]


def test_what_is_not_granted_is_blocked_by_something() -> None:
    denied = policy(allow("s3:*"), deny("s3:Delete*"), deny("ec2:*"))
    verdict = grants(denied, [(["s3:DeleteBucket"], [])], seconds=30)
    assert verdict.answer is Answer.PROVED
    assert blocked_by(verdict) == [("policy", 1)]
    assert blocked_by(grants(denied, [(["sqs:*"], [])], seconds=30)) == [("policy", None)]


def test_a_culprit_names_the_elements_that_matter() -> None:
    wide = policy(allow("ec2:*"), allow(["s3:Get*", "s3:Put*"], ["arn:aws:s3:::a", "arn:aws:s3:::b/*"]))
    verdict = grants(wide, [(["s3:PutObject"], ["arn:aws:s3:::b/k"])], seconds=30)
    assert verdict.answer is Answer.REFUTED
    [culprit] = verdict.culprits
    assert culprit.statement.statement == 1
    assert [(part.kind, part.text) for part in culprit.parts] == [
        ("action", "s3:Put*"),
        ("resource", "arn:aws:s3:::b/*"),
    ]
    assert culprit.parts[0].path == ("Statement", 1, "Action", 1)


PUBLIC = [
    (allow(Principal="*"), True),
    (allow(Principal={"AWS": "*"}), True),
    (allow(Principal={"AWS": "111111111111"}), False),
    (allow(Principal={"Service": "sns.amazonaws.com"}), False),
    (allow(Principal={"Federated": "graph.facebook.com"}), True),
    (allow(Principal={"Federated": "arn:aws:iam::111111111111:saml-provider/x"}), False),
    (allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), False),
    (allow(Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), True),
    (allow(Principal="*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}), True),
    (allow(Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}}), True),
    (allow(Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}), False),
    (allow(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), False),
    (allow(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "::/0"}}), True),
    (allow(Principal="*", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), True),
    (allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}}), True),
    (allow(Principal="*", Condition={"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r/"}}), True),
    (allow(Principal="*", Condition={"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r/"}}), False),
    (allow(Principal="*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/*"}}), False),
    (allow(Principal="*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}), True),
]


@pytest.mark.parametrize(("statement", "expected"), PUBLIC)
def test_who_is_the_public(statement: dict[str, Any], expected: bool) -> None:
    verdict = public(policy(statement), "AWS::SNS::Topic", seconds=30)
    assert verdict.answer is (Answer.REFUTED if expected else Answer.PROVED), verdict


def test_a_deny_takes_the_public_back() -> None:
    closed = policy(
        allow(Principal="*"), deny(Principal="*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})
    )
    assert public(closed, seconds=30).answer is Answer.PROVED


def test_a_wildcard_access_point_ties_in_a_bucket_and_not_in_the_access_point_itself() -> None:
    arn = "arn:aws:s3:us-east-1:111111111111:accesspoint/*"
    pointed = policy(allow(Principal="*", Condition={"ArnLike": {"s3:DataAccessPointArn": arn}}))
    assert public(pointed, "AWS::S3::Bucket", seconds=30).answer is Answer.PROVED
    assert public(pointed, "AWS::S3::AccessPoint", seconds=30).answer is Answer.REFUTED


@pytest.mark.parametrize("where", ["statement", "document"])
def test_what_is_not_understood_is_not_taken_for_the_same(where: str) -> None:
    """Two documents that hold something unknown in one place, and something else there, may allow different things."""

    def holding(value: str) -> Policy:
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        inner = {"Unknown": value} if where == "statement" else {}
        outer = {"Unknown": value} if where == "document" else {}
        return parse_value({"Version": "2012-10-17", "Statement": [{**statement, **inner}], **outer})

    assert no_new_access(holding("a"), holding("a")).answer is Answer.PROVED
    assert no_new_access(holding("a"), holding("b")).answer is Answer.UNKNOWN
