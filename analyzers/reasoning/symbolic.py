"""What a statement says, as a formula over the parts of a request.

The resource in question is fixed, so resource patterns are reduced to what they say about the rest of its ARN
(nothing, for most types). The formula is then the same for all resources that share a policy template.

Where something is not understood, or relates two unknown values, an `Open` takes its place. It may be true or
false, so what a formula allows is never less than what the policy allows.
Rules: SEMANTICS in docs/reasoning.md; the sections named there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from analyzers.policy import arn as arns
from analyzers.policy.model import (
    Condition,
    Effect,
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
from analyzers.policy.values import boolean, instant, network, number

from . import keys
from .formula import (
    FALSE,
    TRUE,
    Comparison,
    Formula,
    Holds,
    Is,
    Open,
    Present,
    Some,
    Sort,
    Test,
    Var,
    conj,
    disj,
    negate,
)
from .globs import ANY_RUN, EVERYTHING, FIELD_RUN, Glob, concat, glob, literal, matches, residuals
from .request import CallerKind
from .seeds import EXAMPLE, STRANGER

PRINCIPAL = Var("principal")
"""aws:PrincipalArn: the user, role (also for its sessions), root or federated user."""
SESSION = Var("session")
PROVIDER = Var("provider")
CANONICAL = Var("canonical user")
ACTION = Var("action")
REST = Var("rest of the resource")
"""What follows the ARN in question: nothing, or a part of it such as an object key."""

ARN_FIELDS = 5
"""Literal colons before the last field of an ARN."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of every request in question.

    `separator` begins the name of a part of the resource ("/" for the objects of a bucket); empty: it has none.
    `constants` are condition keys (lower case) whose value is known, such as aws:ResourceAccount.
    """

    resource: str
    separator: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    rest: Var = REST


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement as a formula."""

    index: int
    effect: Effect
    formula: Formula


