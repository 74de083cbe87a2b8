"""`fix`: show mends as they would be written, and write them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any

from analyzers.checks.custom import Result
from analyzers.checks.fixing import Fixed, NotWritten, difference, fixed, write
from analyzers.checks.found import readable
from analyzers.checks.outcome import Outcome, worst
from analyzers.checks.sources import File, Options, Unreadable, files, policies

from .checking import STATUS, WRONG_USE, colour, say
from .output import text
from .output.json import outcome_of
from .wanted import Check, WrongUse, check_of, reading


def fix(options: argparse.Namespace) -> int:
    """Exit status as of the check, of the files as they are afterwards."""
    if options.format not in {"text", "json"}:
        raise WrongUse("fix writes text or json; other formats are those of check.")
    made = check_of(options)
    chosen = reading(options)
    told: list[dict[str, Any]] = []
    outcomes: list[Outcome] = []
    unreadable: list[str] = []
    count = 0
    for file in files(options.paths):
        try:
            if isinstance(file, Unreadable):
                raise file
            found = fixed(file, chosen, made, number=options.mend, also_broken=options.also_broken)
        except Unreadable as error:
            unreadable.append(str(error))
            continue
        trouble = _write(found, chosen, made, options.also_broken) if options.write and found.changed else ""
        written = options.write and found.changed and not trouble
        outcomes += found.outcomes if written else found.before
        count += len(found.mended) if written else 0
        unreadable += [f"{one.title}: {one.unreadable}" for one in found.broken]
        if options.format == "json":
            told.append(_as_json(found, written=written, trouble=trouble))
        else:
            say(_as_text(found, options, written=written, trouble=trouble))
    if options.format == "json":
        result = "UNREADABLE" if unreadable else str(worst(outcomes))
        say(json.dumps({"result": result, "files": told, "unreadable": unreadable}, indent=1) + "\n")
    else:
        say(text.summary(outcomes, unreadable, colour=colour()))
    return WRONG_USE if unreadable else STATUS[worst(outcomes)]


def _write(found: Fixed, options: Options, made: Check, also_broken: bool) -> str:
    """Why the file is as it was; empty if it is written, and checked again as it is on disk."""
    try:
        write(found.file.path, found.file.text, found.text)
    except NotWritten as error:
        return str(error)
    reason = _differs(found, options, made, also_broken)
    if reason:
        try:
            write(found.file.path, found.text, found.file.text)
        except NotWritten as error:
            return f"{reason} It could not be put back: {error}"
        return f"{reason} The file was put back as it was."
    return ""


def _differs(found: Fixed, options: Options, made: Check, also_broken: bool) -> str:
    """What the written file says otherwise than was proved before it was written."""
    again: list[Outcome] = []
    try:
        for file in files([found.file.name]):
            if isinstance(file, Unreadable):
                return f"After writing it could not be read: {file}"
            again += _checked(file, options, made, also_broken)
    except Unreadable as error:
        return f"After writing it could not be read: {error}"
    wanted = [(one.policy.title, one.name, one.result) for one in found.outcomes]
    if [(one.policy.title, one.name, one.result) for one in again] != wanted:
        return "After writing the checks said something else than before."
    return ""


def _checked(file: File, options: Options, made: Check, also_broken: bool) -> Iterable[Outcome]:
    for policy in policies(file, options):
        if not policy.unreadable or also_broken:
            yield from made(policy)


# -- telling -------------------------------------------------------------------------------------------------------


def _as_text(found: Fixed, options: argparse.Namespace, *, written: bool, trouble: str) -> str:
    painted = colour()
    lines: list[str] = []
    for one in found.mended:
        state = "FIXED" if written else "FIXABLE"
        lines.append(f"{text.paint(f'{state:<7}', '32', painted)} {_head(one.outcome)}")
        lines += [f"  {readable(problem.message)}" for problem in one.outcome.problems]
        lines.append(f"  mend: {readable(one.mend.summary)}")
        lines += [f"  note: {readable(note)}" for note in (one.mend.loss, one.note) if note]
        lines += text.others(one.outcome, options.mend)
    if found.changed:
        lines += [f"    {text.changed(readable(line), painted)}" for line in difference(found).splitlines()]
        if trouble:
            lines.append(f"  {text.paint('NOT WRITTEN', '31', painted)} {readable(trouble)}")
        elif not written:
            lines.append("  Nothing is written yet: say fix --write to change the file.")
        else:
            lines.append(f"  {readable(found.file.name)} is written and was checked again.")
        lines.append("")
    for left in found.left:
        lines.append(f"{text.paint('FAIL   ', '31', painted)} {_head(left.outcome)}")
        lines += [f"  {_place(one.place)} {readable(one.message)}" for one in left.outcome.problems]
        lines.append(f"  not fixed: {readable(left.reason)}.")
        if left.mend is not None:
            lines += text.by_hand(left.mend)
        lines.append("")
    unknown = [one for one in found.outcomes if one.result is Result.UNKNOWN]
    return "".join(f"{line}\n" for line in lines) + "".join(text.verdict(one, colour=painted) for one in unknown)


def _head(outcome: Outcome) -> str:
    return f"{readable(outcome.policy.title)}  [{readable(outcome.name)}]"


def _place(place: Any) -> str:
    return f"{readable(place.file)}:{place.line}:{place.column}:"


def _as_json(found: Fixed, *, written: bool, trouble: str) -> dict[str, Any]:
    outcomes: Sequence[Outcome] = found.outcomes if written else found.before
    return {
        "file": found.file.name,
        "written": written,
        "trouble": readable(trouble),
        "diff": readable(difference(found)) if found.changed else "",
        "mended": [
            {"policy": one.outcome.policy.title, "check": one.outcome.name, "summary": readable(one.mend.summary)}
            for one in found.mended
        ],
        "left": [
            {
                "policy": one.outcome.policy.title,
                "check": one.outcome.name,
                "reason": readable(one.reason),
                "byHand": [readable(line).strip() for line in text.by_hand(one.mend)] if one.mend else [],
            }
            for one in found.left
        ],
        "outcomes": [outcome_of(one) for one in outcomes],
    }
