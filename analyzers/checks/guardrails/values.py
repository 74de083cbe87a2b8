"""A guardrail and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from analyzers.checks.custom import Access
from analyzers.reasoning.question import PolicyType


class Kind(StrEnum):
    """What a rule asks of a policy."""

    NO_NEW_ACCESS = "no-new-access"
    ACCESS_NOT_GRANTED = "access-not-granted"
    NO_PUBLIC_ACCESS = "no-public-access"
    VALIDATE = "validate"


@dataclass(frozen=True, slots=True)
class Rule:
    """`policy_types`, `resource_types`: of the policies that it is about; empty: of all that it can be asked of.

    `reference`: the policy that bounds what is allowed, as JSON text (no-new-access). `access`: what must not be
    granted. `level`: the lowest type of validation finding that fails (validate).
    """

    id: str
    kind: Kind
    why: str = ""
    policy_types: frozenset[PolicyType] = frozenset()
    resource_types: frozenset[str] = frozenset()
    reference: str = ""
    access: tuple[Access, ...] = ()
    level: str = "ERROR"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """`parameters`: name -> what it means, for values that the user gives; `source`: the file."""

    name: str
    version: str
    about: str
    rules: tuple[Rule, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    content: Mapping[str, Any] = field(default_factory=dict, compare=False)
