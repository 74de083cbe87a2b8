"""Values that are not known: what passes passes for each value, what fails fails for each."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.checks.custom import Access, CheckResult, Result, access_not_granted, no_new_access, no_public_access
from analyzers.checks.found import FoundPolicy, Missing, Place, Variant, mark, marks_in, readable, replace_marks
from analyzers.policy import parse
from analyzers.reasoning.question import PolicyType

IDENTITY, RESOURCE = PolicyType.IDENTITY, PolicyType.RESOURCE
X, Y = mark("X"), mark("Y")
ACCOUNT, NAME = mark("AWS::AccountId", word=True), mark("Bucket.BucketName", word=True)


def found(*statements: Any, kind: PolicyType = IDENTITY, **more: Any) -> FoundPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, ensure_ascii=False)
    names = dict.fromkeys(marks_in(text))
    missing = tuple(Missing(name) for name in names)
    return FoundPolicy((Variant(text),), kind, Place("policy.json"), missing=missing, **more)


def allow(actions: Any = "s3:GetObject", resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


REFERENCE = parse(
    json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:*", "arn:aws:s3:::shared/*"), allow("sqs:Send*")]})
)


def test_passes_where_no_value_can_matter() -> None:
    result = no_new_access(found(allow("s3:GetObject", f"arn:aws:s3:::shared/{X}/*")), REFERENCE)
    assert result.result is Result.PASS


def test_fails_where_no_value_can_help_and_names_the_statement() -> None:
    policy = found(allow(f"s3:{X}", "arn:aws:s3:::shared/*"), allow("s3:PutObject", ["*", X], Sid="Wide"))
    result = no_new_access(policy, REFERENCE)
    assert result.result is Result.FAIL
    assert [(reason.statement_index, reason.statement_id) for reason in result.reasons] == [(1, "Wide")]
    assert result.reasons[0].witness is not None
    assert result.reasons[0].elements[0][0] == ("Statement", 1, "Action")


def test_is_unknown_where_it_depends_and_names_what_is_missing() -> None:
    result = no_new_access(found(allow("s3:GetObject", f"arn:aws:s3:::{X}/*")), REFERENCE)
    assert result.result is Result.UNKNOWN
    assert [one.name for one in result.missing] == ["X"]
    assert "X" in result.message


def test_a_deny_that_is_not_known_cannot_be_relied_on() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": X}
    assert no_new_access(found(allow(), deny), REFERENCE).result is Result.UNKNOWN
    sure = {"Effect": "Deny", "Action": ["s3:*", X], "Resource": "*"}
    assert no_new_access(found(allow(), sure), REFERENCE).result is Result.PASS


def test_a_statement_that_is_not_known_may_be_any() -> None:
    assert no_new_access(found(X), REFERENCE).result is Result.UNKNOWN
    assert no_new_access(found(allow("s3:*"), X), REFERENCE).result is Result.UNKNOWN


def test_a_version_that_is_not_known_decides_nothing() -> None:
    text = json.dumps({"Version": X, "Statement": [allow("sqs:SendMessage")]})
    policy = FoundPolicy((Variant(text),), IDENTITY, Place("policy.json"), missing=(Missing("X"),))
    assert no_new_access(policy, REFERENCE).result is Result.UNKNOWN


def principal(value: Any, **more: Any) -> FoundPolicy:
    statement = {"Effect": "Allow", "Principal": value, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    return found(statement | more, kind=RESOURCE, resource_type="AWS::S3::Bucket")


def test_a_role_of_a_known_account_is_not_public_whatever_its_name() -> None:
    assert no_public_access(principal({"AWS": f"arn:aws:iam::111122223333:role/{X}"})).result is Result.PASS
    assert no_public_access(principal({"AWS": X})).result is Result.UNKNOWN
    assert no_public_access(principal({"AWS": ["*", X]})).result is Result.FAIL


def test_conditions_bind_only_with_values_that_are_known() -> None:
    tied = {"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:SourceVpc": X}}
    assert no_public_access(principal("*", Condition=tied)).result is Result.PASS
    assert no_public_access(principal("*", Condition={"StringEquals": {"aws:SourceVpc": X}})).result is Result.UNKNOWN
    excluded = {"StringNotEquals": {"aws:PrincipalOrgID": ["o-1", X]}}
    assert no_public_access(principal("*", Condition=excluded)).result is Result.UNKNOWN


def test_a_policy_without_principals_is_not_public() -> None:
    result = no_public_access(found(allow("*")))
    assert (result.result, bool(result.message)) == (Result.PASS, True)


def variants(*texts: tuple[Any, bool]) -> FoundPolicy:
    made = tuple(
        Variant(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), (("IsProduction", value),))
        for statement, value in texts
    )
    return FoundPolicy(made, IDENTITY, Place("template.yaml"), missing=(Missing("IsProduction"),))


def test_every_way_that_a_condition_may_turn_out_must_pass() -> None:
    good, bad = allow("sqs:SendMessage"), allow("sqs:DeleteQueue")
    assert no_new_access(variants((good, True), (good, False)), REFERENCE).result is Result.PASS
    assert no_new_access(variants((bad, True), (bad, False)), REFERENCE).result is Result.FAIL
    result = no_new_access(variants((good, True), (bad, False)), REFERENCE)
    assert result.result is Result.UNKNOWN
    assert [one.name for one in result.missing] == ["IsProduction"]


def test_what_cannot_be_read_is_unknown() -> None:
    policy = FoundPolicy((Variant("{}"),), IDENTITY, Place("policy.json"), unreadable="It is no policy.")
    for result in (no_new_access(policy, REFERENCE), no_public_access(policy), access_not_granted(policy, [Access()])):
        assert (result.result, result.message) == (Result.UNKNOWN, "It is no policy.")


def test_own_account_is_like_any_other_that_is_not_named() -> None:
    own = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert no_public_access(principal(own)).result is Result.PASS
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{NAME}/*"}
    result = no_public_access(found(everybody, kind=RESOURCE))
    assert result.result is Result.FAIL
    assert "<Bucket.BucketName>" in result.reasons[0].elements[2][1]


def test_own_account_may_be_the_one_that_the_reference_names() -> None:
    text = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "*"}
    reference = parse(json.dumps({"Version": "2012-10-17", "Statement": [text]}))
    policy = principal({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    assert no_new_access(policy, reference).result is Result.UNKNOWN
    anybody = parse(json.dumps({"Version": "2012-10-17", "Statement": [text | {"Principal": "*"}]}))
    assert no_new_access(policy, anybody).result is Result.PASS


def test_a_made_up_name_may_be_one_that_a_pattern_tells_apart() -> None:
    policy = found(allow("s3:GetObject", f"arn:aws:s3:::{NAME}/*"))
    assert no_new_access(policy, REFERENCE).result is Result.UNKNOWN
    assert access_not_granted(policy, [Access(("s3:GetObject",), ("arn:aws:s3:::shared/*",))]).result is Result.UNKNOWN
    assert access_not_granted(policy, [Access(("s3:GetObject",), ("arn:aws:s3:::*",))]).result is Result.FAIL


def test_marks_are_seen_however_the_text_spells_them() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:GetObject", X)]})
    assert X not in text
    policy = FoundPolicy((Variant(text),), IDENTITY, Place("policy.json"), missing=(Missing("X"),))
    assert no_new_access(policy, REFERENCE).result is Result.UNKNOWN


def test_marks_are_read_back() -> None:
    text = f"arn:aws:s3:::{mark('Bucket')}/{mark('Key')}"
    assert list(marks_in(text)) == ["Bucket", "Key"]
    assert readable(text) == "arn:aws:s3:::<Bucket>/<Key>"
    assert replace_marks(text, "*") == "arn:aws:s3:::*/*"


def test_one_account_stands_for_others_only_where_no_pattern_tells_them_apart() -> None:
    policy = found(allow("sqs:*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:*"))
    access = [Access((), ("arn:aws:sqs:*:4444????????:q-111122223333",))]
    assert access_not_granted(policy, access).result is Result.UNKNOWN


def test_names_that_are_made_up_begin_with_the_stack() -> None:
    stack = mark("AWS::StackName", word=True)
    deny = {"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:s3:::{stack}-*"}
    policy = found(allow("s3:*", f"arn:aws:s3:::{NAME}"), deny)
    assert access_not_granted(policy, [Access(("s3:*",))]).result is Result.UNKNOWN


def test_a_policy_of_a_resource_is_not_held_against_a_reference_without_principals() -> None:
    assert no_new_access(principal("*"), REFERENCE).result is Result.UNKNOWN


@pytest.mark.parametrize("access", [Access(("DeleteBucket",)), Access(("s3.DeleteBucket",)), Access((), ("bucket",))])
def test_what_can_match_nothing_is_not_passed(access: Access) -> None:
    assert access_not_granted(found(allow("*")), [access]).result is Result.UNKNOWN


def test_the_short_form_of_an_api_is_its_arn() -> None:
    api = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*"}
    assert no_public_access(found(api, kind=RESOURCE)).result is Result.FAIL
    deny = {**api, "Effect": "Deny", "Resource": ["execute-api:/prod/GET/*", "execute-api:/*"]}
    assert no_public_access(found(api, deny, kind=RESOURCE)).result is Result.PASS
    assert no_public_access(found({**api, "Resource": f"execute-api:/{X}"}, kind=RESOURCE)).result is Result.UNKNOWN
    granted = [Access((), ("arn:aws:execute-api:*:*:abc/prod/GET/x",))]
    assert access_not_granted(found(api, kind=RESOURCE), granted).result is Result.FAIL


@pytest.mark.parametrize("resource", ["bucket/*", "s3:::bucket", f"{NAME}/*"])
def test_of_what_is_no_resource_nothing_is_proved(resource: str) -> None:
    policy = found({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource}, kind=RESOURCE)
    assert no_public_access(policy).result is Result.UNKNOWN


# -- every value, one by one -----------------------------------------------------------------------------------------

ACTIONS = ["s3:GetObject", "s3:Get*", "*", "sqs:SendMessage"]
RESOURCES = ["*", "arn:aws:s3:::shared/*", "arn:aws:s3:::shared/a", "arn:aws:sqs:us-east-1:111122223333:q"]
PARTS = ["GetObject", "Get*", "*", "shared", "a", "us-east-1", "111122223333"]
ACCOUNTS = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/a", "*", "444455556666"]
NAMES = ["a", "b"]
KEYS = ["aws:SourceVpc", "aws:PrincipalOrgID", "aws:PrincipalTag/team"]
OPERATORS = [
    "StringEquals",
    "StringNotEquals",
    "StringLikeIfExists",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringEquals",
    "Null",
]


def patterns(known: list[str], with_marks: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(known + with_marks), min_size=1, max_size=2)


CONDITIONS = st.just({}) | st.fixed_dictionaries(
    {"operator": st.sampled_from(OPERATORS), "key": st.sampled_from(KEYS)},
    optional={"value": st.lists(st.sampled_from(["true", "a", "b", X, Y, ACCOUNT]), min_size=1, max_size=2)},
).map(lambda made: {made["operator"]: {made["key"]: made.get("value", ["a"])}})


@st.composite
def statement(draw: st.DrawFn, principals: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    negated = draw(st.sampled_from(["", "", "Not"]))
    made[f"{draw(st.sampled_from(['', '', 'Not']))}Action"] = draw(patterns(ACTIONS, [X, f"s3:{X}", f"s3:Get{Y}"]))
    resources = [X, f"arn:aws:s3:::{X}/*", f"arn:aws:s3:::shared/{Y}", f"arn:aws:sqs:{X}:111122223333:q", f"{Y}/*"]
    resources += [f"arn:aws:s3:::{NAME}/*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"] * 2
    made[f"{negated}Resource"] = draw(patterns(RESOURCES, resources))
    if principals:
        entries = draw(
            patterns(
                ACCOUNTS,
                [X, f"arn:aws:iam::111122223333:role/{X}", f"arn:aws:iam::{Y}:root", f"arn:aws:iam::{ACCOUNT}:role/a"],
            )
        )
        made[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = {"AWS": entries}
    if condition := draw(CONDITIONS):
        made["Condition"] = condition
    return made


def values_of(text: str) -> list[dict[str, str]]:
    names = list(dict.fromkeys(marks_in(text)))
    pool = ["GetObject", "*", "shared", "arn:aws:s3:::shared/a", "us-east-1", "111122223333", "a", "true"]
    pools = {
        "AWS::AccountId": ["111122223333", "444455556666", "999999999999"],
        "Bucket.BucketName": ["shared", "a", "-"],
    }
    chosen = itertools.product(*(pools.get(name, pool) for name in names))
    return [dict(zip(names, values, strict=True)) for values in chosen]


def with_values(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(mark(name), value).replace(mark(name, word=True), value)
    return text


def agree(policy: FoundPolicy, check: Any) -> None:
    result: CheckResult = check(policy)
    if result.result is Result.UNKNOWN:
        return
    text = policy.variants[0].text
    for values in values_of(text):
        one = FoundPolicy((Variant(with_values(text, values)),), policy.policy_type, policy.place, "AWS::S3::Bucket")
        answer = check(one).result
        assert answer in {result.result, Result.UNKNOWN}, (values, answer)


SLOW = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "15")), deadline=None, suppress_health_check=list(HealthCheck)
)


@SLOW
@given(st.lists(statement(principals=False), min_size=1, max_size=2))
def test_no_value_overturns_no_new_access(statements: list[dict[str, Any]]) -> None:
    agree(found(*statements), lambda policy: no_new_access(policy, REFERENCE))


@SLOW
@given(st.lists(statement(principals=False), min_size=1, max_size=2))
def test_no_value_overturns_access_not_granted(statements: list[dict[str, Any]]) -> None:
    access = [Access(("s3:GetObject",), ("arn:aws:s3:::shared/a",))]
    agree(found(*statements), lambda policy: access_not_granted(policy, access))


@SLOW
@given(st.lists(statement(principals=True), min_size=1, max_size=2))
def test_no_value_overturns_no_public_access(statements: list[dict[str, Any]]) -> None:
    agree(found(*statements, kind=RESOURCE, resource_type="AWS::S3::Bucket"), no_public_access)


@pytest.mark.parametrize("element", ["Action", "Resource"])
def test_nothing_but_unknown_patterns_never_fails(element: str) -> None:
    policy = found(allow() | {element: [X, Y]})
    assert no_new_access(
        policy, parse('{"Version": "2012-10-17", "Statement": []}', statement_required=False)
    ).result is (Result.UNKNOWN)
