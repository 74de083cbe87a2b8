"""What AWS ties together: which requests there are at all, and who is a stranger.

Each row is a condition on a request that everybody may make, and whether there is such a request.
"""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.reasoning.access import compare, grants
from analyzers.reasoning.question import Part, PolicyType, Question
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.verdict import Answer, Relation
from analyzers.reasoning.ways import Way, who

from .policies import allow, policy

HOME, ABROAD = "111111111111", "222222222222"
THERE, MISSING = "false", "true"


def null(**keys: str) -> dict[str, Any]:
    return {"Null": keys}


def exists(*conditions: dict[str, Any], principal: Any = "*") -> bool:
    """Whether there is a request that meets all of the conditions."""
    condition: dict[str, Any] = {}
    for part in conditions:
        for operator, keys in part.items():
            condition.setdefault(operator, {}).update(keys)
    verdict = grants(policy(allow(Principal=principal, Condition=condition)), [([], [])], seconds=30)
    assert verdict.answer is not Answer.UNKNOWN, verdict.reason
    return verdict.answer is Answer.REFUTED


def equals(**keys: Any) -> dict[str, Any]:
    return {"StringEquals": keys}


ARN, ACCOUNT, TYPE = "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType"
USER, ROLE = f"arn:aws:iam::{HOME}:user/team/bob", f"arn:aws:iam::{HOME}:role/path/app"
ROOT, FEDERATED = f"arn:aws:iam::{HOME}:root", f"arn:aws:sts::{HOME}:federated-user/bob"
SIGNED = [ACCOUNT, "kms:CallerAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalTag/team"]


# -- which keys a caller carries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SIGNED)
def test_only_a_signed_request_carries_the_keys_of_an_identity(key: str) -> None:
    assert exists(null(**{ARN: THERE, key: THERE}))
    assert not exists(null(**{ARN: MISSING, key: THERE}))
    assert not exists(null(**{key: THERE}), principal={"Service": "sns.amazonaws.com"})
    assert not exists(null(**{key: THERE}), principal={"Federated": "accounts.google.com"})
    assert exists(null(**{key: THERE}), principal={"AWS": HOME})
    assert exists(null(**{key: THERE}), principal={"CanonicalUser": "abc"})


def test_a_signed_request_tells_who_signed() -> None:
    assert not exists(null(**{ARN: MISSING}), principal={"AWS": HOME})
    assert not exists(null(**{ARN: MISSING}), principal={"CanonicalUser": "abc"})
    assert exists(null(**{ARN: MISSING}))
    assert exists(null(**{ARN: MISSING}), principal={"Service": "sns.amazonaws.com"})


@pytest.mark.parametrize("key", ["aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"])
def test_only_a_service_carries_its_name(key: str) -> None:
    assert exists(null(**{key: THERE}))
    assert exists(null(**{key: THERE}), principal={"Service": "sns.amazonaws.com"})
    assert not exists(null(**{key: THERE}), principal={"AWS": HOME})
    assert not exists(null(**{key: THERE, ARN: THERE}))


def test_the_name_of_a_service_is_the_service() -> None:
    service = {"Service": "sns.amazonaws.com"}
    assert exists(equals(**{"aws:PrincipalServiceName": "sns.amazonaws.com"}), principal=service)
    assert not exists(equals(**{"aws:PrincipalServiceName": "sqs.amazonaws.com"}), principal=service)
    assert exists({"StringLike": {"aws:PrincipalServiceName": "s?s.*"}}, principal=service)
    other = {"StringNotLike": {"aws:PrincipalServiceName": "s?s.*"}}
    assert not exists(other, null(**{"aws:PrincipalServiceName": THERE}), principal=service)


@pytest.mark.parametrize(
    ("said", "principal", "expected"),
    [
        ("true", {"Service": "sns.amazonaws.com"}, True),
        ("false", {"Service": "sns.amazonaws.com"}, False),
        ("true", {"AWS": HOME}, False),
        ("false", {"AWS": HOME}, True),
        ("FALSE", {"AWS": HOME}, True),
        ("perhaps", {"AWS": HOME}, False),
        ("perhaps", "*", False),
        ("true", "*", True),
        ("false", "*", True),
        ("false", {"Federated": "accounts.google.com"}, False),
    ],
)
def test_whether_the_caller_is_a_service(said: str, principal: Any, expected: bool) -> None:
    key = "aws:PrincipalIsAWSService"
    assert exists({"Bool": {key: said}}, principal=principal) is expected
    assert exists({"StringEqualsIgnoreCase": {key: said}}, principal=principal) is expected


