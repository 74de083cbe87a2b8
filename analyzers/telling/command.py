"""`analyzer-portal tell`: a result of the checks, told where engineers work.

Exit status: 0 everything is told, 1 something could not be told, 2 wrong use. What the checks found does not change it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from .finding import Finding
    from .keeping import Report, Shelf
    from .wording import Wording

TOLD, NOT_TOLD, WRONG_USE = 0, 1, 2
LABEL = "analyzer-portal"
MOST_WORDED = 10
"""Findings that a model is asked about in one run."""

Service = Callable[[argparse.Namespace, "Sequence[Finding]"], "Report"]


class Sender(Protocol):
    def send(self, findings: Sequence[Finding], name: str) -> None: ...


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Everything heavy is loaded only when it is asked for."""
    about = "tell a result (--format json) where engineers work"
    tell = commands.add_parser("tell", help=about, description=about, allow_abbrev=False)
    services = tell.add_subparsers(required=True, metavar="SERVICE")
    one = _service(services, "github", "issues, or comments on a pull request (GITHUB_TOKEN, GITHUB_API_URL)", _github)
    where = one.add_mutually_exclusive_group(required=True)
    where.add_argument("--pull-request", type=_number, metavar="N", help="comment on this pull request")
    where.add_argument("--issues", action="store_true", help="keep issues")
    one.add_argument("--repository", default=os.environ.get("GITHUB_REPOSITORY", ""), metavar="OWNER/NAME")
    one.add_argument("--author", default="", metavar="LOGIN", help="whose entries are ours, if the token may not say")
    one = _service(services, "gitlab", "issues, or notes on a merge request (GITLAB_TOKEN, GITLAB_URL)", _gitlab)
    where = one.add_mutually_exclusive_group(required=True)
    where.add_argument("--merge-request", type=_number, metavar="N", help="write notes on this merge request")
    where.add_argument("--issues", action="store_true", help="keep issues")
    one.add_argument("--repository", default=os.environ.get("CI_PROJECT_PATH", ""), metavar="GROUP/PROJECT")
    one = _service(services, "slack", "messages (SLACK_BOT_TOKEN), or one a run (SLACK_WEBHOOK_URL)", _slack)
    one.add_argument(
        "--channel", default="", metavar="ID", help="with a bot's token: where messages are kept up to date"
    )
    _service(services, "webhook", "one signed request with everything (WEBHOOK_URL, WEBHOOK_SECRET)", _webhook)


def _service(
    services: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str, tell: Service
) -> argparse.ArgumentParser:
    parser = services.add_parser(name, help=about, description=about, allow_abbrev=False)
    parser.set_defaults(run=_run, tell=tell)
    parser.add_argument("result", nargs="?", default="-", metavar="RESULT.json", help="by default standard input")
    parser.add_argument("--name", default="policies", help="of this pipeline; entries of other names are not touched")
    parser.add_argument("--complete", action="store_true", help="the result is of all policies: close what is gone")
    parser.add_argument("--dry-run", action="store_true", help="print the texts, tell nobody")
    if name in ("github", "gitlab"):
        parser.add_argument("--label", default=LABEL, help="of issues (default: %(default)s)")
        _wording(parser)
    return parser


def _wording(parser: argparse.ArgumentParser) -> None:
    words = parser.add_argument_group("words of a model in Amazon Bedrock; the rest of the text never depends on them")
    words.add_argument("--word-with", default="", metavar="MODEL_ID")
    again = parser.add_argument_group("what was checked, to prove what a model proposes")
    again.add_argument("--guardrail", default="", metavar="NAME-OR-FILE")
    again.add_argument("--with", dest="given", action="append", default=[], metavar="NAME=VALUE")
    again.add_argument("--reference", default="", metavar="FILE")
    again.add_argument("--actions", default="", metavar="A,B")
    again.add_argument("--resources", default="", metavar="A,B")


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _run(options: argparse.Namespace) -> int:
    from .access import WrongUse
    from .finding import MOST, NotAResult, read
    from .keeping import Did, Line
    from .patience import Refused

    try:
        findings = read(_result(options.result))
        told = [one for one in findings if not one.passes]
        if len(told) > MOST:
            _say(f"Only the first {MOST} of {len(told)} findings are told.", sys.stderr)
            left = {one.key for one in told[MOST:]}
            findings = [one for one in findings if one.key not in left]
            options.complete = False
        if options.dry_run:
            return _dry_run(options, findings)
        report = options.tell(options, findings)
        if len(told) > MOST:
            report.lines.append(Line(Did.FAILED, f"{len(told) - MOST} more findings", "too many"))
    except (WrongUse, NotAResult) as error:
        _say(f"analyzer-portal: {error}", sys.stderr)
        return WRONG_USE
    except Refused as error:
        _say(f"analyzer-portal: {error}", sys.stderr)
        return NOT_TOLD
    for line in report.lines:
        _say(f"{line.did}: {line.title}{f' ({line.detail})' if line.detail else ''}")
    if not report.lines:
        _say("Nothing to tell.")
    return TOLD if report.told else NOT_TOLD