class Reader:
    """Reads the statements of one policy in one scene."""

    def __init__(self, policy: Policy, scene: Scene) -> None:
        self.policy = policy
        self.scene = scene
        self.hints: dict[Var, list[str]] = {}
        """Readable values for patterns that hold variables."""

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(statement.index, statement.effect, self.statement(statement)) for statement in self.policy.statements
        )

    def statement(self, statement: Statement) -> Formula:
        parts = [
            self.resources(statement.resources, statement.effect),
            self.actions(statement.actions),
            self.principals(statement.principals),
            *(self.condition(condition, statement.effect) for condition in statement.conditions),
        ]
        if statement.opaque or self.policy.opaque:
            problems = statement.problems or self.policy.problems
            parts.append(Open(f"statement {statement.index}: {problems[0].message}"))
        return conj(parts)

    # -- principal ---------------------------------------------------------------------------------------------

    def principals(self, principals: Principals | None) -> Formula:
        if principals is None:
            return TRUE
        named = disj(self.principal(entry) for entry in principals.entries)
        return negate(named) if principals.negated else named

    def principal(self, entry: PrincipalEntry) -> Formula:
        """SEMANTICS 1.6."""
        if entry.kind is PrincipalKind.AWS and ":role/" in entry.value and not set("*?") & set(entry.value):
            self.hints.setdefault(PRINCIPAL, []).append(entry.value)
        return _principal(entry)

    # -- action and resource -----------------------------------------------------------------------------------

    def actions(self, actions: Patterns | None) -> Formula:
        if actions is None:
            return TRUE
        named = disj(action(pattern) for pattern in actions.values)
        return negate(named) if actions.negated else named

    def resources(self, resources: Patterns | None, effect: Effect) -> Formula:
        """SEMANTICS 1.4: an Allow may cross colons, a Deny may not. In NotResource it is the other way round."""
        if resources is None:
            return TRUE
        crossing = (effect is Effect.ALLOW) != resources.negated
        named = disj(self.resource(pattern, crossing=crossing) for pattern in resources.values)
        return negate(named) if resources.negated else named

    def resource(self, pattern: str, *, crossing: bool) -> Formula:
        if "${" not in pattern and (pattern.startswith(self.scene.resource) or not {"*", "?"} & set(pattern)):
            return self._plain_resource(pattern)
        parts = self.tokens(pattern, wildcards=True)
        if parts == (Wildcard.RUN,):
            return TRUE
        if any(isinstance(part, Variable) for part in parts):
            self.hints.setdefault(self.scene.rest, []).append(spelled(parts).removeprefix(self.scene.resource))
        rests = residuals(glob(parts, fields=0 if crossing else ARN_FIELDS), self.scene.resource)
        if not self.scene.separator:
            matched: Formula = TRUE if any(all(step.run for step in rest) for rest in rests) else FALSE
        else:
            matched = disj(TRUE if rest == EVERYTHING else Holds(self.scene.rest, rest) for rest in rests)
        return conj([matched, *self.related(parts, self.scene.rest.name)]) if matched != FALSE else FALSE

    def _plain_resource(self, pattern: str) -> Formula:
        """The usual case, without walking: the pattern spells out the ARN in question, or another one."""
        if not pattern.startswith(self.scene.resource):
            return FALSE
        fields = max(0, ARN_FIELDS - self.scene.resource.count(":"))
        rest = glob(tokens(pattern[len(self.scene.resource) :], wildcards=True, variables=False), fields=fields)
        if rest == EVERYTHING:
            return TRUE
        if not self.scene.separator:
            return TRUE if all(step.run for step in rest) else FALSE
        return Holds(self.scene.rest, rest)

    # -- conditions --------------------------------------------------------------------------------------------

    def condition(self, condition: Condition, effect: Effect) -> Formula:
        """SEMANTICS 2. Absent is never the empty string: presence is a variable of its own."""
        rule = lookup(condition.operator.name) if condition.operator.known else None
        if rule is None:
            return Open(_say(condition))
        key = condition.key.lower()
        present = self.present(key)
        if rule.family is Family.NULL:
            wanted = [boolean(value) for value in condition.values]
            return disj(
                negate(present) if value else present if value is not None else Open(_say(condition))
                for value in wanted
            )
        if key in self.scene.constants:
            return self._constant(condition, rule, self.scene.constants[key])
        qualifier = condition.operator.qualifier
        if qualifier and key not in SINGLE_VALUED and not key.startswith(SINGLE_VALUED_PREFIXES):
            return self._set(condition, rule, present, effect)
        if key in keys.MULTIVALUED and not qualifier:
            return FALSE
        matched = disj(self.test(condition, rule, value) for value in condition.values)
        passed = negate(matched) if rule.negated else matched
        absent_passes = (
            (rule.negated and not qualifier) or condition.operator.if_exists or qualifier is SetQualifier.FOR_ALL_VALUES
        )
        return disj([negate(present), passed]) if absent_passes else conj([present, passed])

    def _set(self, condition: Condition, rule: OperatorRule, present: Formula, effect: Effect) -> Formula:
        var = variable(condition.key.lower(), rule, many=True)
        tests: set[Test] = set()
        opens: list[Formula] = []
        for value in condition.values:
            test, more = self._value_test(condition, rule, value)
            opens += more
            if test is not None:
                tests.add(test)
        chosen = frozenset(tests)
        if condition.operator.qualifier is SetQualifier.FOR_ANY_VALUE:
            passed: Formula = conj([present, Some(var, chosen, rule.negated)])
            if condition.operator.if_exists and effect is Effect.ALLOW:
                passed = disj([negate(present), passed])
        else:
            passed = disj([negate(present), negate(Some(var, chosen, not rule.negated))])
        if not opens:
            return passed
        return Open(_say(condition))

    def test(self, condition: Condition, rule: OperatorRule, value: str) -> Formula:
        """Whether the value of the key is as `value` says, for the positive form of the operator."""
        key = condition.key.lower()
        found, opens = self._value_test(condition, rule, value)
        if found is None:
            return disj(opens) if opens else FALSE
        if isinstance(found, Comparison) and found.relation in {"gt", "ge"}:
            flipped = Comparison("le" if found.relation == "gt" else "lt", found.bound)
            return negate(Holds(variable(key, rule), flipped))
        var = variable(key, rule)
        if key in keys.CALLER_ACCOUNT:
            if not isinstance(found, tuple) or isinstance(found, Comparison):
                return Open(_say(condition))
            return conj([Holds(PRINCIPAL, account_glob(found)), *opens])
        return conj([Holds(var, found), *opens])

    def _value_test(self, condition: Condition, rule: OperatorRule, value: str) -> tuple[Test | None, list[Formula]]:
        """The test, and what else must hold; (None, []) if the value can match nothing."""
        unclear: list[Formula] = [Open(f"{_say(condition)}: {value}")]
        if rule.family in {Family.NUMERIC, Family.DATE}:
            bound = number(value) if rule.family is Family.NUMERIC else instant(value)
            if bound is None:
                return None, unclear
            relation = rule.comparison if rule.comparison != "ne" else "eq"
            return Comparison(relation or "eq", bound), []
        if rule.family is Family.IP:
            block = network(value)
            return (block, []) if block is not None else (None, unclear)
        if rule.family is Family.BOOL and "${" not in value:
            return (literal(value.lower(), fold=True), []) if boolean(value) is not None else (None, unclear)
        if rule.family is Family.BINARY:
            return literal(value), []
        is_arn = rule.family is Family.ARN
        parts = self.tokens(value, wildcards=rule.glob or is_arn)
        fields = ARN_FIELDS if is_arn else 0
        if is_arn and arns.split(value) is None:
            return None, unclear if "*" in value or "${" in value else []
        fields = 99 if condition.key.lower() in keys.CALLER_ACCOUNT else fields
        if any(isinstance(part, Variable) for part in parts):
            self.hints.setdefault(variable(condition.key.lower(), rule), []).append(spelled(parts))
        what = f"{condition.key.lower()} {rule.family} {rule.glob} {rule.ignore_case}"
        return glob(parts, fold=rule.ignore_case, fields=fields), self.related(parts, what)

    def _constant(self, condition: Condition, rule: OperatorRule, value: str) -> Formula:
        """A key whose value is known: decide the condition, or leave it open where that needs another value."""
        outcomes = []
        for wanted in condition.values:
            test, opens = self._value_test(condition, rule, wanted)
            if opens or (test is not None and (not isinstance(test, tuple) or isinstance(test, Comparison))):
                return Open(f"{_say(condition)}: {wanted}")
            outcomes.append(isinstance(test, tuple) and not isinstance(test, Comparison) and matches(test, value))
        return TRUE if any(outcomes) != rule.negated else FALSE

    # -- shared ------------------------------------------------------------------------------------------------

    def present(self, key: str) -> Formula:
        if key in self.scene.constants:
            return TRUE
        if key in keys.CALLER_ACCOUNT:
            return Present("aws:principalarn")
        return Present(key)

    def tokens(self, text: str, *, wildcards: bool) -> tuple[Token, ...]:
        """The tokens of a value, with the variables filled in whose value is known."""
        parts = tokens(text, wildcards=wildcards, variables=self.policy.has_variables)
        if not any(isinstance(part, Variable) for part in parts):
            return parts
        filled: list[Token] = []
        for part in parts:
            known = self.scene.constants.get(part.key) if isinstance(part, Variable) else None
            filled.append(part if known is None else known)
        return tuple(filled)

    def related(self, parts: tuple[Token, ...], what: str) -> list[Formula]:
        """What else a pattern needs that holds the unknown value of another key: that the key has a value, if there
        is no default, and that the values agree, which is left open."""
        wanted: list[Formula] = []
        for part in parts:
            if isinstance(part, Variable):
                wanted.append(Open(f"{what}: {''.join(map(_show, parts))}"))
                if part.default is None:
                    wanted.append(self.present(part.key))
        return wanted


