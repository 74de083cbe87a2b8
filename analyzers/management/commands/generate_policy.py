"""manage.py generate_policy: what a principal did, as a policy, proven."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analyzers.checks.generation import Generated
from analyzers.generating.work import SECONDS, generated
from analyzers.models import Principal
from analyzers.policy import MAX_BYTES, PolicyError, parse

DAYS = 90


class Command(BaseCommand):
    help = (
        "A policy of what a user or role did in a time. "
        "Exit status 0: proven, 1: there is none (and why), 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("principal", metavar="ARN", help="a user or role")
        parser.add_argument("--since", help=f"first day or instant, ISO, UTC (default: {DAYS} days before the end)")
        parser.add_argument("--until", help="last day or instant, ISO, UTC (default: now)")
        parser.add_argument("--guardrail", type=Path, metavar="FILE", help="a policy that the new one must stay within")
        parser.add_argument("--placeholders", action="store_true", help="${…} to fill in where resources are not known")
        parser.add_argument("--services", action="store_true", help="the whole service where its actions are not known")
        parser.add_argument("--format", choices=["policy", "api"], default="policy")
        parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit of each proof")

    def handle(self, *args: Any, **options: Any) -> None:
        arn = options["principal"]
        principal = Principal.objects.filter(arn=arn).exclude(kind=Principal.Kind.GROUP).first()
        if principal is None:
            raise CommandError(f"{arn} is no user or role of the inventory.", returncode=2)
        until = _instant(options["until"], "--until", timedelta(days=1)) or timezone.now()
        since = _instant(options["since"], "--since") or until - timedelta(days=DAYS)
        if since >= until:
            raise CommandError("--since must be before --until.", returncode=2)
        found = generated(
            principal,
            since,
            until,
            guardrail=_guardrail(options["guardrail"]),
            placeholders=options["placeholders"],
            services=options["services"],
            seconds=options["seconds"],
        )
        self._tell(found)
        if not found.proved:
            raise CommandError(f"No policy: {found.refused}", returncode=1)
        if options["format"] == "api":
            self.stdout.write(json.dumps(found.as_json(), indent=2))
            return
        for text in found.policies:
            self.stdout.write(text)

    def _tell(self, found: Generated) -> None:
        """To standard error: what is proven, and what is not in the policy."""
        for proof in found.proofs:
            self.stderr.write(f"{proof.verdict}: {proof.claim} {proof.words}")
        for doing in found.outside:
            self.stderr.write(f"Outside of the guardrail: {' '.join((doing.action, *doing.resources))}")
        for needed in found.needed:
            self.stderr.write(f"Needed besides, recorded by no source: {needed.action} needs {needed.needs}")
        if found.services_only:
            self.stderr.write(f"Used, it is not known for what: {', '.join(found.services_only)}")
        if found.denied_only:
            self.stderr.write(f"Only ever refused, left out: {', '.join(found.denied_only)}")
        for gap in found.gaps:
            self.stderr.write(f"May be missing: {gap}")


def _instant(text: str | None, name: str, later: timedelta = timedelta(0)) -> datetime | None:
    """`later`: added to a day without a time, so that the day is included."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + later
        found = datetime.fromisoformat(text)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise CommandError(f"{name}: {text} is no day or instant such as 2026-01-31.", returncode=2) from error


def _guardrail(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
        parse(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8.", returncode=2) from error
    except PolicyError as error:
        raise CommandError(f"{path}: {error}", returncode=2) from error
    return text
