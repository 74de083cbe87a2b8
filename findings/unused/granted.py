"""Which actions of a service the policies of a principal allow, before anything denies."""

from __future__ import annotations

from collections.abc import Iterable

from analyzers.catalogue import Action, actions_of
from analyzers.models import Principal, PrincipalPolicy
from analyzers.policy import Effect, Patterns, PolicyError, parse
from analyzers.policy.pattern import tokens
from analyzers.reasoning.globs import glob, matches


def granted(arn: str, prefix: str) -> list[Action]:
    """All of the service's actions, if the principal or one of its policies is not known."""
    principal = Principal.objects.filter(arn=arn).first()
    every = list(actions_of(prefix))
    if principal is None:
        return every
    rows = PrincipalPolicy.objects.filter(principal__arn__in=[arn, *principal.groups]).exclude(kind="BOUNDARY")
    allowed: list[Patterns] = []
    for row in rows.select_related("document"):
        if row.document is None:
            return every
        try:
            statements = parse(row.document.text).statements
        except PolicyError:
            return every
        allowed += [one.actions for one in statements if one.effect is Effect.ALLOW and one.actions is not None]
    return [one for one in every if any(_covers(patterns, one) for patterns in allowed)]


def _covers(patterns: Patterns, action: Action) -> bool:
    return _any(patterns.values, action.full_name.lower()) != patterns.negated


def _any(values: Iterable[str], name: str) -> bool:
    return any(matches(glob(tokens(value.lower(), wildcards=True, variables=False)), name) for value in values)
