"""For people at a terminal: what is wrong, where, with a caret, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from analyzers.checks.custom import Result
from analyzers.checks.found import Place, readable
from analyzers.checks.outcome import Level, Outcome, Problem

WIDTH = 160
_COLOURS = {
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


def mend(outcome: Outcome, *, colour: bool) -> str:
    return _text(_Told(colour).mend(outcome))


def summary(outcomes: Sequence[Outcome], unreadable: Sequence[str], *, colour: bool) -> str:
    lines = [f"{_paint('UNREADABLE', '31', colour)}  {readable(message)}" for message in unreadable]
    return _text([*lines, _summary(outcomes, unreadable)])


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class _Told:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def verdict(self, outcome: Outcome) -> Iterator[str]:
        name = _paint(f"{outcome.result:<7}", _COLOURS[outcome.result], self._colour)
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
        if outcome.result is Result.UNKNOWN:
            for one in outcome.missing:
                name, why = readable(one.name), f" ({readable(one.why)})" if one.why else ""
                yield f"  not known: {name}{why}; give it with --assume {name}=VALUE"

    def mend(self, outcome: Outcome) -> Iterator[str]:
        for mend in outcome.mends[:1]:
            yield f"  mend: {readable(mend.summary)}"
            yield from (f"    {self._changed(readable(line))}" for line in mend.diff.splitlines())
            yield from (f"  proved: {readable(sentence)}" for sentence in mend.proof)
        if outcome.problems:
            yield ""

    def _problem(self, problem: Problem, check: str) -> Iterator[str]:
        place = problem.place
        level = _paint(problem.level, _COLOURS[problem.level], self._colour)
        code = f"{problem.code}: " if problem.code != check else ""
        yield f"  {readable(place.file)}:{place.line}:{place.column}: {level} {code}{readable(problem.message)}"
        shown: set[int] = set()
        for where, text in [(place, ""), *problem.elements]:
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
        length = end.column - place.column if end is not None and end.line == place.line else _word(source, start)
        cut = max(0, start - WIDTH // 2)
        shown = readable(source[cut : cut + WIDTH])
        yield f"  {place.line:>5} | {shown}"
        caret = "^" * max(1, min(length, WIDTH - (start - cut)))
        yield f"        | {' ' * (start - cut)}{_paint(caret, '31', self._colour)}"

    def _changed(self, line: str) -> str:
        code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
        return _paint(line, code, self._colour) if code else line


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


def _word(source: str, start: int) -> int:
    """How far the caret reaches: a string, or up to the next comma."""
    rest = source[start:]
    if rest[:1] in {'"', "'"}:
        end = rest.find(rest[0], 1)
        return end + 1 if end > 0 else len(rest)
    return len(rest.rstrip(" ,")) or 1


def _summary(outcomes: Sequence[Outcome], unreadable: Sequence[str]) -> str:
    counts = {result: sum(outcome.result is result for outcome in outcomes) for result in Result}
    policies = len({(one.policy.title, one.policy.place) for one in outcomes})
    told = [f"{counts[result]} {word}" for result, word in _WORDS.items() if counts[result]]
    told += [f"{len(unreadable)} unreadable"] if unreadable else []
    return f"{policies} {'policy' if policies == 1 else 'policies'}: {', '.join(told) or 'nothing to check'}"


_WORDS = {Result.FAIL: "failed", Result.UNKNOWN: "unknown", Result.PASS: "passed"}


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
