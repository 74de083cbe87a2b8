"""Who calls, as formulas: the variables of a caller's identity and what an entry of a Principal element says of them.

Rules: SEMANTICS 1.6.
"""

from __future__ import annotations

from functools import lru_cache

from analyzers.policy import arn as arns
from analyzers.policy.model import PrincipalEntry, PrincipalKind
from analyzers.policy.pattern import tokens

from .formula import FALSE, TRUE, Formula, Holds, Is, Open, Var, conj, disj
from .globs import ANY_RUN, FIELD_RUN, Glob, concat, glob, literal
from .request import CallerKind

PRINCIPAL = Var("principal")
"""aws:PrincipalArn: the user, role (also for its sessions), root or federated user."""
SESSION = Var("session")
SERVICE = Var("service")
PROVIDER = Var("provider")
CANONICAL = Var("canonical user")

AWS = Is(CallerKind.AWS)
ROOT = Holds(PRINCIPAL, glob(tokens("arn:*:iam::*:root", wildcards=True, variables=False), fields=5))
FEDERATED_USER = Holds(PRINCIPAL, glob(tokens("arn:*:sts::*:federated-user/*", wildcards=True, variables=False)))


@lru_cache(maxsize=16384)
def principal(entry: PrincipalEntry) -> Formula:
    """The callers that the entry means."""
    if entry.value == "*" and entry.kind in {PrincipalKind.ANY, PrincipalKind.AWS}:
        return TRUE
    if entry.kind is PrincipalKind.SERVICE:
        return conj([Is(CallerKind.SERVICE), Holds(SERVICE, literal(entry.value))])
    if entry.kind is PrincipalKind.FEDERATED:
        return conj([Is(CallerKind.FEDERATED), Holds(PROVIDER, literal(entry.value))])
    if entry.kind is PrincipalKind.CANONICAL_USER:
        return conj([Is(CallerKind.CANONICAL_USER), Holds(CANONICAL, literal(entry.value))])
    fields = arns.split(arns.normalise_principal(entry.value))
    if entry.kind is not PrincipalKind.AWS or fields is None:
        return FALSE  # the id of a deleted entity, which never comes back
    _, partition, service, _, account, name = fields
    if is_pattern(entry):  # AWS refuses such an entry; should one exist, it is not taken for harmless
        pattern = glob(tokens(entry.value, wildcards=True, variables=False))
        return conj([AWS, Holds(PRINCIPAL, pattern), Open(f"principal {entry.value}")])
    if name == "root":
        return conj([AWS, Holds(PRINCIPAL, account_glob(literal(account)))])
    if service == "sts" and name.startswith("assumed-role/"):
        role_name, _, session = name.removeprefix("assumed-role/").partition("/")
        return conj([AWS, role(partition, account, role_name), Holds(SESSION, literal(session))])
    if service == "iam" and name.startswith("role/"):
        return conj([AWS, role(partition, account, name.rpartition("/")[2])])
    return conj([AWS, Holds(PRINCIPAL, literal(entry.value))])


def is_pattern(entry: PrincipalEntry) -> bool:
    """Whether the entry is an ARN with wildcards, which AWS does not accept."""
    return entry.kind is PrincipalKind.AWS and entry.value != "*" and bool(set("*?") & set(entry.value))


def role(partition: str, account: str, name: str) -> Formula:
    """A role by account and name, whatever its path: names are unique in an account, and sessions show no path."""
    prefix = literal(f"arn:{partition}:iam::{account}:role/")
    return disj(
        [
            Holds(PRINCIPAL, concat(prefix, literal(name))),
            Holds(PRINCIPAL, concat(prefix, (ANY_RUN,), literal(f"/{name}"))),
        ]
    )


def account_glob(account: Glob) -> Glob:
    """ARNs of principals of the accounts that match."""
    colon = literal(":")
    return concat(literal("arn:"), (FIELD_RUN,), colon, (FIELD_RUN,), colon, colon, account, colon, (ANY_RUN,))
