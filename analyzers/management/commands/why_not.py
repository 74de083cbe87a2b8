"""manage.py why_not: can this principal do something with this resource, and if not, what is in the way?"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.access import shown
from analyzers.access.worlds import scope_of, target_for, world_of
from analyzers.kinds.paths.blockers import why_not
from analyzers.kinds.paths.questions import Asking
from analyzers.models import Resource


class Command(BaseCommand):
    help = (
        "Can this principal do something with this resource, and if not, what is in the way? "
        "Exit status 0: it can, 1: it cannot, 2: wrong use, 3: not known."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--principal", required=True, help="ARN of a user or role")
        parser.add_argument("--resource", required=True, help="ARN")
        parser.add_argument("--action", default="", help="one action; without it any that the resource takes")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        resource = Resource.objects.select_related("account").filter(arn=options["resource"]).first()
        if resource is None:
            raise CommandError(f"{options['resource']} is not in the inventory.", returncode=2)
        world = world_of(scope_of(resource.account))
        if options["principal"] not in world.members:
            raise CommandError(
                f"{options['principal']} is not in the inventory of the resource's organization or account.",
                returncode=2,
            )
        actions = (options["action"],) if options["action"] else ()
        target = target_for(resource, world, actions=actions)
        if not target.questions:
            raise CommandError("Which actions such a resource takes is not known; use --action.", returncode=2)
        found = shown.answer(why_not(world.caller(options["principal"]), target, Asking(seconds=30)))
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=1))
        else:
            self._tell(found, options["principal"])
        if not found["allowed"]:
            raise SystemExit(3 if found["allowed"] is None else 1)

    def _tell(self, found: dict[str, Any], principal: str) -> None:
        request = found["request"]
        asked = f"{request['action']} on {request['resource']}"
        if found["allowed"]:
            self.stdout.write(f"Yes: {principal} can {asked}.")
            for one in found["statements"]:
                sid = f" ({one['sid']})" if one["sid"] else ""
                self.stdout.write(f"  statement {one['statement']}{sid} of {one['where']}")
            return
        self.stdout.write(f"{'Not known' if found['allowed'] is None else 'No'}: {principal}, {asked}")
        for obstacle in found["obstacles"]:
            self.stdout.write(f"  {obstacle['sentence']}")
        if found["reason"]:
            self.stdout.write(f"  {found['reason']}")
        if found["proved"]:
            self.stdout.write("  Proved: no request for this action is allowed, whatever its circumstances.")
