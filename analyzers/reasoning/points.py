"""One request, as the values of the variables that a formula talks about.

What follows from who calls is told here once more, apart from the evaluator.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzers.policy import arn as arns

from .callers import CANONICAL, PRINCIPAL, PROVIDER, SERVICE, SESSION
from .formula import Var
from .request import CallerKind, ContextValue, Request
from .scene import ACTION, RESOURCE
from .space import Vocabulary

Points = dict[Var, tuple[str, ...]]


def told(request: Request) -> dict[str, ContextValue]:
    """The condition keys (lower case) of the request: those that it names, and those that follow from its caller."""
    implied: dict[str, ContextValue] = {}
    if request.resource_account:
        implied["aws:resourceaccount"] = request.resource_account
    match request.caller_kind:
        case CallerKind.ANONYMOUS:
            implied["aws:principaltype"] = "Anonymous"
        case CallerKind.SERVICE:
            implied["aws:principalisawsservice"] = "true"
            implied["aws:principalservicename"] = request.principal
        case CallerKind.AWS:
            implied |= _identity(request.principal)
    return implied | {key.lower(): value for key, value in request.context.items()}


def _identity(principal: str) -> Mapping[str, str]:
    arn, _ = caller(principal)
    account, name = arns.account_of(principal), principal.split(":", 5)[-1]
    kinds = {"root": "Account", "federated-user": "FederatedUser", "role": "AssumedRole", "assumed-role": "AssumedRole"}
    known = {
        "aws:principalarn": arn,
        "aws:principalaccount": account,
        "kms:calleraccount": account,
        "aws:principaltype": kinds.get(name.partition("/")[0], "User"),
        "aws:principalisawsservice": "false",
    }
    if name.startswith("user/"):
        known["aws:username"] = name.rsplit("/", 1)[-1]
    return known


def caller(principal: str) -> tuple[str, str]:
    """The user, role or root behind an ARN, and the name of the role session, if it is one."""
    fields = arns.split(principal)
    if fields is None or fields[2] != "sts" or not fields[5].startswith("assumed-role/"):
        return principal, ""
    name, _, session = fields[5].removeprefix("assumed-role/").partition("/")
    return f"arn:{fields[1]}:iam::{fields[4]}:role/{name}", session


def points(request: Request, known: Mapping[str, ContextValue], vocabulary: Vocabulary) -> Points:
    """A value for each variable; none where the request has none."""
    kind = request.caller_kind
    principal, session = caller(request.principal)
    path = known.get("aws:principalarn")
    if isinstance(path, str) and _is_same_role(path, principal):
        principal = path  # a session's own ARN does not tell the path of its role
    values: Points = {
        ACTION: (request.action.lower(),),
        RESOURCE: (request.resource,),
        PRINCIPAL: (principal,) if kind is CallerKind.AWS else (),
        SESSION: (session,) if session else (),
        SERVICE: (request.principal,) if kind is CallerKind.SERVICE else (),
        PROVIDER: (request.principal.removeprefix("federated:"),) if kind is CallerKind.FEDERATED else (),
        CANONICAL: (request.principal.removeprefix("canonical:"),) if kind is CallerKind.CANONICAL_USER else (),
    }
    for var in vocabulary.tests:
        if var in values:
            continue
        value = known.get(var.name.removesuffix("[]"), ())
        several = value if isinstance(value, tuple) else (value,)
        # To a set operator an empty string is no value.
        values[var] = tuple(filter(None, several)) if several is value or var.name.endswith("[]") else several
    return values


def _is_same_role(one: str, other: str) -> bool:
    first, second = arns.split(one), arns.split(other)
    if first is None or second is None or not (first[5].startswith("role/") and second[5].startswith("role/")):
        return False
    return first[:5] == second[:5] and first[5].rsplit("/", 1)[-1] == second[5].rsplit("/", 1)[-1]
