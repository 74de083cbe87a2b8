"""Mend what can be mended in one file, and check the file again.

A policy's mend is kept if the check that failed then passes and no other check of that policy says worse than before;
so a file never gets worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analyzers.checks import mends
from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy
from analyzers.checks.outcome import Mend, Outcome
from analyzers.checks.sources import File, Options, Unreadable, files, policies

from .placing import Unwritable, in_file

MOST_ROUNDS = 5
"""Mends of one policy, one after the other: each check that fails may need one of its own."""
_WORSE = {Result.PASS: 0, Result.UNKNOWN: 1, Result.FAIL: 2}

Check = Callable[[FoundPolicy], list[Outcome]]


class Mended(NamedTuple):
    """A failure that passes now. `note`: what else to do."""

    outcome: Outcome
    mend: Mend
    note: str = ""


class Left(NamedTuple):
    """A failure that is still there. `mend`: what would make it pass, if it is known; `reason`: why it is not done."""

    outcome: Outcome
    reason: str
    mend: Mend | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """`text`: of the file after all mends that hold; `outcomes`: of all checks of that text, `before`: of the text as
    it was. `broken`: no policies, not checked."""

    file: File
    text: str
    mended: tuple[Mended, ...]
    left: tuple[Left, ...]
    outcomes: tuple[Outcome, ...]
    before: tuple[Outcome, ...]
    broken: tuple[FoundPolicy, ...] = ()

    @property
    def changed(self) -> bool:
        return self.text != self.file.text


def fixed(file: File, options: Options, check: Check, *, number: int = 1, also_broken: bool = False) -> Fixed:
    """`number`: which mend of a failure is taken, from 1; the last one where there are fewer. `also_broken`: the check
    has something to say of texts that are no policies, too. Raises Unreadable."""
    crlf = "\r\n" in file.text and file.text.count("\r\n") == file.text.count("\n")
    text = file.text.replace("\r\n", "\n") if crlf else file.text
    mended: list[Mended] = []
    left: list[Left] = []
    outcomes: list[Outcome] = []
    before: list[Outcome] = []
    broken: list[FoundPolicy] = []
    reading = _Reading(file, options)
    for place, policy in enumerate(reading.of(text)):
        if policy.unreadable and not also_broken:
            broken.append(policy)
            continue
        work = _Policy(reading, check, number, place)
        text = work.mend(text)
        mended += work.mended
        left += work.left
        outcomes += work.outcomes
        before += work.before
    text = text.replace("\n", "\r\n") if crlf else text
    return Fixed(file, text, tuple(mended), tuple(left), tuple(outcomes), tuple(before), tuple(broken))


def difference(found: Fixed) -> str:
    """What changes in the file, as a unified diff."""
    return _diff(found.file, found.text)


def as_written(outcome: Outcome, options: Options) -> Outcome:
    """With the diffs of mends in the words of the file that the policy stands in, where they can be written there."""
    for file in files([outcome.policy.place.file]):
        if not isinstance(file, Unreadable):
            return replace(outcome, mends=tuple(_as_written(file, outcome, one, options) for one in outcome.mends))
    return outcome


def _as_written(file: File, outcome: Outcome, mend: Mend, options: Options) -> Mend:
    try:
        return mend._replace(diff=_diff(file, in_file(file, outcome.policy, mend, options)), in_file=True)
    except Unwritable:
        return mend


def _diff(file: File, text: str) -> str:
    return mends.difference(file.text, text, file.name)


class _Reading:
    """The policies of a text of the file; those of the last text are kept, because most policies need no mend."""

    def __init__(self, file: File, options: Options) -> None:
        self.file, self.options = file, options
        self._last: tuple[str, list[FoundPolicy]] | None = None

    def of(self, text: str) -> list[FoundPolicy]:
        """Raises Unreadable."""
        if self._last is None or self._last[0] != text:
            self._last = text, list(policies(self.file._replace(text=text), self.options))
        return self._last[1]


class _Policy:
    """The policy at a place among those of the file: mends change none of the others."""

    def __init__(self, reading: _Reading, check: Check, number: int, place: int) -> None:
        self._reading, self._check = reading, check
        self._number, self._place = number, place
        self.mended: list[Mended] = []
        self.left: list[Left] = []
        self.before: list[Outcome] = []
        self.outcomes: list[Outcome] = []

    def mend(self, text: str) -> str:
        """The text with this policy mended as far as it can be."""
        found = self._found(text)
        self.before = self.outcomes = self._check(found)
        hopeless: set[str] = set()
        for _ in range(MOST_ROUNDS):
            failing = next((one for one in self.outcomes if self._fails(one) and one.name not in hopeless), None)
            if failing is None:
                break
            changed = self._mended(text, found, failing)
            if changed is None:
                hopeless.add(failing.name)
            else:
                text, found = changed, self._found(changed)
        told = {one.outcome.name for one in self.left}
        self.left += [
            Left(one, f"after {MOST_ROUNDS} mends it still fails")
            for one in self.outcomes
            if self._fails(one) and one.name not in told
        ]
        return text

    def _mended(self, text: str, found: FoundPolicy, failing: Outcome) -> str | None:
        """None: it cannot be, and `left` says why."""
        told = failing.mended()
        found_mends = told.mends
        if not found_mends:
            self.left.append(Left(told, _no_mend(told)))
            return None
        mend = found_mends[max(1, min(self._number, len(found_mends))) - 1]
        try:
            changed = in_file(self._reading.file._replace(text=text), found, mend, self._reading.options)
            outcomes = self._check(self._found(changed))
        except (Unwritable, Unreadable, LookupError) as error:
            self.left.append(Left(told, str(error), mend))
            return None
        if worse := _worse(self.outcomes, outcomes, failing):
            self.left.append(Left(told, worse, mend))
            return None
        self.mended.append(Mended(told, mend, _note(found)))
        self.outcomes = outcomes
        return changed

    @staticmethod
    def _fails(outcome: Outcome) -> bool:
        return outcome.result is Result.FAIL

    def _found(self, text: str) -> FoundPolicy:
        """Raises Unreadable, and LookupError if the policy is not there any more."""
        return self._reading.of(text)[self._place]


def _worse(before: Sequence[Outcome], after: Sequence[Outcome], failing: Outcome) -> str:
    """Why the mend is not kept; empty if it is."""
    if len(before) != len(after):
        return "with the mend other checks are about the policy"
    for old, new in zip(before, after, strict=True):
        if old is failing and new.result is not Result.PASS:
            return f"with the mend the check says {new.result}"
        if _WORSE[new.result] > _WORSE[old.result]:
            return f"with the mend {new.name} would be {new.result}: {new.message}"
    return ""


def _no_mend(outcome: Outcome) -> str:
    if outcome.check == "validate":
        return "what is wrong is told at each finding, and has to be changed by hand"
    if outcome.check == "no-public-access" and not outcome.policy.account:
        return "say with --organization o-… or --account ID who may still have access"
    return "no change could be proved to pass"


def _note(policy: FoundPolicy) -> str:
    if policy.inside and " (" in policy.name:
        made = policy.name.partition(" (")[2].removesuffix(")")
        return f"CDK made this template: make the same change in the code of {made}, or it is lost."
    return ""
