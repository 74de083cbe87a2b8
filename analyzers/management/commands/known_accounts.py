"""manage.py known_accounts list|export|import [FILE]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import ImportKnownAccounts
from analyzers.actions.known_accounts import MAX_BYTES
from analyzers.models import KnownAccount
from findings.exports import names_csv


class Command(BaseCommand):
    help = "Names of accounts outside. Exit status 0: done, 2: wrong use, or a line that is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["list", "export", "import"])
        parser.add_argument("file", nargs="?", help="CSV to import, - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "list":
            for row in KnownAccount.objects.all():
                self.stdout.write(f"{row.identifier}  {row.name}  {row.get_kind_display()}")
        elif options["what"] == "export":
            self.stdout.write(names_csv(), ending="")
        else:
            self._import(options["file"])

    def _import(self, name: str | None) -> None:
        if not name:
            raise CommandError("Name the file to import, or - for standard input.", returncode=2)
        try:
            if name == "-":
                data = sys.stdin.buffer.read(MAX_BYTES + 1)
            else:
                with Path(name).open("rb") as file:
                    data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}", returncode=2) from error
        try:
            created, changed = ImportKnownAccounts(data, None)()
        except ValidationError as error:
            raise CommandError("\n".join(error.messages), returncode=2) from error
        self.stdout.write(f"{created} new, {changed} changed.")
