"""manage.py access_paths: everybody inside who reaches a resource, and how."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.access import shown
from analyzers.access.resource import ResourceAccess, resource_access
from analyzers.kinds.paths.search import LENGTH, LONGEST
from analyzers.kinds.paths.target import Level
from analyzers.models import Resource


class Command(BaseCommand):
    help = (
        "Everybody inside who reaches a resource: by rights of their own, by assuming roles, and by rights that let "
        "them give themselves access. Exit status 0: answered, 1: not completely, 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--resource", required=True, help="ARN")
        parser.add_argument("--length", type=int, default=LENGTH, choices=range(LONGEST + 1), help="steps at most")
        parser.add_argument("--level", default="", choices=["", *Level], help="only this kind of access counts")
        parser.add_argument("--seconds", type=float, default=300.0, help="for all questions together")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        resource = Resource.objects.select_related("account").filter(arn=options["resource"]).first()
        if resource is None:
            raise CommandError(f"{options['resource']} is not in the inventory.", returncode=2)
        level = Level(options["level"]) if options["level"] else None
        found = resource_access(resource, length=options["length"], level=level, seconds=options["seconds"])
        if options["json"]:
            self.stdout.write(json.dumps(_json(found), indent=1))
        else:
            self._tell(found)
        if not found.complete:
            self.stderr.write("The time was over before everything was asked; who is missing may have access.")
            raise SystemExit(1)

    def _tell(self, found: ResourceAccess) -> None:
        asked = f"found by {found.analyzer}" if found.analyzer else f"{found.principals} principals asked"
        self.stdout.write(f"Access of their own ({asked}): {len(found.rows)}")
        for row in found.rows:
            levels = ", ".join([*row.levels, *(f"{one} (not known)" for one in row.unknown)])
            self.stdout.write(f"  {row.principal}: {levels}")
        self.stdout.write(f"Paths: {found.path_count}, {found.known_paths} of them proved")
        for path in map(shown.path, found.paths):
            self.stdout.write(f"  {path['principal']}" + ("" if path["known"] else " (not known)"))
            for number, step in enumerate(path["steps"], 1):
                said = " ".join(filter(None, [step["sentence"], step["note"], step["reason"]]))
                self.stdout.write(f"    {number}. {said}")
        if left := found.path_count - len(found.paths):
            self.stdout.write(f"  and {left} more")


def _json(found: ResourceAccess) -> dict[str, Any]:
    return {
        "analyzer": found.analyzer,
        "complete": found.complete,
        "principals": found.principals,
        "direct": [
            {
                "principal": row.principal,
                "levels": {level: list(actions) for level, actions in row.levels.items()},
                "unknown": list(row.unknown),
            }
            for row in found.rows
        ],
        "summary": dict(found.summary.counts),
        "path_count": found.path_count,
        "paths": [shown.path(path) for path in found.paths],
    }
