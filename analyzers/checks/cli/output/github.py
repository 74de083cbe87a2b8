"""Annotations in the log of a GitHub workflow.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzers.checks.found import Place, readable
from analyzers.checks.outcome import Level, Outcome

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice", Level.UNKNOWN: "warning"}


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    lines = [f"::error::{_text(message)}" for message in unreadable]
    for outcome in outcomes:
        for problem in outcome.problems:
            body = [problem.message, problem.request, *(mend.summary for mend in outcome.mends[:1])]
            title = f"{outcome.policy.title} [{problem.code}]"
            place = _place(problem.place)
            text = _text("\n".join(filter(None, body)))
            lines.append(f"::{_COMMANDS[problem.level]} {place},title={_property(title)}::{text}")
    return "".join(f"{line}\n" for line in lines)


def _place(place: Place) -> str:
    return f"file={_property(place.file)},line={place.line},col={place.column}"


def _text(text: str) -> str:
    return readable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
