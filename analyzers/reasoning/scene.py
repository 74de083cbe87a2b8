"""What is known of every request that a question is about, before any statement is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analyzers.policy.model import Policy

from .formula import Var
from .request import ContextValue

ACTION = Var("action")
REST = Var("rest of the resource")
"""What follows the ARN in question: nothing, or a part of it such as an object key."""
RESOURCE = Var("resource")
"""The whole ARN, where a question is not about one resource."""


class Crossing(StrEnum):
    """Whether a wildcard of a resource pattern runs on across a colon, which AWS documents twice (SEMANTICS 1.4).

    Findings must not miss access: an Allow may cross, a Deny may not. A decision that depends on it is left open. In
    policy checks none crosses, as the documented answers of the service's own checks need it.
    """

    MAY = "may"
    OPEN = "open"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Scene:
    """`resource`: the ARN in question; empty if the question is about any. `separator` begins the name of a part of
    it ("/" for the objects of a bucket); empty: it has none. `rest`: the variable for what follows the ARN.

    `constants`: condition keys (lower case) whose value is a property of the resource, such as aws:ResourceAccount.
    `known`: values of keys in the requests in question; if `complete`, no request has another key.
    `single`: keys that some document compares without a set operator: they have one value.
    """

    resource: str = ""
    separator: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    rest: Var = REST
    crossing: Crossing = Crossing.MAY
    known: Mapping[str, ContextValue] = field(default_factory=dict)
    complete: bool = False
    single: frozenset[str] = frozenset()


def single_keys(policies: Iterable[Policy]) -> frozenset[str]:
    """The keys that a document compares without a set operator: whoever wrote it holds them for single-valued."""
    return frozenset(
        condition.key.lower()
        for policy in policies
        for statement in policy.statements
        for condition in statement.conditions
        if condition.operator.qualifier is None
    )
