"""The documented condition operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Family(StrEnum):
    STRING = "string"
    NUMERIC = "numeric"
    DATE = "date"
    BOOL = "bool"
    BINARY = "binary"
    IP = "ip"
    ARN = "arn"
    NULL = "null"


class OperatorRule(NamedTuple):
    """`glob`: `*` and `?` are wildcards. `comparison` (lt, le, gt, ge, eq, ne) for numbers and dates."""

    name: str
    family: Family
    negated: bool = False
    glob: bool = False
    ignore_case: bool = False
    comparison: str | None = None


_COMPARISONS = {
    "Equals": "eq",
    "NotEquals": "ne",
    "LessThan": "lt",
    "LessThanEquals": "le",
    "GreaterThan": "gt",
    "GreaterThanEquals": "ge",
}

RULES = (
    OperatorRule("StringEquals", Family.STRING),
    OperatorRule("StringNotEquals", Family.STRING, negated=True),
    OperatorRule("StringEqualsIgnoreCase", Family.STRING, ignore_case=True),
    OperatorRule("StringNotEqualsIgnoreCase", Family.STRING, negated=True, ignore_case=True),
    OperatorRule("StringLike", Family.STRING, glob=True),
    OperatorRule("StringNotLike", Family.STRING, negated=True, glob=True),
    *(
        OperatorRule(f"{family.value.capitalize()}{suffix}", family, negated=comparison == "ne", comparison=comparison)
        for family in (Family.NUMERIC, Family.DATE)
        for suffix, comparison in _COMPARISONS.items()
    ),
    OperatorRule("Bool", Family.BOOL),
    OperatorRule("BinaryEquals", Family.BINARY),
    OperatorRule("IpAddress", Family.IP),
    OperatorRule("NotIpAddress", Family.IP, negated=True),
    OperatorRule("ArnEquals", Family.ARN, glob=True),
    OperatorRule("ArnLike", Family.ARN, glob=True),
    OperatorRule("ArnNotEquals", Family.ARN, negated=True, glob=True),
    OperatorRule("ArnNotLike", Family.ARN, negated=True, glob=True),
    OperatorRule("Null", Family.NULL),
)

_BY_NAME = {rule.name.lower(): rule for rule in RULES}


def lookup(name: str) -> OperatorRule | None:
    """The rule of a base operator (no set qualifier, no IfExists) in any case; None if undocumented."""
    # ASCII only: the lower case of the Kelvin sign is a plain k.
    return _BY_NAME.get(name.lower()) if name.isascii() else None
