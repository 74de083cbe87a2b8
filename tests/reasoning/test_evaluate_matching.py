"""Principals, actions and resources of one statement (SEMANTICS 1.3 to 1.6), and what is not understood."""

from __future__ import annotations

import itertools
import re
import time
from typing import Any

import pytest

from analyzers.policy import Policy, parse_value
from analyzers.policy.pattern import tokens
from analyzers.reasoning import assumptions
from analyzers.reasoning.access import decides
from analyzers.reasoning.explanation import explain_statement
from analyzers.reasoning.matching import Call, Truth, elements, fields_match, glob_matches, match_statement
from analyzers.reasoning.points import told
from analyzers.reasoning.request import Request

ACCOUNT = "111111111111"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/path/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"


def policy(version: str = "2012-10-17", **elements: Any) -> Policy:
    statement = {"Effect": "Allow", "Action": "*", **elements}
    return parse_value({"Version": version, "Statement": [statement]})


def matches(
    caller: str = USER,
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::b/k",
    version: str = "2012-10-17",
    context: dict[str, str] | None = None,
    **elements: Any,
) -> Truth:
    document = policy(version, **elements)
    request = Request(caller, action, resource, ACCOUNT, context or {})
    return match_statement(document, document.statements[0], Call(request)).truth


PRINCIPALS: list[tuple[Any, str, bool]] = [
    ("*", "anonymous", True),
    ({"AWS": "*"}, "anonymous", True),
    ("*", "sns.amazonaws.com", True),
    ({"AWS": ACCOUNT}, USER, True),
    ({"AWS": ACCOUNT}, "anonymous", False),
    ({"AWS": ACCOUNT}, "sns.amazonaws.com", False),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, SESSION, True),
    ({"AWS": "222222222222"}, USER, False),
    ({"AWS": USER}, USER, True),
    ({"AWS": USER.lower()}, USER, True),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/Xavier"}, f"arn:aws:iam::{ACCOUNT}:user/Xavier", True),
    ({"AWS": USER.upper()}, USER, False),
    ({"AWS": ROLE}, SESSION, True),
    ({"AWS": ROLE}, f"arn:aws:sts::{ACCOUNT}:assumed-role/other/s1", False),
    ({"AWS": ROLE}, "arn:aws:sts::222222222222:assumed-role/app/s1", False),
    ({"AWS": ROLE}, ROLE, True),
    ({"AWS": ROLE}, f"arn:aws:iam::{ACCOUNT}:role/app", True),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}, f"arn:aws:iam::{ACCOUNT}:role/a/b/app", True),
    ({"AWS": ROLE}, f"arn:aws:iam::{ACCOUNT}:role/app/other", False),
    ({"AWS": ROLE}, f"arn:aws:iam::{ACCOUNT}:user/app", False),
    ({"AWS": ROLE}, f"arn:aws-cn:iam::{ACCOUNT}:role/app", False),
    ({"AWS": ROLE}, FEDERATED, False),
    ({"AWS": SESSION}, ROLE, False),
    ({"AWS": SESSION}, SESSION, True),
    ({"AWS": SESSION}, f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s2", False),
    ({"AWS": FEDERATED}, FEDERATED, True),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, SESSION, False),
    ({"AWS": "AROAEXAMPLEEXAMPLE"}, SESSION, False),
    ({"Service": "sns.amazonaws.com"}, "sns.amazonaws.com", True),
    ({"Service": "sns.amazonaws.com"}, "sqs.amazonaws.com", False),
    ({"Service": "sns.amazonaws.com"}, USER, False),
    ({"Federated": "accounts.google.com"}, "federated:accounts.google.com", True),
    ({"Federated": "accounts.google.com"}, "federated:www.amazon.com", False),
    ({"CanonicalUser": "abc"}, "canonical:abc", True),
    ({"CanonicalUser": "abc"}, "canonical:abd", False),
    ({"AWS": ["222222222222", USER]}, USER, True),
]


@pytest.mark.parametrize(("principal", "caller", "expected"), PRINCIPALS)
def test_principals(principal: Any, caller: str, expected: bool) -> None:
    assert matches(caller, Principal=principal) is expected
    assert matches(caller, NotPrincipal=principal) is not expected


