"""manage.py import_inventory PATH... [--account ID] [--skip-invalid]"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analyzers.inventory.load import load
from analyzers.models import Import


class Command(BaseCommand):
    help = (
        "Import inventory files, raw answers of 'aws iam get-account-authorization-details', folders or ZIP archives. "
        "Exit status 1 if anything was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="+", type=Path)
        parser.add_argument("--account", help="owner of what names no account")
        parser.add_argument("--skip-invalid", action="store_true", help="keep what is valid instead of refusing all")

    def handle(self, *args: Any, **options: Any) -> None:
        self._shown = 0.0
        entry = load(
            options["path"],
            account=options["account"],
            skip_invalid=options["skip_invalid"],
            progress=self._progress if options["verbosity"] else None,
        )
        if sys.stderr.isatty():
            self.stderr.write("")
        for problem in entry.problems:
            place = " ".join(filter(None, [problem["file"], problem["path"]]))
            self.stderr.write(f"{problem['severity']}: {place}: {problem['message']}")
        if entry.problem_count > len(entry.problems):
            self.stderr.write(f"... and {entry.problem_count - len(entry.problems)} more")
        for kind, counts in entry.counts.items():
            self.stdout.write(
                f"{kind:<18}" + "  ".join(f"{what} {number}" for what, number in counts.items() if number)
            )
        if entry.status != Import.Status.COMPLETED:
            self.stderr.write("Nothing was changed. Mend the file, or use --skip-invalid to keep what is valid.")
            raise SystemExit(1)
        if any(problem["severity"] == "error" for problem in entry.problems):
            raise SystemExit(1)

    def _progress(self, name: str, done: int, total: int, parts: int) -> None:
        now = time.monotonic()
        if now - self._shown < 1 and done < total:
            return
        self._shown = now
        share = 100 * done // total if total else 100
        line = f"{share:3d} %  {parts:,} parts  {name}"
        end = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(line[:118].ljust(118) + end)
