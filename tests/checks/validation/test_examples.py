"""Each documented check has an example: it finds the code at the place, and nothing once mended."""

from __future__ import annotations

import pytest

from analyzers.checks.validation import FindingType, learn_more, validate
from analyzers.checks.validation.examples import EXAMPLES, Example
from analyzers.checks.validation.register import BY_CODE, RULES
from tests.shared import conformance


@pytest.mark.parametrize(("code", "example"), EXAMPLES.items(), ids=EXAMPLES)
def test_the_wrong_policy_has_just_this_finding_and_the_mended_one_has_none(code: str, example: Example) -> None:
    wrong, mended = example.texts()
    findings = validate(wrong, example.type, example.resource_type)
    assert {finding.code for finding in findings} == {code}, [finding.message for finding in findings]
    assert findings[0].locations[0].path == example.at
    assert findings[0].type is BY_CODE[code].type
    assert validate(mended, example.type, example.resource_type) == ()


def test_every_check_but_the_undecided_has_an_example() -> None:
    undecided = {rule.code for rule in RULES if rule.check is None and rule.undecided}
    assert undecided == {"DEPRECATED_GLOBAL_CONDITION_KEY"}
    assert EXAMPLES.keys() == BY_CODE.keys() - undecided


@pytest.mark.parametrize("case", conformance("policy_validation_checks.json"), ids=lambda case: case.get("code", ""))
def test_every_documented_check_is_registered_with_its_type(case: dict[str, str]) -> None:
    assert BY_CODE[case["code"]].type == case["type"]


def test_no_code_is_registered_twice() -> None:
    assert len(BY_CODE) == len(RULES) == 153


def test_links_lead_to_the_anchor_of_the_check() -> None:
    page = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    anchor = "access-analyzer-reference-policy-checks"
    assert learn_more("INVALID_ACTION", FindingType.ERROR) == f"{page}#{anchor}-error-invalid-action"
    warning = learn_more("MISSING_VERSION", FindingType.WARNING)
    assert warning == f"{page}#{anchor}-general-warning-missing-version"
    security = learn_more("ALLOW_WITH_NOT_PRINCIPAL", FindingType.SECURITY_WARNING)
    assert security == f"{page}#{anchor}-security-warning-allow-with-not-principal"
