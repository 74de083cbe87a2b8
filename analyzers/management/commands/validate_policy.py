"""manage.py validate_policy PATH... --type TYPE: what is wrong with policies, where, and how to mend it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.checks.validation import RESOURCE_TYPES, ValidationFinding, as_json, validate
from analyzers.checks.validation.shown import shown
from analyzers.policy import MAX_BYTES
from analyzers.reasoning.question import PolicyType


class File(NamedTuple):
    name: str
    text: str
    findings: tuple[ValidationFinding, ...]


class Command(BaseCommand):
    help = (
        "What is wrong with policies, where, and how to mend it: the checks of ValidatePolicy, without an account. "
        "No database. Exit status 0: no error and no security warning, 1: some, 2: wrong use or an unreadable file."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file with a policy, or - for standard input")
        parser.add_argument(
            "--type",
            type=PolicyType,
            choices=list(PolicyType),
            required=True,
            metavar="TYPE",
            help=", ".join(PolicyType),
        )
        parser.add_argument(
            "--resource-type",
            default="",
            choices=["", *RESOURCE_TYPES],
            metavar="TYPE",
            help=f"of a resource policy: {', '.join(RESOURCE_TYPES)}; none for other types",
        )
        parser.add_argument("--json", action="store_true", help="findings as the API gives them, by file")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["resource_type"] and options["type"] is not PolicyType.RESOURCE:
            raise CommandError("--resource-type goes with --type RESOURCE_POLICY only.", returncode=2)
        files = [self._validated(name, options) for name in options["paths"]]
        if options["json"]:
            told = [{"path": file.name, "findings": [as_json(finding) for finding in file.findings]} for file in files]
            self.stdout.write(json.dumps(told, indent=1))
        else:
            for file in files:
                self._tell(file)
        if any(finding.type.blocks for file in files for finding in file.findings):
            raise SystemExit(1)

    def _validated(self, name: str, options: dict[str, Any]) -> File:
        text = _read(name)
        return File(name, text, validate(text, options["type"], options["resource_type"]))

    def _tell(self, file: File) -> None:
        name = "standard input" if file.name == "-" else file.name
        for finding in file.findings:
            self.stdout.write(shown(finding, file.text, name))
        self.stdout.write(f"{name}: {_count(file.findings)}")


def _count(findings: Iterable[ValidationFinding]) -> str:
    numbers: dict[str, int] = {}
    for finding in findings:
        kind = finding.type.lower().replace("_", " ")
        numbers[kind] = numbers.get(kind, 0) + 1
    return ", ".join(f"{number} {kind}{'s' * (number > 1)}" for kind, number in numbers.items()) or "nothing found"


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read(MAX_BYTES + 1)
        with Path(name).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}", returncode=2) from error
