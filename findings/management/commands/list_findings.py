"""manage.py list_findings [--analyzer NAME] [--status STATUS] [filter ...] --format table|json|csv"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings import filters, wire
from findings.exports import csv_lines
from findings.filter_keys import UNUSED_TYPES
from findings.models import Finding, FindingStatus
from findings.outsiders import all_names


class Command(BaseCommand):
    help = "List findings. Filters as in the portal's search box, for example: isPublic:true resource~photos"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("filter", nargs="*", help="put -- before a filter that begins with -")
        parser.add_argument("--analyzer")
        parser.add_argument("--status", choices=FindingStatus.values)
        parser.add_argument("--format", choices=["table", "json", "csv"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Finding.objects.select_related("analyzer").order_by("-is_public", "resource", "id")
        try:
            criteria, words = filters.read(" ".join(options["filter"]))
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=2) from error
        rows = rows.filter(filters.query(criteria)).filter(filters.words_query(words))
        if options["analyzer"]:
            rows = rows.filter(analyzer__name=options["analyzer"])
        if options["status"]:
            rows = rows.filter(status=options["status"])
        found = rows.iterator(chunk_size=1000)
        if options["format"] == "json":
            for row in found:
                self.stdout.write(json.dumps(wire.finding(row), ensure_ascii=False))
        elif options["format"] == "csv":
            for line in csv_lines(found):
                sys.stdout.write(line)
        else:
            names = all_names()
            for row in found:
                mark = _mark(row)
                self.stdout.write(f"{row.status:<9} {mark:<7} {names.summary(row)}")


def _mark(row: Finding) -> str:
    if row.error:
        return "ERROR"
    if row.finding_type in UNUSED_TYPES:
        return "unused"
    return "PUBLIC" if row.is_public else "inside" if row.access_type else "shared"