def test_a_truth_may_begin_in_any_case() -> None:
    key = "aws:PrincipalIsAWSService"
    assert exists({"StringLike": {key: "F*"}}, principal={"AWS": HOME})
    assert exists({"StringLike": {key: "T*"}}, principal={"Service": "sns.amazonaws.com"})
    assert not exists({"StringLike": {key: "T*"}}, principal={"AWS": HOME})
    assert not exists({"StringLike": {key: "F*"}}, principal={"Service": "sns.amazonaws.com"})


def test_who_does_not_say_whether_he_is_a_service() -> None:
    absent = null(**{"aws:PrincipalIsAWSService": MISSING})
    assert exists(absent)
    assert exists(absent, principal={"Federated": "accounts.google.com"})
    for principal in ({"AWS": HOME}, {"CanonicalUser": "abc"}, {"Service": "sns.amazonaws.com"}):
        assert not exists(absent, principal=principal)


@pytest.mark.parametrize(
    "key", ["accounts.google.com:aud", "www.amazon.com:app_id", "cognito-identity.amazonaws.com:amr"]
)
def test_a_claim_is_carried_by_sessions_and_not_without_a_caller(key: str) -> None:
    assert exists(null(**{key: THERE}), principal={"Federated": "accounts.google.com"})
    assert exists(null(**{key: THERE}), principal={"AWS": ROLE})
    assert gets_in(through(Null={key: THERE}))
    assert not gets_in(through(Null={key: THERE, ARN: MISSING}))  # nobody vouches for the caller of a bucket


# -- one identity --------------------------------------------------------------------------------------------------

TYPES = {"User": USER, "AssumedRole": ROLE, "Account": ROOT, "FederatedUser": FEDERATED}


@pytest.mark.parametrize("kind", TYPES)
def test_the_type_of_principal_is_that_of_its_arn(kind: str) -> None:
    for other, arn in TYPES.items():
        assert exists(equals(**{TYPE: kind, ARN: arn})) is (kind == other), (kind, arn)
    assert not gets_in(through(StringEquals={TYPE: kind}, Null={ARN: MISSING}))
    assert exists(equals(**{TYPE: kind}), principal={"AWS": HOME})


def test_who_has_no_type() -> None:
    assert not exists(null(**{TYPE: MISSING}), principal={"AWS": HOME})
    assert exists(null(**{TYPE: MISSING}), principal={"Service": "sns.amazonaws.com"})
    assert exists(equals(**{TYPE: "Anonymous"}))
    assert not exists(equals(**{TYPE: "Anonymous"}), principal={"AWS": HOME})
    assert gets_in(through(StringEquals={TYPE: "Anonymous"}, Null={ARN: MISSING}))
    assert not gets_in(through(StringNotEquals={TYPE: "Anonymous"}, Null={ARN: MISSING}))
    assert not exists(equals(**{TYPE: "Robot"}))


