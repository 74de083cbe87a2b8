"""`analyzer-portal`: check policies before they are deployed, explain them, and mend them.

Exit status: 0 everything passes, 1 something fails, 2 wrong use or unreadable input, 3 something is unknown and nothing
fails.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from analyzers.reasoning import guard
from analyzers.reasoning.question import PolicyType

from .output import FORMATS

PASSED, WRONG_USE = 0, 2
SECONDS = 5.0
ASKING = frozenset({"check", "fix", "guardrail", "explain"})
"""Commands that ask the solver, whose process starts while the rest is loaded."""

LEVELS = ("ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION")
"""Types of validation findings, the gravest first."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command in ASKING:
        guard.warm()
    from .wanted import WrongUse

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


def _check(options: argparse.Namespace) -> int:
    from .checking import check

    return check(options)


def _fix(options: argparse.Namespace) -> int:
    from .fixing import fix

    return fix(options)


def _explain(options: argparse.Namespace) -> int:
    from .explaining import explain

    return explain(options)


def _library(options: argparse.Namespace) -> int:
    from analyzers.checks import guardrails

    for name in guardrails.names():
        about, parameters = guardrails.summary(name)
        print(f"{name}\n    {about}")  # noqa: T201
        for parameter, meaning in parameters.items():
            print(f"    --with {parameter}=…  {meaning}")  # noqa: T201
    return PASSED


# -- what can be said ----------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="analyzer-portal", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    checks = commands.add_parser("check", help="one of the policy checks").add_subparsers(
        required=True, metavar="CHECK"
    )
    _checks(checks, _check)
    _guardrail(commands, _check)
    _validate(commands, _check)
    mending = commands.add_parser("fix", help="the same checks; shows mends, and writes them with --write")
    mending.add_argument("--write", action="store_true", help="change the files")
    fixes = mending.add_subparsers(required=True, metavar="CHECK")
    _checks(fixes, _fix)
    _guardrail(fixes, _fix)
    _validate(fixes, _fix)
    for one in fixes.choices.values():
        one.add_argument("--write", action="store_true", default=argparse.SUPPRESS, help="change the files")
    explain = commands.add_parser("explain", help="what policies say, in plain sentences", allow_abbrev=False)
    explain.set_defaults(run=_explain)
    _where(explain, ("text", "json", "markdown"))
    listing = commands.add_parser("guardrails", help="list the library of guardrails")
    listing.set_defaults(run=_library)
    importlib.import_module("analyzers.telling.command").register(commands)  # by name: checks know nothing of it
    return parser


Run = Callable[[argparse.Namespace], int]


def _checks(commands: argparse._SubParsersAction[argparse.ArgumentParser], run: Run) -> None:
    new = _command(commands, "no-new-access", "nothing is allowed that a reference does not", run, "no_new_access")
    new.add_argument("--reference", required=True, metavar="FILE", help="the policy that bounds what is allowed")
    granted = _command(commands, "access-not-granted", "nothing of some access is granted", run, "access_not_granted")
    granted.add_argument("--actions", action="append", default=[], metavar="A,B", help="s3:Delete*,iam:PassRole")
    granted.add_argument("--resources", action="append", default=[], metavar="A,B", help="ARNs, * and ? allowed")
    _command(commands, "no-public-access", "nobody gets in who is not named", run, "no_public_access")


def _guardrail(commands: argparse._SubParsersAction[argparse.ArgumentParser], run: Run) -> None:
    about = "a named set of rules: one of the library, or a file"
    parser = _command(commands, "guardrail", about, run, "guardrail", before="guardrail")
    parser.add_argument(
        "--with", dest="given", action="append", default=[], metavar="NAME=VALUE[,VALUE]", help="parameter"
    )


def _validate(commands: argparse._SubParsersAction[argparse.ArgumentParser], run: Run) -> None:
    parser = _command(commands, "validate", "what AWS would refuse, or warn of", run, "validate")
    parser.set_defaults(also_broken=True)
    parser.add_argument(
        "--level", choices=LEVELS, default="SECURITY_WARNING", help="the lowest type of finding that fails"
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    run: Run,
    made: str,
    before: str = "",
) -> argparse.ArgumentParser:
    """`made`: the function of `wanted` that makes the check. `before`: the name of an argument before the paths."""
    parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    parser.set_defaults(run=run, made=made, also_broken=False)
    if before:
        parser.add_argument(before, metavar=before.upper())
    _where(parser, FORMATS)
    parser.add_argument("--quiet", action="store_true", help="as text and Markdown: only what does not pass")
    parser.add_argument("--no-mends", action="store_true", help="verdicts only: mends take longer")
    parser.add_argument("--mend", type=int, default=1, metavar="N", help="which of several mends (default: the first)")
    parser.add_argument("--organization", default="", metavar="o-…", help="your organization, for mends")
    parser.add_argument("--account", default="", metavar="ID", help="the account of the resources, for mends")
    return parser


def _where(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Which policies, and how they are read."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="policies, templates, or folders of them")
    parser.add_argument("--format", choices=formats, default="text")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="NAME=VALUE", help="a value that a template leaves open"
    )
    parser.add_argument("--managed", default="", metavar="FOLDER", help="texts of managed policies, NAME.json")
    parser.add_argument(
        "--policy-type",
        type=PolicyType,
        choices=list(PolicyType),
        metavar="TYPE",
        help=f"of plain policies: {', '.join(PolicyType)}; by default one that names principals is a resource's",
    )
    parser.add_argument("--resource-type", default="", metavar="TYPE", help="of plain policies: AWS::S3::Bucket, ...")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit (default: %(default)s)")


if __name__ == "__main__":
    raise SystemExit(main())
