"""What the commands about archive rules share."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser, OutputWrapper

from analyzers.models import Analyzer
from findings.actions.transfer_rules import Transferred
from findings.models import ArchiveRule


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--existing", action="store_true", help="archive findings that match already, too")
    parser.add_argument("--skip-invalid", action="store_true", help="leave out rules that do not fit; exit status 1")
    parser.add_argument("--confirm-public", action="store_true", help="yes, rules may hide public access")


def analyzer_of(name: str) -> Analyzer:
    found = Analyzer.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Analyzer.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no analyzer {name!r}. Known: {known}.", returncode=2)
    return found


def rules_of(name: str, *, kept: bool = False) -> list[ArchiveRule]:
    """The rules of the analyzer of this name; with `kept`, or if there is none, those kept from a deleted one."""
    there = Analyzer.objects.filter(name=name).exists() and not kept
    rules = ArchiveRule.objects.filter(analyzer_name=name, analyzer__isnull=not there)
    found = list(rules.order_by("name", "-updated_at", "-pk"))
    if not there and not found:
        analyzer_of(name)
    return found


def transfer(deed: Callable[[], Transferred], out: OutputWrapper, err: OutputWrapper) -> None:
    """Do it and tell what became of each rule. Exit status 1 if some did not fit, 2 for wrong use."""
    try:
        done = deed()
    except ValidationError as error:
        fields = error.error_dict if hasattr(error, "error_dict") else {}
        hint = ""
        if "confirm_public" in fields:
            hint = "\nUse --confirm-public."
        elif "rules" in fields:
            hint = "\nNothing was changed. Mend them, or use --skip-invalid."
        raise CommandError("\n".join(error.messages) + hint, returncode=2) from error
    for rule in done.rules:
        out.write(f"added {rule.name}")
    for entry in done.refused:
        err.write(f"left out {entry.draft.name}: {' '.join(entry.problems)}")
    out.write(f"{len(done.rules)} rules added, {len(done.refused)} left out, {done.archived} findings archived.")
    if done.refused:
        raise SystemExit(1)
