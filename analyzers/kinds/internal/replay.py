"""An example put to the evaluator, which decides one request and shares nothing with what found the example."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from analyzers.kinds.population import ROLE, Member
from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy.model import Effect
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import ContextValue, Request

from .facts import Gap
from .people import Group, People
from .target import Target
from .views import NAME
from .weigh import SESSION_KEY, Way

logger = logging.getLogger(__name__)


class Replayed(NamedTuple):
    proved: bool
    reason: str = ""
    assumptions: tuple[str, ...] = ()


def example(way: Way, action: str, member: Member, target: Target, people: People) -> Request:
    """The request that shows the access of a member: what the way needs, and what is known of every request of his."""
    name = member.arn.rsplit("/", 1)[-1]
    context: dict[str, ContextValue] = {}
    for key, value in way.context.items():
        if key.lower() != SESSION_KEY:
            context[key] = _named(value, name)
    principal = member.arn
    session = way.context.get(SESSION_KEY)
    if isinstance(session, str) and member.kind == ROLE:
        partition = member.arn.split(":")[1]
        principal = f"arn:{partition}:sts::{member.account}:assumed-role/{name}/{session}"
        context["aws:PrincipalArn"] = member.arn
    facts = people.facts(member)
    told = {key.lower() for key in context}
    for key in sorted(_needs(people, people.group_of[member.arn], target)):
        fact = facts.of(key)
        if key not in told and not isinstance(fact, Gap) and key not in _DERIVED:
            context[key] = fact
    for spelled in ("aws:ResourceOrgID", "aws:ResourceOrgPaths"):
        key = spelled.lower()
        fact = target.fact(key)
        if key not in told and not isinstance(fact, Gap) and key in target.asked():
            context[spelled] = fact
    context |= {key: value for key, value in target.known.items() if key not in told}
    rest = way.rest.replace(NAME, name)
    return Request(principal, action, f"{target.subject.arn}{rest}", target.subject.account, context)


_DERIVED = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "kms:calleraccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:username",
    }
)


def _named(value: ContextValue, name: str) -> ContextValue:
    return value.replace(NAME, name) if isinstance(value, str) else tuple(one.replace(NAME, name) for one in value)


def _needs(people: People, group: Group, target: Target) -> frozenset[str]:
    found = set(target.needs)
    for view in (*group.identity, *([group.boundary] if group.boundary else []), *_flat(group)):
        if view.text:
            found |= set(people.library.document(view.text).needs)
    return frozenset(found)


def _flat(group: Group) -> Iterable:  # type: ignore[type-arg]
    return (view for level in group.levels or () for view in level)


def replay(request: Request, group: Group, target: Target, people: People) -> Replayed:
    """Whether the evaluator confirms the request with all policies, each as it is written."""
    decision = decided(request, group, target, people)
    if decision.outcome is Outcome.ALLOW:
        return Replayed(True, "", decision.assumptions)
    if decision.outcome is Outcome.DENY:
        logger.error("The engines disagree about %s: %s", request, decision.reason)
        return Replayed(False, f"The concrete evaluator does not confirm the request: {decision.reason}")
    return Replayed(False, decision.reason, decision.assumptions)


def decided(request: Request, group: Group, target: Target, people: People) -> Decision:
    """What the evaluator says to a request of a member of the group."""
    return decide(request, policies_of(group, target, people))


def policies_of(group: Group, target: Target, people: People) -> PolicySet:
    """All policies that have a say when a member of the group asks for the resource."""

    def parsed(texts: Iterable[str]) -> tuple[Policy, ...]:
        return tuple(policy for text in texts if (policy := _parsed(text)) is not None)

    same = group.account == target.subject.account
    resource = []
    for channel in target.channels:
        policy = channel.policy
        if channel.public_access_block and not same and target.closed:
            policy = Policy(tuple(s for s in policy.statements if s.effect is Effect.DENY), policy.version)
        resource.append(policy)
    on_resource = tuple(resource)
    role, key = target.subject.type == "AWS::IAM::Role", target.subject.type == "AWS::KMS::Key"
    home = target.home
    controls = home.rcp_levels if people.controlled and home is not None and not home.management else None
    return PolicySet(
        identity=parsed(view.text for view in group.identity if view.text),
        boundary=None if group.boundary is None else parsed([group.boundary.text]),
        scp_levels=None
        if group.levels is None
        else {str(number): parsed(view.text for view in level) for number, level in enumerate(group.levels)},
        rcp_levels=None if controls is None else {level: parsed(texts) for level, texts in controls.items()},
        trust=on_resource if role else (),
        key_policy=on_resource if key else (),
        resource=() if role or key else on_resource,
    )


@lru_cache(maxsize=16384)
def _parsed(text: str) -> Policy | None:
    try:
        return parse(text)
    except PolicyError:
        return None
