"""Documented decisions, each with its reason and source, asked of both engines."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.reasoning.decision import decide
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import Request
from analyzers.reasoning.simulate import Engine, answer
from tests.shared import conformance

AREAS = {"grammar", "conditions", "decision"}
CASES = [case for case in conformance("tricky_cases.json") if not isinstance(case, dict) or case.get("area") in AREAS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_decision_is_the_documented_one(case: dict[str, Any]) -> None:
    decision = decide(Request.from_json(case["request"]), PolicySet.from_json(case["policies"]))
    assert decision.outcome == case["expected"], (case["why"], decision.reason)
    assert (decision.kind is None) == (case["expected"] == "allow")
    assert decision.reason.endswith(".")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_command_answers_the_cases_as_they_are_written(case: dict[str, Any]) -> None:
    told = answer(case, Engine.BOTH)
    assert (told["id"], told["decision"], told["solver"]) == (case["id"], case["expected"], case["expected"])
