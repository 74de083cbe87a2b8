"""iam:PassRole and iam:CreateServiceLinkedRole: two actions that hand a service rights, allowed for too many roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from . import knowledge
from .coverage import covers
from .document import Document, Statement, Text
from .rule import Check, Found, Rule, found
from .values import FindingType


class Handing(NamedTuple):
    """`limit`: the condition key that names the services. `roles`: the names behind `role/`."""

    prefix: str
    action: str
    limit: str
    roles: str
    danger: str
    type: FindingType


PASS = Handing(
    "PASS_ROLE",
    "iam:PassRole",
    "iam:PassedToService",
    "*",
    "every role can be given to a service, also one with more rights than the caller has",
    FindingType.SECURITY_WARNING,
)
LINK = Handing(
    "CREATE_SLR",
    "iam:CreateServiceLinkedRole",
    "iam:AWSServiceName",
    "aws-service-role/*",
    "roles for every service can be created",
    FindingType.WARNING,
)
_ACCOUNT = "111122223333"


def _by_name(statement: Statement, handing: Handing) -> list[Text]:
    return [action for action in statement.texts("Action") if action.lower == handing.action.lower()]


def _by_wildcard(statement: Statement, handing: Handing) -> list[Text]:
    wanted = handing.action.lower()
    return [
        action
        for action in statement.texts("Action")
        if knowledge.is_wild(action.value) and knowledge.matches(action.lower, wanted)
    ]


def _by_not_action(statement: Statement, handing: Handing) -> list[Text]:
    excluded = any(knowledge.matches(action.lower, handing.action.lower()) for action in statement.texts("NotAction"))
    if not statement.has_not_action or excluded:
        return []
    return [Text("NotAction", (*statement.path, "NotAction"))]


def _all_roles(statement: Statement, handing: Handing) -> list[Text]:
    """The resources that take in every role of an account."""
    return [resource for resource in statement.texts("Resource") if _takes_in_all(resource.value, handing)]


def _takes_in_all(pattern: str, handing: Handing) -> bool:
    if "${" in pattern:
        return False
    fields = pattern.split(":", 5)
    account = fields[4] if len(fields) == 6 and not knowledge.is_wild(fields[4]) else _ACCOUNT
    partition = fields[1] if len(fields) == 6 and not knowledge.is_wild(fields[1]) else "aws"
    return covers(pattern, f"arn:{partition}:iam::{account}:role/{handing.roles}")


def _not_resource(statement: Statement, handing: Handing) -> list[Text]:
    return [Text("NotResource", (*statement.path, "NotResource"))] if statement.has_not_resource else []


_ACTIONS = {"": _by_name, "STAR_IN_ACTION": _by_wildcard, "NOT_ACTION": _by_not_action}


def _check(handing: Handing, action: str, negated: bool, document: Document) -> Iterator[Found]:
    if not document.is_identity:
        return
    for statement in document.allowing:
        if statement.lines_of(handing.limit.lower()):
            continue
        actions = _ACTIONS[action](statement, handing)
        resources = (_not_resource if negated else _all_roles)(statement, handing) if actions else []
        if resources:
            how = {"": handing.action, "STAR_IN_ACTION": actions[0].value, "NOT_ACTION": "NotAction"}[action]
            where = "NotResource" if negated else f"the resource {resources[0].value}"
            yield found(
                f"With {how} and {where} {handing.danger}. Name the roles in Resource, or add a condition on "
                f"{handing.limit}.",
                *(text.path for text in (*actions, *resources)),
            )


def _code(handing: Handing, action: str, negated: bool) -> str:
    resource = "NOT_RESOURCE" if negated else "STAR_IN_RESOURCE"
    if action == "STAR_IN_ACTION" and not negated:
        resource = "RESOURCE"
    pieces = [resource] if not action else [action, resource]
    if action == "NOT_ACTION" and not negated:
        pieces.reverse()
    return f"{handing.prefix}_WITH_{'_AND_'.join(pieces)}"


def _rule(handing: Handing, action: str, negated: bool) -> Rule:
    check: Check = partial(_check, handing, action, negated)
    return Rule(_code(handing, action, negated), handing.type, check)


RULES = tuple(
    _rule(handing, action, negated) for handing in (PASS, LINK) for negated in (True, False) for action in _ACTIONS
)
