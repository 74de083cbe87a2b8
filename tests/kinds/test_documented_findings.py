"""Documented cases about external access."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.kinds.external import analyze
from analyzers.kinds.subject import ChannelDocument, ExternalFinding, Subject, ZoneOfTrust
from tests.shared import conformance

CASES = [
    case for case in conformance("tricky_cases.json") if not isinstance(case, dict) or case.get("area") == "findings"
]


def spelled(finding: ExternalFinding) -> str:
    """As the cases have it: a principal that is an ARN goes without its kind."""
    [(kind, value)] = finding.principal.items()
    principal = value if value.startswith("arn:") else f"{kind} {value}"
    conditions = "".join(f", condition {key}={wanted}" for key, wanted in finding.condition.items())
    return f"principal {principal}, isPublic {str(finding.is_public).lower()}{conditions}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_documented_finding(case: dict[str, Any]) -> None:
    check = case["check"]
    zone = ZoneOfTrust(
        check["zone"] == "organization", frozenset({check["resourceAccount"]}), check.get("organization", "")
    )
    document = ChannelDocument("POLICY", "", json.dumps(case["policies"]["resource"]))
    subject = Subject(check["resource"], "AWS::S3::Bucket", check["resourceAccount"], (document,))
    analysis = analyze(subject, zone, seconds=30)
    assert analysis.error == ""
    told = [spelled(finding) for finding in analysis.findings]
    expected = [] if case["expected"] == "no_finding" else [case["expected"].removeprefix("finding: ")]
    assert told == expected, case["why"]
    assert all(finding.proved for finding in analysis.findings)
