"""manage.py recommend: the policies of a principal without what is unused, proven."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analyzers.checks.recommendation import Recommendation
from analyzers.models import Principal
from analyzers.recommending import compute, files, shown
from analyzers.recommending.inputs import Inputs, inputs_of
from findings import recommending
from findings.models import Finding

FORMATS = ("text", "policy", *(file.kind for file in files.FILES), files.API.kind)


class Command(BaseCommand):
    help = (
        "The policies of a user or role without what is surely unused. Exit status 0: proven, 1: there is none (and "
        "why), 2: wrong use. Nothing is changed, here or in AWS."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("finding", nargs="?", metavar="FINDING", help="id of a finding of unused permissions")
        parser.add_argument("--principal", metavar="ARN", help="instead of a finding: a user or role")
        parser.add_argument(
            "--days", type=int, help="how long it must be unused (default: the finding's period, or 90)"
        )
        parser.add_argument("--strict", action="store_true", help="narrow resources too, where the evidence names them")
        parser.add_argument("--format", choices=FORMATS, default="text")
        parser.add_argument("--output", type=Path, metavar="DIR", help="write a file there instead of printing it")
        parser.add_argument(
            "--shorter-by", type=int, metavar="DAYS", help="also say what would go were the evidence so much shorter"
        )
        parser.add_argument(
            "--seconds", type=float, default=compute.SECONDS, help="time limit of each proof (default: %(default)g)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        inputs = self._inputs(options)
        found = compute.recommendation(inputs, resources=options["strict"], seconds=options["seconds"])
        if options["format"] == "text":
            self._tell(found)
        if options["shorter_by"] is not None:
            self._tell_shorter(inputs, options["shorter_by"])
        if found.refused:
            self._none(found.refused)
        if not found.proved:
            self._none("Nothing that is surely unused is allowed.")
        self._hand_out(found, options["format"], options["output"])

    def _inputs(self, options: dict[str, Any]) -> Inputs:
        given, arn, days = options["finding"], options["principal"], options["days"]
        if bool(given) == bool(arn):
            raise CommandError("Name either a finding or --principal.", returncode=2)
        if days is not None and not 1 <= days <= recommending.LONGEST_DAYS:
            raise CommandError(f"--days: between 1 and {recommending.LONGEST_DAYS}.", returncode=2)
        if given:
            finding = _finding(given)
            arn, days = finding.resource, days or recommending.days_of(finding)
        principal = Principal.objects.filter(arn=arn).exclude(kind=Principal.Kind.GROUP).first()
        if principal is None:
            raise CommandError(f"{arn} is no user or role of the inventory.", returncode=2)
        days = days or recommending.DAYS
        if (less := options["shorter_by"]) is not None and not 1 <= less < days:
            raise CommandError(f"--shorter-by: between 1 and {days - 1}, for the period is {days} days.", returncode=2)
        return inputs_of(principal, days=days, now=timezone.now())

    def _tell(self, found: Recommendation) -> None:
        self.stdout.write(f"{found.principal}, used since {found.since:%Y-%m-%d}")
        if found.proved:
            self.stdout.write(f"Keeps {found.actions_after:,} of {found.actions_before:,} actions.")
        for proof in found.proofs:
            self.stdout.write(f"  {proof.verdict}: {proof.claim} {proof.words}".rstrip())
        for step in found.steps:
            if step.overwritten:
                self.stdout.write(f"  {step.words}")
                continue
            self.stdout.write(f"{step.action} {step.policy.id}" + (f" -> {step.name}" if step.text else ""))
            for line in filter(None, [step.words, *(change.reason for change in step.changes)]):
                self.stdout.write(f"  {line}")
        for left in found.left:
            self.stdout.write(f"Left: {left.policy.id}: {left.reason}")
        for note in found.notes:
            self.stdout.write(f"Note: {note}")

    def _tell_shorter(self, inputs: Inputs, days: int) -> None:
        """To standard error where a format is printed, so that the output stays what it is."""
        loss = compute.shorter(inputs, days)
        assert loss is not None, "days are fewer than the period's"
        self.stderr.write(
            f"Were the evidence {days} days shorter, {len(loss.broken):,} of what is in use would be gone:"
        )
        for one in loss.broken:
            self.stderr.write(
                f"  {one.action}, last used {one.last_use:%Y-%m-%d}" if one.last_use else f"  {one.action}"
            )

    def _hand_out(self, found: Recommendation, wanted: str, folder: Path | None) -> None:
        texts, missing = shown.files(found)
        texts[files.API.kind] = json.dumps(found.as_json(), indent=2) + "\n"
        for why in missing:
            self.stderr.write(why)
        chosen = [kind for kind in texts if wanted in ("text", kind) or (wanted == "policy" and _is_policy(kind))]
        if not chosen:
            raise CommandError("It cannot be written in this format.", returncode=1)
        if folder is not None:
            policies = len([kind for kind in texts if _is_policy(kind)])
            for kind in chosen:
                self._write(folder, found.principal, kind, texts[kind], policies)
        elif wanted == "policy" and len(chosen) > 1:
            raise CommandError(f"There are {len(chosen)} new policies: name a folder with --output.", returncode=2)
        elif wanted != "text":
            self.stdout.write(texts[chosen[0]], ending="")

    def _write(self, folder: Path, principal: str, kind: str, text: str, policies: int) -> None:
        file = files.find(kind)
        assert file is not None
        if _is_policy(kind) and policies > 1:
            file = file._replace(ending=f"-{kind.removeprefix(files.POLICY)}{file.ending}")
        path = folder / files.name_of(principal, file)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=2) from error
        self.stderr.write(f"Wrote {path}")

    def _none(self, why: str) -> None:
        raise CommandError(f"No recommendation: {why}", returncode=1)


def _is_policy(kind: str) -> bool:
    return kind.startswith(files.POLICY)


def _finding(given: str) -> Finding:
    try:
        finding = Finding.objects.select_related("analyzer").filter(pk=uuid.UUID(given)).first()
    except ValueError as error:
        raise CommandError(f"{given} is no id of a finding.", returncode=2) from error
    if finding is None:
        raise CommandError(f"There is no finding {given}.", returncode=2)
    if not recommending.offered_for(finding):
        raise CommandError("Policies are recommended for findings of unused permissions only.", returncode=2)
    return finding
