"""manage.py export_rules ANALYZER [--output FILE]"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings import rule_files
from findings.management.rules import rules_of


class Command(BaseCommand):
    help = "Write the archive rules of an analyzer, also of a deleted one, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("analyzer")
        parser.add_argument("--output", type=Path, help="instead of standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        text = rule_files.write(rules_of(options["analyzer"]))
        if options["output"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            options["output"].write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(str(error), returncode=2) from error
