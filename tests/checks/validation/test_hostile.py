"""Whatever the text is: findings, soon, and no exception."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.checks.validation import as_json, validate
from analyzers.reasoning.question import PolicyType

SECONDS = 3.0
"""Of processor time, so that a busy machine does not matter; a second on an idle one."""
PLAIN: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(**elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**PLAIN, **elements}]})


UNREADABLE: dict[str, str | bytes] = {
    "empty": "",
    "not UTF-8": b"\xff\xfe",
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 50_000,
    "half a character": '{"Sid": "\\ud800"}',
    "half a character as it is": '{"Sid": "\ud800"}',
    "a key twice": '{"Version": "2012-10-17", "Version": "2008-10-17"}',
    "NaN": '{"Statement": NaN}',
    "too long": " " * 2_000_000,
    "too long to check": " " * 400_000 + "{}",
    "too many statements": json.dumps({"Statement": [{}] * 5_000}),
}

LARGE = {
    "statements": json.dumps({"Statement": [{**PLAIN, "Resource": f"arn:aws:s3:::b{i}/*"} for i in range(2_000)]}),
    "unlike statements": json.dumps(
        {"Statement": [{**PLAIN, "Resource": [f"arn:aws:s3:::*{i}*a*b*", f"arn:aws:s3:::*{i}*c*"]} for i in range(119)]}
    ),
    "actions": policy(Action=[f"s3:*{i}*" for i in range(10_000)]),
    "actions that are none": policy(Action=[f"ec2:GetXyz{i}" for i in range(10_000)]),
    "services that are none": policy(Action=[f"s{i}x:Get" for i in range(10_000)]),
    "patterns": policy(Resource=["arn:aws:ec2:*:*:" + "?*" * 450 + str(i) for i in range(200)]),
    "patterns of ten runs": policy(Resource=[f"arn:aws:s3:::*{'a*b?' * 5}{i}*" for i in range(300)]),
    "one pattern": policy(Action=["s3:" + "*a" * 2_000 + "b"] * 20),
    "one ARN": policy(Resource="arn:aws:s3:::" + "*" * 250_000),
    "keys": policy(Condition={"StringEquals": {f"s3:k{i}": "a" for i in range(5_000)}}),
    "one key": policy(Condition={"StringEquals": {"a" * 100_000: "b"}}),
    "operators": policy(Condition={f"Str{i}": {"aws:username": "a"} for i in range(3_000)}),
    "open variables": policy(Resource="arn:aws:s3:::" + "${a" * 80_000),
    "variables": policy(Resource="arn:aws:s3:::" + "${a}" * 5_000),
    "a number": policy(Condition={"NumericLessThan": {"s3:max-keys": ["9" * 100_000, "1e999"]}}),
    "labels": policy(Principal={"Federated": "a." * 60_000}),
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_an_error_of_syntax(text: str | bytes) -> None:
    (finding,) = validate(text, "IDENTITY_POLICY")
    assert finding.code == "JSON_SYNTAX_ERROR"
    json.dumps(as_json(finding)).encode()


@pytest.mark.parametrize("text", ["null", "5", "[]", '"x"', "true"])
def test_what_is_no_object_is_of_the_wrong_type(text: str) -> None:
    (finding,) = validate(text, "IDENTITY_POLICY")
    assert finding.code == "DATA_TYPE_MISMATCH"


@pytest.mark.parametrize("kind", [PolicyType.IDENTITY, PolicyType.RESOURCE])
@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_policies_are_answered_soon(text: str, kind: PolicyType) -> None:
    began = time.process_time()
    findings = validate(text, kind)
    assert time.process_time() - began < SECONDS
    assert findings
    for finding in findings:
        assert len(finding.message) < 1_000, "a message does not grow with the document"


def test_of_many_findings_of_a_kind_the_last_tells_that_there_are_more() -> None:
    found = [one for one in validate(policy(Action=["s3:No"] * 500), "IDENTITY_POLICY") if one.code == "INVALID_ACTION"]
    assert len(found) == 101
    assert any("more of these" in one.message for one in found)


NAMES = (
    "Version Statement Effect Action NotAction Resource Principal NotPrincipal Condition Sid AWS Service Federated "
    "StringLike ForAllValues:StringEquals Null Bool aws:SourceIp aws:TagKeys s3:prefix a"
)
names = st.sampled_from(NAMES.split())
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.sampled_from(
        [
            "Allow",
            "2012-10-17",
            "*",
            "s3:*",
            "iam:PassRole",
            "arn:aws:s3:::b/*",
            "arn:aws:iam::1:role/a",
            "${a, b}",
            "${",
        ]
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=25,
)


@given(trees, st.sampled_from(PolicyType))
@settings(max_examples=100, deadline=None)
def test_no_tree_of_json_is_too_odd(tree: Any, kind: PolicyType) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": tree}, indent=1)
    for finding in validate(text, kind):
        assert finding.message
        assert finding.locations
        for location in finding.locations:
            start, end = location.span
            assert 0 <= start.offset <= end.offset <= len(text)
        assert json.loads(json.dumps(as_json(finding)))["issueCode"] == finding.code
