"""manage.py findings_summary"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from findings.summary import by_analyzer


class Command(BaseCommand):
    help = "Findings by analyzer."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(
            f"{'Analyzer':<28}{'Public':>8}{'Shared':>8}{'Errors':>8}{'Inside':>8}{'Unused':>8}{'Archived':>10}{'Resolved':>10}"
        )
        for entry in by_analyzer():
            name = entry["analyzer"].name
            self.stdout.write(
                f"{name:<28}{entry['public']:>8}{entry['cross_account']:>8}{entry['errors']:>8}{entry['internal']:>8}"
                f"{entry['unused']:>8}{entry['archived']:>10}{entry['resolved']:>10}"
            )
