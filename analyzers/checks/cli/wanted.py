"""What was said on the command line, as values: which check, on which policies.

Loaded are only the parts that the command needs: it starts in a pipeline, and once for each push.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from analyzers.checks import asking
from analyzers.checks.asking import Owner
from analyzers.checks.custom import Access, is_action, is_resource
from analyzers.checks.found import FoundPolicy
from analyzers.checks.outcome import Outcome
from analyzers.checks.sources import MAX_FILE, Options
from analyzers.policy import Policy, PolicyError, parse

Check = Callable[[FoundPolicy], list[Outcome]]


class WrongUse(Exception):
    """The message says what to do instead."""


def check_of(options: argparse.Namespace) -> Check:
    """Raises WrongUse."""
    return _MAKERS[options.made](options)


def no_new_access(options: argparse.Namespace) -> Check:
    reference = _policy(options.reference)
    return lambda found: [asking.no_new_access(found, reference, seconds=options.seconds)]


def access_not_granted(options: argparse.Namespace) -> Check:
    actions, resources = _split(options.actions), _split(options.resources)
    if not actions and not resources:
        raise WrongUse("say with --actions, --resources or both what must not be granted.")
    if wrong := [one for one in actions if not is_action(one)]:
        raise WrongUse(f"--actions {wrong[0]}: write service:Action, as in s3:GetObject; * and ? allowed.")
    if wrong := [one for one in resources if not is_resource(one)]:
        raise WrongUse(f"--resources {wrong[0]}: write ARNs, as in arn:aws:s3:::bucket/*; * and ? allowed.")
    for one in actions:
        _warn_of(one)
    access = [Access(actions, resources)]
    return lambda found: [asking.access_not_granted(found, access, seconds=options.seconds)]


def _warn_of(pattern: str) -> None:
    """Of actions that nobody knows nothing is granted as a rule: a slip of the pen would pass."""
    from analyzers import catalogue

    if next(catalogue.matching(pattern), None) is None:
        known = catalogue.version().renewed
        told = f"warning: no action that is known is called {pattern!r} (catalogue of {known:%Y-%m-%d})"
        print(f"analyzer-portal: {told}", file=sys.stderr)  # noqa: T201


def no_public_access(options: argparse.Namespace) -> Check:
    return lambda found: [asking.no_public_access(found, owner=_owner(options), seconds=options.seconds)]


def guardrail(options: argparse.Namespace) -> Check:
    from analyzers.checks import guardrails

    try:
        rules_of = guardrails.load(options.guardrail, _pairs("--with", options.given))
    except guardrails.GuardrailError as error:
        raise WrongUse(str(error)) from error

    def check(found: FoundPolicy) -> list[Outcome]:
        rules = guardrails.applicable(rules_of, found)
        return [guardrails.outcome(rule, found, owner=_owner(options), seconds=options.seconds) for rule in rules]

    return check


def validate(options: argparse.Namespace) -> Check:
    from analyzers.checks.validating import validated

    return lambda found: [validated(found, options.level)]


_MAKERS: dict[str, Callable[[argparse.Namespace], Check]] = {
    one.__name__: one for one in (no_new_access, access_not_granted, no_public_access, guardrail, validate)
}


def reading(options: argparse.Namespace) -> Options:
    return Options(_pairs("--assume", options.assume), options.policy_type, options.resource_type, options.managed)


def _owner(options: argparse.Namespace) -> Owner:
    return Owner(options.organization, options.account)


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
