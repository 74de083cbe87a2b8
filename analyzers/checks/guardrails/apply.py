"""Which rules of a guardrail a policy must keep to, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.checks import asking, custom
from analyzers.checks.asking import NOBODY, Owner
from analyzers.checks.custom import Result
from analyzers.checks.found import ANY_RESOURCE, FoundPolicy
from analyzers.checks.outcome import Outcome
from analyzers.checks.validating import validated
from analyzers.policy import parse
from analyzers.reasoning.question import PolicyType

from .values import Guardrail, Kind, Rule


def applicable(guardrail: Guardrail, policy: FoundPolicy) -> Iterator[Rule]:
    """The rules that are about such a policy."""
    return (rule for rule in guardrail.rules if _is_about(rule, policy))


def outcome(rule: Rule, policy: FoundPolicy, *, owner: Owner = NOBODY, seconds: float = custom.SECONDS) -> Outcome:
    """Of one rule."""
    if rule.resource_types and not policy.resource_type:
        found = Outcome(str(rule.kind), policy, Result.UNKNOWN, _WHICH)
    elif rule.kind is Kind.VALIDATE:
        found = validated(policy, rule.level)
    elif rule.kind is Kind.NO_NEW_ACCESS:
        found = asking.no_new_access(policy, parse(rule.reference, statement_required=False), seconds=seconds)
    elif rule.kind is Kind.ACCESS_NOT_GRANTED:
        found = asking.access_not_granted(policy, rule.access, seconds=seconds)
    else:
        found = asking.no_public_access(policy, owner=owner, seconds=seconds)
    return found.by_rule(rule.id, rule.why)


def _is_about(rule: Rule, policy: FoundPolicy) -> bool:
    if rule.policy_types and policy.policy_type not in rule.policy_types:
        return False
    if rule.resource_types and policy.resource_type not in rule.resource_types | _untold(policy):
        return False
    if rule.kind is Kind.NO_NEW_ACCESS and not rule.policy_types:
        return _names_principals(rule.reference) == (policy.policy_type in _PRINCIPALS)
    return rule.kind is not Kind.NO_PUBLIC_ACCESS or policy.policy_type is PolicyType.RESOURCE


_WHICH = "The rule is about certain types of resources: tell with --resource-type whose policy it is."


def _untold(policy: FoundPolicy) -> frozenset[str]:
    """Of the policy of a resource whose type nobody told: a file that is a policy, or what may be any policies."""
    is_file = not policy.name and not policy.element
    is_open = bool(policy.missing) and policy.element == ANY_RESOURCE
    return frozenset({""}) if policy.policy_type is PolicyType.RESOURCE and (is_file or is_open) else frozenset()


_PRINCIPALS = {PolicyType.RESOURCE, PolicyType.RESOURCE_CONTROL}


def _names_principals(reference: str) -> bool:
    policy = parse(reference, statement_required=False)
    return any(statement.principals is not None for statement in policy.statements)
