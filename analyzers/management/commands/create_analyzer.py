"""manage.py create_analyzer NAME --type TYPE --scope ID [--configuration JSON]"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import CreateAnalyzer
from analyzers.models import AnalyzerType


class Command(BaseCommand):
    help = "Create an analyzer for an account or an organization of the inventory."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--type", required=True, choices=AnalyzerType.values)
        parser.add_argument("--scope", required=True, help="account id or organization id: the zone of trust")
        parser.add_argument("--configuration", default="{}", help="AnalyzerConfiguration of the API, as JSON")
        parser.add_argument("--scan-every", type=int, default=1440, help="minutes; 0: only by hand")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            configuration = json.loads(options["configuration"])
        except ValueError as error:
            raise CommandError(f"--configuration is not JSON: {error}", returncode=2) from error
        try:
            analyzer = CreateAnalyzer(
                name=options["name"],
                type=options["type"],
                scope=options["scope"],
                user=None,
                configuration=configuration,
                scan_every=options["scan_every"] or None,
            )()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=2) from error
        self.stdout.write(f"Analyzer {analyzer.name} created. Scan it: manage.py scan {analyzer.name} --wait")
