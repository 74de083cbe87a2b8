"""What a statement says, as a formula over the parts of a request.

Where the question is about one resource, resource patterns are reduced to what they say about the rest of its ARN
(nothing, for most types). The formula is then the same for all resources that share a policy template.

Where something is not understood, or relates two unknown values, an `Open` takes its place. It may be true or
false, so what a formula allows is never less than what the policy allows.
Rules: SEMANTICS in docs/reasoning.md; the sections named there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analyzers.policy.model import (
    Condition,
    Effect,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Statement,
)
from analyzers.policy.operators import OperatorRule
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens

from . import assumptions
from .callers import PRINCIPAL, principal
from .conditions import ARN_FIELDS, Conditions, said
from .formula import FALSE, TRUE, Formula, Holds, Open, conj, disj, negate
from .globs import EVERYTHING, glob, literal, matches, residuals
from .scene import ACTION, Crossing, Scene
from .words import Words, literal_colons, spelled

APART = " #"
"""Between what is said of a doubt to people and what tells it from others."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement as a formula."""

    index: int
    effect: Effect
    formula: Formula


class Reader:
    """Reads the statements of one policy in one scene. `label` tells its doubts from those of other policies in the
    same question: what is not understood in one may be so while what is not understood in another is not."""

    def __init__(self, policy: Policy, scene: Scene, label: str = "") -> None:
        self.policy = policy
        self.label = f"{label} " if label else ""
        self.scene = scene
        self.words = Words(policy, scene)
        self._conditions = Conditions(self.words)

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(statement.index, statement.effect, self.statement(statement)) for statement in self.policy.statements
        )

    def statement(self, statement: Statement) -> Formula:
        return conj([self.principals(statement.principals), self.but_principals(statement)])

    def but_principals(self, statement: Statement) -> Formula:
        """What the statement says besides who calls."""
        parts = [
            self.resources(statement.resources, statement.effect),
            self.actions(statement.actions),
            *(self._conditions.formula(condition, statement.effect) for condition in statement.conditions),
        ]
        if statement.opaque or self.policy.opaque:
            problems = (*statement.problems, *self.policy.problems)
            doubt = f"{self.label}statement {statement.index}: {problems[0].message}"
            parts.append(Open(f"{doubt}{APART}{' '.join(one.content for one in problems)}"))
        return conj(parts)

    # -- principal and action ----------------------------------------------------------------------------------

    def principals(self, principals: Principals | None) -> Formula:
        if principals is None:
            return TRUE
        named = disj(self.principal(entry) for entry in principals.entries)
        return negate(named) if principals.negated else named

    def principal(self, entry: PrincipalEntry) -> Formula:
        if entry.kind is PrincipalKind.AWS and ":role/" in entry.value and not set("*?") & set(entry.value):
            self.words.hint(PRINCIPAL, entry.value)
        return principal(entry)

    def actions(self, actions: Patterns | None) -> Formula:
        if actions is None:
            return TRUE
        named = disj(action(pattern) for pattern in actions.values)
        return negate(named) if actions.negated else named

    # -- resource ----------------------------------------------------------------------------------------------

    def resources(self, resources: Patterns | None, effect: Effect) -> Formula:
        if resources is None:
            return TRUE
        if not self.scene.resource:
            named = disj(self.any_resource(pattern, effect) for pattern in resources.values)
        else:  # in NotResource it is the other way round
            crossing = (effect is Effect.ALLOW) != resources.negated
            named = disj(self.resource(pattern, crossing=crossing) for pattern in resources.values)
        return negate(named) if resources.negated else named

    def any_resource(self, pattern: str, effect: Effect) -> Formula:
        """What the pattern says of a whole ARN. What matches only if wildcards cross colons, or only if the fields
        that it lacks are taken as `*`, is left open (SEMANTICS 1.4)."""
        var = self.scene.rest
        parts = self.words.tokens(pattern, wildcards=True)
        if parts is None:
            return FALSE
        if parts == (Wildcard.RUN,):
            return TRUE
        if any(isinstance(part, Variable) for part in parts):
            self.words.hint(var, spelled(parts))
        relations = self.words.related(parts, var, var.name, fields=ARN_FIELDS)
        written = self.words.written(pattern, wildcards=True)
        lacking = ARN_FIELDS - sum(map(literal_colons, written))
        found: list[Formula] = []
        if lacking > 0:
            if matches(glob(parts), "*"):
                found.append(Holds(var, literal("*")))
            padded = glob((*parts, *(":", Wildcard.RUN) * lacking), fields=ARN_FIELDS)
            found.append(conj([Holds(var, padded), said(assumptions.SHORT_ARN, f"short {pattern}")]))
        elif not _is_misplaced(written):
            found.append(Holds(var, glob(parts, fields=ARN_FIELDS)))
        if self.scene.crossing is Crossing.OPEN or lacking > 0 or not found:
            crosses = assumptions.ALLOW_ACROSS_COLONS if effect is Effect.ALLOW else assumptions.DENY_ACROSS_COLONS
            found.append(conj([Holds(var, glob(parts)), said(crosses, f"{var.name} across colons: {pattern}")]))
        return conj([disj(found), *relations])

    def resource(self, pattern: str, *, crossing: bool) -> Formula:
        """What the pattern says of what follows the ARN in question."""
        if "${" not in pattern and (pattern.startswith(self.scene.resource) or not {"*", "?"} & set(pattern)):
            return self._plain_resource(pattern)
        parts = self.words.tokens(pattern, wildcards=True)
        if parts is None:
            return FALSE
        if parts == (Wildcard.RUN,):
            return TRUE
        if any(isinstance(part, Variable) for part in parts):
            self.words.hint(self.scene.rest, spelled(parts).removeprefix(self.scene.resource))
        rests = residuals(glob(parts, fields=0 if crossing else ARN_FIELDS), self.scene.resource)
        if not self.scene.separator:
            matched: Formula = TRUE if any(all(step.run for step in rest) for rest in rests) else FALSE
        else:
            matched = disj(TRUE if rest == EVERYTHING else Holds(self.scene.rest, rest) for rest in rests)
        return (
            conj([matched, *self.words.related(parts, self.scene.rest, self.scene.rest.name)])
            if matched != FALSE
            else FALSE
        )

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

    # -- one value of a condition, for labels ------------------------------------------------------------------

    def test(self, condition: Condition, rule: OperatorRule, value: str) -> Formula:
        return self._conditions.test(condition, rule, value)


def _is_misplaced(written: tuple[Token, ...]) -> bool:
    """Whether a policy variable stands before the last field, where none is documented."""
    colons = 0
    for part in written:
        if isinstance(part, Variable) and colons < ARN_FIELDS:
            return True
        colons += literal_colons(part)
    return False


@lru_cache(maxsize=16384)
def action(pattern: str) -> Formula:
    """SEMANTICS 1.3: service and action compare without case."""
    test = glob(tokens(pattern.lower(), wildcards=True, variables=False))
    if test == EVERYTHING or pattern == "*:*":
        return TRUE
    service = pattern.partition(":")[0]
    if not set("*?") & set(service):
        return Holds(ACTION, test)
    return conj([Holds(ACTION, test), said(assumptions.ACTION_WITHOUT_SERVICE, f"action {pattern}")])
