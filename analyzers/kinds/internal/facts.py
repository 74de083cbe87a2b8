"""What is known of every request of a user or role, and what conditions say in the light of it.

A condition on what is known is decided at once. What remains are conditions on what the caller or the circumstances
choose (an address, an endpoint, MFA), which thousands of principals share.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache

from analyzers.kinds.population import ROLE, Home, Member
from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy.model import Condition, Effect
from analyzers.policy.operators import Family, lookup
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens
from analyzers.reasoning import keys
from analyzers.reasoning.matching import Call, Truth, condition_holds
from analyzers.reasoning.request import ContextValue, Request


class Gap(Enum):
    """What a key has instead of a value."""

    ABSENT = "absent"
    FREE = "free"
    """The caller, its session or the circumstances decide."""


Fact = ContextValue | Gap

OF_ACCOUNT = frozenset(
    {
        "aws:principalaccount",
        "kms:calleraccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalisawsservice",
        *keys.SERVICE_ONLY,
    }
)
"""Keys that all callers of one account share."""
_OF_CALLER = frozenset({"aws:principalarn", "aws:principaltype", "aws:username", "aws:userid"})
OF_RESOURCE = frozenset({"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"})
OF_POINT = frozenset({"s3:dataaccesspointarn", "s3:dataaccesspointaccount"})
"""Keys of requests that come through an access point."""
_IDENTITY = frozenset({*_OF_CALLER, "aws:principalaccount", "kms:calleraccount", "aws:principalisawsservice"})
_TAG = "aws:principaltag/"


def is_about_caller(key: str) -> bool:
    return key in OF_ACCOUNT or key in _OF_CALLER or key.startswith(_TAG)


def is_about_resource(key: str) -> bool:
    return key in OF_RESOURCE or key in OF_POINT


class Facts:
    """What is known of a caller. `organization`: the id of the zone's organization; empty: not known."""

    def __init__(self, member: Member, home: Home | None, organization: str) -> None:
        self.member = member
        self._home = home
        self._organization = organization
        self._tags: dict[str, str] | None = None

    def of(self, key: str) -> Fact:
        """`key` in lower case."""
        member = self.member
        match key:
            case "aws:principalarn":
                return member.arn
            case "aws:principalaccount" | "kms:calleraccount":
                return member.account
            case "aws:principalisawsservice":
                return "false"
            case "aws:principaltype":
                return "AssumedRole" if member.kind == ROLE else "User"
            case "aws:username":
                return Gap.ABSENT if member.kind == ROLE else member.arn.rsplit("/", 1)[-1]
            case "aws:userid":
                return (member.unique_id or Gap.FREE) if member.kind != ROLE else Gap.FREE
            case "aws:principalorgid":
                return self._organization or Gap.FREE
            case "aws:principalorgpaths":
                return (self._home.path,) if self._home and self._home.path else Gap.FREE
        if key in keys.SERVICE_ONLY:
            return Gap.ABSENT
        if key.startswith(_TAG):
            return self._tag(key.removeprefix(_TAG))
        return Gap.FREE

    def _tag(self, name: str) -> Fact:
        if self.member.kind == ROLE and may_be_tagged(self.member.trust):
            return Gap.FREE  # whoever takes on the role may choose tags for the session
        if self._tags is None:
            self._tags = {}
            for key, value in self.member.tags.items():
                twice = key.lower() in self._tags
                self._tags[key.lower()] = "\0" if twice else value
        found = self._tags.get(name)
        if found is None:
            return Gap.ABSENT
        return Gap.FREE if found == "\0" else found  # which of two tags counts is not documented


@lru_cache(maxsize=8192)
def may_be_tagged(trust: str | None) -> bool:
    """Whether the trust policy of a role may let sessions bring tags of their own."""
    if trust is None:
        return True
    try:
        policy = parse(trust)
    except PolicyError:
        return True
    if policy.opaque:
        return True
    for statement in policy.statements:
        if statement.effect is Effect.DENY:
            continue
        if statement.opaque or statement.actions is None or statement.actions.negated:
            return True
        for pattern in statement.actions.values:
            lower = pattern.lower()
            if lower == "sts:tagsession" or {"*", "?"} & set(lower):
                return True
            if lower in {"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"}:
                return True  # the provider's word may carry tags; be careful
    return False


