"""SARIF 2.1.0, as code scanning takes it. https://docs.oasis-open.org/sarif/sarif/v2.1.0/"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from analyzers.checks.found import Place, readable
from analyzers.checks.outcome import Level, Outcome, Problem

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note", Level.UNKNOWN: "warning"}
_SEVERITY = {Level.ERROR: "8.0", Level.WARNING: "5.0", Level.NOTE: "2.0", Level.UNKNOWN: "5.0"}


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    problems = [(outcome, problem) for outcome in outcomes for problem in outcome.problems]
    rules = {problem.code: problem for _, problem in problems}
    told = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "analyzer-portal", "rules": [_rule(*one) for one in sorted(rules.items())]}
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(outcome, problem, sorted(rules)) for outcome, problem in problems],
                "invocations": [
                    {
                        "executionSuccessful": not unreadable,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": message}} for message in unreadable
                        ],
                    }
                ],
            }
        ],
    }
    return json.dumps(told, indent=1) + "\n"


def _rule(code: str, problem: Problem) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": code},
        "properties": {"tags": ["security"], "security-severity": _SEVERITY[problem.level]},
    }
    return rule | ({"helpUri": problem.help_url} if problem.help_url else {})


def _result(outcome: Outcome, problem: Problem, rules: Sequence[str]) -> dict[str, Any]:
    message = problem.message + (f"\n{problem.request}" if problem.request else "")
    if outcome.mends:
        message += f"\n{outcome.mends[0].summary}"
    print_of = [problem.code, outcome.policy.title, str(problem.path), problem.message]
    return {
        "ruleId": problem.code,
        "ruleIndex": rules.index(problem.code),
        "level": _LEVELS[problem.level],
        "message": {"text": readable(message)},
        "locations": [_location(problem.place, problem.end)],
        "relatedLocations": [
            {**_location(place, None), "id": number, "message": {"text": readable(text) or "here"}}
            for number, (place, text) in enumerate(problem.elements)
        ],
        "partialFingerprints": {"policy/v1": hashlib.sha256("\0".join(print_of).encode(errors="replace")).hexdigest()},
    }


def _location(place: Place, end: Place | None) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    if end is not None:
        region |= {"endLine": end.line, "endColumn": end.column}
    uri = quote(PurePath(place.file).as_posix(), errors="replace")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