ACTIONS: list[tuple[str, Truth]] = [
    ("*", True),
    ("**", True),
    ("*:*", True),
    ("s3:*", True),
    ("S3:getobject", True),
    ("s3:Get*", True),
    ("s3:GetObjec?", True),
    ("s3:GetObject?", False),
    ("s3:Put*", False),
    ("s3: GetObject", False),
    ("s3:", False),
    ("ec2:*", False),
    ("s3*", None),
    ("*:GetObject", None),
    ("s?:GetObject", None),
    ("s3:GetObject${a:b}", False),
]


@pytest.mark.parametrize(("pattern", "expected"), ACTIONS)
def test_actions(pattern: str, expected: Truth) -> None:
    assert matches(Action=pattern) is expected
    without = policy(Action="x").statements[0]
    assert without.actions is not None
    document = parse_value({"Statement": {"Effect": "Allow", "NotAction": pattern, "Resource": "*"}})
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k")
    negated = match_statement(document, document.statements[0], Call(request)).truth
    assert negated is (None if expected is None else not expected)


RESOURCES: list[tuple[str, str, Truth]] = [
    ("*", "arn:aws:s3:::b/k", True),
    ("*", "*", True),
    ("**", "*", True),
    ("?", "*", True),
    ("a*", "*", False),
    ("arn:*", "*", False),
    ("arn:aws:s3:::b", "arn:aws:s3:::b/k", False),
    ("arn:aws:s3:::b*", "arn:aws:s3:::b2", True),
    ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a/b/x", True),
    ("arn:aws:s3:::B", "arn:aws:s3:::b", False),
    ("arn:*:s3:::b", "arn:aws-cn:s3:::b", True),
    ("arn:aws:s3:::*", "*", False),
    ("arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", True),
    ("arn:aws:sns:*:1:t", "arn:aws:sns:eu:2:x:1:t", None),
    ("arn:aws:sns:eu:1:a*z", "arn:aws:sns:eu:1:a:b:z", True),
    ("arn:aws:logs:*:log:x", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs:eu:1", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs:eu:1", "arn:aws:logs:eu:2:log:x", False),
    ("arn:*:s3:::${aws:username}", "arn:aws:s3:::bob", True),
    ("arn:*:s3:*:*:${aws:username}/*", "arn:aws:s3:::bob/x", True),
    ("arn:*", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:s3", "arn:aws:logs:eu:1:log:x", False),
    ("bucket", "arn:aws:s3:::bucket", False),
    ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::bob", True),
    ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::eve", False),
    ("arn:aws:s3:::${aws:nothing}", "arn:aws:s3:::bob", False),
    ("arn:aws:sqs:eu:${aws:PrincipalAccount}:q", f"arn:aws:sqs:eu:{ACCOUNT}:q", None),
    ("arn:aws:sqs:eu:${aws:PrincipalAccount}:q", "arn:aws:sqs:eu:222222222222:q", False),
    ("arn:aws:s3:${aws:username}::b/k", "arn:aws:s3:::b/k", False),
    ("arn:aws:s3:::${aws:nothing, ''}b", "arn:aws:s3:::b", True),
    ("arn:aws:s3:::${aws:nothing, 'x'}b", "arn:aws:s3:::b", False),
    ("arn:aws:s3:::${aws:nothing, 'x'}b", "arn:aws:s3:::xb", True),
]


@pytest.mark.parametrize(("pattern", "resource", "expected"), RESOURCES)
def test_resources(pattern: str, resource: str, expected: Truth) -> None:
    assert matches(resource=resource, Resource=pattern) is expected
    assert matches(resource=resource, NotResource=pattern) is (None if expected is None else not expected)


CHECKED: list[tuple[str, str, Truth]] = [
    ("arn:aws:sns:*:1:t", "arn:aws:sns:eu:1:t", True),
    ("arn:aws:sns:*:1:t", "arn:aws:sns:eu:2:x:1:t", False),
    ("arn:aws:sns:eu:1:*", "arn:aws:sns:eu:1:a:b", True),
    ("arn:aws:logs:*:log:x", "arn:aws:logs:eu:1:log:x", False),
    ("arn:aws:logs:*:x", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs:eu:1", "arn:aws:logs:eu:1:log:x", None),
    ("arn:aws:logs:eu:1", "arn:aws:logs:eu:2:log:x", False),
    ("arn:aws:s3", "arn:aws:logs:eu:1:log:x", False),
    ("arn:*", "arn:aws:logs:eu:1:log:x", None),
]


@pytest.mark.parametrize(("pattern", "resource", "expected"), CHECKED)
def test_in_policy_checks_no_wildcard_crosses_a_colon(pattern: str, resource: str, expected: Truth) -> None:
    request = Request(USER, "s3:GetObject", resource, ACCOUNT)
    assert decides(policy(Resource=pattern), request) is expected


def test_in_policy_checks_a_variable_in_the_first_fields_is_open() -> None:
    document = policy(Resource="arn:aws:sqs:eu:${aws:PrincipalAccount}:q")
    assert decides(document, Request(USER, "sqs:SendMessage", f"arn:aws:sqs:eu:{ACCOUNT}:q")) is None
    assert decides(document, Request(USER, "sqs:SendMessage", "arn:aws:sqs:eu:222222222222:q")) is False


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_whether_colons_are_crossed_is_one_constant_for_each_effect(
    effect: str, element: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assumptions, f"{effect.upper()}_ACROSS_COLONS", True)
    statement = {"Effect": effect, "Action": "*", element: "arn:aws:sns:*:1:t"}
    document = parse_value({"Version": "2012-10-17", "Statement": statement})
    call = Call(Request(USER, "sns:Publish", "arn:aws:sns:eu:2:x:1:t"))
    assert match_statement(document, document.statements[0], call).truth is (element == "Resource")
    other = "Deny" if effect == "Allow" else "Allow"
    document = parse_value({"Version": "2012-10-17", "Statement": {**statement, "Effect": other}})
    assert match_statement(document, document.statements[0], call).truth is None


@pytest.mark.parametrize("reading", [True, False])
def test_what_a_short_arn_matches_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "SHORT_ARN", reading)
    assert matches(resource="arn:aws:logs:eu:1:log:x", Resource="arn:aws:logs") is reading
    assert matches(resource="arn:aws:logs:eu:1:log:x", Resource="arn:aws:s3") is False


def test_a_value_with_colons_stays_in_the_last_field() -> None:
    context = {"a:x": "q:1"}
    assert matches(resource="arn:aws:s3:::q:1", Resource="arn:aws:s3:::${a:x}", context=context) is True


def test_the_older_version_has_no_variables() -> None:
    assert matches(resource="arn:aws:s3:::bob", version="2008-10-17", Resource="arn:aws:s3:::${aws:username}") is False


def test_what_is_not_understood_is_never_a_no() -> None:
    assert matches(Surprise="x") is None
    assert matches(Action="ec2:*", Surprise="x") is False
    odd = parse_value({"Version": "2012-10-17", "Odd": 1, "Statement": {"Effect": "Deny", "Action": "*"}})
    told = match_statement(odd, odd.statements[0], Call(Request(USER, "s3:GetObject", "*")))
    assert (told.truth, told.reason) == (None, odd.problems[0].message)
    document = policy(Surprise="x")
    told = match_statement(document, document.statements[0], Call(Request(USER, "s3:GetObject", "*")))
    assert (told.truth, told.reason) == (None, document.statements[0].problems[0].message)
    unclear = policy(Action="s3*", Resource="arn:aws:s3")
    told = match_statement(unclear, unclear.statements[0], Call(Request(USER, "s3:GetObject", "arn:aws:s3:::b")))
    assert (told.truth, told.reason) == (None, "the action cannot be decided")
    fine = policy()
    assert match_statement(fine, fine.statements[0], Call(Request(USER, "s3:GetObject", "*"))).reason == ""


@pytest.mark.parametrize(
    ("caller", "key", "expected"),
    [
        (USER, "aws:PrincipalArn", USER),
        (SESSION, "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/app"),
        (FEDERATED, "aws:PrincipalArn", FEDERATED),
        (USER, "aws:PrincipalAccount", ACCOUNT),
        (USER, "aws:username", "bob"),
        (USER, "aws:PrincipalType", "User"),
        (SESSION, "aws:PrincipalType", "AssumedRole"),
        (FEDERATED, "aws:PrincipalType", "FederatedUser"),
        (f"arn:aws:iam::{ACCOUNT}:root", "aws:PrincipalType", "Account"),
        ("anonymous", "aws:PrincipalType", "Anonymous"),
        ("anonymous", "aws:PrincipalArn", None),
        ("anonymous", "aws:PrincipalIsAWSService", None),
        ("sns.amazonaws.com", "aws:PrincipalIsAWSService", "true"),
        (USER, "aws:PrincipalIsAWSService", "false"),
        (USER, "aws:ResourceAccount", ACCOUNT),
        (USER, "kms:CallerAccount", ACCOUNT),
        (USER, "aws:PrincipalServiceName", None),
        (f"arn:aws:iam::{ACCOUNT}:user/a/b/bob", "aws:username", "bob"),
        (SESSION, "aws:username", None),
        (SESSION, "aws:PrincipalAccount", ACCOUNT),
        (SESSION, "kms:CallerAccount", ACCOUNT),
        (FEDERATED, "aws:username", None),
        (ROLE, "aws:PrincipalArn", ROLE),
        (ROLE, "aws:PrincipalType", "AssumedRole"),
        (f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/app/s1", "aws:PrincipalArn", f"arn:aws-cn:iam::{ACCOUNT}:role/app"),
        ("sns.amazonaws.com", "aws:PrincipalServiceName", "sns.amazonaws.com"),
        ("sns.amazonaws.com", "aws:ResourceAccount", ACCOUNT),
        ("sns.amazonaws.com", "aws:PrincipalType", None),
        ("sns.amazonaws.com", "aws:PrincipalArn", None),
        ("sns.amazonaws.com", "aws:PrincipalAccount", None),
        ("anonymous", "aws:ResourceAccount", ACCOUNT),
        ("canonical:abc", "aws:PrincipalType", None),
        ("canonical:abc", "aws:PrincipalIsAWSService", None),
        ("federated:accounts.google.com", "aws:PrincipalType", None),
        (USER, "aws:SourceIp", None),
    ],
)
def test_keys_that_follow_from_the_caller(caller: str, key: str, expected: str | None) -> None:
    request = Request(caller, "s3:GetObject", "*", ACCOUNT)
    assert Call(request).context.get(key.lower()) == expected
    assert told(request).get(key.lower()) == expected, "the solver's own list"


def test_what_the_request_tells_wins_over_what_follows() -> None:
    call = Call(Request(SESSION, "s3:GetObject", "*", context={"AWS:PrincipalARN": ROLE}))
    assert call.context["aws:principalarn"] == ROLE


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("?", "", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab?d*", "xxabcabyd", True),
        ("*?b?*c", "abbc", True),
        ("*?b?*c", "abc", False),
        ("a?*?a", "axa", False),
        ("a?*?a", "axya", True),
        ("*\U0001f600?", "x\U0001f600\U0001f600", True),
        ("*a?b*a?b*", "a-ba-b", True),
        ("*a?b*a?b*", "a-b-b", False),
        ("*ab*ba*", "aba", False),
        ("x*ab*ab*x", "xabx", False),
        ("x*ab*ab*x", "xababx", True),
        ("*ab*y", "zab", False),
        ("ab*b", "ab", False),
        ("*a?a*", "xaba", True),
        ("*a?ab*", "xacab", True),
    ],
)
def test_globs(pattern: str, text: str, expected: bool) -> None:
    assert glob_matches(tokens(pattern, wildcards=True, variables=False), text) is expected


def test_every_short_glob_against_every_short_text() -> None:
    texts = ["".join(text) for size in range(5) for text in itertools.product("ab", repeat=size)]
    for size in range(5):
        for chars in itertools.product("ab*?", repeat=size):
            pattern = tokens("".join(chars), wildcards=True, variables=False)
            matcher = re.compile("".join(chars).replace("*", ".*").replace("?", "."))
            for text in texts:
                assert glob_matches(pattern, text) is bool(matcher.fullmatch(text)), (chars, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 10_000, "a" * 2_000 + "b"),
        ("*" + "a?" * 5_000 + "*", "a" * 9_998 + "b" * 10_000),
        ("*ab" * 300 + "c", "ab" * 10_000),
        ("*?a" * 500 + "z", "a" * 20_000),
        ("a*" * 10_000, "a" * 9_000),
    ],
)
def test_hostile_globs_are_answered(pattern: str, text: str) -> None:
    began = time.process_time()
    assert glob_matches(tokens(pattern, wildcards=True, variables=False), text) is False
    assert time.process_time() - began < 2


