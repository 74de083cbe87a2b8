"""A policy document as typed, immutable values.

Everything here is a plain value: equal documents give equal values, and values hash.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Where an element stands in a document: ("Statement", 0, "Condition", "StringLike", "aws:userid", 1)."""

CURRENT_VERSION = "2012-10-17"
OLD_VERSION = "2008-10-17"


class Position(NamedTuple):
    """A place in the text. Lines start at 1; columns and offsets at 0, as in the Access Analyzer API."""

    line: int
    column: int
    offset: int


class Span(NamedTuple):
    """A piece of the text, end exclusive."""

    start: Position
    end: Position


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    ANY = "*"
    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"


class PrincipalEntry(NamedTuple):
    """One entry of a Principal element. `"Principal": "*"` is (ANY, "*"); `{"AWS": "*"}` is (AWS, "*")."""

    kind: PrincipalKind
    value: str


class Principals(NamedTuple):
    """Principal, or NotPrincipal when negated."""

    entries: tuple[PrincipalEntry, ...]
    negated: bool = False


class Patterns(NamedTuple):
    """Action or Resource, or NotAction or NotResource when negated. Patterns as written."""

    values: tuple[str, ...]
    negated: bool = False


class SetQualifier(StrEnum):
    FOR_ANY_VALUE = "ForAnyValue"
    FOR_ALL_VALUES = "ForAllValues"


class Operator(NamedTuple):
    """A condition operator taken apart: `ForAllValues:StringNotLikeIfExists` is
    (name="StringNotLike", qualifier=FOR_ALL_VALUES, if_exists=True).

    `name` has its documented spelling whatever the case in the document; `known` is False, and `name` is as
    written, for an operator that is not documented.
    """

    name: str
    qualifier: SetQualifier | None = None
    if_exists: bool = False
    known: bool = True


class Condition(NamedTuple):
    """One operator applied to one key. Values are strings; JSON truths and numbers became their spelling."""

    operator: Operator
    key: str
    values: tuple[str, ...]


class Problem(NamedTuple):
    """Something in a document that is kept although it is not understood or not allowed there.

    `opaque` says that the statement's match can then not be decided: an evaluation that depends on it is
    *unknown*. `content` is a digest of what stands there, so that two documents are not equal that differ in it.
    """

    message: str
    path: Path
    opaque: bool = True
    content: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    index: int
    effect: Effect
    sid: str | None = None
    principals: Principals | None = None
    actions: Patterns | None = None
    resources: Patterns | None = None
    conditions: tuple[Condition, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def opaque(self) -> bool:
        """Whether its match cannot be decided, because something in it is not understood."""
        return any(problem.opaque for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed document. `text` is what it was parsed from; `analyzers.policy.locate` finds spans in it."""

    statements: tuple[Statement, ...]
    version: str = OLD_VERSION
    id: str | None = None
    problems: tuple[Problem, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def opaque(self) -> bool:
        """Whether an element of the document itself, outside its statements, is not understood."""
        return any(problem.opaque for problem in self.problems)

    @property
    def has_variables(self) -> bool:
        """Whether `${...}` is a variable; under the older version it is literal text."""
        return self.version == CURRENT_VERSION