@lru_cache(maxsize=16384)
def _principal(entry: PrincipalEntry) -> Formula:
    """Service principals are not asked about, so an entry for one matches nobody."""
    if entry.value == "*" and entry.kind in {PrincipalKind.ANY, PrincipalKind.AWS}:
        return TRUE
    if entry.kind is PrincipalKind.FEDERATED:
        return conj([Is(CallerKind.FEDERATED), Holds(PROVIDER, literal(entry.value))])
    if entry.kind is PrincipalKind.CANONICAL_USER:
        return conj([Is(CallerKind.CANONICAL_USER), Holds(CANONICAL, literal(entry.value))])
    if entry.kind is not PrincipalKind.AWS:
        return FALSE
    fields = arns.split(arns.normalise_principal(entry.value))
    if fields is None:
        return FALSE  # the id of a deleted entity, which never comes back
    _, partition, service, _, account, name = fields
    caller = Is(CallerKind.AWS)
    if set("*?") & set(entry.value):  # AWS refuses such an entry; should one exist, it is not taken for harmless
        pattern = glob(tokens(entry.value, wildcards=True, variables=False))
        return conj([caller, Holds(PRINCIPAL, pattern), Open(f"principal {entry.value}")])
    if name == "root":
        return conj([caller, Holds(PRINCIPAL, account_glob(literal(account)))])
    if service == "sts" and name.startswith("assumed-role/"):
        role, _, session = name.removeprefix("assumed-role/").partition("/")
        return conj([caller, _role(partition, account, role), Holds(SESSION, literal(session))])
    if service == "iam" and name.startswith("role/"):
        return conj([caller, _role(partition, account, name.rsplit("/", 1)[-1])])
    return conj([caller, Holds(PRINCIPAL, literal(entry.value))])


