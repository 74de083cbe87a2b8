"""Principal and NotPrincipal.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.policy.errors import quote

from .document import Document, Principal
from .knowledge import is_wild, nearest
from .rule import Found, Rule, found, key
from .values import FindingType

KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


def invalid_principal_format(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            value = statement.raw.get(name, "*")
            if value != "*" and not isinstance(value, dict):
                yield found(
                    f'{name} is "*" or an object that says of which kind the principals are, such as {{"AWS": '
                    '"111122223333"}. Write it so.',
                    (*statement.path, name),
                )


def invalid_principal_key(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            value = statement.raw.get(name)
            for kind in value if isinstance(value, dict) else ():
                if kind not in KINDS:
                    near = nearest(kind, KINDS)
                    advice = f"Write {near}." if near else f"Use one of {', '.join(KINDS)}."
                    yield found(
                        f"There is no kind of principal {quote(kind)}. {advice}", key((*statement.path, name, kind))
                    )


def unsupported_wildcard_in_principal(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for principal in statement.principals:
            if _is_wrongly_wild(principal):
                yield found(
                    f"A principal of kind {principal.kind} is named in full: {quote(principal.value)} has a wildcard, "
                    "which stands for nobody. Name the principal, or let in its account and add a condition on "
                    "aws:PrincipalArn.",
                    principal.path,
                )


def _is_wrongly_wild(principal: Principal) -> bool:
    if principal.kind == "*" or (principal.kind == "AWS" and principal.value == "*"):
        return False
    return principal.kind in KINDS and is_wild(principal.value)


def invalid_role_reference(document: Document) -> Iterator[Found]:
    yield from _by_id(document, "AROA", "role")


def invalid_user_reference(document: Document) -> Iterator[Found]:
    yield from _by_id(document, "AIDA", "user")


def _by_id(document: Document, prefix: str, what: str) -> Iterator[Found]:
    for statement in document.statements:
        for principal in statement.principals_of("AWS"):
            if principal.value.startswith(prefix):
                yield found(
                    f"{quote(principal.value)} is the id of a {what}. IAM shows the id where the {what} was deleted; a "
                    f"new {what} of the same name has another. Name the {what} by its ARN, or remove the principal.",
                    principal.path,
                )


def empty_array_principal(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            value = statement.raw.get(name)
            for kind, listed in value.items() if isinstance(value, dict) else ():
                if listed == []:
                    yield found(
                        f"The list of {kind} principals is empty. Name some, or remove it.",
                        (*statement.path, name, kind),
                    )


def empty_object_principal(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            if statement.raw.get(name) == {}:
                yield found(
                    f"{name} is empty, so the statement is for nobody. Name principals, or remove the statement.",
                    (*statement.path, name),
                )


def allow_with_not_principal(document: Document) -> Iterator[Found]:
    for statement in document.allowing:
        if "NotPrincipal" in statement.raw:
            yield found(
                "Allow with NotPrincipal lets in everybody else, strangers included. Name in Principal who is let in.",
                (*statement.path, "NotPrincipal"),
            )


def federated_principal_not_supported(document: Document) -> Iterator[Found]:
    if not document.is_resource or document.is_trust:
        return
    for statement in document.statements:
        for principal in statement.principals_of("Federated"):
            yield found(
                f"An identity provider ({quote(principal.value)}) can only be trusted by a role. Name the role that "
                "its users take.",
                principal.path,
            )


RULES = (
    Rule("INVALID_PRINCIPAL_FORMAT", FindingType.ERROR, invalid_principal_format),
    Rule("INVALID_PRINCIPAL_KEY", FindingType.ERROR, invalid_principal_key),
    Rule("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", FindingType.ERROR, unsupported_wildcard_in_principal),
    Rule("INVALID_ROLE_REFERENCE", FindingType.WARNING, invalid_role_reference),
    Rule("INVALID_USER_REFERENCE", FindingType.WARNING, invalid_user_reference),
    Rule("EMPTY_ARRAY_PRINCIPAL", FindingType.SUGGESTION, empty_array_principal),
    Rule("EMPTY_OBJECT_PRINCIPAL", FindingType.SUGGESTION, empty_object_principal),
    Rule("ALLOW_WITH_NOT_PRINCIPAL", FindingType.SECURITY_WARNING, allow_with_not_principal),
    Rule("FEDERATED_PRINCIPAL_NOT_SUPPORTED", FindingType.ERROR, federated_principal_not_supported),
)
