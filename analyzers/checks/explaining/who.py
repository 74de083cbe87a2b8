"""Whom a statement is about, in words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re

from analyzers.policy.model import PrincipalEntry, PrincipalKind, Principals, Statement
from analyzers.reasoning.question import PolicyType

_ACCOUNT = re.compile(r"\d{12}")
_KINDS = {"user": "the user", "role": "the role", "assumed-role": "the session", "federated-user": "the signed-in user"}
_HOLDERS = {
    PolicyType.IDENTITY: "Whoever has this policy (the user, the group or the role that it is attached to)",
    PolicyType.SERVICE_CONTROL: "Users and roles of the accounts that this policy is put on",
    PolicyType.RESOURCE_CONTROL: "Whoever uses resources of the accounts that this policy is put on",
    PolicyType.RESOURCE: "It is not said who",
}


def who(statement: Statement, policy_type: PolicyType) -> str:
    """The subject of a sentence."""
    if statement.principals is None:
        return _HOLDERS[policy_type]
    return _principals(statement.principals)


def _principals(principals: Principals) -> str:
    named = list(dict.fromkeys(map(_entry, principals.entries)))
    listed = _joined(named)
    if principals.negated:
        return f"Everybody in the world except {listed}"
    return listed if listed.startswith("arn:") else listed[:1].upper() + listed[1:]


def _entry(entry: PrincipalEntry) -> str:
    value = entry.value
    if value == "*" and entry.kind in {PrincipalKind.ANY, PrincipalKind.AWS}:
        return "everybody in the world, with or without an AWS account"
    match entry.kind:
        case PrincipalKind.SERVICE:
            return f"the AWS service {value}"
        case PrincipalKind.FEDERATED:
            return f"people and programs that sign in through {value}"
        case PrincipalKind.CANONICAL_USER:
            return f"the account with the canonical id {value}"
        case _:
            return _aws(value)


def _aws(value: str) -> str:
    if _ACCOUNT.fullmatch(value):
        return _account(value)
    fields = value.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn":
        return f"the one with the unique id {value}" if value.startswith("A") else value
    account, rest = fields[4], fields[5]
    if rest == "root":
        return _account(account)
    kind, slash, name = rest.partition("/")
    if slash and kind in _KINDS:
        return f"{_KINDS[kind]} {name} of the account {account}"
    return value


def _account(account: str) -> str:
    return f"users and roles of the account {account} to whom that account gives the same right"


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])}, and {texts[-1]}" if texts else "nobody"
