"""`check`, `validate`, `guardrail`: ask of every policy, and tell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy
from analyzers.checks.outcome import Outcome, worst
from analyzers.checks.sources import Unreadable, read

from .output import text, writer
from .wanted import Check, check_of, reading

PASSED, FAILED, WRONG_USE, UNKNOWN = 0, 1, 2, 3
STATUS = {Result.PASS: PASSED, Result.FAIL: FAILED, Result.UNKNOWN: UNKNOWN}
MOST_MENDED = 20
"""Failures that a mend is looked for: of hundreds nobody reads each."""
MANY = 50
"""From this many policies on, those that pass are only counted."""
AT_ONCE = 2
"""Policies asked about at the same time: as many as there are processes for questions."""


def check(options: argparse.Namespace) -> int:
    made = check_of(options)
    chosen = reading(options)
    policies: list[FoundPolicy] = []
    unreadable: list[str] = []
    for found in read(options.paths, chosen):
        if isinstance(found, Unreadable):
            unreadable.append(str(found))
        elif found.unreadable and not options.also_broken:
            unreadable.append(f"{found.title}: {found.unreadable}")
        else:
            policies.append(found)
    quiet = options.quiet or len(policies) >= MANY
    outcomes = _tell(check_all(policies, made), unreadable, options, quiet=quiet)
    return WRONG_USE if unreadable else STATUS[worst(outcomes)]


def colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def say(told: str) -> None:
    sys.stdout.write(told)
    sys.stdout.flush()


def check_all(policies: Iterable[FoundPolicy], made: Check) -> Iterator[Outcome]:
    """In the order of the policies."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for outcomes in threads.map(made, policies):
            yield from outcomes


def _tell(
    found: Iterable[Outcome], unreadable: Sequence[str], options: argparse.Namespace, *, quiet: bool
) -> list[Outcome]:
    """Write everything; as text each verdict as soon as it is there. The first failures are mended."""
    painted = colour()
    mends = 0 if options.no_mends else MOST_MENDED
    without = 0
    outcomes: list[Outcome] = []
    for outcome in found:
        shown = options.format == "text" and not (quiet and outcome.result is Result.PASS)
        if shown:
            say(text.verdict(outcome, colour=painted))
        if outcome.mender is not None:
            if mends > 0:
                mends -= 1
                outcome = _with_files(outcome.mended(), options)
            else:
                without += 1
        if shown:
            say(text.mend(outcome, colour=painted, number=options.mend))
        outcomes.append(outcome)
    if options.format == "text":
        if without and not options.no_mends:
            say(f"Mends were looked for in the first {MOST_MENDED} failures; {without} more have none here.\n")
        say(text.summary(outcomes, unreadable, colour=painted))
    else:
        told = [one for one in outcomes if one.result is not Result.PASS] if _leaves_out(options) else outcomes
        say(writer(options.format).write(told, unreadable, colour=painted))
    return outcomes


def _leaves_out(options: argparse.Namespace) -> bool:
    """Programs are told everything."""
    return bool(options.quiet) and options.format == "markdown"


def _with_files(outcome: Outcome, options: argparse.Namespace) -> Outcome:
    """With diffs of the file itself where the mend can be written there."""
    if not outcome.mends or not outcome.policy.name:
        return outcome
    from analyzers.checks.fixing import as_written

    return as_written(outcome, reading(options))