@lru_cache(maxsize=16384)
def action(pattern: str) -> Formula:
    """SEMANTICS 1.3: service and action compare without case."""
    test = glob(tokens(pattern.lower(), wildcards=True, variables=False))
    if test == EVERYTHING or pattern == "*:*":
        return TRUE
    service, colon, _ = pattern.partition(":")
    if colon and not set("*?") & set(service):
        return Holds(ACTION, test)
    return conj([Holds(ACTION, test), Open(f"action {pattern}")])  # what AWS makes of it is not documented


def _say(condition: Condition) -> str:
    """The name of an open condition: two of the same name must mean the same."""
    return f"{condition.operator} on {condition.key.lower()}: {condition.values}"


def _show(token: Token) -> str:
    return f"${{{token.key}}}" if isinstance(token, Variable) else token


VARIABLE_VALUES = {"aws:principalaccount": STRANGER}


def spelled(parts: tuple[Token, ...]) -> str:
    """A readable string that the pattern matches when each variable has its example value."""
    text = ""
    for part in parts:
        if isinstance(part, Variable):
            text += VARIABLE_VALUES.get(part.key, EXAMPLE)
        else:
            text += EXAMPLE if isinstance(part, Wildcard) else part
    return text


SINGLE_VALUED = (keys.TIES - keys.MULTIVALUED) | frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:securetransport",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpcsourceip",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "sts:externalid",
        "sts:rolesessionname",
    }
)
SINGLE_VALUED_PREFIXES = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


def variable(key: str, rule: OperatorRule, *, many: bool = False) -> Var:
    """The variable that an operator looks at. A key under operators of two families is two variables."""
    if key == "aws:principalarn":
        return PRINCIPAL
    name = f"{key}[]" if many else key
    if rule.family is Family.NUMERIC:
        return Var(name, Sort.NUMBER)
    if rule.family is Family.DATE:
        return Var(name, Sort.INSTANT)
    return Var(name, Sort.ADDRESS if rule.family is Family.IP else Sort.TEXT)


def _role(partition: str, account: str, name: str) -> Formula:
    """A role by account and name, whatever its path: names are unique in an account, and sessions show no path."""
    prefix = literal(f"arn:{partition}:iam::{account}:role/")
    return disj(
        [
            Holds(PRINCIPAL, concat(prefix, literal(name))),
            Holds(PRINCIPAL, concat(prefix, (ANY_RUN,), literal(f"/{name}"))),
        ]
    )


def account_glob(account: Glob) -> Glob:
    """ARNs of principals of the accounts that match."""
    colon = literal(":")
    return concat(literal("arn:"), (FIELD_RUN,), colon, (FIELD_RUN,), colon, colon, account, colon, (ANY_RUN,))
