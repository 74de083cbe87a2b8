"""A document as it was written, wrong parts and all.

`analyzers.policy.parse` refuses what is no policy, and reads the rest as AWS would. Validation needs what it refuses
too: so this reads element by element what can be read, and leaves the rest to the checks of types and elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from analyzers.policy.model import CURRENT_VERSION, Operator, Path, SetQualifier
from analyzers.policy.operators import Family, OperatorRule, lookup
from analyzers.policy.parse import read_operator
from analyzers.reasoning.question import PolicyType

TRUST = "AWS::IAM::AssumeRolePolicyDocument"
RESOURCE_TYPES = (
    "AWS::S3::Bucket",
    "AWS::S3::AccessPoint",
    "AWS::S3::MultiRegionAccessPoint",
    "AWS::S3ObjectLambda::AccessPoint",
    TRUST,
    "AWS::DynamoDB::Table",
)
"""As the API takes them. Other types: none is given, and only what holds for all resource policies is checked."""

TRUST_ACTIONS = frozenset(
    f"sts:{name}"
    for name in (
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "tagsession",
        "setsourceidentity",
        "setcontext",
    )
)


class Text(NamedTuple):
    """A text and where it stands."""

    value: str
    path: Path

    @property
    def lower(self) -> str:
        return self.value.lower()


class Principal(NamedTuple):
    """One entry of Principal or NotPrincipal. `"*"` alone has the kind "*"."""

    kind: str
    value: str
    path: Path


class Line(NamedTuple):
    """One operator applied to one key. `values` are those that are texts, numbers or truths, spelled as texts."""

    operator: Operator
    rule: OperatorRule | None
    name: str
    key: str
    values: tuple[Text, ...]
    raw: Any
    path: Path

    @property
    def lower(self) -> str:
        return self.key.lower()

    @property
    def family(self) -> Family | None:
        return self.rule.family if self.rule else None

    @property
    def negated(self) -> bool:
        return bool(self.rule and self.rule.negated)

    @property
    def compares(self) -> bool:
        """Whether values are looked at, not just whether there is one."""
        return self.rule is not None and self.rule.family is not Family.NULL

    @property
    def demands(self) -> bool:
        """Whether the condition fails where the key is absent, and its value has to be one of the listed."""
        absent_passes = self.operator.if_exists or self.operator.qualifier is SetQualifier.FOR_ALL_VALUES
        return self.compares and not self.negated and not absent_passes


@dataclass(frozen=True)
class Statement:
    """`actions` are those of `Action`, or of `NotAction` when negated; in the same way the others."""

    index: int
    path: Path
    raw: dict[str, Any]

    @cached_property
    def effect(self) -> str:
        """Allow, Deny, or empty if it is neither."""
        effect = self.raw.get("Effect")
        return effect if effect in ("Allow", "Deny") and type(effect) is str else ""

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        return self.effect == "Deny"

    @cached_property
    def action_element(self) -> str:
        return next((name for name in ("Action", "NotAction") if name in self.raw), "")

    @cached_property
    def actions(self) -> tuple[Text, ...]:
        return self.texts(self.action_element)

    @cached_property
    def lower_actions(self) -> tuple[Text, ...]:
        return tuple(Text(action.lower, action.path) for action in self.actions)

    @property
    def has_not_action(self) -> bool:
        return self.action_element == "NotAction"

    @cached_property
    def resource_element(self) -> str:
        return next((name for name in ("Resource", "NotResource") if name in self.raw), "")

    @cached_property
    def resources(self) -> tuple[Text, ...]:
        return self.texts(self.resource_element)

    @property
    def has_not_resource(self) -> bool:
        return self.resource_element == "NotResource"

    @cached_property
    def principal_element(self) -> str:
        return next((name for name in ("Principal", "NotPrincipal") if name in self.raw), "")

    @cached_property
    def principals(self) -> tuple[Principal, ...]:
        name = self.principal_element
        raw = self.raw.get(name)
        path = (*self.path, name)
        if raw == "*":
            return (Principal("*", "*", path),)
        if not isinstance(raw, dict):
            return ()
        return tuple(
            Principal(kind, text.value, text.path)
            for kind, value in raw.items()
            for text in _texts(value, (*path, kind))
        )

    def principals_of(self, kind: str) -> tuple[Principal, ...]:
        return tuple(principal for principal in self.principals if principal.kind == kind)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self._lines())

    def lines_of(self, *keys: str) -> tuple[Line, ...]:
        """The conditions on these keys, which are in lower case."""
        return tuple(line for line in self.lines if line.lower in keys)

    @cached_property
    def _read(self) -> dict[str, tuple[Text, ...]]:
        return {}

    def texts(self, element: str) -> tuple[Text, ...]:
        """The texts of Action, NotAction, Resource, NotResource or Sid."""
        if element not in self.raw:
            return ()
        if element not in self._read:
            self._read[element] = tuple(_texts(self.raw[element], (*self.path, element)))
        return self._read[element]

    def _lines(self) -> Iterator[Line]:
        condition = self.raw.get("Condition")
        for name, keys in condition.items() if isinstance(condition, dict) else ():
            operator = read_operator(name)
            rule = lookup(operator.name) if operator.known else None
            for key, raw in keys.items() if isinstance(keys, dict) else ():
                path = (*self.path, "Condition", name, key)
                yield Line(operator, rule, name, key, tuple(_values(raw, path)), raw, path)


@dataclass(frozen=True)
class Document:
    """`value` as `analyzers.policy.source.load` reads it: numbers are texts of their own class."""

    text: str
    value: dict[str, Any]
    policy_type: PolicyType
    resource_type: str = ""

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        raw = self.value.get("Statement")
        if isinstance(raw, dict):
            return (Statement(0, ("Statement",), raw),)
        if not isinstance(raw, list):
            return ()
        return tuple(
            Statement(index, ("Statement", index), item) for index, item in enumerate(raw) if isinstance(item, dict)
        )

    @property
    def allowing(self) -> Iterator[Statement]:
        return (statement for statement in self.statements if statement.allows)

    @property
    def is_identity(self) -> bool:
        return self.policy_type is PolicyType.IDENTITY

    @property
    def is_scp(self) -> bool:
        return self.policy_type is PolicyType.SERVICE_CONTROL

    @property
    def is_rcp(self) -> bool:
        return self.policy_type is PolicyType.RESOURCE_CONTROL

    @property
    def is_resource(self) -> bool:
        """A policy that is attached to a resource, trust policies included."""
        return self.policy_type is PolicyType.RESOURCE

    @cached_property
    def is_trust(self) -> bool:
        """A role trust policy: said to be one or, where no type is given, one by its actions."""
        if not self.is_resource or self.resource_type:
            return self.resource_type == TRUST
        actions = [action.lower for statement in self.statements for action in statement.actions]
        return bool(actions) and TRUST_ACTIONS.issuperset(actions)

    @property
    def current(self) -> bool:
        return self.value.get("Version") == CURRENT_VERSION


def _texts(value: Any, path: Path) -> Iterator[Text]:
    if type(value) is str:
        yield Text(value, path)
    elif isinstance(value, list):
        yield from (Text(item, (*path, index)) for index, item in enumerate(value) if type(item) is str)


def _values(value: Any, path: Path) -> Iterator[Text]:
    for index, item in enumerate(value) if isinstance(value, list) else [(-1, value)]:
        where = (*path, index) if index >= 0 else path
        if isinstance(item, str):  # a number too, in the spelling of its source
            yield Text(str(item), where)
        elif isinstance(item, bool):
            yield Text("true" if item else "false", where)
