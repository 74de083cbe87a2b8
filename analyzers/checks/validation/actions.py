"""Action and NotAction against the catalogue.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers import catalogue
from analyzers.policy.errors import quote

from .document import Document, Text
from .knowledge import is_retired, is_service, is_wild, matching, nearest, nearest_service
from .rule import Found, Rule, found
from .values import FindingType


def all_actions(document: Document) -> Iterator[Text]:
    """Those of Action and of NotAction."""
    for statement in document.statements:
        yield from statement.texts("Action")
        yield from statement.texts("NotAction")


def _parts(action: Text) -> tuple[str, str]:
    prefix, _, name = action.value.partition(":")
    return prefix, name


def invalid_action(document: Document) -> Iterator[Found]:
    for action in all_actions(document):
        prefix, name = _parts(action)
        if "${" in action.value or not action.value.strip("*"):
            continue
        if ":" not in action.value:
            yield found(
                f"{quote(action.value)} is no action: it has no service. Write service:Action, such as s3:GetObject.",
                action.path,
            )
        elif _is_known(prefix) and not matching(action.lower):
            yield found(_unknown_action(action.value, prefix, name), action.path)


def _is_known(prefix: str) -> bool:
    return not is_wild(prefix) and is_service(prefix) and not is_retired(prefix)


def _unknown_action(written: str, prefix: str, name: str) -> str:
    if is_wild(name):
        return f"No action of {prefix} is called {quote(written)}. Correct the pattern, or remove it."
    near = nearest(name, (action.name for action in catalogue.actions_of(prefix)))
    advice = f"Did you mean {prefix}:{near}?" if near else "Correct it, or remove it."
    return f"{prefix} has no action {quote(name)}. {advice}"


def invalid_service_in_action(document: Document) -> Iterator[Found]:
    for action in all_actions(document):
        prefix, _ = _parts(action)
        if ":" not in action.value or is_wild(prefix) or "${" in prefix or is_service(prefix):
            continue
        near = nearest_service(prefix)
        advice = f"Did you mean {near}?" if near else "Correct it, or remove the action."
        yield found(f"There is no service {quote(prefix)}. {advice}", action.path)


def wildcard_in_service_name(document: Document) -> Iterator[Found]:
    for action in all_actions(document):
        prefix, _ = _parts(action)
        if ":" in action.value and is_wild(prefix):
            yield found(
                f"{quote(action.value)} stands for actions of all services that fit, also of those to come. Name the "
                "service.",
                action.path,
            )
    for statement in document.statements:
        for resource in statement.texts("Resource") + statement.texts("NotResource"):
            fields = resource.value.split(":")
            if len(fields) > 5 and fields[0] == "arn" and is_wild(fields[2]):
                yield found(
                    f"{quote(resource.value)} stands for resources of all services that fit. Name the service.",
                    resource.path,
                )


RULES = (
    Rule(
        "INVALID_ACTION",
        FindingType.ERROR,
        invalid_action,
        "an action that AWS has added since the catalogue was renewed is taken for unknown",
    ),
    Rule("INVALID_SERVICE_IN_ACTION", FindingType.ERROR, invalid_service_in_action),
    Rule("WILDCARD_IN_SERVICE_NAME", FindingType.SUGGESTION, wildcard_in_service_name),
)
