"""manage.py update_analyzer NAME [--tracking-period DAYS] [--exclude-account ID] [--exclude-tag KEY=VALUE] [...]"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import UpdateAnalyzer
from analyzers.inventory.tracked import DEFAULT_PERIOD, changed
from analyzers.management.tracking import add_tracking, exclusions_of
from analyzers.models import Analyzer


class Command(BaseCommand):
    help = "Change the tracking period and the exclusions of an unused access analyzer, or how often one is scanned."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        add_tracking(parser)
        parser.add_argument("--no-exclusions", action="store_true", help="nobody is left out any more")
        parser.add_argument("--scan-every", type=int, help="minutes; 0: only by hand")

    def handle(self, *args: Any, **options: Any) -> None:
        analyzer = Analyzer.objects.filter(name=options["name"]).first()
        if analyzer is None:
            known = ", ".join(Analyzer.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no analyzer {options['name']!r}. Known: {known}.", returncode=2)
        every = options["scan_every"]
        try:
            UpdateAnalyzer(
                analyzer,
                scan_every=analyzer.scan_every if every is None else every or None,
                user=None,
                configuration=self._configuration(analyzer, options),
            )()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=2) from error
        self.stdout.write(f"Analyzer {analyzer.name} changed.")

    def _configuration(self, analyzer: Analyzer, options: dict[str, Any]) -> dict[str, Any] | None:
        days = options["tracking_period"]
        replaced = options["exclude_account"] or options["exclude_tag"] or options["no_exclusions"]
        if days is None and not replaced:
            return None
        if not analyzer.is_unused:
            raise CommandError("Only analyzers of unused access have a period and exclusions.", returncode=2)
        exclusions = exclusions_of(options, DEFAULT_PERIOD) if replaced else None
        return changed(analyzer.configuration, days, exclusions)
