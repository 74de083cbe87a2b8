"""Conditions on tags, and services that do not tell them.

A request carries aws:ResourceTag, aws:RequestTag and aws:TagKeys only where the action, or a type of resource that it
works on, supports them. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

from collections.abc import Iterator

from . import knowledge
from .document import Document, Line, Statement
from .rule import Found, Rule, found
from .values import FindingType

_TAGS = ("aws:resourcetag/", "aws:requesttag/")


def _lines(statement: Statement) -> Iterator[Line]:
    """Conditions on tags that fail where the service tells none."""
    for line in statement.lines:
        if line.demands and (line.lower.startswith(_TAGS) or line.lower == "aws:tagkeys"):
            yield line


def _with_action(document: Document, effect: str, consequence: str, advice: str) -> Iterator[Found]:
    for statement in document.statements:
        if statement.effect != effect or statement.has_not_action:
            continue
        for line in _lines(statement):
            services = _deaf_services(statement, line.key)
            if services:
                yield found(
                    f"{', '.join(services)}: requests do not carry {line.key}, {consequence}. {advice}", line.path
                )


def _deaf_services(statement: Statement, key: str) -> list[str]:
    """The services of which the statement names an action that does not tell the key, or a pattern of only such."""
    deaf = set()
    for action in statement.actions:
        covered = knowledge.matching(action.lower)
        if covered and not any(knowledge.supports(one, key) for one in covered):
            deaf.add(covered[0].service)
    return sorted(deaf)


def deny(document: Document) -> Iterator[Found]:
    yield from _with_action(
        document,
        "Deny",
        "so that some of their actions are not denied",
        "Deny those by resource, in a statement of their own.",
    )


def allow(document: Document) -> Iterator[Found]:
    yield from _with_action(
        document,
        "Allow",
        "so that some of their actions are never allowed",
        "Move those into a statement without this condition.",
    )


def _with_not_action(document: Document, effect: str, consequence: str) -> Iterator[Found]:
    for statement in document.statements:
        if statement.effect == effect and statement.has_not_action:
            for line in _lines(statement):
                yield found(
                    f"Many actions do not tell {line.key}; they are {consequence} by this statement. List in Action "
                    "those that are meant.",
                    line.path,
                    (*statement.path, "NotAction"),
                )


def deny_not_action(document: Document) -> Iterator[Found]:
    yield from _with_not_action(document, "Deny", "not denied")


def allow_not_action(document: Document) -> Iterator[Found]:
    yield from _with_not_action(document, "Allow", "never allowed")


RULES = (
    Rule("DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", FindingType.SECURITY_WARNING, deny),
    Rule(
        "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", FindingType.SECURITY_WARNING, deny_not_action
    ),
    Rule("ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", FindingType.SUGGESTION, allow),
    Rule("ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", FindingType.SUGGESTION, allow_not_action),
)