def test_the_account_is_that_of_the_arn() -> None:
    for arn in TYPES.values():
        assert exists(equals(**{ACCOUNT: HOME, ARN: arn}))
        assert not exists(equals(**{ACCOUNT: ABROAD, ARN: arn}))
        assert not exists(equals(**{"kms:CallerAccount": ABROAD, ARN: arn}))
    assert not exists(equals(**{ACCOUNT: HOME, "kms:CallerAccount": ABROAD}))
    assert exists(equals(**{ACCOUNT: HOME, "kms:CallerAccount": HOME}))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringLike": {ACCOUNT: "1111*"}}, True),
        ({"StringLike": {ACCOUNT: "?11111111111"}}, True),
        ({"StringLike": {ACCOUNT: "2222*"}}, False),
        ({"StringLike": {ACCOUNT: "*:user/*"}}, False),
        ({"StringLike": {ACCOUNT: ["2*", "1*"]}}, True),
        ({"StringNotLike": {ACCOUNT: "1111*"}}, False),
        ({"StringNotEquals": {ACCOUNT: ABROAD}}, True),
        ({"StringEqualsIgnoreCase": {ACCOUNT: HOME}}, True),
        ({"StringEqualsIfExists": {ACCOUNT: ABROAD}}, False),
        ({"ForAnyValue:StringEquals": {ACCOUNT: [ABROAD, HOME]}}, True),
        ({"ForAllValues:StringEquals": {ACCOUNT: [ABROAD]}}, False),
        ({"ForAllValues:StringEquals": {ACCOUNT: [HOME]}}, True),
        ({"StringEquals": {ACCOUNT: ""}}, False),
        ({"Null": {ACCOUNT: "true"}}, False),
        ({"Null": {ACCOUNT: "false"}}, True),
    ],
)
def test_a_condition_on_the_account_is_one_on_the_arn(condition: dict[str, Any], expected: bool) -> None:
    assert exists(condition, equals(**{ARN: USER})) is expected
    assert exists({"StringEquals": {ARN: USER}}, condition, principal={"AWS": HOME}) is expected


def test_an_account_has_no_colon() -> None:
    """The solver matched the rest of the ARN, and the evaluator did not agree."""
    assert not exists({"StringLike": {ACCOUNT: "*:*"}})
    assert not exists({"ForAnyValue:StringLike": {"kms:CallerAccount": "*:*"}})
    assert not exists({"StringLike": {ACCOUNT: "*1"}, "StringEquals": {ACCOUNT: ABROAD}})
    assert exists({"StringLike": {ACCOUNT: "*2"}, "StringEquals": {ACCOUNT: ABROAD}})


@pytest.mark.parametrize("key", ["aws:username", "aws:userid", "aws:PrincipalServiceName"])
def test_a_name_may_be_compared_as_a_number(key: str) -> None:
    assert exists({"NumericEquals": {key: "5"}})


def test_a_star_as_an_arn_is_open_in_findings_and_nothing_in_checks() -> None:
    key = "aws:SourceArn"
    assert gets_in(through(ArnLike={key: "*"}))
    assert gets_in(through(ArnNotLike={key: "*"}, Null={key: THERE}))
    assert not exists({"ArnLike": {key: "*"}})
    assert exists({"ArnNotLike": {key: "*"}, "Null": {key: THERE}})


@pytest.mark.parametrize("operator", ["NumericEquals", "DateEquals", "IpAddress", "BinaryEquals"])
def test_an_account_that_is_compared_as_something_else_is_open(operator: str) -> None:
    odd = policy(allow(Principal="*", Condition={operator: {ACCOUNT: "10"}}))
    answer = grants(odd, [([], [])], seconds=30).answer
    assert answer is not Answer.REFUTED
    assert answer is (Answer.PROVED if operator in {"IpAddress", "BinaryEquals"} else Answer.UNKNOWN)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:ResourceAccount": HOME}}, True),
        ({"StringEquals": {"aws:ResourceAccount": [ABROAD, HOME]}}, True),
        ({"StringEquals": {"aws:ResourceAccount": ABROAD}}, False),
        ({"StringEqualsIfExists": {"aws:ResourceAccount": ABROAD}}, False),
        ({"StringNotEquals": {"aws:ResourceAccount": HOME}}, False),
        ({"StringNotEquals": {"aws:ResourceAccount": [ABROAD, HOME]}}, False),
        ({"StringNotEquals": {"aws:ResourceAccount": ABROAD}}, True),
        ({"StringLike": {"aws:ResourceAccount": "1111*"}}, True),
        ({"StringLike": {"aws:ResourceAccount": "2*"}}, False),
        ({"ForAnyValue:StringEquals": {"aws:ResourceAccount": HOME}}, True),
        ({"ForAllValues:StringEquals": {"aws:ResourceAccount": ABROAD}}, False),
        ({"Null": {"aws:ResourceAccount": "true"}}, False),
        ({"Null": {"aws:ResourceAccount": "false"}}, True),
        ({"ArnLike": {"aws:ResourceAccount": HOME}}, False),
        ({"ArnNotLike": {"aws:ResourceAccount": HOME}}, True),
        # what would need another value, or another sort of value, is left open
        ({"StringEquals": {"aws:ResourceAccount": "${aws:username}"}}, True),
        ({"StringNotEquals": {"aws:ResourceAccount": "${aws:username}"}}, True),
        ({"NumericEquals": {"aws:ResourceAccount": HOME}}, True),
        ({"NumericLessThan": {"aws:ResourceAccount": "1"}}, True),
    ],
)
def test_what_is_known_of_the_resource(condition: dict[str, Any], expected: bool) -> None:
    assert gets_in(through(**condition)) is expected


