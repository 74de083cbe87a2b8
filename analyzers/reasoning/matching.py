"""Does one statement match one concrete request? Decided element by element, without a solver.

Three-valued: None says that something is not understood or undocumented, and the answer could be either.
Rules: SEMANTICS 1 and 2 in docs/reasoning.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from analyzers.policy import arn as arns
from analyzers.policy.model import (
    Condition,
    Effect,
    Path,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    SetQualifier,
    Statement,
)
from analyzers.policy.operators import Family, OperatorRule, lookup
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens
from analyzers.policy.values import binary, boolean, instant, network, number

from . import assumptions
from .keys import MULTIVALUED
from .request import CallerKind, ContextValue, Request

Truth = bool | None


class Match(NamedTuple):
    """Whether a statement matches, and the first element that says no or is unclear."""

    truth: Truth
    reason: str = ""


def all_of(truths: Iterable[Truth]) -> Truth:
    unclear = False
    for truth in truths:
        if truth is False:
            return False
        unclear = unclear or truth is None
    return None if unclear else True


def any_of(truths: Iterable[Truth]) -> Truth:
    unclear = False
    for truth in truths:
        if truth is True:
            return True
        unclear = unclear or truth is None
    return None if unclear else False


def inverse(truth: Truth) -> Truth:
    return None if truth is None else not truth


class Reading(StrEnum):
    """How resource patterns are read where AWS documents it twice (SEMANTICS 1.4): in a decision, a match that needs
    a wildcard to cross a colon is open; in policy checks it is none."""

    DECISION = "decision"
    CHECK = "check"


class Call:
    """A request with what follows from it: who calls, and every condition key by its lower-case name."""

    def __init__(self, request: Request, reading: Reading = Reading.DECISION) -> None:
        self.request = request
        self.reading = reading
        self.action = request.action.lower()
        self.fields = request.resource.split(":", 5)
        self.kind = request.caller_kind
        fields = arns.split(request.principal)
        self.account = fields[4] if fields else ""
        self.role_name = ""
        if fields and fields[2] == "sts" and fields[5].startswith("assumed-role/"):
            self.role_name = fields[5].split("/")[1]
        elif fields and fields[5].startswith("role/"):
            self.role_name = fields[5].rpartition("/")[2]
        self.context: dict[str, ContextValue] = {key.lower(): value for key, value in request.context.items()}
        for key, value in self._derived().items():
            self.context.setdefault(key, value)

    def _derived(self) -> Mapping[str, str]:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
        request = self.request
        known = {"aws:principaltype": "Anonymous"} if self.kind is CallerKind.ANONYMOUS else {}
        if request.resource_account:
            known["aws:resourceaccount"] = request.resource_account
        if self.kind is CallerKind.SERVICE:
            known |= {"aws:principalisawsservice": "true", "aws:principalservicename": request.principal}
        if self.kind is not CallerKind.AWS:
            return known
        arn = request.principal
        fields = arns.split(arn)
        if fields and fields[2] == "sts" and self.role_name:
            arn = f"arn:{fields[1]}:iam::{self.account}:role/{self.role_name}"
        kind = "AssumedRole" if self.role_name else "User"
        if fields and fields[5] == "root":
            kind = "Account"
        elif fields and fields[5].startswith("federated-user/"):
            kind = "FederatedUser"
        known |= {
            "aws:principalarn": arn,
            "aws:principalaccount": self.account,
            "kms:calleraccount": self.account,
            "aws:principaltype": kind,
            "aws:principalisawsservice": "false",
        }
        if fields and fields[5].startswith("user/"):
            known["aws:username"] = fields[5].rpartition("/")[2]
        return known


class Element:
    """One thing that a statement asks for: whether it holds, what it is called, and the path to it in the document."""

    __slots__ = ("_call", "_name", "_policy", "_statement", "condition")

    def __init__(
        self, policy: Policy, statement: Statement, call: Call, name: str, condition: Condition | None = None
    ) -> None:
        self._policy, self._statement, self._call = policy, statement, call
        self._name, self.condition = name, condition

    @property
    def name(self) -> str:
        return f"the condition on {self.condition.key}" if self.condition else f"the {self._name.lower()}"

    @property
    def path(self) -> Path:
        where: Path = ("Statement", self._statement.index)
        if self.condition is not None:
            return (*where, "Condition", spelled_operator(self.condition), self.condition.key)
        found = getattr(self._statement, f"{self._name.lower()}s")
        return (*where, f"Not{self._name}" if found.negated else self._name)

    def check(self) -> Truth:
        statement, call = self._statement, self._call
        if self.condition is not None:
            return _condition(self._policy, self.condition, call, statement.effect)
        if self._name == "Principal" and statement.principals is not None:
            return _principals(statement.principals, call)
        if self._name == "Action" and statement.actions is not None:
            return _actions(statement.actions, call)
        assert statement.resources is not None
        return _resources(self._policy, statement.resources, call, statement.effect)


def elements(policy: Policy, statement: Statement, call: Call) -> Iterator[Element]:
    """What must hold for the statement to match, the cheap ones first. Every one of them must."""
    if statement.principals is not None:
        yield Element(policy, statement, call, "Principal")
    yield from _but_principals(policy, statement, call)


def _but_principals(policy: Policy, statement: Statement, call: Call) -> Iterator[Element]:
    if statement.actions is not None:
        yield Element(policy, statement, call, "Action")
    if statement.resources is not None:
        yield Element(policy, statement, call, "Resource")
    for condition in statement.conditions:
        yield Element(policy, statement, call, "Condition", condition)


def spelled_operator(condition: Condition) -> str:
    """The operator as it is documented: `ForAllValues:StringLikeIfExists`."""
    operator = condition.operator
    prefix = f"{operator.qualifier.value}:" if operator.qualifier else ""
    return prefix + operator.name + ("IfExists" if operator.if_exists else "")


def match_statement(policy: Policy, statement: Statement, call: Call, *, anybody: bool = False) -> Match:
    """Whether the statement matches the request; with `anybody`, whoever calls."""
    truth: Truth = True
    reason = ""
    for element in (_but_principals if anybody else elements)(policy, statement, call):
        found = element.check()
        if found is False:
            return Match(False, f"{element.name} does not match")
        if found is None and truth is True:
            truth, reason = None, f"{element.name} cannot be decided"
    if statement.opaque or policy.opaque:
        return Match(None, (statement.problems or policy.problems)[0].message)
    return Match(truth, reason)


# -- globs ---------------------------------------------------------------------------------------------------------


def glob_matches(pattern: tuple[Token, ...], text: str) -> bool:
    """Whether the whole text matches. The pieces between runs are looked for from the left, never going back: linear
    in the text for each piece, whatever a hostile pattern holds."""
    return _matcher(pattern)(text)


_Piece = str | tuple[str, ...]
"""A text between runs, or its characters, of which an empty one stands for any."""


@lru_cache(maxsize=4096)
def _matcher(pattern: tuple[Token, ...]) -> Callable[[str], bool]:
    pieces = _pieces(pattern)
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return lambda text: len(text) == len(first) and _fits(first, text, 0)
    if len(pieces) == 2 and isinstance(first, str) and not last:
        return lambda text: text.startswith(first)

    def matches(text: str) -> bool:
        start, end = len(first), len(text) - len(last)
        if start > end or not _fits(first, text, 0) or not _fits(last, text, end):
            return False
        for piece in pieces[1:-1]:
            start = _find(piece, text, start, end)
            if start < 0:
                return False
        return True

    return matches


def _pieces(pattern: tuple[Token, ...]) -> tuple[_Piece, ...]:
    pieces: list[list[str]] = [[]]
    for token in pattern:
        if token is Wildcard.RUN:
            pieces.append([])
        elif token is Wildcard.ONE:
            pieces[-1].append("")
        elif isinstance(token, str):
            pieces[-1].extend(token)
    return tuple(tuple(piece) if "" in piece else "".join(piece) for piece in pieces)


def _fits(piece: _Piece, text: str, at: int) -> bool:
    if isinstance(piece, str):
        return text.startswith(piece, at)
    return all(not char or char == text[at + place] for place, char in enumerate(piece))


def _find(piece: _Piece, text: str, start: int, end: int) -> int:
    """Where the leftmost occurrence of the piece within the bounds ends; -1 if there is none."""
    if isinstance(piece, str):
        found = text.find(piece, start, end)
        return found + len(piece) if found >= 0 else -1
    # Shift-and: bit i of `state` says that the first i + 1 characters of the piece end here.
    anywhere = sum(1 << place for place, char in enumerate(piece) if not char)
    masks: dict[str, int] = {}
    for place, char in enumerate(piece):
        if char:
            masks[char] = masks.get(char, anywhere) | 1 << place
    state, whole = 0, 1 << len(piece) - 1
    for at in range(start, end):
        state = (state << 1 | 1) & masks.get(text[at], anywhere)
        if state & whole:
            return at + 1
    return -1


def fields_match(pattern: tuple[Token, ...], text: str) -> bool:
    """Both split at their first five colons, field by field: a wildcard stays in its field."""
    wanted = _fields(pattern)
    return len(wanted) == 6 and _all_match(wanted, text.split(":", 5))


def _all_match(wanted: Sequence[tuple[Token, ...]], given: Sequence[str]) -> bool:
    """From the last field on, which tells most apart."""
    if len(given) != 6:
        return False
    return all(_matcher(one)(other) for one, other in zip(reversed(wanted), reversed(given), strict=True))


@lru_cache(maxsize=4096)
def _fields(pattern: tuple[Token, ...]) -> tuple[tuple[Token, ...], ...]:
    """The pattern at its first five colons; fewer than six fields if it has fewer colons."""
    fields: list[list[Token]] = [[]]
    for token in pattern:
        if isinstance(token, (Wildcard, Variable)):
            fields[-1].append(token)
            continue
        for number_, piece in enumerate(token.split(":", 6 - len(fields))):
            if number_:
                fields.append([])
            if piece:
                fields[-1].append(piece)
    return tuple(tuple(field) for field in fields)


def _filled(pattern: tuple[Token, ...], call: Call) -> tuple[Token, ...] | None:
    """The pattern with its variables replaced by the request's values; None if one has no value."""
    if not any(isinstance(token, Variable) for token in pattern):
        return pattern
    filled: list[Token] = []
    for token in pattern:
        if not isinstance(token, Variable):
            filled.append(token)
            continue
        value = call.context.get(token.key)
        if isinstance(value, tuple) or (value is None and token.default is None):
            return None
        filled.append(value if value is not None else token.default or "")
    return tuple(filled)


