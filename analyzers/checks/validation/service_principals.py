"""Statements that let in services, which call on behalf of whoever asks them to.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.policy.errors import quote

from . import global_keys
from .document import Document, Line, Principal, Statement
from .rule import Found, Rule, found
from .values import FindingType

_SAY = "aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths"
_WEAK = frozenset({"aws:referer", "aws:sourceowner", "aws:useragent", "aws:userid", "aws:principalaccount"})
"""Keys that people limit services with, and that say less."""


def _letting_in(document: Document) -> Iterator[tuple[Statement, tuple[Principal, ...]]]:
    """Allow statements with service principals of policies of resources; a role's trust is not about a source."""
    if document.is_resource and not document.is_trust:
        for statement in document.allowing:
            principals = statement.principals_of("Service")
            if principals and statement.principal_element == "Principal":
                yield statement, principals


def _is_limited(statement: Statement) -> bool:
    return any(line.lower in global_keys.SOURCES and line.demands for line in statement.lines)


def _weak_lines(statement: Statement) -> list[Line]:
    return [line for line in statement.lines if line.lower in _WEAK and line.demands]


def restrict_access(document: Document) -> Iterator[Found]:
    for statement, principals in _letting_in(document):
        if not _is_limited(statement) and not _weak_lines(statement):
            names = ", ".join(quote(principal.value) for principal in principals[:3])
            yield found(
                f"{names} gets in on behalf of anybody, also from other accounts. Say for whom, with a condition on "
                f"{_SAY}.",
                *(principal.path for principal in principals),
            )


def recommended_key(document: Document) -> Iterator[Found]:
    for statement, principals in _letting_in(document):
        if not _is_limited(statement):
            for line in _weak_lines(statement):
                yield found(
                    f"{line.key} does not say reliably for whom {quote(principals[0].value)} calls. Use {_SAY}.",
                    line.path,
                )


def unsupported_condition_key(document: Document) -> Iterator[Found]:
    for statement, principals in _letting_in(document):
        if len(principals) != len(statement.principals):
            continue
        out = [line for line in statement.lines if line.demands and _is_of_a_principal(line.lower)]
        if out:
            yield found(
                f"A service never carries {', '.join(line.key for line in out)}, so {quote(principals[0].value)} does "
                f"not get in. Use {_SAY}.",
                *(line.path for line in out),
            )


def _is_of_a_principal(lower: str) -> bool:
    return lower in global_keys.OF_A_PRINCIPAL or lower.startswith("aws:principaltag/")


RULES = (
    Rule(
        "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        FindingType.SECURITY_WARNING,
        restrict_access,
        "not of role trust policies: many services assume roles without a source, and there is no list of them",
    ),
    Rule(
        "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        FindingType.SUGGESTION,
        recommended_key,
        "of aws:Referer (documented), aws:SourceOwner, aws:UserAgent, aws:userid and aws:PrincipalAccount",
    ),
    Rule(
        "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        FindingType.ERROR,
        unsupported_condition_key,
        "of keys that no service principal carries; which key goes with which service is in no list",
    ),
)