def test_fields_do_not_mix() -> None:
    pattern = tokens("arn:aws:s3:*:b", wildcards=True, variables=False)
    assert not fields_match(pattern, "arn:aws:s3:::b")
    assert not fields_match(tokens("arn:aws:s3:::b", wildcards=True, variables=False), "no arn")


def test_ten_thousand_principals_are_answered() -> None:
    accounts = [f"{number:012d}" for number in range(10_000)]
    assert matches(Principal={"AWS": accounts}) is False
    assert matches(Principal={"AWS": [*accounts, ACCOUNT]}) is True


def test_an_explanation_names_each_element_and_its_place() -> None:
    document = policy(
        Principal="*",
        NotResource=["a", "b", "c", "d"],
        Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}, "Odd": {"x": "y"}},
        Surprise=1,
    )
    call = Call(Request("anonymous", "s3:GetObject", "arn:aws:s3:::b/k", context={"aws:SourceVpc": "vpc-2"}))
    said = explain_statement(document, document.statements[0], call)
    assert [(element.path[2:], element.truth) for element in said] == [
        (("Principal",), True),
        (("Action",), True),
        (("NotResource",), True),
        (("Condition", "StringEquals", "aws:SourceVpc"), False),
        (("Condition", "Odd", "x"), None),
        (("Surprise",), None),
    ]
    assert said[0].path == ("Statement", 0, "Principal")
    assert said[0].reason == "Matches: the caller is anonymous, Principal is '*'."
    assert said[2].reason.endswith("NotResource is 'a', 'b', 'c' and 1 more.")
    assert said[3].reason == ("Does not match: 'aws:SourceVpc' is 'vpc-2', StringEquals compares with 'vpc-1'.")
    assert said[4].reason == "Cannot be decided: the request has no 'x', Odd compares with 'y'."