@pytest.mark.parametrize(
    ("name", "arn", "expected"),
    [
        ("bob", USER, True),
        ("bob", f"arn:aws:iam::{HOME}:user/bob", True),
        ("eve", USER, False),
        ("ob", USER, False),
        ("team", USER, False),
        ("bob", ROLE, False),
        ("bob", ROOT, False),
        ("bob", FEDERATED, False),
        ("bob", f"arn:aws:iam::{HOME}:user/bob/x", False),
        ("bob", f"arn:aws:iam::{HOME}:user/x/alicebob", False),
    ],
)
def test_the_user_name_is_the_last_part_of_the_arn(name: str, arn: str, expected: bool) -> None:
    assert exists(equals(**{"aws:username": name, ARN: arn})) is expected
    if ":user/" in arn:
        different = {"StringNotEquals": {"aws:username": name}}
        assert exists(equals(**{ARN: arn}), different) is not expected
        assert not exists(equals(**{ARN: arn}), null(**{"aws:username": MISSING}))
    else:
        assert not exists(equals(**{ARN: arn}), null(**{"aws:username": THERE}))


def test_a_path_is_no_part_of_a_user_name() -> None:
    arn = equals(**{ARN: f"arn:aws:iam::{HOME}:user/a/b"})
    for pattern in ("a?b", "a*b", "a/b", "?/b"):
        assert exists({"StringNotLike": {"aws:username": pattern}}, arn)
    assert not exists({"StringNotLike": {"aws:username": "b"}}, arn)


def test_a_pattern_of_user_names_is_one_of_arns() -> None:
    assert exists({"StringLike": {"aws:username": "b*"}}, equals(**{ARN: USER}))
    assert not exists({"StringLike": {"aws:username": "c*"}}, equals(**{ARN: USER}))
    assert not exists({"StringLike": {"aws:username": "b?"}}, {"ArnLike": {ARN: "arn:aws:iam::*:user/xyz"}})


@pytest.mark.parametrize(
    ("id_", "arn", "expected"),
    [
        ("AIDAEXAMPLEEXAMPLEEX", USER, True),
        ("AIDAEXAMPLEEXAMPLEEX", ROLE, False),
        ("AIDAEXAMPLEEXAMPLEEX", ROOT, False),
        ("AROAEXAMPLEEXAMPLEEX:s", ROLE, True),
        ("AROAEXAMPLEEXAMPLEEX:s", USER, False),
        (f"{HOME}:bob", FEDERATED, True),
    ],
)
def test_a_user_id_tells_the_kind_of_identity(id_: str, arn: str, expected: bool) -> None:
    assert exists(equals(**{"aws:userid": id_, ARN: arn})) is expected
    assert exists(equals(**{ARN: arn}), {"StringLike": {"aws:userid": f"{id_[:4]}*"}}) is expected
    assert exists(equals(**{ARN: arn}), {"StringNotEquals": {"aws:userid": id_}})
    assert exists(equals(**{ARN: arn}), {"StringLike": {"aws:userid": f"?{id_[1:3]}*"}})


PATHS = "aws:PrincipalOrgPaths"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("o-1/r-1/ou-1/", False), ("o-1/*", False), ("o-1/", False), ("o-11/r-1/", True), ("o-1*", True)],
)
def test_a_path_lies_in_the_organization_of_its_caller(path: str, expected: bool) -> None:
    within = {"ForAnyValue:StringLike": {PATHS: path}}
    if not path.startswith("o-11"):
        assert exists(within, equals(**{"aws:PrincipalOrgID": "o-1"}))
    other = {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "Null": {"aws:PrincipalOrgID": THERE}}
    assert exists(within, other) is expected
    assert exists({"ForAllValues:StringNotLike": {PATHS: path}, "Null": {PATHS: THERE}}, other)


