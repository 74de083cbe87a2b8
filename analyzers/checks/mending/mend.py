"""From a policy and what must not be allowed to changed policies, each proved.

A pure function: `mend(problem)`. `asked` puts it to a child process with limits of time and memory.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any, NamedTuple

from analyzers.policy import PolicyError
from analyzers.policy.locate import locate
from analyzers.policy.model import Effect, Path
from analyzers.reasoning.automata import TooManyClasses
from analyzers.reasoning.guard import OverLimit, within
from analyzers.reasoning.space import OutOfTime

from .editing import GONE, Edit, apply
from .ground import Ground, Problem
from .proving import GONE_SENTENCE, NOTHING_NEW_SENTENCE, Tried, keeps_more, tried
from .suggest import Suggestion, named, suggestions
from .targets import Unmendable
from .values import PLAINEST, Candidate, Change, Kind, Loss, Mended

SECONDS = 10.0


def asked(problem: Problem, *, seconds: float = SECONDS) -> Mended:
    """As `mend`, within hard limits."""
    try:
        found: Mended = within(seconds, f"{__name__}:mend", problem, seconds=seconds)
        return found
    except OverLimit as error:
        return Mended(note=f"No change could be proved: {error}.", complete=False)


def mend(problem: Problem, *, seconds: float = SECONDS) -> Mended:
    """Changed documents of which it is proved that they allow nothing of the target and nothing new; those that keep
    most of the rest come first. Never raises for what stands in a document."""
    try:
        ground = Ground(problem, seconds)
        return _mended(ground)
    except PolicyError as error:
        return Mended(note=f"The policy cannot be understood, so no change of it can be proved: {error.message}")
    except Unmendable as error:
        return Mended(note=str(error))
    except TooManyClasses as error:
        return Mended(note=f"The policy is too large for a proof: {error}.")
    except OutOfTime:
        return Mended(note=f"No change could be proved within {seconds:g} s.", complete=False)


class Weighed(NamedTuple):
    """Of documents that somebody else proposes: `culprits` are the indexes of the statements that let the target in;
    of each document why it is not to be offered (empty: it is proved), and what else is lost."""

    note: str
    culprits: tuple[int, ...] = ()
    answers: tuple[tuple[str, Loss], ...] = ()


def weighed(problem: Problem, texts: Sequence[str] = (), *, seconds: float = SECONDS) -> Weighed:
    """As `weigh`, within hard limits."""
    try:
        found: Weighed = within(seconds, f"{__name__}:weigh", problem, texts, seconds=seconds)
        return found
    except OverLimit as error:
        return Weighed(f"No change could be proved: {error}.")


def weigh(problem: Problem, texts: Sequence[str] = (), *, seconds: float = SECONDS) -> Weighed:
    """The proof of documents that were not made here. An empty text stands for no policy at all."""
    try:
        ground = Ground(problem, seconds)
        found = [tried(ground, text) for text in texts]
        return Weighed("", ground.culprits, tuple((one.refused, one.loss) for one in found))
    except PolicyError as error:
        return Weighed(f"A policy cannot be understood: {error.message}")
    except Unmendable as error:
        return Weighed(str(error))
    except TooManyClasses as error:
        return Weighed(f"The policy is too large for a proof: {error}.")
    except OutOfTime:
        return Weighed(f"No change could be proved within {seconds:g} s.")


def _mended(ground: Ground) -> Mended:
    proved: list[tuple[Candidate, Tried]] = []
    refused: list[str] = []
    seen: set[str] = set()
    late = ""
    for one in suggestions(ground):
        text = changed(ground.problem.text, one.edits)
        if text in seen or text == ground.problem.text:
            continue
        seen.add(text)
        if one.kind is Kind.DENY and any(candidate.loss.exact for candidate, _ in proved):
            continue  # says the same as a plainer change, with one more statement to read
        try:
            found = tried(ground, text, of_catalogue=one.of_catalogue)
        except OutOfTime:
            late = "The time was over before all changes were tried."
            break
        if found.refused:
            refused.append(f"{one.sentence} Not offered: {found.refused}.")
        else:
            proved.append((_candidate(ground, one, text, found), found))
    candidates = _ordered(ground, proved)
    note = late or _left_with_a_deny(ground, candidates)
    if not candidates:
        doubts = [named(s) for s in ground.policy.statements if s.opaque]
        because = f" {', '.join(doubts[:3])} cannot be understood in full." if doubts else ""
        note = f"No change could be proved.{because} {late}".strip()
    return Mended(tuple(candidates), note, tuple(refused), complete=not late)


def _left_with_a_deny(ground: Ground, candidates: Sequence[Candidate]) -> str:
    """What else could be done where a policy that must not be empty grants nothing but the target."""
    allows = sum(one.effect is Effect.ALLOW for one in ground.policy.statements)
    only_denied = bool(candidates) and all(one.kind is Kind.DENY for one in candidates)
    if ground.place.may_vanish or not only_denied or len(ground.culprits) < allows:
        return ""
    return "The policy lets in nobody else, and it cannot be empty. If nobody needs the resource, delete it instead."


def _ordered(ground: Ground, proved: Sequence[tuple[Candidate, Tried]]) -> list[Candidate]:
    """What is exact first, then what keeps more; of those that keep the same the plainest."""
    less = [0] * len(proved)
    try:
        for (i, (one, _)), (j, (other, _)) in permutations(enumerate(proved), 2):
            if not one.loss.exact and not other.loss.exact and keeps_more(ground, proved[j][1], proved[i][1]):
                less[i] += 1
    except (OutOfTime, TooManyClasses):
        less = [0] * len(proved)  # the plainest first, then
    found = [replace(one, keeps_less_than=count) for (one, _), count in zip(proved, less, strict=True)]
    return sorted(
        found,
        key=lambda one: (
            bool(one.loss.used),
            not one.loss.exact,
            one.keeps_less_than,
            PLAINEST.index(one.kind),
            len(one.edits),
        ),
    )


def changed(text: str, edits: Sequence[Edit]) -> str:
    """The text with the edits; empty if the whole document goes."""
    if any(not edit.path and edit.value is GONE for edit in edits):
        return ""
    return apply(text, edits)


def _candidate(ground: Ground, one: Suggestion, text: str, found: Tried) -> Candidate:
    before = ground.problem.text
    return Candidate(
        kind=one.kind,
        sentence=one.sentence,
        before=before,
        text=text,
        edits=one.edits,
        changes=tuple(told(before, ground.value, edit) for edit in one.edits),
        diff=difference(before, text),
        proof=(GONE_SENTENCE, NOTHING_NEW_SENTENCE),
        loss=found.loss,
    )


def difference(before: str, after: str, name: str = "policy.json") -> str:
    """A unified diff. Documents on one line are spread over lines first, so that something can be seen."""
    old, new = _readable(before), _readable(after)
    if before and "\n" not in before.strip():
        old, new = _pretty(before), _pretty(after)
    lines = difflib.unified_diff(old, new, f"{name} before", f"{name} after", lineterm="", n=3)
    return "\n".join(lines)


def _readable(text: str) -> list[str]:
    return text.splitlines()


def _pretty(text: str) -> list[str]:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines() if text else []


def told(text: str, value: Any, edit: Edit) -> Change:
    """An edit as element, before and after."""
    place = locate(text).get(edit.path)
    before = text[place.value.start.offset : place.value.end.offset] if place is not None else ""
    after = "" if edit.value is GONE else json.dumps(edit.value, indent=2, ensure_ascii=False)
    return Change(element(edit.path), edit.path, before, after)


def element(path: Path) -> str:
    """`Statement 0 › Principal › AWS`."""
    if not path:
        return "the policy"
    steps: list[str] = []
    for number, step in enumerate(path):
        if isinstance(step, int):
            if number == 1:
                steps[-1] = f"Statement {step}"
            continue
        steps.append(step)
    return " › ".join(steps)
