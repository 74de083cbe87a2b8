"""Example requests that people know: an action that AWS documents, on a resource that it is made for.

A solver's witness is any request at all (`iam:x` on a bucket, where the policy says `iam:*` on `*`). What is shown in
its place is asked again: it is one that the policy allows and that must not be allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from analyzers import catalogue
from analyzers.policy.model import Effect, Policy, Statement
from analyzers.policy.pattern import tokens
from analyzers.reasoning.globs import glob, matches
from analyzers.reasoning.matching import Call, Reading, all_of, any_of, inverse, match_statement
from analyzers.reasoning.request import Request

MOST = 200
"""Requests that are tried."""
_ORDER = ("Permissions management", "Write", "Read")
_HOLE = re.compile(r"\$\{(\w+)\}")
_VALUES = {"Partition": "aws", "Region": "us-east-1", "Account": "111122223333"}

Forbidden = Callable[[Request], bool | None]


def allows(policy: Policy, request: Request) -> bool | None:
    """The evaluator's word on whether the policy by itself allows the request; None: not known."""
    call = Call(request, Reading.CHECK)
    matched = [(one.effect, match_statement(policy, one, call).truth) for one in policy.statements]
    allowed = any_of(truth for effect, truth in matched if effect is Effect.ALLOW)
    return all_of((allowed, inverse(any_of(truth for effect, truth in matched if effect is Effect.DENY))))


def known(witness: Request, policy: Policy, statement: Statement, forbidden: Forbidden) -> Request:
    """A request that people know and that the same statement lets in; the witness where there is none."""
    for action in islice(_actions(witness, statement), MOST):
        spelled = replace(witness, action=action.full_name)
        for resource in _resources(witness, action):
            one = replace(spelled, resource=resource)
            lets_in = match_statement(policy, statement, Call(one, Reading.CHECK)).truth
            if lets_in and allows(policy, one) and forbidden(one):
                return one
    return witness


def _actions(witness: Request, statement: Statement) -> Iterator[catalogue.Action]:
    found = catalogue.action(witness.action)
    if found is not None:
        yield found
        return
    patterns = statement.actions.values if statement.actions is not None and not statement.actions.negated else ()
    for pattern in patterns:
        if pattern.partition(":")[0].strip("*?"):
            yield from sorted(catalogue.matching(pattern), key=_grave)


def _grave(action: catalogue.Action) -> int:
    return next((place for place, level in enumerate(_ORDER) if level in action.access_level), len(_ORDER))


def _resources(witness: Request, action: catalogue.Action) -> Iterator[str]:
    """What the action is made for: the witness's own, or examples."""
    templates = {one.key: one.arn for one in catalogue.resource_types_of(action.service)}
    fitting = [templates[key] for key in action.resource_types[:6] if key in templates]
    if not fitting or any(_fits(witness.resource, one) for one in fitting):
        yield witness.resource
    for template in fitting:
        yield _HOLE.sub(lambda hole: _VALUES.get(hole[1], "example"), template)
    yield witness.resource


def _fits(resource: str, template: str) -> bool:
    return matches(glob(tokens(_HOLE.sub("*", template), wildcards=True, variables=False)), resource)
