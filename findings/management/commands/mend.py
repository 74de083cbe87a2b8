"""manage.py mend FINDING_ID [--json] [--output FILE]: the smallest change that takes a finding away."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.access.mending import can_be_mended, mended
from analyzers.checks.mending import Candidate, Mended
from findings.models import Finding

SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "The smallest change that takes a finding's access away, proved. "
        "Exit status 0: there is one, 1: none could be proved, 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("finding", metavar="FINDING_ID")
        parser.add_argument("--json", action="store_true", help="all candidates, for machines")
        parser.add_argument("--output", metavar="FILE", help="write the changed document of the best candidate")

    def handle(self, *args: Any, **options: Any) -> None:
        finding = self._finding(options["finding"])
        found = mended(finding, seconds=SECONDS)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found), indent=1, ensure_ascii=False))
        else:
            self._tell(found)
        if options["output"] and found.candidates:
            self._write(found.candidates[0], Path(options["output"]))
        if not found.candidates:
            raise SystemExit(1)

    def _finding(self, key: str) -> Finding:
        try:
            finding = Finding.objects.select_related("analyzer").filter(pk=uuid.UUID(key)).first()
        except ValueError:
            finding = None
        if finding is None:
            raise CommandError(f"There is no finding {key}.", returncode=2)
        if not can_be_mended(finding):
            raise CommandError(
                "Only findings of external and internal access that are not resolved can be mended.", returncode=2
            )
        return finding

    def _tell(self, found: Mended) -> None:
        if found.note:
            self.stdout.write(found.note)
        for number, one in enumerate(found.candidates):
            if number:
                exact = " It removes exactly this." if one.loss.exact else ""
                self.stdout.write(f"Or: {one.sentence}{exact}")
                continue
            self.stdout.write(f"{one.sentence} ({one.document})")
            if one.diff:
                self.stdout.write(one.diff)
            for sentence in (*one.proof, one.loss.sentence):
                self.stdout.write(f"  {sentence}")
            for sentence in one.loss.used:
                self.stdout.write(f"  In use, and lost with it: {sentence}")
            for sentence in one.loss.target_used:
                self.stdout.write(f"  The access itself is in use: {sentence}")
            if one.command is not None:
                self.stdout.write("\n".join(filter(None, (one.command.line, one.command.note))))
        for sentence in found.refused:
            self.stdout.write(f"Not offered: {sentence}" if "Not offered" not in sentence else sentence)
        if found.use_note:
            self.stdout.write(found.use_note)

    def _write(self, best: Candidate, path: Path) -> None:
        if not best.text or (best.before and not best.edits):
            raise CommandError("The best change is no document; use the command that is shown.", returncode=2)
        try:
            path.write_text(best.text)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=2) from error


def as_json(found: Mended) -> dict[str, Any]:
    """`{candidates: [{kind, sentence, document, policy, diff, changes, proof, lost, command}], note, refused}`."""
    return {
        "candidates": [_candidate(one) for one in found.candidates],
        "note": found.note,
        "refused": list(found.refused),
        "complete": found.complete,
        "uses": found.uses,
        "useNote": found.use_note,
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    command = one.command
    return {
        "kind": one.kind.value,
        "sentence": one.sentence,
        "document": one.document,
        "policy": one.text,
        "diff": one.diff,
        "changes": [
            {"element": change.element, "path": list(change.path), "before": change.before, "after": change.after}
            for change in one.changes
        ],
        "proof": list(one.proof),
        "lost": {
            "exact": one.loss.exact,
            "sentence": one.loss.sentence,
            "witness": one.loss.witness.as_json() if one.loss.witness else None,
            "used": list(one.loss.used),
            "targetUsed": list(one.loss.target_used),
        },
        "command": {"line": command.line, "file": command.file, "note": command.note} if command else None,
    }