class ResourceFacts:
    """What is known of every request for a resource."""

    def __init__(
        self, account: str, home: Home | None, organization: str, known: Mapping[str, str] | None = None
    ) -> None:
        straight = dict.fromkeys(OF_POINT, Gap.ABSENT)  # which requests that come straight to the resource lack
        self._known: dict[str, Fact] = {"aws:resourceaccount": account, **straight, **(known or {})}
        if home is not None and organization:
            self._known["aws:resourceorgid"] = organization
        if home is not None and home.path:
            self._known["aws:resourceorgpaths"] = (home.path,)

    def of(self, key: str) -> Fact:
        return self._known.get(key, Gap.FREE)


def needs(policy: Policy) -> frozenset[str]:
    """The keys about a caller that the document asks for, in conditions or by policy variables."""
    return frozenset(
        key
        for statement in policy.statements
        for key in (
            *(
                named
                for condition in statement.conditions
                for named in (condition.key.lower(), *variables(policy, condition.values))
            ),
            *(variables(policy, statement.resources.values) if statement.resources else ()),
        )
        if is_about_caller(key)
    )


def variables(policy: Policy, values: Iterable[str]) -> tuple[str, ...]:
    """The keys of the policy variables in values."""
    if not policy.has_variables:
        return ()
    return tuple(
        token.key
        for value in values
        if "${" in value
        for token in tokens(value, wildcards=True, variables=True)
        if isinstance(token, Variable)
    )


_NOBODY = Request("", "", "")


class _Told(Call):
    """A call of which only what is known is told."""

    def __init__(self, context: Mapping[str, ContextValue]) -> None:
        self.context = dict(context)


def settled(policy: Policy, condition: Condition, effect: Effect, facts: Facts | ResourceFacts) -> Truth | Gap:
    """Whether a condition holds in every request of the caller (or for the resource); FREE if that depends on more,
    None if it is not understood."""
    key = condition.key.lower()
    wanted = [key, *variables(policy, condition.values)]
    found = {name: facts.of(name) for name in wanted}
    if key == "aws:userid" and found[key] is Gap.FREE and isinstance(facts, Facts):
        return _role_id(policy, condition, effect, facts)
    if any(value is Gap.FREE for value in found.values()):
        # What follows from who calls is not asked about any more, so it must not be left over.
        return None if key in _IDENTITY and found[key] is not Gap.FREE else Gap.FREE
    context = {name: value for name, value in found.items() if not isinstance(value, Gap)}
    return condition_holds(policy, condition, _Told(context), effect)


def _role_id(policy: Policy, condition: Condition, effect: Effect, facts: Facts) -> Truth | Gap:
    """aws:userid of a role is its id, a colon and the name of the session: decided where the name does not matter."""
    role = facts.member.unique_id
    if facts.member.kind != ROLE or not role or not condition.operator.known:
        return Gap.FREE
    rule = lookup(condition.operator.name)
    if rule is None or rule.ignore_case or variables(policy, condition.values):
        return Gap.FREE
    if rule.family is not Family.NULL:
        texts = [tokens(value, wildcards=rule.glob, variables=policy.has_variables) for value in condition.values]
        if any(_depends(parts, f"{role}:") for parts in texts):
            return Gap.FREE
    context = {"aws:userid": f"{role}:session"}
    return condition_holds(policy, condition, _Told(context), effect)


def _depends(parts: tuple[Token, ...], prefix: str) -> bool:
    """Whether some texts that begin with the prefix match and others do not."""
    if parts in {(Wildcard.RUN,), (prefix, Wildcard.RUN)}:
        return False
    head = parts[0] if parts and isinstance(parts[0], str) else ""
    return head.startswith(prefix) or (len(parts) != 1 and prefix.startswith(head)) or parts == (Wildcard.ONE,)
