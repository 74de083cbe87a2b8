"""Does one statement match one concrete request? Decided element by element, without a solver.

Three-valued: None says that something is not understood or undocumented, and the answer could be either.
Rules: SEMANTICS 1 and 2 in docs/reasoning.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from analyzers.policy import arn as arns
from analyzers.policy.model import (
    Condition,
    Effect,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    SetQualifier,
    Statement,
)
from analyzers.policy.operators import Family, OperatorRule, lookup
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens
from analyzers.policy.values import binary, boolean, instant, network, number

from .keys import MULTIVALUED
from .request import CallerKind, ContextValue, Request

Truth = bool | None


@dataclass(frozen=True, slots=True)
class Match:
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


class Call:
    """A request with what follows from it: who calls, and every condition key by its lower-case name."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.kind = request.caller_kind
        fields = arns.split(request.principal)
        self.account = fields[4] if fields else ""
        self.role_name = ""
        if fields and fields[2] == "sts" and fields[5].startswith("assumed-role/"):
            self.role_name = fields[5].split("/")[1]
        elif fields and fields[5].startswith("role/"):
            self.role_name = fields[5].rsplit("/", 1)[-1]
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
        kind = "Account" if fields and fields[5] == "root" else "AssumedRole" if self.role_name else "User"
        known |= {
            "aws:principalarn": arn,
            "aws:principalaccount": self.account,
            "kms:calleraccount": self.account,
            "aws:principaltype": kind,
            "aws:principalisawsservice": "false",
        }
        if fields and fields[5].startswith("user/"):
            known["aws:username"] = fields[5].rsplit("/", 1)[-1]
        return known


def match_statement(policy: Policy, statement: Statement, call: Call) -> Match:
    """Whether the statement matches the request."""
    checks: list[tuple[str, Callable[[], Truth]]] = [
        ("the principal", lambda: _principals(statement, call)),
        ("the action", lambda: _actions(statement.actions, call)),
        ("the resource", lambda: _resources(policy, statement, call)),
    ]
    for condition in statement.conditions:
        spelled = f"the condition on {condition.key}"
        checks.append((spelled, lambda c=condition: _condition(policy, c, call, statement.effect)))  # type: ignore[misc]
    truth: Truth = True
    reason = ""
    for name, check in checks:
        found = check()
        if found is False:
            return Match(False, f"{name} does not match")
        if found is None and truth is True:
            truth, reason = None, f"{name} cannot be decided"
    if statement.opaque or policy.opaque:
        return Match(None, (statement.problems or policy.problems)[0].message)
    return Match(truth, reason)


# -- globs ---------------------------------------------------------------------------------------------------------


def glob_matches(pattern: tuple[Token, ...], text: str) -> bool:
    """Greedy matching with one place to return to: at worst pattern times text, never exponential."""
    units: list[str | Wildcard] = []
    for token in pattern:
        if isinstance(token, Wildcard):
            units.append(token)
        elif isinstance(token, str):
            units.extend(token)
    at = place = 0
    star, mark = -1, 0
    while at < len(text):
        unit = units[place] if place < len(units) else None
        if unit is Wildcard.RUN:
            star, mark = place, at
            place += 1
        elif unit is not None and (unit is Wildcard.ONE or (not isinstance(unit, Wildcard) and unit == text[at])):
            at += 1
            place += 1
        elif star >= 0:
            mark += 1
            at, place = mark, star + 1
        else:
            return False
    return all(unit is Wildcard.RUN for unit in units[place:])


def fields_match(pattern: tuple[Token, ...], text: str) -> bool:
    """Both split at their first five colons, field by field: a wildcard stays in its field."""
    wanted = _fields(pattern)
    given = text.split(":", 5)
    if wanted is None or len(given) != 6:
        return False
    return all(glob_matches(one, other) for one, other in zip(wanted, given, strict=True))


def _fields(pattern: tuple[Token, ...]) -> list[tuple[Token, ...]] | None:
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
    return [tuple(field) for field in fields] if len(fields) == 6 else None


def _filled(policy: Policy, text: str, call: Call, *, wildcards: bool) -> tuple[Token, ...] | None:
    """The pattern with its variables replaced by the request's values; None if one has no value."""
    filled: list[Token] = []
    for token in tokens(text, wildcards=wildcards, variables=policy.has_variables):
        if not isinstance(token, Variable):
            filled.append(token)
            continue
        value = call.context.get(token.key)
        if isinstance(value, tuple) or (value is None and token.default is None):
            return None
        filled.append(value if value is not None else token.default or "")
    return tuple(filled)