def _result(name: str) -> bytes:
    from .access import WrongUse
    from .finding import MAX_RESULT

    if name == "-":
        return sys.stdin.buffer.read(MAX_RESULT + 1)
    try:
        with Path(name).open("rb") as stream:
            return stream.read(MAX_RESULT + 1)
    except OSError as error:
        raise WrongUse(f"{name} cannot be read: {error.strerror}.") from error


def _dry_run(options: argparse.Namespace, findings: Sequence[Finding]) -> int:
    from .texts import entry

    for finding in findings:
        if not finding.passes:
            told = entry(finding, options.name, _worded(options, [finding]).get(finding.key))
            _say(f"{told.title}\n\n{told.body}\n")
    return TOLD


# -- the services --------------------------------------------------------------------------------------------------


def _github(options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .access import WrongUse
    from .github import Api, Comments, Issues

    if options.repository.count("/") != 1:
        raise WrongUse("say with --repository OWNER/NAME, or GITHUB_REPOSITORY, where.")
    api = Api(options.repository, options.author, _pause("GITHUB_SECONDS_BETWEEN_WRITES", 1.0))
    shelf = Issues(api, options.label) if options.issues else Comments(api, options.pull_request)
    return _kept(shelf, options, findings)


def _gitlab(options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .access import WrongUse
    from .gitlab import Api, Issues, Notes

    if not options.repository:
        raise WrongUse("say with --repository GROUP/PROJECT, or CI_PROJECT_PATH, where.")
    api = Api(options.repository)
    return _kept(Issues(api, options.label) if options.issues else Notes(api, options.merge_request), options, findings)


def _kept(shelf: Shelf, options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .keeping import keep
    from .patience import Patience
    from .texts import entry

    words = _worded(options, findings)
    entries = [entry(one, options.name, words.get(one.key)) for one in findings]
    return keep(shelf, entries, options.name, Patience(), complete=options.complete)


def _slack(options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .access import WrongUse
    from .keeping import keep
    from .patience import Patience
    from .slack import Messages, Webhook, entry

    if options.channel:
        entries = [entry(one, options.name) for one in findings]
        shelf = Messages(options.channel, options.name)
        return keep(shelf, entries, options.name, Patience(), complete=options.complete)
    if not os.environ.get("SLACK_WEBHOOK_URL"):
        raise WrongUse("set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and --channel.")
    return _sent(Webhook(), options, [] if all(one.passes for one in findings) else findings)


def _webhook(options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .webhook import Webhook

    return _sent(Webhook(), options, findings)


def _sent(sender: Sender, options: argparse.Namespace, findings: Sequence[Finding]) -> Report:
    from .keeping import Did, Line, Report
    from .patience import Patience, Refused

    if not findings:
        return Report()
    what = f"{sum(not one.passes for one in findings)} of {len(findings)} checks do not pass"
    try:
        Patience().call(lambda: sender.send(findings, options.name))
    except Refused as error:
        return Report([Line(Did.FAILED, what, str(error))])
    return Report([Line(Did.CREATED, what)])


def _pause(name: str, default: float) -> float:
    from .access import seconds

    found = seconds(os.environ.get(name))
    return default if found is None else found


# -- a model's words -----------------------------------------------------------------------------------------------


def _worded(options: argparse.Namespace, findings: Sequence[Finding]) -> dict[str, Wording]:
    """By key; what cannot be had is missing, and said on standard error."""
    if not getattr(options, "word_with", ""):
        return {}
    from .bedrock import Model
    from .wording import NoWording, worded

    found: dict[str, Wording] = {}
    try:
        model, prove = Model(options.word_with), _prover(options)
    except NoWording as error:
        _say(f"Without words of a model: {error}.", sys.stderr)
        return {}
    for finding in [one for one in findings if not one.passes][:MOST_WORDED]:
        try:
            found[finding.key] = worded(finding, options.word_with, model, prove)
        except NoWording as error:
            _say(f"Without words of a model for {finding.policy.title}: {error}.", sys.stderr)
    return found


def _prover(options: argparse.Namespace) -> Callable[[Finding, str], tuple[str, ...]]:
    from analyzers.checks.custom import Access

    from .access import WrongUse
    from .proving import Prover

    actions, resources = (tuple(filter(None, text.split(","))) for text in (options.actions, options.resources))
    pairs = (one.partition("=") for one in options.given)
    try:
        reference = Path(options.reference).read_text(encoding="utf-8-sig") if options.reference else ""
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{options.reference} cannot be read.") from error
    return Prover(
        reference=reference,
        access=Access(actions, resources) if actions or resources else None,
        guardrail=options.guardrail,
        parameters={name: value for name, _, value in pairs},
    )


def _say(text: str, stream: TextIO | None = None) -> None:
    (stream or sys.stdout).write(f"{text}\n")
