"""Policies and requests at random: every operator, set operators, IfExists, variables, wildcards that overlap, denies,
levels, and requests whose values lie at the edges of what the policies say."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from analyzers.policy import Policy, parse_value
from analyzers.policy.operators import RULES, Family
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import Request

HOME, ABROAD = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::b"
KEY, ROLE = f"arn:aws:kms:eu-west-1:{HOME}:key/k", f"arn:aws:iam::{HOME}:role/path/app"

CALLERS = [
    "anonymous",
    "sns.amazonaws.com",
    *[f"arn:aws:iam::{HOME}:user/bob"] * 3,
    f"arn:aws:iam::{HOME}:user/team/bob",
    f"arn:aws:iam::{HOME}:root",
    f"arn:aws:iam::{HOME}:role/app",
    f"arn:aws:sts::{HOME}:assumed-role/app/s1",
    f"arn:aws:sts::{HOME}:federated-user/bob",
    f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    f"arn:aws:iam::{ABROAD}:user/eve",
    f"arn:aws:sts::{ABROAD}:assumed-role/app/s2",
    f"arn:aws:iam::{ABROAD}:root",
    "canonical:abc",
    "federated:accounts.google.com",
]
PRINCIPALS: list[Any] = [
    *["*"] * 3,
    {"AWS": "*"},
    {"AWS": HOME},
    {"AWS": [ABROAD, f"arn:aws:iam::{HOME}:user/bob"]},
    {"AWS": f"arn:aws:iam::{HOME}:role/app"},
    {"AWS": f"arn:aws:iam::{HOME}:role/other/app"},
    {"AWS": f"arn:aws:sts::{HOME}:assumed-role/app/s1"},
    {"AWS": f"arn:aws:sts::{HOME}:federated-user/bob"},
    {"AWS": [f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{HOME}:role/app"]},
    {"AWS": "AIDAEXAMPLEEXAMPLEEX"},
    {"Service": ["sns.amazonaws.com", "sqs.amazonaws.com"]},
    {"Federated": "accounts.google.com"},
    {"CanonicalUser": "abc", "AWS": ABROAD},
]
ACTIONS: list[Any] = [
    *["*"] * 6,
    "s3:*",
    "S3:get*",
    "s3:*Object",
    "s3:GetObject",
    "s3:Get?bject",
    ["s3:PutObject", "kms:Decrypt"],
    "kms:*",
    "sts:AssumeRole",
    ["sts:*", "sqs:*"],
    "*:*",
    "s3*",
    "*:Get*",
]
RESOURCES: list[Any] = [
    *["*"] * 8,
    BUCKET,
    f"{BUCKET}/*",
    f"{BUCKET}*",
    f"{BUCKET}/a/?",
    f"{BUCKET}/*/x",
    f"{BUCKET}/${{aws:username}}/*",
    f"{BUCKET}/${{aws:PrincipalTag/team, 'a'}}/x",
    f"{BUCKET}/${{*}}",
    [BUCKET, f"{BUCKET}/a/x"],
    "arn:aws:s3:::*",
    "arn:*:s3:::b/a*",
    "arn:aws:*:b/a/x",
    "arn:aws:s3*",
    "arn:aws:kms:*:*:key/*",
    "arn:aws:iam::*:role/path/*",
    f"arn:aws:iam::{HOME}:role/*",
]
ASKED = [
    "*",
    BUCKET,
    f"{BUCKET}/a/x",
    f"{BUCKET}/bob/x",
    f"{BUCKET}/*",
    f"{BUCKET}/a:b/x",
    "arn:aws:s3:::b2",
    KEY,
    ROLE,
    f"arn:aws:s3:eu-west-1:{HOME}:accesspoint/p/object/a",
]
ASKED_ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListAllMyBuckets",
    "kms:Decrypt",
    "sts:AssumeRole",
    "sqs:SendMessage",
]
ASKED_ACTIONS += ["sts:AssumeRoleWithSAML", "kms:RetireGrant"]

TEXTS: list[Any] = ["a", "A", "a*", "?", "*", "b", "ab", ["a", "b"], ["a?", "*b"], "", "${aws:username}"]
TEXTS += ["${aws:PrincipalTag/team, 'a'}", "${*}", "x${aws:SourceVpc}*", "ı", "K"]
ARNS: list[Any] = ["arn:aws:sns:*:111111111111:t", "arn:aws:*:*:*:*", "arn:aws:sns:eu-west-1:*", "arn:aws:*:t", "*"]
ARNS += [["arn:aws:iam::*:user/*", f"arn:aws:iam::{HOME}:role/app"], f"arn:aws:iam::{HOME}:user/${{aws:username}}"]
VALUES: dict[Family, list[Any]] = {
    Family.STRING: TEXTS + ARNS,
    Family.ARN: [*ARNS, "a"],
    Family.NUMERIC: ["5", 10, "10.0", ["9", "11"], "x", "1e1"],
    Family.DATE: ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", 1767225600, ["2025-01-01", "2027"], "then"],
    Family.BOOL: ["true", "false", True, ["true", "false"], "TRUE"],
    Family.BINARY: ["YQ==", ["YWI=", "YQ=="], "???"],
    Family.IP: ["203.0.113.0/24", ["203.0.113.7", "2001:db8::/32"], "0.0.0.0/0", "10.0.0.1/8", "here"],
    Family.NULL: ["true", "false", ["true", "false"]],
}
KEYS: dict[Family, list[str]] = {
    Family.STRING: [
        "aws:SourceVpc",
        "aws:username",
        "aws:PrincipalTag/team",
        "aws:TagKeys",
        "s3:prefix",
        "aws:PrincipalArn",
    ],
    Family.ARN: ["aws:SourceArn", "aws:PrincipalArn", "app:arns"],
    Family.NUMERIC: ["s3:max-keys", "app:numbers"],
    Family.DATE: ["aws:CurrentTime"],
    Family.BOOL: ["aws:SecureTransport", "aws:MultiFactorAuthPresent"],
    Family.BINARY: ["app:blob"],
    Family.IP: ["aws:SourceIp"],
    Family.NULL: ["aws:SourceVpc", "aws:TagKeys", "aws:MultiFactorAuthPresent", "aws:PrincipalArn"],
}
KEYS[Family.STRING] += ["aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalType", "aws:ResourceAccount"]
TEXT_VALUES = ["a", "A", "b", "ab", "", "bob", "a*", "xvpc", "K", "ı", "arn:aws:sns:eu-west-1:111111111111:t"]
SETS = [(), ("a",), ("a", "b"), ("", "ab"), ("A", "x", "a*")]
CONTEXT: dict[str, list[Any]] = {
    "aws:SourceVpc": ["a", "b", "vpc", ""],
    "aws:PrincipalTag/team": ["a", "", "*", "b"],
    "AWS:TagKeys": SETS,
    "s3:prefix": [*TEXT_VALUES, *SETS],
    "aws:SourceArn": ["arn:aws:sns:eu-west-1:111111111111:t", "arn:aws:sns:eu-west-1:1:a:t", "a"],
    "app:arns": [("arn:aws:sns:x:111111111111:t", "a"), ("arn:aws:iam::1:user/x",), "arn:aws:iam::1:user/x"],
    "s3:max-keys": ["5", "9", "10", "10.00", "11", "many"],
    "app:numbers": [("5", "10"), ("11",), ("x",), "9"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "1767225601", "now"],
    "aws:SecureTransport": ["true", "false", "True"],
    "aws:MultiFactorAuthPresent": ["true", "false"],
    "app:blob": ["YQ==", "YWI=", "!"],
    "aws:SourceIp": ["203.0.113.7", "203.0.114.0", "2001:db8::1", "10.9.9.9", "there"],
    "aws:PrincipalOrgID": ["a", "o-1"],
}


@st.composite
def conditions(draw: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        rule = draw(st.sampled_from(RULES))
        name = rule.name
        if rule.family is not Family.NULL:
            name = draw(st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"])) + name
            name += draw(st.sampled_from(["", "", "IfExists"]))
        key = draw(st.sampled_from(KEYS[rule.family]))
        found.setdefault(name, {})[key] = draw(st.sampled_from(VALUES[rule.family]))
    return found


@st.composite
def statements(
    draw: Any, *, principals: bool, effects: tuple[str, ...] = ("Allow", "Allow", "Allow", "Allow", "Deny")
) -> dict[str, Any]:
    statement = {
        "Effect": draw(st.sampled_from(effects)),
        draw(st.sampled_from(["Action", "Action", "Action", "NotAction"])): draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"])): draw(st.sampled_from(RESOURCES)),
    }
    if condition := draw(conditions()):
        statement["Condition"] = condition
    if principals:
        negated = statement["Effect"] == "Deny" and draw(st.integers(0, 2)) == 0
        statement["NotPrincipal" if negated else "Principal"] = draw(st.sampled_from(PRINCIPALS))
    return statement


def document(found: list[dict[str, Any]], version: str = "2012-10-17") -> Policy:
    return parse_value({"Version": version, "Statement": found})


def documents(*, principals: bool, most: int = 3, **more: Any) -> st.SearchStrategy[Policy]:
    found = st.lists(statements(principals=principals, **more), min_size=1, max_size=most)
    return st.builds(document, found, st.sampled_from(["2012-10-17"] * 7 + ["2008-10-17"]))


OWN = documents(principals=False)
ON_RESOURCE = documents(principals=True)
GUARD = documents(principals=True, most=2, effects=("Deny",))
POLICY_SETS = st.builds(
    PolicySet,
    identity=st.lists(OWN, min_size=1, max_size=2).map(tuple),
    resource=st.lists(ON_RESOURCE, max_size=2).map(tuple),
    boundary=st.none() | st.none() | st.none() | st.tuples(OWN),
    session=st.none() | st.none() | st.none() | st.tuples(OWN),
    scp_levels=st.none()
    | st.none()
    | st.none()
    | st.dictionaries(st.sampled_from(["root", "ou"]), st.lists(OWN, max_size=2).map(tuple)),
    rcp_levels=st.none() | st.none() | st.dictionaries(st.just("root"), st.lists(GUARD, max_size=1).map(tuple)),
    trust=st.lists(ON_RESOURCE, max_size=1).map(tuple),
    key_policy=st.lists(ON_RESOURCE, max_size=1).map(tuple),
    bpa=st.sampled_from([{}, {}, {"RestrictPublicBuckets": True}, {"IgnorePublicAcls": True}]),
    acl=st.sampled_from(
        [(), (), ({"grantee": "AllUsers", "permission": "READ"},), ({"grantee": "abc", "permission": "READ"},)]
    ),
    ownership=st.sampled_from(["", "", "BucketOwnerEnforced"]),
    principal_account_is_management=st.sampled_from([False, False, True]),
)
CONTEXTS = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in CONTEXT.items()})
REQUESTS = st.builds(
    Request,
    principal=st.sampled_from(CALLERS),
    action=st.sampled_from(ASKED_ACTIONS),
    resource=st.sampled_from(ASKED),
    resource_account=st.sampled_from([HOME, HOME, HOME, ABROAD, ""]),
    context=CONTEXTS,
)
