"""How a resource's statement names a caller: the way decides which of the caller's own limits bind.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from analyzers.policy import arn as arns
from analyzers.policy.model import Effect, PrincipalEntry, PrincipalKind, Statement

from . import assumptions
from .matching import Call, Truth, any_of, inverse, principal_matches
from .request import CallerKind


class Strength(StrEnum):
    """DIRECT: named itself, or everybody is. VIA_ROLE, VIA_USER: a session, and its role or user is named.
    ACCOUNT: the account is named, which delegates to the account's own policies."""

    DIRECT = "direct"
    VIA_ROLE = "via role"
    VIA_USER = "via user"
    ACCOUNT = "account"


def named(statement: Statement, call: Call) -> Mapping[Strength, Truth]:
    """How strongly the statement names the caller; strengths that are not there are False.

    A statement without principals, which AWS refuses on a resource, may name anybody or nobody.
    """
    principals = statement.principals
    if principals is None:
        return {Strength.DIRECT: assumptions.MISPLACED_PRINCIPAL}
    if principals.negated:
        return {Strength.DIRECT: inverse(any_of(truth for _, truth in _entries(statement, call)))}
    found: dict[Strength, Truth] = {}
    for strength, truth in _entries(statement, call):
        found[strength] = any_of((found.get(strength, False), truth))
    return found


def not_principal_denies(statement: Statement, call: Call, *, bounded: bool) -> str:
    """The assumption by which a Deny with NotPrincipal reaches a caller that it names; empty if it does not."""
    principals = statement.principals
    if statement.effect is not Effect.DENY or principals is None or not principals.negated:
        return ""
    if call.kind is not CallerKind.AWS or any(entry.value == "*" for entry in principals.entries):
        return ""
    if bounded and assumptions.NOT_PRINCIPAL_DENIES_BOUNDED:
        return "NOT_PRINCIPAL_DENIES_BOUNDED"
    if assumptions.NOT_PRINCIPAL_NEEDS_ACCOUNT and not any(_is_account(entry, call) for entry in principals.entries):
        return "NOT_PRINCIPAL_NEEDS_ACCOUNT"
    return ""


def _entries(statement: Statement, call: Call) -> list[tuple[Strength, Truth]]:
    entries = statement.principals.entries if statement.principals else ()
    return [_entry(entry, call) for entry in entries]


def _entry(entry: PrincipalEntry, call: Call) -> tuple[Strength, Truth]:
    if entry.kind is PrincipalKind.CANONICAL_USER:
        if call.kind is CallerKind.AWS:
            return Strength.ACCOUNT, assumptions.CANONICAL_USER_IS_CALLER
        return Strength.ACCOUNT, principal_matches(entry, call)
    if entry.kind is not PrincipalKind.AWS or entry.value == "*":
        return Strength.DIRECT, principal_matches(entry, call)
    if _is_account(entry, call):
        return Strength.ACCOUNT, True
    fields = arns.split(arns.normalise_principal(entry.value))
    if fields is None or call.kind is not CallerKind.AWS:
        return Strength.DIRECT, False
    if fields[5].startswith("role/"):
        return Strength.VIA_ROLE, principal_matches(entry, call)
    if fields[5].startswith("user/") and is_federated_user(call):
        user = call.request.principal.rpartition("/")[2]
        namesake = fields[4] == call.account and fields[5].rpartition("/")[2] == user
        return Strength.VIA_USER, namesake and assumptions.FEDERATED_USER_IS_NAMESAKE
    return Strength.DIRECT, principal_matches(entry, call)


def _is_account(entry: PrincipalEntry, call: Call) -> bool:
    fields = arns.split(arns.normalise_principal(entry.value)) if entry.kind is PrincipalKind.AWS else None
    return bool(fields and fields[5] == "root" and fields[4] == call.account and call.account)


def is_federated_user(call: Call) -> bool:
    """Whether the caller is a session of GetFederationToken."""
    fields = arns.split(call.request.principal)
    return bool(fields and fields[2] == "sts" and fields[5].startswith("federated-user/"))


def is_root(call: Call) -> bool:
    """Whether the caller is the root user of its account, who may do everything that nothing forbids."""
    fields = arns.split(call.request.principal)
    return bool(fields and fields[2] == "iam" and fields[5] == "root")


def is_service_linked(call: Call) -> Truth:
    """Whether the caller is a role that belongs to an AWS service, which control policies do not bind.

    The path of the role tells; where a session's ARN leaves it out, its name makes it likely, no more.
    """
    told = call.context.get("aws:principalarn")
    if ":role/aws-service-role/" in (told if isinstance(told, str) else ""):
        return True
    return None if call.role_name.startswith("AWSServiceRoleFor") else False