# -- elements ------------------------------------------------------------------------------------------------------


def _principals(principals: Principals, call: Call) -> Truth:
    named = any(principal_matches(entry, call) for entry in principals.entries)
    return not named if principals.negated else named


def principal_matches(entry: PrincipalEntry, call: Call) -> bool:
    """SEMANTICS 1.6."""
    if entry.value == "*" and entry.kind in {PrincipalKind.ANY, PrincipalKind.AWS}:
        return True
    request = call.request
    if entry.kind is PrincipalKind.SERVICE:
        return call.kind is CallerKind.SERVICE and request.principal == entry.value
    if entry.kind is PrincipalKind.FEDERATED:
        return request.principal == f"federated:{entry.value}"
    if entry.kind is PrincipalKind.CANONICAL_USER:
        return request.principal == f"canonical:{entry.value}"
    fields = arns.split(arns.normalise_principal(entry.value))
    if call.kind is not CallerKind.AWS or fields is None:
        return False
    if fields[5] == "root":
        return fields[4] == call.account
    if fields[2] == "iam" and fields[5].startswith("role/"):
        same_partition = request.principal.startswith(f"arn:{fields[1]}:")
        return same_partition and fields[4] == call.account and fields[5].rpartition("/")[2] == call.role_name
    return request.principal == entry.value


