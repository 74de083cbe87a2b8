"""manage.py import_rules ANALYZER FILE|- [--existing] [--skip-invalid] [--confirm-public] [--dry-run]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings import rule_files
from findings.actions import ImportRules
from findings.actions.transfer_rules import review
from findings.management.rules import add_arguments, analyzer_of, transfer


class Command(BaseCommand):
    help = "Give an analyzer the archive rules of a file, as export_rules or the service's list-archive-rules write it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("analyzer")
        parser.add_argument("file", help="- for standard input")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        analyzer = analyzer_of(options["analyzer"])
        try:
            drafts = rule_files.read(_read(options["file"]))
        except (OSError, ValidationError) as error:
            text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            raise CommandError(text, returncode=2) from error
        if options["dry_run"]:
            reviewed = review(analyzer, drafts)
            for entry in reviewed:
                state = "hides public access" if entry.hides_public else "fits"
                self.stdout.write(f"{entry.draft.name}: {state if entry.fits else ' '.join(entry.problems)}")
            if not all(entry.fits for entry in reviewed):
                raise SystemExit(1)
            return
        flags = (options["existing"], options["confirm_public"], options["skip_invalid"])
        transfer(ImportRules(analyzer, drafts, None, *flags), self.stdout, self.stderr)


def _read(path: str) -> bytes:
    """One byte more than is allowed is enough to refuse the file."""
    most = settings.ARCHIVE_RULES_FILE_BYTES + 1
    if path == "-":
        return sys.stdin.buffer.read(most)
    with Path(path).open("rb") as file:
        return file.read(most)
