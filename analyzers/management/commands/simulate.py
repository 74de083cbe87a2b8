"""manage.py simulate [--engine both|concrete|solver] FILE|-"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.reasoning.simulate import Engine, answers, lines_of


class Command(BaseCommand):
    help = "Decide requests: JSON lines in, JSON lines out, no database. Exit status 1 if a line was malformed."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a file of JSON lines, or - for standard input")
        parser.add_argument(
            "--engine",
            type=Engine,
            choices=list(Engine),
            default=Engine.BOTH,
            metavar="{both,concrete,solver}",
            help="who answers: the concrete evaluator, the solver, or both (default)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        malformed = False
        with ExitStack() as stack:
            try:
                file = sys.stdin.buffer if options["file"] == "-" else stack.enter_context(open(options["file"], "rb"))
            except OSError as error:
                raise CommandError(f"{options['file']} cannot be read: {error.strerror}", returncode=2) from error
            try:
                for told in answers(lines_of(file), options["engine"]):
                    malformed = malformed or "error" in told
                    self.stdout.write(json.dumps(told))
                    self.stdout.flush()  # who asks line by line gets answers line by line
            except BrokenPipeError as error:  # nobody reads on
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise SystemExit(1) from error
        if malformed:
            raise SystemExit(1)
