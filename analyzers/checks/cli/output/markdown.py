"""Markdown, for summaries and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from analyzers.checks.custom import Result
from analyzers.checks.found import readable
from analyzers.checks.outcome import Mend, Outcome, Problem

_SIGNS = {Result.FAIL: "❌", Result.UNKNOWN: "❔", Result.PASS: "✅"}


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    lines = ["| | policy | check | |", "| --- | --- | --- | --- |"]
    for outcome in outcomes:
        cells = [_SIGNS[outcome.result], code(outcome.policy.title), plain(outcome.name), _told(outcome)]
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
    for one in outcome.missing if outcome.result is Result.UNKNOWN else ():
        yield f"- not known: {code(one.name)} {plain(one.why)}; give it with {code(f'--assume {one.name}=VALUE')}"
    for mend in outcome.mends[:1]:
        yield from _mend(mend)


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


def fenced(text: str, language: str) -> Iterator[str]:
    """A block that the text cannot end by itself."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}\n{readable(text).rstrip()}\n{fence}"


def code(text: str) -> str:
    text = _line(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def plain(text: str) -> str:
    """A foreign text in one line that starts no markup, link or mention."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~!@&])", r"\\\1", _line(text))
    return re.sub(r":(?=//)|(?<=www)\.", r"\\\g<0>", escaped, flags=re.IGNORECASE)


def _line(text: str) -> str:
    return " ".join(readable(text).split())
