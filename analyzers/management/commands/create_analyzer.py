"""manage.py create_analyzer NAME --type TYPE --scope ID [--configuration JSON] [--restore-rules]"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from analyzers.actions import CreateAnalyzer
from analyzers.models import AnalyzerType
from findings.actions import RestoreRules
from findings.actions.transfer_rules import kept


class Command(BaseCommand):
    help = "Create an analyzer for an account or an organization of the inventory."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--type", required=True, choices=AnalyzerType.values)
        parser.add_argument("--scope", required=True, help="account id or organization id: the zone of trust")
        parser.add_argument("--configuration", default="{}", help="AnalyzerConfiguration of the API, as JSON")
        parser.add_argument("--scan-every", type=int, default=1440, help="minutes; 0: only by hand")
        parser.add_argument(
            "--restore-rules", action="store_true", help="the archive rules kept from a deleted analyzer of this name"
        )
        parser.add_argument("--confirm-public", action="store_true", help="restored rules may hide public access")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            configuration = json.loads(options["configuration"])
        except ValueError as error:
            raise CommandError(f"--configuration is not JSON: {error}", returncode=2) from error
        restored = None
        try:
            with transaction.atomic():
                analyzer = CreateAnalyzer(
                    name=options["name"],
                    type=options["type"],
                    scope=options["scope"],
                    user=None,
                    configuration=configuration,
                    scan_every=options["scan_every"] or None,
                )()
                if options["restore_rules"]:
                    restored = RestoreRules(analyzer, None, options["confirm_public"])()
        except ValidationError as error:
            asked = hasattr(error, "error_dict") and "confirm_public" in error.error_dict
            hint = " Use --confirm-public." if asked else ""
            raise CommandError("; ".join(error.messages) + hint, returncode=2) from error
        self.stdout.write(f"Analyzer {analyzer.name} created. Scan it: manage.py scan {analyzer.name} --wait")
        if restored is not None:
            self.stdout.write(f"{len(restored.rules)} archive rules restored.")
            for entry in restored.refused:
                self.stdout.write(f"Not restored: {entry.draft.name}: {' '.join(entry.problems)}")
        elif found := kept(analyzer.name).count():
            self.stdout.write(
                f"{found} archive rules are kept from a deleted analyzer of this name. "
                f"Take them over: manage.py copy_rules {analyzer.name} {analyzer.name} --kept"
            )