def _actions(actions: Patterns, call: Call) -> Truth:
    names, patterns = _sorted(actions.values)
    named: Truth = call.action in names
    if not named:
        named = any_of([sure for matches, sure in patterns if matches(call.action)])
    return inverse(named) if actions.negated else named


@lru_cache(maxsize=4096)
def _sorted(values: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[Callable[[str], bool], Truth], ...]]:
    """Names of actions in lower case; and patterns of them, each with what it tells where it matches."""
    lower = [value.lower() for value in values]
    names = frozenset(value for value in lower if "*" not in value and "?" not in value)
    patterns = [value for value in lower if value not in names]
    return names, tuple(
        (_matcher(tokens(value, wildcards=True, variables=False)), _action_truth(value)) for value in patterns
    )


@lru_cache(maxsize=65536)
def action_matches(pattern: str, asked: str) -> Truth:
    """SEMANTICS 1.3."""
    if not glob_matches(tokens(pattern, wildcards=True, variables=False), asked):
        return False
    return _action_truth(pattern)


def _action_truth(pattern: str) -> Truth:
    """AWS refuses a pattern without a literal service, so what it would match is not known."""
    service = pattern.partition(":")[0]
    if not set(service) & set("*?") or not pattern.strip("*") or pattern == "*:*":
        return True
    return assumptions.ACTION_WITHOUT_SERVICE


