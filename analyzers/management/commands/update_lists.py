"""manage.py update_lists: renew the lists that AWS extends from the installed catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers import catalogue
from analyzers.reasoning import assumptions


class Command(BaseCommand):
    help = (
        "Renew the lists that AWS extends (services bound by resource control policies) from the installed catalogue. "
        "Upgrade the catalogue first: make lock, make setup. No database. "
        "Exit status 0: done or nothing to do, 1: --check found a difference, 2: refused."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what would change")
        parser.add_argument("--allow-removal", action="store_true", help="also where a service is no longer listed")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = assumptions.RCP_LIST
        table = json.loads(path.read_text())
        known, found = set(table["services"]), set(catalogue.bound_by_resource_control_policies())
        added, removed = sorted(found - known), sorted(known - found)
        renewed = catalogue.version().renewed.date().isoformat()
        self.stdout.write(f"Services bound by resource control policies, of {renewed}: {len(found)}.")
        for sign, prefixes in (("+", added), ("-", removed)):
            for prefix in prefixes:
                service = catalogue.service(prefix)
                self.stdout.write(f"{sign} {prefix} {service.name if service else ''}".rstrip())
        if not added and not removed:
            self.stdout.write("Nothing to change.")
            return
        if options["check"]:
            raise SystemExit(1)
        if not {"s3", "sts", "kms", "sqs", "secretsmanager"} <= found:
            raise CommandError("The list lacks services that have been on it from the start: not taken.", returncode=2)
        if removed and not options["allow_removal"]:
            raise CommandError("Services would be taken off the list; say --allow-removal.", returncode=2)
        table |= {"services": sorted(found), "date": renewed}
        path.write_text(json.dumps(table, indent=2) + "\n")
        self.stdout.write(f"Written: {path.name}.")