@pytest.mark.parametrize(
    ("element", "value", "path"),
    [
        ("Principal", "*", ("Principal",)),
        ("NotPrincipal", {"AWS": "222222222222"}, ("NotPrincipal",)),
        ("Action", "s3:*", ("Action",)),
        ("NotAction", "ec2:*", ("NotAction",)),
        ("Resource", "*", ("Resource",)),
        ("NotResource", "arn:aws:s3:::c", ("NotResource",)),
        ("Condition", {"stringlike": {"aws:x": "*"}}, ("Condition", "StringLike", "aws:x")),
        ("Condition", {"StringLikeIfExists": {"aws:x": "*"}}, ("Condition", "StringLikeIfExists", "aws:x")),
        ("Condition", {"ForAllValues:Bool": {"aws:x": "true"}}, ("Condition", "ForAllValues:Bool", "aws:x")),
        (
            "Condition",
            {"ForAnyValue:ArnLikeIfExists": {"aws:x": "*"}},
            ("Condition", "ForAnyValue:ArnLikeIfExists", "aws:x"),
        ),
    ],
)
def test_an_element_has_its_place_in_the_document(element: str, value: Any, path: tuple[str, ...]) -> None:
    other = {} if "Action" in element else {"Action": "*"}
    first, second = {"Effect": "Deny", "Action": "ec2:*"}, {"Effect": "Allow", **other, element: value}
    document = parse_value({"Version": "2012-10-17", "Statement": [first, second]})
    call = Call(Request(USER, "s3:GetObject", "arn:aws:s3:::b/k", context={"aws:x": "true"}))
    found = [found.path for found in elements(document, document.statements[1], call)]
    assert [one for one in found if other == {} or one[2] != "Action"] == [("Statement", 1, *path)]


def test_a_piece_with_a_question_mark_in_it_may_repeat_a_character() -> None:
    def matches(pattern: str, text: str) -> bool:
        return glob_matches(tokens(pattern, wildcards=True, variables=False), text)

    assert matches("*ab?ab*", "xxabcabyy")
    assert not matches("*ab?ab*", "xxabcbbyy")
    assert matches("*a??a*", "zaxxaz")
    assert not matches("*a??a*", "zaxxxaz")