def _resources(policy: Policy, resources: Patterns, call: Call, effect: Effect) -> Truth:
    named = any_of(resource_matches(policy, pattern, call, effect) for pattern in resources.values)
    return inverse(named) if resources.negated else named


@lru_cache(maxsize=65536)
def _literal_head(pattern: str) -> tuple[str, bool]:
    """What comes before the first wildcard or variable, and whether that is all of a whole ARN."""
    ends = [at for mark in ("*", "?", "${") if (at := pattern.find(mark)) >= 0]
    return (pattern[: min(ends)], False) if ends else (pattern, pattern.count(":") >= 5)


def resource_matches(policy: Policy, pattern: str, call: Call, effect: Effect) -> Truth:
    """SEMANTICS 1.4: where only a wildcard that crosses colons matches, the documents leave the answer open."""
    head, plain = _literal_head(pattern)
    if plain or not call.request.resource.startswith(head):  # no reading matches another beginning
        return plain and pattern == call.request.resource
    written, fields, variable, misplaced = _read_resource(pattern, policy.has_variables)
    if written == (Wildcard.RUN,):
        return True
    filled = _filled(written, call) if variable else written
    if filled is None:
        return False
    asked = call.request.resource
    if asked == "*":
        return glob_matches(filled, "*")
    if not misplaced and len(fields) == 6:
        wanted = (*fields[:5], _filled(fields[5], call) or ()) if variable else fields
        if _all_match(wanted, call.fields):
            return True
    crosses = assumptions.ALLOW_ACROSS_COLONS if effect is Effect.ALLOW else assumptions.DENY_ACROSS_COLONS
    unclear = misplaced or len(fields) < 6 or call.reading is Reading.DECISION
    if unclear and glob_matches(filled, asked):
        return crosses
    padded = [*fields, *[(Wildcard.RUN,)] * (6 - len(fields))]
    return assumptions.SHORT_ARN if len(fields) < 6 and _all_match(padded, call.fields) else False


