"""What is told: one check of one policy, read from the JSON that the command line writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

import msgspec

from analyzers.checks.cli.output.json import outcome_of
from analyzers.checks.custom import Result
from analyzers.checks.outcome import Outcome

MAX_RESULT = 50 * 1024 * 1024
"""Bytes of a result that are read."""
MOST = 500
"""Findings that are told of one result: more would be read by nobody, and services would slow us down for hours."""
UNREADABLE = "unreadable"
"""The check of the one finding for all files that could not be read."""


class NotAResult(Exception):
    """The message says what is wrong with the input."""


class _Struct(msgspec.Struct, frozen=True, rename="camel"):
    """Names as in the JSON; what is not named here is passed over."""


class Policy(_Struct, frozen=True):
    file: str
    line: int = 1
    name: str = ""
    element: str = ""
    policy_type: str = ""
    resource_type: str = ""

    @property
    def title(self) -> str:
        inner = ".".join(filter(None, [self.name, self.element]))
        return f"{self.file}: {inner}" if inner else self.file


class Element(_Struct, frozen=True):
    line: int
    text: str


class Problem(_Struct, frozen=True):
    code: str
    level: str
    message: str
    file: str
    line: int = 1
    statement_index: int | None = None
    statement_id: str = ""
    elements: tuple[Element, ...] = ()
    request: str = ""
    learn_more_link: str = ""


class Missing(_Struct, frozen=True):
    name: str
    why: str = ""


class Mend(_Struct, frozen=True):
    """`loss`: what else is not allowed any more; empty if nothing is."""

    summary: str
    diff: str = ""
    text: str = ""
    proof: tuple[str, ...] = ()
    loss: str = ""


class Finding(_Struct, frozen=True):
    """As `outcome_of` writes it. `reference`: what the policy was compared with, in sentences."""

    check: str
    result: Result
    message: str
    policy: Policy
    rule: str = ""
    why: str = ""
    problems: tuple[Problem, ...] = ()
    reference: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    mends: tuple[Mend, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.check} ({self.rule})" if self.rule else self.check

    @property
    def passes(self) -> bool:
        return self.result is Result.PASS

    @property
    def key(self) -> str:
        """The same in every run for the same check of the same policy, whatever moved in the file: 32 hex digits."""
        parts = [self.policy.file, self.policy.name, self.policy.element, self.check, self.rule]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class _Run(_Struct, frozen=True):
    outcomes: tuple[Finding, ...]
    unreadable: tuple[str, ...] = ()


def read(raw: bytes) -> list[Finding]:
    """The findings of a run, also those that pass; the last is about the files that could not be read.

    Raises NotAResult.
    """
    if len(raw) > MAX_RESULT:
        raise NotAResult(f"The result is larger than {MAX_RESULT // 1024 // 1024} MB.")
    try:
        run = msgspec.json.decode(raw, type=_Run)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAResult(f"Not a result of `analyzer-portal … --format json`: {error}.") from error
    return [*_merged(run.outcomes), _unreadable(run.unreadable)]


def of(outcomes: Iterable[Outcome], unreadable: Iterable[str] = ()) -> list[Finding]:
    """The same of outcomes that are at hand."""
    findings = msgspec.convert([outcome_of(one) for one in outcomes], tuple[Finding, ...])
    return [*_merged(findings), _unreadable(tuple(unreadable))]


def _merged(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One for each key: of several the worst, so that a policy is never told to pass which fails under another name."""
    order = [Result.FAIL, Result.UNKNOWN, Result.PASS]
    found: dict[str, Finding] = {}
    for one in findings:
        known = found.get(one.key)
        if known is None or order.index(one.result) < order.index(known.result):
            found[one.key] = one
    yield from found.values()


def _unreadable(messages: tuple[str, ...]) -> Finding:
    if not messages:
        return Finding(UNREADABLE, Result.PASS, "Every file could be read.", Policy("files that cannot be read"))
    problems = tuple(Problem(UNREADABLE, "error", message, "") for message in messages)
    count = "A file" if len(messages) == 1 else f"{len(messages)} files"
    message = f"{count} could not be read, so nothing in it is checked."
    return Finding(UNREADABLE, Result.UNKNOWN, message, Policy("files that cannot be read"), problems=problems)
