"""Markdown, for summaries and comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzers.checks.custom import Result
from analyzers.checks.escaping import code, fenced, plain
from analyzers.checks.outcome import Mend, Outcome, Problem

_SIGNS = {Result.FAIL: "❌", Result.UNKNOWN: "❔", Result.PASS: "✅"}


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    lines = ["| | policy | check | |", "| --- | --- | --- | --- |"]
    for outcome in outcomes:
        title = code(outcome.policy.title).replace("|", "\\|")
        cells = [_SIGNS[outcome.result], title, plain(outcome.name), _told(outcome)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [f"| ❌ | | unreadable | {plain(message)} |" for message in unreadable]
    for outcome in outcomes:
        if outcome.problems:
            lines += ["", f"### {code(outcome.policy.title)}: {plain(outcome.name)}", *section(outcome)]
    return "\n".join(lines) + "\n"


def _told(outcome: Outcome) -> str:
    taken = ", ".join(f"{name}={value}" for name, value in outcome.policy.taken)
    return plain(outcome.message) + (f" Taken: {code(taken[:200])} (defaults of parameters)." if taken else "")


def section(outcome: Outcome) -> Iterator[str]:
    """What is wrong with one policy, and the mend."""
    if outcome.why:
        yield f"{plain(outcome.why)}\n"
    for problem in outcome.problems:
        yield from _problem(problem)
    if outcome.reference:
        yield "\nThe reference, in plain words:\n"
        yield from (f"- {plain(line)}" for line in outcome.reference)
    for one in outcome.missing if outcome.result is Result.UNKNOWN else ():
        yield f"- not known: {code(one.name)} {plain(one.why)}; give it with {code(f'--assume {one.name}=VALUE')}"
    for mend in outcome.mends[:1]:
        yield from _mend(mend)
    for mend in outcome.mends[1:]:
        yield f"- or: {plain(mend.summary)}"


def _problem(problem: Problem) -> Iterator[str]:
    place = f"{problem.place.file}:{problem.place.line}"
    yield f"- **{problem.level}** {code(place)} {plain(problem.message)}"
    for where, text in problem.elements:
        yield f"  - line {where.line}: {code(text)}"
    if problem.request:
        yield f"  - for example: {plain(problem.request)}"
    if problem.help_url:
        yield f"  - [what this is about]({problem.help_url})"


def _mend(mend: Mend) -> Iterator[str]:
    yield f"\n**Mend:** {plain(mend.summary)}\n"
    yield from fenced(mend.diff, "diff")
    yield from (f"- proved: {plain(sentence)}" for sentence in mend.proof)
    if mend.loss:
        yield f"- {plain(mend.loss)}"