def test_an_organization_and_its_paths_come_together() -> None:
    """Where both a path and an id are compared."""
    path, id_ = {"ForAllValues:StringLike": {PATHS: "o-1/*"}}, {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}
    assert not exists(path, id_, null(**{PATHS: MISSING, "aws:PrincipalOrgID": THERE}))
    assert not exists(path, id_, null(**{PATHS: THERE, "aws:PrincipalOrgID": MISSING}))
    assert exists(path, id_, null(**{PATHS: THERE, "aws:PrincipalOrgID": THERE}))
    assert exists(path, id_, null(**{PATHS: MISSING, "aws:PrincipalOrgID": MISSING}))


# -- callers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "arns"),
    [
        ({"AWS": HOME}, [f"arn:*:*::{HOME}:*"]),
        ({"AWS": USER}, [USER]),
        ({"AWS": ROLE}, [f"arn:aws:iam::{HOME}:role/app", f"arn:aws:iam::{HOME}:role/*/app"]),
        ({"AWS": ROOT}, [f"arn:*:*::{HOME}:*"]),
        ({"AWS": [HOME, ABROAD]}, [f"arn:*:*::{HOME}:*", f"arn:*:*::{ABROAD}:*"]),
    ],
)
def test_whom_an_entry_means(principal: Any, arns: list[str]) -> None:
    named, told = policy(allow(Principal=principal)), allow(Principal="*", Condition={"ArnLike": {ARN: arns}})
    assert compare(named, policy(told), policy_type=PolicyType.RESOURCE, seconds=30).relation is Relation.EQUAL


# -- strangers -----------------------------------------------------------------------------------------------------

BUCKET = "arn:aws:s3:::b"


def ways(
    *statements: dict[str, Any],
    accounts: tuple[str, ...] = (HOME,),
    services: tuple[str, ...] = ("s3",),
    scene: Scene | None = None,
    **more: Any,
) -> list[Way]:
    part = Part(policy(*statements), scene or Scene(BUCKET, "/", {"aws:resourceaccount": HOME}))
    return list(who(Question((part,), services, frozenset(accounts), **more), seconds=30))


def gets_in(*statements: dict[str, Any], **more: Any) -> bool:
    return bool(ways(*statements, **more))


def through(**condition: Any) -> dict[str, Any]:
    return allow("s3:GetObject", Principal="*", Condition=condition)


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ("StringEquals", {"aws:SourceAccount": HOME}, {"aws:SourceAccount": ABROAD}),
        ("StringEquals", {"aws:SourceOwner": HOME}, {"aws:SourceOwner": ABROAD}),
        ("StringEquals", {"aws:VpceAccount": HOME}, {"aws:VpceAccount": ABROAD}),
        ("StringEquals", {"s3:DataAccessPointAccount": HOME}, {"s3:DataAccessPointAccount": ABROAD}),
        ("ArnLike", {"aws:SourceArn": f"arn:aws:sns:*:{HOME}:t"}, {"aws:SourceArn": f"arn:aws:sns:*:{ABROAD}:t"}),
        (
            "ArnLike",
            {"s3:DataAccessPointArn": f"arn:aws:s3:*:{HOME}:accesspoint/p"},
            {"s3:DataAccessPointArn": f"arn:aws:s3:*:{ABROAD}:accesspoint/p"},
        ),
        (
            "ArnEquals",
            {"aws:SourceVpcArn": f"arn:aws:ec2:eu:{HOME}:vpc/v"},
            {"aws:SourceVpcArn": f"arn:aws:ec2:eu:{ABROAD}:vpc/v"},
        ),
        ("StringEquals", {"aws:SourceOrgID": "o-1"}, {"aws:SourceOrgID": "o-2"}),
        ("StringEquals", {"aws:VpceOrgID": "o-1"}, {"aws:VpceOrgID": "o-2"}),
        ("StringEquals", {"aws:PrincipalOrgID": "o-1"}, {"aws:PrincipalOrgID": "o-2"}),
        ("ForAnyValue:StringLike", {"aws:SourceOrgPaths": "o-1/r/*"}, {"aws:SourceOrgPaths": "o-2/r/*"}),
        ("ForAnyValue:StringLike", {"aws:VpceOrgPaths": "o-1/r/*"}, {"aws:VpceOrgPaths": "o-2/r/*"}),
        ("ForAnyValue:StringLike", {"aws:PrincipalOrgPaths": "o-1/r/*"}, {"aws:PrincipalOrgPaths": "o-2/r/*"}),
        ("ForAnyValue:StringEquals", {"aws:PrincipalOrgPaths": "o-1/r/"}, {"aws:PrincipalOrgPaths": "o-11/r/"}),
    ],
)
def test_what_lies_inside_the_zone(condition: str, inside: dict[str, Any], outside: dict[str, Any]) -> None:
    zone: dict[str, Any] = {"organization": "o-1", "by_organization": True}
    assert not gets_in(through(**{condition: inside}), **zone)
    assert gets_in(through(**{condition: outside}), **zone)
    if "Org" in next(iter(inside)):  # in the zone of one account the organization is outside
        assert gets_in(through(**{condition: inside}), organization="o-1")
        assert gets_in(through(**{condition: inside}), by_organization=True)
    else:
        assert not gets_in(through(**{condition: inside}))


