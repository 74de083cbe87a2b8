"""`analyzer-portal`: check policies before they are deployed.

Exit status: 0 everything passes, 1 something fails, 2 wrong use or unreadable input, 3 something is unknown and nothing
fails.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analyzers.checks import asking, custom, guardrails, validating
from analyzers.checks.asking import Owner
from analyzers.checks.custom import Access, Result
from analyzers.checks.found import FoundPolicy
from analyzers.checks.outcome import Outcome, worst
from analyzers.checks.sources import MAX_FILE, Options, Unreadable, read
from analyzers.checks.validating import validated
from analyzers.policy import Policy, PolicyError, parse
from analyzers.reasoning.question import PolicyType

from .output import FORMATS, text, writer

PASSED, FAILED, WRONG_USE, UNKNOWN = 0, 1, 2, 3
_STATUS = {Result.PASS: PASSED, Result.FAIL: FAILED, Result.UNKNOWN: UNKNOWN}
MOST_MENDED = 20
"""Failures that a mend is looked for: of hundreds nobody reads each."""
AT_ONCE = 2
"""Policies asked about at the same time: as many as there are processes for questions."""

Check = Callable[[FoundPolicy], list[Outcome]]


class WrongUse(Exception):
    """The message says what to do instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except WrongUse as error:
        print(f"analyzer-portal: {error}", file=sys.stderr)  # noqa: T201
        return WRONG_USE
    except BrokenPipeError:  # the reader of our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG_USE
    except KeyboardInterrupt:
        return WRONG_USE


# -- what to do ----------------------------------------------------------------------------------------------------


def _no_new_access(options: argparse.Namespace) -> int:
    reference = _policy(options.reference)
    return _run(options, lambda found: [asking.no_new_access(found, reference, seconds=options.seconds)])


def _access_not_granted(options: argparse.Namespace) -> int:
    actions, resources = _split(options.actions), _split(options.resources)
    if not actions and not resources:
        raise WrongUse("say with --actions, --resources or both what must not be granted.")
    if wrong := [one for one in actions if not custom.is_action(one)]:
        raise WrongUse(f"--actions {wrong[0]}: write service:Action, as in s3:GetObject; * and ? allowed.")
    if wrong := [one for one in resources if not custom.is_resource(one)]:
        raise WrongUse(f"--resources {wrong[0]}: write ARNs, as in arn:aws:s3:::bucket/*; * and ? allowed.")
    access = [Access(actions, resources)]
    return _run(options, lambda found: [asking.access_not_granted(found, access, seconds=options.seconds)])


def _no_public_access(options: argparse.Namespace) -> int:
    return _run(options, lambda found: [asking.no_public_access(found, owner=_owner(options), seconds=options.seconds)])


def _guardrail(options: argparse.Namespace) -> int:
    try:
        guardrail = guardrails.load(options.guardrail, _pairs("--with", options.given))
    except guardrails.GuardrailError as error:
        raise WrongUse(str(error)) from error

    def check(found: FoundPolicy) -> list[Outcome]:
        rules = guardrails.applicable(guardrail, found)
        return [guardrails.outcome(rule, found, owner=_owner(options), seconds=options.seconds) for rule in rules]

    return _run(options, check)


def _owner(options: argparse.Namespace) -> Owner:
    return Owner(options.organization, options.account)


def _validate(options: argparse.Namespace) -> int:
    return _run(options, lambda found: [validated(found, options.level)], also_broken=True)


def _library(options: argparse.Namespace) -> int:
    for name in guardrails.names():
        about, parameters = guardrails.summary(name)
        print(f"{name}\n    {about}")  # noqa: T201
        for parameter, meaning in parameters.items():
            print(f"    --with {parameter}=…  {meaning}")  # noqa: T201
    return PASSED


def _run(options: argparse.Namespace, check: Check, *, also_broken: bool = False) -> int:
    """`also_broken`: the check has something to say of texts that are no policies, too."""
    chosen = Options(_pairs("--assume", options.assume), options.policy_type, options.resource_type, options.managed)
    policies: list[FoundPolicy] = []
    unreadable: list[str] = []
    for found in read(options.paths, chosen):
        if isinstance(found, Unreadable):
            unreadable.append(str(found))
        elif found.unreadable and not also_broken:
            unreadable.append(f"{found.title}: {found.unreadable}")
        else:
            policies.append(found)
    outcomes = _tell(check_all(policies, check), unreadable, options)
    return WRONG_USE if unreadable else _STATUS[worst(outcomes)]


