"""What a condition says, as a formula. Absent is never the empty string: presence is a variable of its own.

Rules: SEMANTICS 2.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from analyzers.policy.model import Condition, Effect, SetQualifier
from analyzers.policy.operators import Family, OperatorRule, lookup
from analyzers.policy.pattern import Variable, Wildcard
from analyzers.policy.values import binary, boolean, instant, network, number

from . import assumptions, keys
from .callers import PRINCIPAL, account_glob
from .domains import point_cells
from .formula import (
    FALSE,
    TRUE,
    Comparison,
    Constant,
    Formula,
    Holds,
    Open,
    Some,
    Sort,
    Test,
    Var,
    conj,
    disj,
    negate,
)
from .globs import glob, literal, matches
from .scene import Crossing, Scene
from .words import Words, literal_colons, spelled

ARN_FIELDS = 5
"""Literal colons before the last field of an ARN."""
_EMPTY = literal("")


class Conditions:
    """Reads the conditions of one policy in one scene."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.scene: Scene = words.scene

    def formula(self, condition: Condition, effect: Effect) -> Formula:
        rule = lookup(condition.operator.name) if condition.operator.known else None
        if rule is None:
            return Open(_say(condition))
        key = condition.key.lower()
        present = self.words.present(key)
        if rule.family is Family.NULL:
            wanted = [boolean(value) for value in condition.values]
            return disj(
                negate(present) if value else present if value is not None else Open(_say(condition))
                for value in wanted
            )
        if key in self.scene.constants:
            return self._constant(condition, rule, self.scene.constants[key])
        passes = self._without(condition, rule, effect)
        qualifier = condition.operator.qualifier
        if self._is_many(key, qualifier):
            if qualifier is None:
                told: Formula = said(assumptions.MULTIVALUED_WITHOUT_SET_OPERATOR, _say(condition))
            else:
                told = self._set(condition, rule)
        else:
            told = self._single(condition, rule)
            if qualifier is not None:  # to a set operator an empty string is no value
                present = conj([present, negate(self._is_empty(key, rule))])
        return disj([conj([negate(present), passes]), conj([present, told])])

    def test(self, condition: Condition, rule: OperatorRule, value: str) -> Formula:
        """Whether the value of the key is as `value` says, for the positive form of the operator."""
        found, opens = self._value_test(condition, rule, value)
        if found is None:
            return disj(opens)
        key = condition.key.lower()
        if key in keys.CALLER_ACCOUNT and not self.scene.complete:
            if not isinstance(found, tuple) or isinstance(found, Comparison):
                return Open(_say(condition))
            if any(":" in step.chars and not step.negated for step in found):
                return FALSE  # an account has no colon, and the rest of the ARN is not meant
            return conj([Holds(PRINCIPAL, account_glob(found)), *opens])
        return conj([Holds(self._variable(key, rule), found), *opens])

    def _without(self, condition: Condition, rule: OperatorRule, effect: Effect) -> Formula:
        """Whether the condition holds if the key is absent."""
        qualifier = condition.operator.qualifier
        if condition.operator.if_exists:
            if qualifier is SetQualifier.FOR_ANY_VALUE:
                return said(assumptions.ANY_VALUE_IF_EXISTS_WITHOUT_KEY[effect.value], _say(condition))
            return TRUE
        return Constant(qualifier is SetQualifier.FOR_ALL_VALUES if qualifier else rule.negated)

    def _is_many(self, key: str, qualifier: SetQualifier | None) -> bool:
        """Whether the key is taken for a set of values. What is compared as one value anywhere has one value."""
        known = self.scene.known.get(key)
        if isinstance(known, tuple) or key in keys.MULTIVALUED:
            return True
        if known is not None or key in keys.SINGLE_VALUED or key.startswith(keys.SINGLE_VALUED_PREFIXES):
            return False
        return qualifier is not None and key not in self.scene.single

    def _is_empty(self, key: str, rule: OperatorRule) -> Formula:
        var = self._variable(key, rule)
        if key in self.scene.known:
            return Constant(self.scene.known[key] == "")
        return Holds(var, _EMPTY) if var.sort is Sort.TEXT and key not in keys.CALLER_ACCOUNT else FALSE

    def _single(self, condition: Condition, rule: OperatorRule) -> Formula:
        if self._is_unreadable(condition.key.lower(), rule):
            return self._unreadable(condition, rule)
        matched = disj(self.test(condition, rule, value) for value in condition.values)
        return negate(matched) if rule.negated else matched

    def _is_unreadable(self, key: str, rule: OperatorRule) -> bool:
        """Whether a value that is known is none of the operator's sort."""
        known = self.scene.known.get(key)
        values = known if isinstance(known, tuple) else () if known is None else (known,)
        return not all(_reads(rule, value) for value in values if value or not isinstance(known, tuple))

    def _unreadable(self, condition: Condition, rule: OperatorRule) -> Formula:
        if rule.family is Family.BINARY:
            return FALSE
        return said(assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL if rule.negated else False, _say(condition))

    def _set(self, condition: Condition, rule: OperatorRule) -> Formula:
        key = condition.key.lower()
        tests: set[Test] = set()
        doubtful = False
        for value in condition.values:
            test, opens = self._value_test(condition, rule, value)
            if opens and rule.family not in {Family.NUMERIC, Family.DATE, Family.IP}:
                return Open(_say(condition))
            doubtful = doubtful or bool(opens)
            if test is not None:
                tests.add(test)
        var, chosen = self._variable(f"{key}[]", rule), frozenset(tests)
        any_value = condition.operator.qualifier is SetQualifier.FOR_ANY_VALUE
        if not tests:  # no value can be as they say
            told: Formula = Constant(rule.negated)
        else:
            told = Some(var, chosen, rule.negated) if any_value else negate(Some(var, chosen, not rule.negated))
        known = self.scene.known.get(key)
        unreadable = rule.negated and self._is_unreadable(key, rule)
        if not rule.negated or not (doubtful or unreadable):
            return told
        if any_value and not doubtful and isinstance(known, tuple):
            readable = [value for value in known if value and _reads(rule, value)]
            if 0 in point_cells(var, list(chosen), readable):
                return TRUE
        return conj([told, said(assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL, _say(condition))])

    def _value_test(self, condition: Condition, rule: OperatorRule, value: str) -> tuple[Test | None, list[Formula]]:
        """The test, and what else must hold; (None, []) if the value can match nothing."""
        unclear: list[Formula] = [Open(f"{_say(condition)}: {value}")]
        if rule.family in {Family.NUMERIC, Family.DATE}:
            bound = number(value) if rule.family is Family.NUMERIC else instant(value)
            if bound is None:
                return None, self._doubt(rule, unclear)
            return Comparison("eq" if rule.comparison in {None, "ne"} else str(rule.comparison), bound), []
        if rule.family is Family.IP:
            block = network(value)
            return (block, []) if block is not None else (None, self._doubt(rule, unclear))
        if rule.family is Family.BINARY:
            data = binary(value)
            return (literal(base64.b64encode(data).decode()), []) if data is not None else (None, [])
        is_arn = rule.family is Family.ARN
        parts = self.words.tokens(value, wildcards=rule.glob)
        if parts is None:
            return None, []
        fields = ARN_FIELDS if is_arn else 0
        if is_arn and sum(map(literal_colons, self.words.written(value, wildcards=True))) < ARN_FIELDS:
            careful = self.scene.crossing is Crossing.MAY or assumptions.ANYTHING_AS_ARN is None
            unsure = parts == (Wildcard.RUN,) and careful
            return None, unclear if unsure else []
        fields = 99 if condition.key.lower() in keys.CALLER_ACCOUNT else fields
        if any(isinstance(part, Variable) for part in parts):
            self.words.hint(self._variable(condition.key.lower(), rule), spelled(parts))
        what = f"{condition.key.lower()} {rule.family} {rule.glob} {rule.ignore_case}"
        fold = rule.ignore_case or rule.family is Family.BOOL
        var = self._variable(condition.key.lower(), rule)
        return glob(parts, fold=fold, fields=fields), self.words.related(parts, var, what, fields=fields, fold=fold)

    @staticmethod
    def _doubt(rule: OperatorRule, unclear: list[Formula]) -> list[Formula]:
        """A bound that cannot be read matches nothing; whether it differs from everything is not documented."""
        if not rule.negated or assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL:
            return []
        return [TRUE] if assumptions.UNREADABLE_NUMBER_IS_NOT_EQUAL is False else unclear

    def _constant(self, condition: Condition, rule: OperatorRule, value: str) -> Formula:
        """A key whose value is known: decide the condition, or leave it open where that needs another value."""
        outcomes = []
        for wanted in condition.values:
            test, opens = self._value_test(condition, rule, wanted)
            if opens or (test is not None and (not isinstance(test, tuple) or isinstance(test, Comparison))):
                return Open(f"{_say(condition)}: {wanted}")
            outcomes.append(isinstance(test, tuple) and not isinstance(test, Comparison) and matches(test, value))
        return TRUE if any(outcomes) != rule.negated else FALSE

    def _variable(self, key: str, rule: OperatorRule) -> Var:
        """A key under operators of two families is two variables."""
        if key == "aws:principalarn" and not self.scene.complete:
            return PRINCIPAL
        return Var(key, _SORTS.get(rule.family, Sort.TEXT))


_READ: dict[Family, Callable[[str], object]] = {
    Family.NUMERIC: number,
    Family.DATE: instant,
    Family.IP: network,
    Family.BINARY: binary,
}


def _reads(rule: OperatorRule, value: str) -> bool:
    """Whether a value in a request is of the operator's sort; an address is no block."""
    if rule.family not in _READ:
        return True
    return _READ[rule.family](value) is not None and not (rule.family is Family.IP and "/" in value)


_SORTS = {
    Family.NUMERIC: Sort.NUMBER,
    Family.DATE: Sort.INSTANT,
    Family.IP: Sort.ADDRESS,
    Family.BINARY: Sort.BYTES,
}


def said(truth: bool | None, name: str) -> Formula:
    """A reading out of `assumptions` as a formula; what it leaves undecided is open."""
    return Open(name) if truth is None else Constant(truth)


def _say(condition: Condition) -> str:
    """The name of an open condition: two of the same name must mean the same."""
    operator = condition.operator
    qualifier = f"{operator.qualifier}:" if operator.qualifier else ""
    name = f"{qualifier}{operator.name}{'IfExists' if operator.if_exists else ''}"
    return f"{name} on {condition.key.lower()} with {list(condition.values)}"
