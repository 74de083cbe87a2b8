"""manage.py compare_policies A B: does one policy allow what the other does not?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.policy import MAX_BYTES, Policy, PolicyError, parse
from analyzers.reasoning import compare, explain
from analyzers.reasoning.question import SECONDS, PolicyType
from analyzers.reasoning.verdict import Relation


class Command(BaseCommand):
    help = (
        "How the requests that two policies allow lie to each other: equal, within, contains, overlapping, disjoint or "
        "unknown, with an example of each difference. No database. "
        "Exit status 0: answered, 1: unknown, 2: wrong use or a policy that cannot be read."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("first", metavar="A", help="a file with a policy, or - for standard input")
        parser.add_argument("second", metavar="B", help="the policy to compare it with")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--policy-type",
            type=PolicyType,
            choices=list(PolicyType),
            metavar="TYPE",
            help=f"{', '.join(PolicyType)}; by default a policy that names principals is a resource policy",
        )
        parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["first"] == options["second"] == "-":
            raise CommandError("Only one of the policies can come from standard input.", returncode=2)
        first, second = _policy(options["first"]), _policy(options["second"])
        try:
            found = compare(first, second, policy_type=options["policy_type"], seconds=options["seconds"])
        except ValueError as error:
            raise CommandError(f"{error} Say which with --policy-type.", returncode=2) from error
        told = explain(found)
        if options["format"] == "json":
            self.stdout.write(json.dumps(told.structure, indent=1))
        else:
            self.stdout.write(f"{found.relation}\n" + "\n".join(told.sentences))
        if found.relation is Relation.UNKNOWN:
            raise SystemExit(1)


def _policy(name: str) -> Policy:
    try:
        if name == "-":
            text = sys.stdin.read(MAX_BYTES + 1)
        else:
            with Path(name).open(encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(MAX_BYTES + 1)
        return parse(text)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}", returncode=2) from error
    except PolicyError as error:
        raise CommandError(f"{name}: {error}", returncode=2) from error
