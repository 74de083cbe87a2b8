"""Writes the tables of docs/policy-validation.md anew: `python -m tests.checks.validation.table`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from analyzers.checks.validation import validate
from analyzers.checks.validation.examples import EXAMPLES, Example
from analyzers.checks.validation.register import RULES

from .managed import GROUPS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "policy-validation.md"
BEGIN = "<!-- The rest of this page is written by `python -m tests.checks.validation.table`. -->"
LONGEST = 150


def page() -> str:
    """The page as it should be."""
    kept = PAGE.read_text().partition(BEGIN)[0]
    return f"{kept}{BEGIN}\n\n{_managed()}\n{_checks()}"


def _managed() -> str:
    lines = [
        "## Errors in the policies of AWS",
        "What is found in the 1,523 managed policies of AWS as ERROR, and why it stands. The rest of them has none.",
        "",
        "| check | what | findings | why |",
        "| --- | --- | --- | --- |",
    ]
    for group in GROUPS:
        lines.append(f"| `{group.code}` | {_readable(group.pattern)} | {group.findings} | {group.why} |")
    return "\n".join(lines) + "\n"


def _readable(pattern: str) -> str:
    """A regular expression of ours for people: its alternatives, without anchors and escapes."""
    for written, plain in ((r"\Z", ""), (r"\*", "*"), ("[a-z-]+", "..."), ("[^/]*", "..."), ("[cC]", "C")):
        pattern = pattern.replace(written, plain)
    return ", ".join(_code(one) for one in re.split(r"\|(?![^(]*\))", pattern))


def _checks() -> str:
    lines = [
        "## All checks",
        "`decided`: found wherever the documentation of the check says so. `in part`: of what it is found, or which "
        "reading of the documentation was taken. A test finds each example at its place, and nothing once it is mended "
        "(`analyzers/checks/validation/examples.py`).",
        "",
        "| check | type | state | example |",
        "| --- | --- | --- | --- |",
    ]
    for rule in sorted(RULES, key=lambda rule: (list(_ORDER).index(rule.type.value), rule.code)):
        example = EXAMPLES.get(rule.code)
        if example is None:
            state, shown = f"not decided: {rule.undecided}", ""
        else:
            state = f"in part: {rule.undecided}" if rule.undecided else "decided"
            shown = _example(example)
        lines.append(f"| `{rule.code}` | {rule.type} | {state} | {shown} |")
    return "\n".join(lines) + "\n"


_ORDER = ("ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION")


def _example(example: Example) -> str:
    wrong, _ = example.texts()
    kind = example.resource_type or example.type.value
    try:
        value: Any = json.loads(wrong)
    except json.JSONDecodeError:
        return _code(wrong)
    steps = list(example.at)
    shown = _cut(json.dumps(_around(value, steps)))
    if kind == "IDENTITY_POLICY":
        return _code(shown)
    return f"{_code(shown)} ({kind})"


def _around(value: Any, steps: list[Any]) -> Any:
    """The element that is wrong with its name; of a condition, all of it."""
    if not steps:
        return value
    if "Condition" in steps:
        del steps[steps.index("Condition") + 1 :]
    parent = value
    for step in steps[:-1]:
        parent = parent[step]
    return {steps[-1]: parent[steps[-1]]} if isinstance(steps[-1], str) else parent[steps[-1]]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    assert validate("{}", "IDENTITY_POLICY")
    PAGE.write_text(page())
