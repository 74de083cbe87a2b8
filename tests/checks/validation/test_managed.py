"""What is found in the managed policies of AWS, and the page that tells it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from analyzers.checks.validation import FindingType, ValidationFinding, validate
from tests.shared import data

from .managed import GROUPS, Group
from .table import PAGE, page


def text_at(policy: Any, finding: ValidationFinding) -> str:
    """The text that is wrong, or the condition key."""
    path = finding.locations[0].path
    if "Condition" in path:
        return str(path[path.index("Condition") + 2])
    value = policy
    for step in path:
        value = value[step]
    return str(value)


def group_of(code: str, text: str) -> Group | None:
    return next((group for group in GROUPS if group.code == code and re.match(group.pattern, text)), None)


def test_errors_in_the_policies_of_aws_are_those_that_are_justified() -> None:
    found: Counter[Group] = Counter()
    unexplained = []
    for name, policy in data("aws_managed_policies.json.gz").items():
        for finding in validate(json.dumps(policy), "IDENTITY_POLICY"):
            if finding.type is FindingType.ERROR:
                group = group_of(finding.code, text_at(policy, finding))
                if group is None:
                    unexplained.append((name, finding.code, finding.message))
                else:
                    found[group] += 1
    assert unexplained == []
    assert found == {group: group.findings for group in GROUPS}


def test_the_page_tells_all_checks_and_groups() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.checks.validation.table"
