"""manage.py create_analyzer NAME --type TYPE --scope ID [--configuration JSON | choice of resources]"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import CreateAnalyzer
from analyzers.inventory import arn_list
from analyzers.inventory.selection import configuration_of, estimate
from analyzers.models import INTERNAL_TYPES, AnalyzerType


class Command(BaseCommand):
    help = "Create an analyzer for an account or an organization of the inventory."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--type", required=True, choices=AnalyzerType.values)
        parser.add_argument("--scope", required=True, help="account id or organization id: the zone of trust")
        parser.add_argument("--configuration", default="{}", help="AnalyzerConfiguration of the API, as JSON")
        choice = parser.add_argument_group("resources of an internal access analyzer; without any, all of the zone")
        choice.add_argument("--resources-file", help="CSV or text: one ARN a line, or a column arn or resourceArn")
        choice.add_argument("--resource-arn", action="append", default=[])
        choice.add_argument("--resource-type", action="append", default=[])
        choice.add_argument("--account", action="append", default=[])
        choice.add_argument("--tag", action="append", default=[], metavar="KEY[=VALUE]")
        parser.add_argument("--scan-every", type=int, default=1440, help="minutes; 0: only by hand")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            configuration = json.loads(options["configuration"])
        except ValueError as error:
            raise CommandError(f"--configuration is not JSON: {error}", returncode=2) from error
        if options["type"] in INTERNAL_TYPES and not configuration:
            configuration = configuration_of([self._criteria(options)])
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
        if analyzer.is_internal:
            told = estimate(analyzer)
            self.stdout.write(
                f"{told.principals:,} principals x {told.resources:,} resources: about {told.seconds:,} s on one core."
            )
            for arn in told.missing:
                self.stderr.write(f"Not in the inventory of this zone: {arn}")
        self.stdout.write(f"Analyzer {analyzer.name} created. Scan it: manage.py scan {analyzer.name} --wait")

    def _criteria(self, options: dict[str, Any]) -> dict[str, Any]:
        named = list(options["resource_arn"])
        if options["resources_file"]:
            try:
                found = arn_list.read_bytes(Path(options["resources_file"]).read_bytes())
            except OSError as error:
                raise CommandError(f"--resources-file: {error}", returncode=2) from error
            if found.errors:
                said = "; ".join(f"line {line}: {message}" for line, message in found.errors)
                raise CommandError(f"--resources-file: {said}", returncode=2)
            if found.duplicates:
                self.stderr.write(f"{found.duplicates} ARNs are named more than once.")
            named += found.arns
            if not named:
                raise CommandError("--resources-file names no resource.", returncode=2)
        given = {
            "resourceArns": list(dict.fromkeys(named)),
            "resourceTypes": options["resource_type"],
            "accountIds": options["account"],
            "resourceTags": {key: value for key, _, value in (tag.partition("=") for tag in options["tag"])},
        }
        return {name: value for name, value in given.items() if value}
