"""manage.py create_analyzer NAME --type TYPE --scope ID [--configuration JSON | resources] [--restore-rules]"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from analyzers.actions import CreateAnalyzer
from analyzers.inventory import arn_list, tracked
from analyzers.inventory.selection import configuration_of, estimate
from analyzers.management.tracking import add_tracking, exclusions_of
from analyzers.models import INTERNAL_TYPES, UNUSED_TYPES, AnalyzerType
from findings.actions import RestoreRules
from findings.actions.transfer_rules import kept


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
        add_tracking(parser)
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
        if options["type"] in INTERNAL_TYPES and not configuration:
            configuration = configuration_of([self._criteria(options)])
        if options["type"] in UNUSED_TYPES and not configuration:
            given = options["tracking_period"]
            configuration = exclusions_of(options, tracked.DEFAULT_PERIOD if given is None else given)
        elif options["tracking_period"] is not None or options["exclude_account"] or options["exclude_tag"]:
            message = "--tracking-period, --exclude-account and --exclude-tag are for unused access, instead of"
            raise CommandError(f"{message} --configuration.", returncode=2)
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
        if analyzer.is_internal:
            told = estimate(analyzer)
            self.stdout.write(
                f"{told.principals:,} principals x {told.resources:,} resources: about {told.seconds:,} s on one core."
            )
            for arn in told.missing:
                self.stderr.write(f"Not in the inventory of this zone: {arn}")
        if analyzer.is_unused:
            self.stdout.write(f"{tracked.tracked(analyzer).count():,} users and roles are judged.")
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
