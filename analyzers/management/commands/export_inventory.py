"""manage.py export_inventory [--output FILE]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analyzers.inventory.dump import dump


class Command(BaseCommand):
    help = "Write the inventory as a file; the same inventory gives the same bytes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["output"] is None:
            for piece in dump():
                sys.stdout.write(piece)
            return
        with options["output"].open("w", encoding="utf-8", newline="\n") as file:
            for piece in dump():
                file.write(piece)
