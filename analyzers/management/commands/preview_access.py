"""manage.py preview_access: what findings would appear, change or vanish if this policy were deployed?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.actions import CreatePreview
from analyzers.actions.previews import MAX_BYTES, ControlChange
from analyzers.models import AccessPreview, AccessPreviewFinding, Analyzer, ControlPolicy, Resource
from analyzers.previews import wire
from analyzers.previews.configurations import InvalidConfiguration, with_policy
from analyzers.previews.work import work
from findings.models import Proof
from findings.templatetags.portal import visible

SHOWN = 200
_CHANGE = AccessPreviewFinding.Change


class Command(BaseCommand):
    help = (
        "What findings would appear, change or vanish if this resource policy, SCP or RCP were deployed. Nothing of it "
        "is written to findings or inventory. "
        "Exit status 0: no new access, 1: new access, or it cannot be ruled out, 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--analyzer", required=True, metavar="NAME")
        parser.add_argument("--resource", metavar="ARN", help="the resource that gets another policy")
        parser.add_argument("--policy", metavar="FILE", help="the policy; an empty file takes it away; - reads it")
        parser.add_argument("--configuration", metavar="FILE", help="instead of --policy: a Configuration of the API")
        parser.add_argument("--type", default="", help="of a resource that is new, such as AWS::SQS::Queue")
        parser.add_argument("--account", default="", help="of a resource that is new, where its ARN does not tell")
        parser.add_argument("--scp", metavar="FILE", help="a service control policy")
        parser.add_argument("--rcp", metavar="FILE", help="a resource control policy")
        parser.add_argument("--target", action="append", metavar="ID", help="root, unit or account; again for more")
        parser.add_argument(
            "--replace", default="", metavar="POLICY_ID", help="the text stands in the place of this policy's"
        )
        parser.add_argument(
            "--detach", default="", metavar="POLICY_ID", help="this policy is taken from the targets, or from all"
        )
        parser.add_argument("--json", action="store_true", help="the findings in the API's shape, one a line")

    def handle(self, *args: Any, **options: Any) -> None:
        analyzer = Analyzer.objects.filter(name=options["analyzer"]).first()
        if analyzer is None:
            raise CommandError(f"There is no analyzer {options['analyzer']}.", returncode=2)
        try:
            preview = CreatePreview(analyzer, None, wake=False, **_asked(options))()
        except InvalidConfiguration as error:
            raise CommandError(str(error), returncode=2) from error
        except ValidationError as error:
            raise CommandError("\n".join(_lines(error)), returncode=2) from error
        work(preview.pk, progress=self._progress)
        preview.refresh_from_db()
        if preview.status != AccessPreview.Status.COMPLETED:
            invalid = preview.reason == AccessPreview.Reason.INVALID_CONFIGURATION
            raise CommandError(visible(preview.error or "Not completed."), returncode=2 if invalid else 1)
        if options["json"]:
            self._json(preview)
        else:
            self._text(preview)
        if preview.new_access:
            raise SystemExit(1)

    def _progress(self, preview: AccessPreview) -> None:
        if sys.stderr.isatty() and preview.total > 1:
            self.stderr.write(f"\r{preview.done:,} of {preview.total:,} resources", ending="")

    def _json(self, preview: AccessPreview) -> None:
        self.stdout.write(json.dumps(wire.preview(preview)))
        for row in preview.findings.select_related("preview").iterator():
            self.stdout.write(json.dumps(wire.finding(row)))

    def _text(self, preview: AccessPreview) -> None:
        self.stdout.write(visible(preview.summary))
        for note in preview.notes:
            self.stdout.write(f"Note: {visible(note)}")
        for change in (_CHANGE.NEW, _CHANGE.CHANGED, _CHANGE.GONE):
            rows = preview.findings.filter(change=change)
            for row in rows[:SHOWN]:
                self.stdout.write(f"{change:<8} {_line(row)}")
            if (more := rows.count() - SHOWN) > 0:
                self.stdout.write(f"{change:<8} and {more:,} more")
        self.stdout.write(f"{preview.counts.get('UNCHANGED', 0):,} findings stay as they are.")
        for one in preview.findings.filter(uncertain=True)[:SHOWN]:
            self.stdout.write(f"UNKNOWN  whether this stays: {_line(one)}")
        for one in preview.comparisons:
            for sentence in one["sentences"]:
                self.stdout.write(visible(sentence))


def _line(row: AccessPreviewFinding) -> str:
    text = visible(row.error or row.details.get("summary") or row.resource).replace("\n", " ")
    doubt = "" if row.proof == Proof.PROVED or row.change == _CHANGE.GONE else " (not proved)"
    return f"{text}{' [public]' if row.is_public else ''}{' [archived]' if row.status == 'ARCHIVED' else ''}{doubt}"


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    controls = [name for name in ("scp", "rcp", "detach") if options[name]]
    if bool(options["resource"]) == bool(controls) or len(controls) > 1:
        raise CommandError("Give one of --resource, --scp, --rcp and --detach.", returncode=2)
    if options["resource"]:
        return _of_resource(options)
    if options["policy"] or options["configuration"]:
        raise CommandError("--policy and --configuration go with --resource.", returncode=2)
    if options["detach"]:
        return {"control": _detached(options["detach"], options["target"])}
    kind = ControlPolicy.Kind.SCP if options["scp"] else ControlPolicy.Kind.RCP
    text = _read(options["scp"] or options["rcp"])
    return {"control": ControlChange(kind, options["replace"], text, options["target"])}


def _of_resource(options: dict[str, Any]) -> dict[str, Any]:
    if (options["policy"] is None) == (options["configuration"] is None) or options["target"] or options["replace"]:
        raise CommandError("--resource goes with one of --policy and --configuration.", returncode=2)
    arn = options["resource"]
    known = Resource.objects.filter(arn=arn).values_list("type", flat=True).first()
    if options["configuration"] is not None:
        try:
            configuration = json.loads(_read(options["configuration"]))
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{options['configuration']}: {error}", returncode=2) from error
    elif known or options["type"]:
        configuration = with_policy(known or options["type"], _read(options["policy"]))
    else:
        raise CommandError(f"{arn} is not in the inventory. If it is new, give --type.", returncode=2)
    created = {} if known else {arn: {"type": options["type"], "account": options["account"]}}
    return {"configurations": {arn: configuration}, "created": created}


def _detached(policy: str, targets: list[str] | None) -> ControlChange:
    row = ControlPolicy.objects.filter(pk=policy).first()
    if row is None:
        raise CommandError(f"The inventory has no control policy with the id {policy}.", returncode=2)
    if unknown := [one for one in targets or () if one not in row.targets]:
        raise CommandError(f"{policy} is not attached to {unknown[0]}.", returncode=2)
    left = [one for one in row.targets if targets is not None and one not in targets]
    return ControlChange(row.kind, policy, None, left)


def _read(name: str) -> str:
    try:
        if name == "-":
            text = sys.stdin.read(MAX_BYTES + 1)
        else:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}", returncode=2) from error
    if len(text) > MAX_BYTES:
        raise CommandError(f"{name} has more than {MAX_BYTES:,} characters.", returncode=2)
    return text


def _lines(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return list(error.messages)
    return [f"{name}: {message}" for name, texts in error.message_dict.items() for message in texts]
