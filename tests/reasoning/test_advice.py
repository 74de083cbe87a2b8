"""What would allow a request, and what would block it: each proposal is carried out and decided again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from analyzers.reasoning.advice import _applied, advise
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.reach import is_public
from analyzers.reasoning.remedies import Remedy
from analyzers.reasoning.request import Request

from .generators import POLICY_SETS, REQUESTS
from .policies import allow, deny, document

HOME, ABROAD = "111111111111", "222222222222"
S3, EC2 = document(allow("s3:*")), document(allow("ec2:*"))


def request(account: str = HOME, **more: Any) -> Request:
    return Request(f"arn:aws:iam::{account}:user/bob", "s3:GetObject", "arn:aws:s3:::b/k", HOME, **more)


def where(remedies: tuple[Remedy, ...]) -> list[list[tuple[str, int | None]]]:
    return [[(c.layer, c.statement.statement if c.statement else None) for c in r.changes] for r in remedies]


TO_ALLOW: list[tuple[dict[str, Any], str, list[list[tuple[str, int | None]]]]] = [
    ({"identity": [EC2]}, HOME, [[("identity", None)], [("resource", None)]]),
    ({"identity": [S3], "boundary": EC2}, HOME, [[("boundary", None)], [("resource", None)]]),
    ({"identity": [document(allow("s3:*"), deny("s3:Get*"))]}, HOME, [[("identity", 1)]]),
    (
        {"identity": [EC2], "resource": document(deny("s3:*", Principal="*"))},
        HOME,
        [[("identity", None), ("resource", 0)]],
    ),
    ({"identity": [S3], "scp_levels": {"root": [EC2]}}, HOME, [[("scp:root", None)]]),
    ({"identity": [S3]}, ABROAD, [[("resource", None)]]),
    ({"identity": [EC2]}, ABROAD, [[("identity", None), ("resource", None)]]),
]


@pytest.mark.parametrize(("policies", "account", "expected"), TO_ALLOW)
def test_what_would_allow_it(policies: dict[str, Any], account: str, expected: list[Any]) -> None:
    advice = advise(request(account), PolicySet.from_json(policies), seconds=30)
    assert [sorted(one, key=str) for one in where(advice.to_allow)][: len(expected)] == expected
    assert advice.to_block == ()


def test_what_would_block_it() -> None:
    policies = PolicySet.from_json(
        {"identity": [S3, document(allow("s3:Get*"))], "scp_levels": {"ou": [document(allow())]}}
    )
    advice = advise(request(), policies, seconds=30)
    assert where(advice.to_block) == [
        [("scp:ou", 0)],
        [("identity[0]", 0), ("identity[1]", 0)],
        [("scp:ou", None)],
        [("resource", None)],
        [("identity", None)],
    ]
    examples = [json.loads(change.example) for one in advice.to_block for change in one.changes if change.example]
    assert all(example["Effect"] == "Deny" for example in examples)


def test_there_is_no_advice_on_what_is_not_known() -> None:
    odd = PolicySet.from_json({"identity": [document(allow("s3:*", Condition={"Resembles": {"a:b": "c"}}))]})
    advice = advise(request(), odd, seconds=30)
    assert (advice.to_allow, advice.to_block) == ((), ())
    assert "not known" in advice.note


def test_there_may_be_no_time() -> None:
    assert "not enough time" in advise(request(), PolicySet.from_json({"identity": [EC2]}), seconds=0).note


def test_what_concerns_no_resource_has_no_policy_of_its_own() -> None:
    asked = Request(f"arn:aws:iam::{HOME}:user/bob", "s3:ListAllMyBuckets", "*", HOME)
    advice = advise(asked, PolicySet.from_json({"identity": [EC2]}), seconds=30)
    assert where(advice.to_allow) == [[("identity", None)]]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(POLICY_SETS, REQUESTS)
def test_every_proposal_does_what_it_says(policies: PolicySet, asked: Request) -> None:
    advice = advise(asked, policies, seconds=30)
    for remedies, wanted in ((advice.to_allow, Outcome.ALLOW), (advice.to_block, Outcome.DENY)):
        for remedy in remedies:
            changed = _applied(policies, remedy.changes)
            assert decide(asked, changed, is_public=is_public).outcome is wanted, remedy
    assert bool(advice.to_allow or advice.to_block) != bool(advice.note)
