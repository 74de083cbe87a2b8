"""JSON text -> typed, immutable statements with source positions."""

from .errors import PolicyError, spell
from .locate import MAX_DEPTH, Located, locate
from .model import (
    CURRENT_VERSION,
    OLD_VERSION,
    Condition,
    Effect,
    Operator,
    Path,
    Patterns,
    Policy,
    Position,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Problem,
    SetQualifier,
    Span,
    Statement,
)
from .parse import parse, parse_value
from .source import MAX_BYTES, pretty

__all__ = [
    "CURRENT_VERSION",
    "MAX_BYTES",
    "MAX_DEPTH",
    "OLD_VERSION",
    "Condition",
    "Effect",
    "Located",
    "Operator",
    "Path",
    "Patterns",
    "Policy",
    "PolicyError",
    "Position",
    "PrincipalEntry",
    "PrincipalKind",
    "Principals",
    "Problem",
    "SetQualifier",
    "Span",
    "Statement",
    "locate",
    "parse",
    "parse_value",
    "pretty",
    "spell",
]