# -- elements ------------------------------------------------------------------------------------------------------


def _principals(statement: Statement, call: Call) -> Truth:
    principals = statement.principals
    if principals is None:
        return True
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
        return same_partition and fields[4] == call.account and fields[5].rsplit("/", 1)[-1] == call.role_name
    return request.principal == entry.value


def _actions(actions: Patterns | None, call: Call) -> Truth:
    if actions is None:
        return True
    asked = call.request.action.lower()
    named = any(
        glob_matches(tokens(pattern.lower(), wildcards=True, variables=False), asked) for pattern in actions.values
    )
    return not named if actions.negated else named


def _resources(policy: Policy, statement: Statement, call: Call) -> Truth:
    """SEMANTICS 1.4: where only a wildcard that crosses colons matches, the documents leave the answer open."""
    resources = statement.resources
    if resources is None:
        return True
    named = any_of(_resource(policy, pattern, call) for pattern in resources.values)
    return inverse(named) if resources.negated else named


def _resource(policy: Policy, pattern: str, call: Call) -> Truth:
    if pattern == "*":
        return True
    filled = _filled(policy, pattern, call, wildcards=True)
    if filled is None:
        return False
    if call.request.resource == "*":
        return glob_matches(filled, "*")
    if fields_match(filled, call.request.resource):
        return True
    return None if glob_matches(filled, call.request.resource) else False


def _condition(policy: Policy, condition: Condition, call: Call, effect: Effect) -> Truth:
    """SEMANTICS 2."""
    rule = lookup(condition.operator.name) if condition.operator.known else None
    if rule is None:
        return None
    key = condition.key.lower()
    value = call.context.get(key)
    absent = value is None or value == ()
    if rule.family is Family.NULL:
        return any_of(None if (wish := boolean(text)) is None else wish == absent for text in condition.values)
    qualifier = condition.operator.qualifier
    if absent:
        if condition.operator.if_exists:
            return True if qualifier is not SetQualifier.FOR_ANY_VALUE else effect is Effect.ALLOW
        if qualifier is not None:
            return qualifier is SetQualifier.FOR_ALL_VALUES
        return rule.negated
    many = isinstance(value, tuple) or key in MULTIVALUED
    if many and qualifier is None:
        return False
    values = value if isinstance(value, tuple) else (value or "",)
    truths = [_value(policy, condition, rule, one, call) for one in values]
    return any_of(truths) if qualifier is SetQualifier.FOR_ANY_VALUE else all_of(truths)


def _value(policy: Policy, condition: Condition, rule: OperatorRule, value: str, call: Call) -> Truth:
    """One value against the list: one of it for a positive operator, none of it for a negated one."""
    found = any_of(_compare(policy, rule, wanted, value, call) for wanted in condition.values)
    return inverse(found) if rule.negated else found


def _compare(policy: Policy, rule: OperatorRule, wanted: str, value: str, call: Call) -> Truth:
    """The positive form of the operator."""
    if rule.family in {Family.NUMERIC, Family.DATE}:
        read = number if rule.family is Family.NUMERIC else instant
        bound, given = read(wanted), read(value)
        if bound is None or given is None:
            return None if rule.negated else False
        comparison = "eq" if rule.comparison == "ne" else rule.comparison
        return {
            "eq": given == bound,
            "lt": given < bound,
            "le": given <= bound,
            "gt": given > bound,
            "ge": given >= bound,
        }[comparison or "eq"]
    if rule.family is Family.IP:
        block = network(wanted)
        if block is None:
            return None if rule.negated else False
        try:
            return ip_address(value) in block
        except ValueError:
            return False
    if rule.family is Family.BINARY:
        expected = binary(wanted)
        return expected is not None and expected == binary(value)
    pattern = _filled(policy, wanted, call, wildcards=rule.glob)
    if pattern is None:
        return False
    if rule.family is Family.ARN:
        return fields_match(pattern, value)
    text = "".join(token for token in pattern if not isinstance(token, (Wildcard, Variable)))
    if rule.family is Family.BOOL or rule.ignore_case:
        return text.lower() == value.lower()
    return glob_matches(pattern, value) if rule.glob else text == value
