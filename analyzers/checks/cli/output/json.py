"""For programs: everything that is known, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from analyzers.checks.found import Place, readable
from analyzers.checks.outcome import Outcome, Problem, worst


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    told = {
        "result": "UNREADABLE" if unreadable else str(worst(outcomes)),
        "outcomes": [outcome_of(outcome) for outcome in outcomes],
        "unreadable": list(unreadable),
    }
    return json.dumps(told, indent=1) + "\n"


def outcome_of(outcome: Outcome) -> dict[str, Any]:
    """The shape that the portal keeps, too."""
    policy = outcome.policy
    return {
        "check": outcome.check,
        "rule": outcome.rule,
        "why": outcome.why,
        "result": str(outcome.result),
        "message": readable(outcome.message),
        "policy": {
            **_place(policy.place),
            "name": readable(policy.name),
            "element": readable(policy.element),
            "policyType": str(policy.policy_type),
            "resourceType": policy.resource_type,
            "taken": dict(policy.taken),
        },
        "problems": [_problem(problem) for problem in outcome.problems],
        "reference": [readable(line) for line in outcome.reference],
        "missing": [{"name": one.name, "why": one.why} for one in outcome.missing],
        "mends": [
            {
                "summary": readable(one.summary),
                "diff": readable(one.diff),
                "text": readable(one.text),
                "proof": [readable(sentence) for sentence in one.proof],
                "loss": readable(one.loss),
            }
            for one in outcome.mends
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "level": str(problem.level),
        "message": readable(problem.message),
        **_place(problem.place),
        **({"endLine": problem.end.line, "endColumn": problem.end.column} if problem.end else {}),
        "statementIndex": problem.statement,
        "statementId": problem.sid,
        "path": list(problem.path),
        "elements": [{**_place(place), "text": readable(text)} for place, text in problem.elements],
        "request": readable(problem.request),
        "learnMoreLink": problem.help_url,
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
