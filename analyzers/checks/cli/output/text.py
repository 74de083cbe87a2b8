"""For people at a terminal: what is wrong, where, with a caret, and what to write instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from analyzers.checks.custom import Check, Result
from analyzers.checks.found import Place, readable
from analyzers.checks.outcome import Level, Mend, Outcome, Problem

WIDTH = 160
MANY = 20
"""From this many failures on they are counted by check, too."""
COLOURS = {
    Result.PASS: "32",
    Result.FAIL: "31",
    Result.UNKNOWN: "33",
    Level.ERROR: "31",
    Level.WARNING: "33",
    Level.NOTE: "36",
    Level.UNKNOWN: "33",
}


def write(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    told = [verdict(outcome, colour=colour) + mend(outcome, colour=colour) for outcome in outcomes]
    return "".join([*told, summary(outcomes, unreadable, colour=colour)])


def verdict(outcome: Outcome, *, colour: bool) -> str:
    """What is wrong, without mends: they take longer."""
    return _text(_Told(colour).verdict(outcome))


def mend(outcome: Outcome, *, colour: bool, number: int = 1) -> str:
    """The mend of this number in full, the others in a line each."""
    return _text(_Told(colour).mend(outcome, number))


def others(outcome: Outcome, number: int) -> list[str]:
    """The mends that are not shown in full, with how to choose them."""
    chosen = _chosen(outcome, number)
    return [
        f"  or: {readable(one.summary)} (--mend {place})"
        for place, one in enumerate(outcome.mends, 1)
        if place != chosen
    ]


def by_hand(one: Mend) -> list[str]:
    """What to change, element by element."""
    lines = [f"  change by hand: {readable(one.summary)}"]
    for place, element, before, after in one.changes:
        told = f"write {_line(after)} instead of {_line(before)}" if before and after else f"write {_line(after)}"
        lines.append(f"    line {place.line}, {readable(element)}: {told if after else f'take out {_line(before)}'}")
    return lines


def changed(line: str, colour: bool) -> str:
    """A line of a diff."""
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
    return paint(line, code, colour) if code else line


def summary_of_unreadable(messages: Sequence[str], *, colour: bool) -> str:
    return _text(f"{paint('UNREADABLE', '31', colour)}  {readable(message)}" for message in messages)


def summary(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    return summary_of_unreadable(unreadable, colour=colour) + _text(_summary(outcomes, unreadable))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class _Told:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def verdict(self, outcome: Outcome) -> Iterator[str]:
        name = paint(f"{outcome.result:<7}", COLOURS[outcome.result], self._colour)
        yield f"{name} {readable(outcome.policy.title)}  [{readable(outcome.name)}]"
        if outcome.policy.taken:
            told = ", ".join(f"{name}={value}" for name, value in outcome.policy.taken)
            yield f"  taken: {readable(told)[:WIDTH]} (defaults of parameters; others are given with --assume)"
        if outcome.why and outcome.result is not Result.PASS:
            yield f"  why: {readable(outcome.why)}"
        if outcome.result is not Result.PASS and not outcome.problems:
            yield f"  {readable(outcome.message)}"
        for problem in outcome.problems:
            yield from self._problem(problem, outcome.check)
        if outcome.reference:
            yield "  the reference, in plain words:"
            yield from (f"    {readable(line)}" for line in outcome.reference)
        if outcome.result is Result.UNKNOWN:
            for one in outcome.missing:
                name, why = readable(one.name), f" ({readable(one.why)})" if one.why else ""
                yield f"  not known: {name}{why}; give it with --assume {name}=VALUE"

    def mend(self, outcome: Outcome, number: int) -> Iterator[str]:
        if outcome.mends:
            one = outcome.mends[_chosen(outcome, number) - 1]
            yield f"  mend: {readable(one.summary)}"
            yield from (f"    {changed(readable(line), self._colour)}" for line in one.diff.splitlines())
            if outcome.policy.name and not one.in_file:
                yield from by_hand(one)
            yield from (f"  proved: {readable(sentence)}" for sentence in one.proof)
            yield from [f"  note: {readable(one.loss)}"] if one.loss else []
            yield from others(outcome, number)
        elif outcome.result is Result.FAIL and outcome.mender is None:
            yield from _without_mend(outcome)
        if outcome.problems:
            yield ""

    def _problem(self, problem: Problem, check: str) -> Iterator[str]:
        place = problem.place
        level = paint(problem.level, COLOURS[problem.level], self._colour)
        code = f"{problem.code}: " if problem.code != check else ""
        yield f"  {readable(place.file)}:{place.line}:{place.column}: {level} {code}{readable(problem.message)}"
        shown: set[int] = set()
        first = next((text for where, text in problem.elements if where == place), "")
        for where, text in [(place, first), *problem.elements]:
            if where.line not in shown:
                shown.add(where.line)
                yield from self._excerpt(where, problem.end if where == place else None, text)
        if problem.request:
            yield f"  for example: {readable(problem.request)}"
        if problem.help_url:
            yield f"  see {readable(problem.help_url)}"

    def _excerpt(self, place: Place, end: Place | None, text: str) -> Iterator[str]:
        source = line_of(place)
        if source is None:
            return
        start = place.column - 1
        length = end.column - place.column if end is not None and end.line == place.line else _word(source, start, text)
        cut = max(0, start - WIDTH // 2)
        shown = readable(source[cut : cut + WIDTH])
        yield f"  {place.line:>5} | {shown}"
        caret = "^" * max(1, min(length, WIDTH - (start - cut)))
        yield f"        | {' ' * (start - cut)}{paint(caret, '31', self._colour)}"


def _chosen(outcome: Outcome, number: int) -> int:
    return max(1, min(number, len(outcome.mends)))


def _without_mend(outcome: Outcome) -> Iterator[str]:
    """What to do where no mend is known. Findings of validation say it themselves."""
    if outcome.check == Check.NO_PUBLIC_ACCESS and not outcome.policy.account:
        yield "  mend: say who may still have access, and one is looked for: --organization o-… or --account ID"
    elif outcome.check in set(Check):
        yield "  mend: no change could be proved to pass; change what is marked."


def _line(json: str) -> str:
    return " ".join(readable(json).split())


def line_of(place: Place) -> str | None:
    """The line of the file; None if it is not there any more."""
    lines = _lines(place.file)
    return lines[place.line - 1] if 0 < place.line <= len(lines) else None


@lru_cache(maxsize=32)
def _lines(name: str) -> list[str]:
    try:
        with Path(name).open(encoding="utf-8-sig", errors="replace") as stream:
            return [line.rstrip("\r\n")[:100_000] for line in islice(stream, 200_000)]
    except OSError:
        return []


def _word(source: str, start: int, text: str) -> int:
    """How far the caret reaches: the element's text, a string, or the rest without what is not part of it."""
    rest = source[start:]
    if text and rest.startswith(text):
        return len(text)
    if rest[:1] in {'"', "'"}:
        end = rest.find(rest[0], 1)
        return end + 1 if end > 0 else len(rest)
    return len(rest.partition(" #")[0].rstrip(" ,")) or 1


def _summary(outcomes: Sequence[Outcome], unreadable: Sequence[str]) -> Iterator[str]:
    counts = {result: sum(outcome.result is result for outcome in outcomes) for result in Result}
    failed = Counter(one.name for one in outcomes if one.result is Result.FAIL)
    if counts[Result.FAIL] >= MANY and len(failed) > 1:
        yield "failed: " + ", ".join(f"{readable(name)} {count}" for name, count in failed.most_common())
    policies = len({(one.policy.title, one.policy.place) for one in outcomes})
    told = [f"{counts[result]} {word}" for result, word in _WORDS.items() if counts[result]]
    told += [f"{len(unreadable)} unreadable"] if unreadable else []
    yield f"{policies} {'policy' if policies == 1 else 'policies'}: {', '.join(told) or 'nothing to check'}"


_WORDS = {Result.FAIL: "failed", Result.UNKNOWN: "unknown", Result.PASS: "passed"}


def paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
