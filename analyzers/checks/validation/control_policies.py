"""Service and resource control policies.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers import catalogue
from analyzers.policy.errors import quote

from . import global_keys
from .actions import all_actions
from .document import Document, Line, Statement
from .knowledge import is_service, is_wild
from .rule import Found, Rule, found, key
from .values import FindingType

_IS_SERVICE = "aws:principalisawsservice"
_PRINCIPAL_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "aws:username",
    }
)
_SHARED_NULL = ("aws:sourceaccount", "aws:sourcearn")


def scp_action_wildcard(document: Document) -> Iterator[Found]:
    if not document.is_scp:
        return
    for action in all_actions(document):
        if is_wild(action.value.rstrip("*?")):
            yield found(
                f"In a service control policy * and ? stand at the end of an action only. Write the actions that "
                f"{quote(action.value)} means one by one.",
                action.path,
            )


def scp_principal(document: Document) -> Iterator[Found]:
    if not document.is_scp:
        return
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            if name in statement.raw:
                yield found(
                    f"A service control policy holds for whole accounts; it has no {name}. Remove it, and use a "
                    "condition on aws:PrincipalArn.",
                    key((*statement.path, name)),
                )


def _statements(document: Document) -> Iterator[Statement]:
    return iter(document.statements if document.is_rcp else ())


def rcp_principal(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if "NotPrincipal" in statement.raw:
            yield found(
                'A resource control policy has no NotPrincipal. Write "Principal": "*" and a condition.',
                key((*statement.path, "NotPrincipal")),
            )
        elif statement.raw.get("Principal", "*") not in ("*", {"AWS": "*"}):
            yield found(
                'A resource control policy is for all: write "Principal": "*" and say who is meant in a condition.',
                (*statement.path, "Principal"),
            )


def rcp_allow(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        resources = [resource.value for resource in statement.resources]
        if statement.allows and (
            "Condition" in statement.raw or resources != ["*"] or statement.raw.get("Principal") != "*"
        ):
            yield found(
                "An Allow of a resource control policy is for everybody and everything, without conditions. Write "
                "Principal *, Resource * and no Condition, and deny what is not wanted.",
                (*statement.path, "Effect"),
            )


def rcp_not_action(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if "NotAction" in statement.raw:
            yield found(
                "A resource control policy has no NotAction. List the actions in Action.",
                key((*statement.path, "NotAction")),
            )


def rcp_action(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        for action in statement.texts("Action"):
            prefix, colon, _ = action.lower.partition(":")
            if colon and is_service(prefix) and prefix not in catalogue.bound_by_resource_control_policies():
                yield found(
                    f"Resource control policies do not bind {prefix}. Remove {quote(action.value)}.", action.path
                )


def rcp_related_principal(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if _asks_whether_service(statement, "false"):
            continue
        for line in statement.lines:
            if statement.denies and line.compares and _is_of_principal(line.lower):
                yield found(
                    f"Services that act for you have no {line.key} and are denied too. Add BoolIfExists "
                    "aws:PrincipalIsAWSService false.",
                    line.path,
                )


def _is_of_principal(lower: str) -> bool:
    return lower in _PRINCIPAL_KEYS or lower.startswith("aws:principaltag/")


def rcp_related_service_principal(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        if _asks_whether_service(statement, "true"):
            continue
        for line in _source_lines(statement):
            yield found(
                f"Only calls of services carry {line.key}; your own users and roles are denied too. Add BoolIfExists "
                "aws:PrincipalIsAWSService true.",
                line.path,
            )


def rcp_null_check(document: Document) -> Iterator[Found]:
    for statement in _statements(document):
        checked = any(
            line.rule and line.rule.name == "Null" and [value.value.lower() for value in line.values] == ["false"]
            for line in statement.lines_of(*_SHARED_NULL)
        )
        for line in () if checked else _source_lines(statement):
            yield found(
                f"Some services call without {line.key} and are denied too. Add Null aws:SourceAccount false, or Null "
                "aws:SourceArn false.",
                line.path,
            )


def _source_lines(statement: Statement) -> list[Line]:
    return [
        line for line in statement.lines if statement.denies and line.compares and line.lower in global_keys.SOURCES
    ]


def _asks_whether_service(statement: Statement, answer: str) -> bool:
    return any(
        line.rule and line.rule.name == "Bool" and answer in (value.value.lower() for value in line.values)
        for line in statement.lines_of(_IS_SERVICE)
    )


RULES = (
    Rule(
        "SCP_SYNTAX_ERROR_ACTION_WILDCARD",
        FindingType.ERROR,
        scp_action_wildcard,
        "as the check is documented; Organizations has accepted such wildcards since September 2025",
    ),
    Rule("SCP_SYNTAX_ERROR_PRINCIPAL", FindingType.ERROR, scp_principal),
    Rule("RCP_SYNTAX_ERROR_PRINCIPAL", FindingType.ERROR, rcp_principal),
    Rule("RCP_SYNTAX_ERROR_ALLOW", FindingType.ERROR, rcp_allow),
    Rule("RCP_SYNTAX_ERROR_NOTACTION", FindingType.ERROR, rcp_not_action),
    Rule("RCP_SYNTAX_ERROR_ACTION", FindingType.ERROR, rcp_action),
    Rule("RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", FindingType.WARNING, rcp_related_principal),
    Rule("RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", FindingType.WARNING, rcp_related_service_principal),
    Rule("RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", FindingType.WARNING, rcp_null_check),
)