def _tell(found: Iterable[Outcome], unreadable: Sequence[str], options: argparse.Namespace) -> list[Outcome]:
    """Write everything; as text each verdict as soon as it is there. The first failures are mended."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    mends = 0 if options.no_mends else MOST_MENDED
    outcomes: list[Outcome] = []
    for outcome in found:
        if options.format == "text":
            _write(text.verdict(outcome, colour=colour))
        if outcome.mender is not None and mends > 0:
            mends -= 1
            outcome = outcome.mended()
        if options.format == "text":
            _write(text.mend(outcome, colour=colour))
        outcomes.append(outcome)
    if options.format == "text":
        _write(text.summary(outcomes, unreadable, colour=colour))
    else:
        _write(writer(options.format).write(outcomes, unreadable, colour=colour))
    return outcomes


def _write(told: str) -> None:
    sys.stdout.write(told)
    sys.stdout.flush()


def check_all(policies: Iterable[FoundPolicy], check: Check) -> Iterator[Outcome]:
    """In the order of the policies."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for outcomes in threads.map(check, policies):
            yield from outcomes


# -- what was said -------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="analyzer-portal", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="one of the policy checks").add_subparsers(required=True, metavar="CHECK")
    new = _command(check, custom.Check.NO_NEW_ACCESS, "nothing is allowed that a reference does not", _no_new_access)
    new.add_argument("--reference", required=True, metavar="FILE", help="the policy that bounds what is allowed")
    granted = _command(check, custom.Check.ACCESS_NOT_GRANTED, "nothing of some access is granted", _access_not_granted)
    granted.add_argument("--actions", action="append", default=[], metavar="A,B", help="s3:Delete*,iam:PassRole")
    granted.add_argument("--resources", action="append", default=[], metavar="A,B", help="ARNs, * and ? allowed")
    _command(check, custom.Check.NO_PUBLIC_ACCESS, "nobody gets in who is not named", _no_public_access)
    guardrail = _command(
        commands, "guardrail", "a named set of rules: one of the library, or a file", _guardrail, before="guardrail"
    )
    guardrail.add_argument(
        "--with", dest="given", action="append", default=[], metavar="NAME=VALUE[,VALUE]", help="parameter"
    )
    validate = _command(commands, "validate", "what AWS would refuse, or warn of", _validate)
    validate.add_argument(
        "--level", choices=validating.ORDER, default="SECURITY_WARNING", help="the lowest type of finding that fails"
    )
    listing = commands.add_parser("guardrails", help="list the library of guardrails")
    listing.set_defaults(run=_library)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    run: Callable[[argparse.Namespace], int],
    before: str = "",
) -> argparse.ArgumentParser:
    """`before`: the name of an argument before the paths."""
    parser = commands.add_parser(str(name), help=about, description=about, allow_abbrev=False)
    parser.set_defaults(run=run)
    if before:
        parser.add_argument(before, metavar=before.upper())
    parser.add_argument("paths", nargs="+", metavar="PATH", help="policies, templates, or folders of them")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="NAME=VALUE", help="a value that a template leaves open"
    )
    parser.add_argument("--no-mends", action="store_true", help="verdicts only: mends take longer")
    parser.add_argument("--organization", default="", metavar="o-…", help="your organization, for mends")
    parser.add_argument("--account", default="", metavar="ID", help="the account of the resources, for mends")
    parser.add_argument("--managed", default="", metavar="FOLDER", help="texts of managed policies, NAME.json")
    parser.add_argument(
        "--policy-type",
        type=PolicyType,
        choices=list(PolicyType),
        metavar="TYPE",
        help=f"of plain policies: {', '.join(PolicyType)}; by default one that names principals is a resource's",
    )
    parser.add_argument("--resource-type", default="", metavar="TYPE", help="of plain policies: AWS::S3::Bucket, ...")
    parser.add_argument("--seconds", type=float, default=custom.SECONDS, help="time limit (default: %(default)s)")
    return parser


def _policy(name: str) -> Policy:
    try:
        return parse(Path(name).read_bytes(), statement_required=False)
    except OSError as error:
        raise WrongUse(f"{name} cannot be read: {error.strerror}.") from error
    except PolicyError as error:
        raise WrongUse(f"{name}: {error}") from error


def _pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE; a value `@FILE` is what the file holds."""
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise WrongUse(f"{option} {one}: write NAME=VALUE.")
        found[name] = _content(value[1:]) if value.startswith("@") else value
    return found


def _content(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")[:MAX_FILE]
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{name} cannot be read.") from error


def _split(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(text.strip() for one in given for text in one.split(",") if text.strip())


if __name__ == "__main__":
    raise SystemExit(main())
