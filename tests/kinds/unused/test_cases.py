"""The cases about unused access that were written from the documented rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.kinds.unused import HeldPolicy, judge
from analyzers.kinds.unused.grants import grants_of
from tests.shared import conformance

from .builders import NOW, ago, evidence, kinds, report, role, unused

CASES = [case for case in conformance("tricky_cases.json") if not isinstance(case, dict) or case["area"] == "unused"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_documented_case(case: dict[str, Any]) -> None:
    check, texts = case["check"], [json.dumps(document) for document in case["policies"]["identity"]]
    services = {prefix for text in texts for prefix in grants_of(text).allowed}
    said = report({prefix: check["lastUsed"].get(prefix) for prefix in services})
    holder = role(
        *(HeldPolicy(f"p{number}", text) for number, text in enumerate(texts)),
        created_at=ago(check["roleAgeDays"]),
        last_used_at=ago(check.get("roleLastUsedDays")),
    )
    found = judge(holder, evidence(report=said), check["trackingDays"], NOW)
    expected: dict[str, Any] = {
        "u02": (["UnusedIAMRole"], {}),
        "u03": (["UnusedPermission"], {"s3": "whole"}),
    }
    assert (kinds(found), unused(found)) == expected[case["id"]], case["why"]
