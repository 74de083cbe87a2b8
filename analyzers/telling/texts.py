"""The words of one finding, in Markdown. They are complete without any model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from analyzers.checks.escaping import code, fenced, line, link, plain, title

from .finding import Finding, Mend, Problem
from .wording import Wording

MOST_PROBLEMS = 20
MOST_ELEMENTS = 10
MAX_BODY = 60_000
"""Characters: GitHub takes 65,536, GitLab a million."""
_LEFT_OUT = "\n*The rest is left out here; the output of the run has all.*"


class State(StrEnum):
    """Of an entry. GONE: the policy is not there any more."""

    FAILING = "failing"
    PASSES = "passes"
    GONE = "gone"


class Marker(NamedTuple):
    """The first line of each text of ours; texts out of policies only come after it. `scope`: which pipeline tells it,
    `key`: of the finding."""

    scope: str
    key: str
    state: State

    def __str__(self) -> str:
        return f"<!-- analyzer-portal 1 {self.scope} {self.key} {self.state} -->"


_MARKER = re.compile(r"<!-- analyzer-portal 1 ([0-9a-f]{12}) ([0-9a-f]{32}) (failing|passes|gone) -->")


def marker_of(body: str | None) -> Marker | None:
    found = _MARKER.fullmatch((body or "").partition("\n")[0].strip())
    return Marker(found[1], found[2], State(found[3])) if found else None


def scope_of(name: str) -> str:
    """Of the name that a pipeline tells its findings under: 12 hex digits."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


class Entry(NamedTuple):
    """One issue, comment or message as it should be. `body` begins with the marker, where the service keeps none."""

    key: str
    state: State
    title: str
    body: str


def digest(body: str) -> str:
    """By which it is seen that nothing is to be changed; services change line ends."""
    return hashlib.sha256(body.replace("\r\n", "\n").strip().encode()).hexdigest()


def entry(finding: Finding, name: str, wording: Wording | None = None) -> Entry:
    """`name`: of the pipeline. A finding that passes makes the text that closes its entry."""
    state = State.PASSES if finding.passes else State.FAILING
    marker = Marker(scope_of(name), finding.key, state)
    parts = _passing(finding) if finding.passes else _failing(finding, wording)
    footer = (
        f"\n<sub>{plain(name, 100)} · analyzer-portal keeps this up to date and closes it when the check passes.</sub>"
    )
    return Entry(finding.key, state, heading(finding), _bounded([str(marker), *parts], footer))


def gone(key: str, old_title: str, name: str) -> Entry:
    """What closes the entry of a policy that a complete run did not meet any more."""
    marker = Marker(scope_of(name), key, State.GONE)
    return Entry(
        key, State.GONE, old_title, f"{marker}\n➖ This policy is not there any more, so nothing is left to mend."
    )


def heading(finding: Finding) -> str:
    sign = "" if finding.passes else "unknown: " if finding.result == "UNKNOWN" else "fails: "
    return title(f"{sign}{finding.name}: {finding.policy.title}")


def _passing(finding: Finding) -> Iterator[str]:
    yield f"✅ {code(finding.policy.title)} **passes now**: {plain(finding.name)}."
    yield f"\n{plain(finding.message)}"


def _failing(finding: Finding, wording: Wording | None) -> Iterator[str]:
    sign, verb = ("❔", "could not be decided") if finding.result == "UNKNOWN" else ("❌", "fails")
    yield f"{sign} {code(finding.policy.title)}: {plain(finding.name)} **{verb}**. {plain(finding.message)}"
    if finding.why:
        yield f"\nWhy this rule: {plain(finding.why)}"
    if wording:
        yield from _worded(wording)
    yield ""
    for problem in finding.problems[:MOST_PROBLEMS]:
        yield from _problem(problem)
    if len(finding.problems) > MOST_PROBLEMS:
        yield f"- and {len(finding.problems) - MOST_PROBLEMS} more"
    if finding.reference:
        yield "\nWhat it was compared with, in plain words:\n"
        yield from (f"- {plain(sentence, 1_000)}" for sentence in finding.reference[:MOST_ELEMENTS])
    for missing in finding.missing[:MOST_ELEMENTS] if finding.result == "UNKNOWN" else ():
        yield f"- not known: {code(missing.name)} {plain(missing.why)}; give it with `--assume NAME=VALUE`"
    for mend in finding.mends[:1]:
        yield from _mend(mend)
    for mend in finding.mends[1:MOST_ELEMENTS]:
        yield f"- or: {plain(mend.summary)}"


def _problem(problem: Problem) -> Iterator[str]:
    place = f"{code(f'{problem.file}:{problem.line}')} " if problem.file else ""
    yield f"- **{plain(problem.level, 20)}** {place}{plain(problem.message)}"
    for element in problem.elements[:MOST_ELEMENTS]:
        yield f"  - line {element.line}: {code(element.text, 300)}"
    if problem.request:
        yield f"  - for example: {code(problem.request, 1_000)}"
    if url := link(problem.learn_more_link):
        yield f"  - [what this is about]({url})"


def _mend(mend: Mend) -> Iterator[str]:
    yield f"\n**Mend:** {plain(mend.summary)}\n"
    if mend.diff:
        yield from fenced(mend.diff, "diff")
    yield from (f"- proved: {plain(sentence)}" for sentence in mend.proof[:MOST_ELEMENTS])
    if mend.loss:
        yield f"- {plain(mend.loss)}"


def _worded(wording: Wording) -> Iterator[str]:
    yield f"\n**Written by a model** ({code(wording.model, 200)}), not checked; the rest is computed:\n"
    yield f"> {plain(wording.headline)}\n>\n> {plain(wording.explanation, 2_000)}"
    yield from (f"> - {plain(step)}" for step in wording.steps)
    if wording.policy:
        yield "\nA policy that the model proposes, with which the check passes:\n"
        yield from fenced(wording.policy, "json")
        yield from (f"- proved: {plain(sentence)}" for sentence in wording.proof)
    if wording.note:
        yield f"\n*{plain(wording.note)}*"


def _bounded(parts: Iterable[str], footer: str) -> str:
    """Whole parts only, so that no block stays open."""
    kept: list[str] = []
    room = MAX_BODY - len(footer) - len(_LEFT_OUT)
    for part in parts:
        room -= len(part) + 1
        if room < 0:
            kept.append(_LEFT_OUT)
            break
        kept.append(part)
    return "\n".join([*kept, footer])


def sentence(finding: Finding) -> str:
    """In one line, for where there is no Markdown."""
    return line(f"{finding.name}: {finding.policy.title}: {finding.message}")
