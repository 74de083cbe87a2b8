"""The real service's answers for 23 bucket policies, 526 findings, and what the reduced report makes of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from analyzers.policy import parse_value
from analyzers.reasoning.question import Part, Question
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.ways import Way, who
from tests.shared import conformance

OWNER = "222634363387"
CASES = conformance("external_access_aws_answers.json")


def ask(policy: dict[str, Any], *, like_aws: bool) -> tuple[Way, ...]:
    scene = Scene("arn:aws:s3:::antsknmath", "/", {"aws:resourceaccount": OWNER})
    question = Question((Part(parse_value(policy), scene),), ("s3",), frozenset({OWNER}))
    return who(question, like_aws=like_aws, seconds=60)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_service_and_we_report_the_same_findings(case: dict[str, Any]) -> None:
    ours = [(way.actions, way.principal, way.condition, way.is_public) for way in ask(case["policy"], like_aws=True)]
    theirs = {
        (
            tuple(sorted(finding["action"])),
            next(iter(finding["principal"].items())),
            tuple(sorted(finding["condition"].items())),
            finding["isPublic"],
        )
        for finding in case["findings"]
    }
    assert set(ours) == theirs
    assert len(ours) == len(case["findings"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_reduced_report_is_a_part_of_it_and_never_larger(case: dict[str, Any]) -> None:
    full, reduced = ask(case["policy"], like_aws=True), ask(case["policy"], like_aws=False)
    said = {(way.principal, way.condition) for way in full}
    assert {(way.principal, way.condition) for way in reduced} <= said
    assert len(reduced) <= len(full)
    assert bool(reduced) == bool(full)


@pytest.mark.parametrize("case", CASES[:12], ids=lambda case: case["id"])
def test_every_allowed_request_is_covered_by_both_reports(case: dict[str, Any]) -> None:
    """Requests at the edges of all patterns: what the evaluator allows, some finding of each report describes."""
    from analyzers.policy import parse_value
    from analyzers.reasoning.evaluate import Outcome, resource_side
    from analyzers.reasoning.request import Request

    policy = parse_value(case["policy"])
    arns = ["abc", "bc", "ac", "xbc", "axc", "abc1", "abc2", "x"]
    accounts = ["123456789012", "123"]
    addresses = ["200.10.10.10", "200.10.10.11", "200.10.10.12"]
    sources = [f"arn:aws:sns:ap-northeast-1:123456789012:{name}" for name in ("abc", "bc", "ac", "x")]
    reports = [ask(case["policy"], like_aws=True), ask(case["policy"], like_aws=False)]
    allowed = 0
    for name, account, address, source in product(arns, accounts, addresses, sources):
        request = Request(
            principal=f"arn:aws:iam::{account}:user/{name}",
            action="s3:ListBucket",
            resource="arn:aws:s3:::antsknmath",
            resource_account=OWNER,
            context={"aws:SourceIp": address, "aws:SourceArn": source},
        )
        if resource_side(request, [policy]).outcome is not Outcome.ALLOW:
            continue
        allowed += 1
        for report in reports:
            assert any(_describes(way, request) for way in report), request
    assert allowed or not case["findings"]


def _describes(way: Way, request: Any) -> bool:
    from fnmatch import fnmatchcase
    from ipaddress import ip_address, ip_network

    values = {"aws:PrincipalArn": request.principal, **request.context}
    return all(
        ip_address(values[key]) in ip_network(value) if key == "aws:SourceIp" else fnmatchcase(values[key], value)
        for key, value in way.condition
    )
