"""JUnit XML: a test case for each policy and check."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from analyzers.checks.custom import Result
from analyzers.checks.found import readable
from analyzers.checks.outcome import Outcome


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    failures = sum(outcome.result is Result.FAIL for outcome in outcomes)
    errors = sum(outcome.result is Result.UNKNOWN for outcome in outcomes) + len(unreadable)
    counts = {"tests": str(len(outcomes) + len(unreadable)), "failures": str(failures), "errors": str(errors)}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "analyzer-portal", **counts})
    for outcome in outcomes:
        policy = outcome.policy
        name = readable(f"{policy.title} [{outcome.name}]")
        case = ElementTree.SubElement(
            suite, "testcase", {"name": name, "classname": outcome.check, "file": readable(policy.place.file)}
        )
        if outcome.result is not Result.PASS:
            tag = "failure" if outcome.result is Result.FAIL else "error"
            told = ElementTree.SubElement(
                case, tag, {"message": readable(outcome.message), "type": str(outcome.result)}
            )
            told.text = readable("\n".join(_lines(outcome)))
    for message in unreadable:
        case = ElementTree.SubElement(suite, "testcase", {"name": readable(message), "classname": "unreadable"})
        ElementTree.SubElement(case, "error", {"message": readable(message), "type": "UNREADABLE"})
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _lines(outcome: Outcome) -> list[str]:
    lines = []
    for problem in outcome.problems:
        lines.append(f"{problem.place.file}:{problem.place.line}:{problem.place.column}: {problem.message}")
        lines += [problem.request] if problem.request else []
    for mend in outcome.mends[:1]:
        lines += [mend.summary, mend.diff]
    return lines