def test_every_source_in_the_zone_is_inside() -> None:
    account = [through(StringEquals={key: HOME}) for key in ("aws:SourceAccount", "aws:SourceOwner", "aws:VpceAccount")]
    arns = [through(ArnLike={"aws:SourceArn": f"arn:*:*:*:{HOME}:*"}), through(StringEquals={"aws:SourceOrgID": "o-1"})]
    zone: dict[str, Any] = {"organization": "o-1", "by_organization": True}
    assert not gets_in(*account, *arns, **zone)
    assert gets_in(*account, *arns)
    assert gets_in(*account, *arns, through(StringEquals={"aws:SourceAccount": ABROAD}), **zone)


def test_two_doubts_about_the_resource_are_not_one() -> None:
    one = through(StringEquals={"aws:ResourceAccount": "${aws:username}"})
    other = {**through(StringEquals={"aws:ResourceAccount": "${aws:userid}"}), "Effect": "Deny"}
    assert gets_in(one, other)


@pytest.mark.parametrize("zone", [{}, {"organization": "o-1", "by_organization": True}])
@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": HOME}, False),
        ({"AWS": USER}, False),
        ({"AWS": ABROAD}, True),
        ({"AWS": [HOME, ABROAD]}, True),
        ({"CanonicalUser": "abc"}, True),
        ({"CanonicalUser": "own"}, False),
        ({"CanonicalUser": ["abc", "own"]}, True),
        ({"Service": "sns.amazonaws.com"}, False),
    ],
)
def test_who_is_inside_the_zone(principal: Any, expected: bool, zone: dict[str, Any]) -> None:
    named = allow("s3:GetObject", Principal=principal)
    assert gets_in(named, canonical_users=frozenset({"own"}), **zone) is expected


def test_a_zone_may_have_several_accounts() -> None:
    assert not gets_in(allow("s3:GetObject", Principal={"AWS": [HOME, ABROAD]}), accounts=(HOME, ABROAD))


PROVIDER = {"Federated": "accounts.google.com"}


@pytest.mark.parametrize(
    ("principal", "action", "expected"),
    [
        (PROVIDER, "sts:AssumeRoleWithWebIdentity", True),
        (PROVIDER, "sts:AssumeRoleWithSAML", True),
        (PROVIDER, "sts:AssumeRole", False),
        (PROVIDER, "sts:TagSession", True),
        ({"AWS": ABROAD}, "sts:AssumeRole", True),
        ({"AWS": ABROAD}, "sts:AssumeRoleWithWebIdentity", False),
        ({"AWS": ABROAD}, "sts:AssumeRoleWithSAML", False),
        ({"AWS": ABROAD}, "sts:TagSession", True),
    ],
)
def test_who_makes_which_call_to_assume_a_role(principal: Any, action: str, expected: bool) -> None:
    trust = {"Effect": "Allow", "Principal": principal, "Action": action}
    scene = Scene(f"arn:aws:iam::{HOME}:role/r")
    assert gets_in(trust, services=("sts",), scene=scene, anonymous=False) is expected