@lru_cache(maxsize=4096)
def _read_resource(
    pattern: str, variables: bool
) -> tuple[tuple[Token, ...], tuple[tuple[Token, ...], ...], bool, bool]:
    """The pattern as it is written, and field by field; whether it holds a policy variable, and whether one stands
    before the last field."""
    written = tokens(pattern, wildcards=True, variables=variables)
    fields = _fields(written)
    variable = any(isinstance(token, Variable) for token in written)
    return written, fields, variable, any(isinstance(token, Variable) for field in fields[:5] for token in field)


def condition_holds(policy: Policy, condition: Condition, call: Call, effect: Effect) -> Truth:
    """Whether one condition of a statement holds for the request."""
    return _condition(policy, condition, call, effect)


_ANY_VALUE_ABSENT = {effect: assumptions.ANY_VALUE_IF_EXISTS_WITHOUT_KEY[effect.value] for effect in Effect}


def _condition(policy: Policy, condition: Condition, call: Call, effect: Effect) -> Truth:
    """SEMANTICS 2."""
    rule = lookup(condition.operator.name) if condition.operator.known else None
    if rule is None:
        return None
    key = condition.key.lower()
    value = call.context.get(key)
    absent = value is None or value == ()
    qualifier = condition.operator.qualifier
    if qualifier is not None and isinstance(value, (str, tuple)):
        # To a set operator an empty string is no value.
        value = tuple(one for one in ((value,) if isinstance(value, str) else value) if one)
    if rule.family is Family.NULL:
        return any_of(None if (wish := boolean(text)) is None else wish == absent for text in condition.values)
    if absent or value == ():
        if condition.operator.if_exists:
            return True if qualifier is not SetQualifier.FOR_ANY_VALUE else _ANY_VALUE_ABSENT[effect]
        if qualifier is not None:
            return qualifier is SetQualifier.FOR_ALL_VALUES
        return rule.negated
    many = isinstance(value, tuple) or key in MULTIVALUED
    if many and qualifier is None:
        return assumptions.MULTIVALUED_WITHOUT_SET_OPERATOR
    values = value if isinstance(value, tuple) else (value or "",)
    truths = [_value(policy, condition, rule, one, call) for one in values]
    return any_of(truths) if qualifier is SetQualifier.FOR_ANY_VALUE else all_of(truths)


def _value(policy: Policy, condition: Condition, rule: OperatorRule, value: str, call: Call) -> Truth:
    """One value against the list: one of it for a positive operator, none of it for a negated one."""
    found = any_of(_compare(policy, rule, wanted, value, call) for wanted in condition.values)
    return inverse(found) if rule.negated else found


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.eq,  # the positive form
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def _compare(policy: Policy, rule: OperatorRule, wanted: str, value: str, call: Call) -> Truth:
    """The positive form of the operator."""
    if rule.family in {Family.NUMERIC, Family.DATE}:
        read = number if rule.family is Family.NUMERIC else instant
        bound, given = read(wanted), read(value)
        if bound is None or given is None:
            return inverse(assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL) if rule.negated else False
        return bool(_COMPARISONS[rule.comparison or "eq"](given, bound))
    if rule.family is Family.IP:
        block = network(wanted)
        try:
            address = ip_address(value)
        except ValueError:
            block = None
        if block is None:
            return inverse(assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL) if rule.negated else False
        return address in block
    if rule.family is Family.BINARY:
        expected = binary(wanted)
        return expected is not None and expected == binary(value)
    written = tokens(wanted, wildcards=rule.glob, variables=policy.has_variables)
    pattern = _filled(written, call)
    if pattern is None:
        return False
    if rule.family is Family.ARN:
        fields = _fields(written)
        if len(fields) < 6:
            return assumptions.ANYTHING_AS_ARN if written == (Wildcard.RUN,) else False
        return _all_match([_filled(field, call) or () for field in fields], value.split(":", 5))
    text = "".join(token for token in pattern if not isinstance(token, (Wildcard, Variable)))
    if rule.family is Family.BOOL or rule.ignore_case:
        return text.lower() == value.lower()
    return glob_matches(pattern, value) if rule.glob else text == value
