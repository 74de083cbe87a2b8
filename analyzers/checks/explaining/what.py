"""Actions and resources in words, by the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from analyzers import catalogue
from analyzers.policy.model import Patterns

MOST = 12
"""Patterns of one statement that are explained each."""
_RIGHTS = "Permissions management"


def action_lines(patterns: Patterns | None) -> Iterator[str]:
    """A line for each pattern."""
    if patterns is None:
        yield "no action at all, because none is named"
        return
    for text in patterns.values[:MOST]:
        yield _action(text)
    if len(patterns.values) > MOST:
        yield f"and {len(patterns.values) - MOST} more"


def _action(text: str) -> str:
    if text.strip("*") == "":
        return "*: every action of every AWS service"
    if not set("*?") & set(text):
        found = catalogue.action(text)
        return f"{text}: not an action that AWS documents" if found is None else f"{found.full_name}{_about(found)}"
    covered = list(catalogue.matching(text))
    if not covered:
        return f"{text}: no action that AWS documents"
    prefix = covered[0].service
    service = catalogue.service(prefix)
    name = service.name if service is not None and all(one.service == prefix for one in covered) else "several services"
    whole = len(covered) == len(catalogue.actions_of(prefix))
    count = f"all {len(covered)} actions" if whole else _counted(len(covered), "action")
    said = f"{text}: {count} of {name}, for example {', '.join(one.full_name for one in islice(covered, 2))}"
    rights = [one.full_name for one in covered if _RIGHTS in one.access_level]
    return said + (f"; with them who has which rights can be changed ({rights[0]})" if rights else "")


def _about(found: catalogue.Action) -> str:
    about = found.description.strip().removeprefix("Grants permission to ").rstrip(".")
    return f" ({about})" if about else ""


def resource_lines(patterns: Patterns | None, wanted: bool) -> Iterator[str]:
    """`wanted`: policies of this type say on which resources."""
    if patterns is None:
        yield "the role itself" if not wanted else "no resource is named"
        return
    for text in patterns.values[:MOST]:
        yield _resource(text)
    if len(patterns.values) > MOST:
        yield f"and {len(patterns.values) - MOST} more"


def _resource(text: str) -> str:
    if text == "*":
        return "any resource"
    fields = text.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn":
        return text
    service = catalogue.service(fields[2])
    name = service.name if service is not None else fields[2]
    bucket, slash, key = fields[5].partition("/")
    if fields[2] == "s3" and not fields[4]:
        if not slash:
            return f"{text} (the bucket {bucket} itself, not what is in it)"
        return f"{text} ({'every object' if key == '*' else f'objects named {key}'} in the bucket {bucket})"
    return f"{text} ({name})"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
