"""manage.py copy_rules FROM TO [--rule NAME …] [--existing] [--skip-invalid] [--confirm-public]"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings.actions import CopyRules
from findings.management.rules import add_arguments, analyzer_of, rules_of, transfer


class Command(BaseCommand):
    help = "Copy the archive rules of an analyzer, also of a deleted one, to another analyzer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="FROM")
        parser.add_argument("target", metavar="TO")
        parser.add_argument("--rule", action="append", metavar="NAME", help="only this one; may be repeated")
        parser.add_argument(
            "--kept",
            action="store_true",
            help="those kept from a deleted analyzer, though one of its name exists again",
        )
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        target = analyzer_of(options["target"])
        rules = rules_of(options["source"], kept=options["kept"])
        if options["rule"]:
            missing = sorted(set(options["rule"]) - {rule.name for rule in rules})
            if missing:
                raise CommandError(f"{options['source']} has no rule {', '.join(missing)}.", returncode=2)
            rules = [rule for rule in rules if rule.name in options["rule"]]
        flags = (options["existing"], options["confirm_public"], options["skip_invalid"])
        transfer(CopyRules(rules, target, None, *flags), self.stdout, self.stderr)
