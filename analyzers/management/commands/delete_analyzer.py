"""manage.py delete_analyzer NAME --confirm NAME"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import DeleteAnalyzer
from analyzers.models import Analyzer
from findings.models import ArchiveRule


class Command(BaseCommand):
    help = "Delete an analyzer with its findings and their history. Its archive rules are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--confirm", default="", metavar="NAME", help="the name again; nothing brings it back")

    def handle(self, *args: Any, **options: Any) -> None:
        analyzer = Analyzer.objects.filter(name=options["name"]).first()
        if analyzer is None:
            known = ", ".join(Analyzer.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no analyzer {options['name']!r}. Known: {known}.", returncode=2)
        try:
            DeleteAnalyzer(analyzer, options["confirm"], user=None)()
        except ValidationError as error:
            raise CommandError(f"{' '.join(error.messages)} Use --confirm.", returncode=2) from error
        kept = ArchiveRule.objects.filter(analyzer=None, analyzer_name=options["name"]).count()
        self.stdout.write(f"Analyzer {options['name']} deleted." + (f" {kept} archive rules are kept." if kept else ""))
