"""Everybody inside, found by what matters to paths: who may act as whom, and who may change whose rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from analyzers.kinds.policy_sets import (
    ALLOW_ALL,
    Side,
    context_of,
    levels_of,
    policy_set,
    read,
    read_on_resource,
    settled_keys,
    stand_in,
)
from analyzers.kinds.population import ROLE, USER, Member, Population
from analyzers.policy import Effect, Policy, PrincipalKind
from analyzers.policy import arn as arns
from analyzers.reasoning.policy_set import Documents

from .place import Place
from .questions import Caller
from .relaxed import mentioned

_TAKING_ON = "sts:AssumeRole"
ADDED, ALL = "added", "all"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the population does not tell. `attached`: ARNs of managed policies by member. `boundaries`: of the policy
    that is the member's boundary. `groups`: of a user. `group_policies`: texts by group; None for one whose text is
    not known. `runs_as`: ARN of the role by function."""

    attached: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    boundaries: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_policies: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    runs_as: Mapping[str, str] = field(default_factory=dict)


class Standing(NamedTuple):
    """A member with what it has given itself. `gained`: empty; the ARN of a group that it joined; `ADDED`, a policy
    that allows everything beside its others; `ALL`, that policy alone. `unbounded`: it has no permissions boundary any
    more."""

    arn: str
    gained: str = ""
    unbounded: bool = False

    @property
    def plain(self) -> bool:
        return not self.gained and not self.unbounded


class Trusted(NamedTuple):
    """Whom a role's trust policy may let in, whatever its conditions. `accounts`: their members, by their own
    policies. `everybody`: no name limits it."""

    members: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    everybody: bool = False


class World:
    """A population, indexed. Nothing in it depends on a target."""

    def __init__(self, population: Population, surroundings: Surroundings | None = None) -> None:
        self.population = population
        self.around = surroundings or Surroundings()
        self.members: dict[str, Member] = {member.arn: member for member in population.members}
        self._callers: dict[Standing, Caller] = {}
        self._names_it: dict[tuple[str, str], tuple[Member, ...]] = {}
        self._trust: dict[str, Trusted] = {}

    # -- callers -----------------------------------------------------------------------------------------------

    def caller(self, standing: Standing | str) -> Caller:
        """Raises KeyError for nobody of the population."""
        if isinstance(standing, str):
            standing = Standing(standing)
        found = self._callers.get(standing)
        if found is None:
            found = self._callers[standing] = self._caller(standing)
        return found

    def _caller(self, standing: Standing) -> Caller:
        member = self.members[standing.arn]
        home = self.population.homes.get(member.account)
        organization = self.population.organization
        policies = policy_set(member, home, _NOWHERE)
        open_ = bool(member.unknown)
        if standing.gained == ALL:
            policies = replace(policies, identity=(ALLOW_ALL,))
            open_ = False
        elif standing.gained == ADDED:
            policies = replace(policies, identity=(*policies.identity, ALLOW_ALL))
        elif standing.gained:
            texts = self.around.group_policies.get(standing.gained, ())
            more = tuple(_group_policy(standing.gained, text) for text in texts)
            policies = replace(policies, identity=(*policies.identity, *more))
            open_ = open_ or None in texts
        if standing.unbounded:
            policies = replace(policies, boundary=None)
        return Caller(
            member.arn,
            member.account,
            policies,
            context_of(member, home, organization),
            settled_keys(member, home, organization),
            open_,
        )

    # -- places ------------------------------------------------------------------------------------------------

    def role(self, arn: str) -> Place:
        """A role as a resource: its trust policy decides."""
        member = self.members[arn]
        home = self.population.homes.get(member.account)
        trust = (
            read_on_resource(member.trust)
            if member.trust is not None
            else stand_in("The trust policy of the role is not known", on_resource=True)
        )
        controls = None if home is None or home.management else levels_of(home.rcp_levels, on_resource=True)
        return Place((arn,), (arn,), Side(arn, member.account, trust=(trust,), rcp_levels=controls))

    @cached_property
    def by_account(self) -> Mapping[str, tuple[Member, ...]]:
        found: dict[str, list[Member]] = {}
        for member in self.population.members:
            found.setdefault(member.account, []).append(member)
        return {account: tuple(members) for account, members in found.items()}

    @cached_property
    def _role_names(self) -> Mapping[tuple[str, str], str]:
        """By account and name: a session's ARN leaves out the path of its role."""
        return {(m.account, _name(m.arn)): m.arn for m in self.population.members if m.kind == ROLE}

    def naming(self, account: str, action: str) -> tuple[Member, ...]:
        """The members of an account one of whose policies allows the action somewhere, whatever its conditions."""
        found = self._names_it.get((account, action))
        if found is None:
            found = self._names_it[account, action] = tuple(
                member
                for member in self.by_account.get(account, ())
                if member.unknown or any(may_allow(text, action) for text in member.identity)
            )
        return found

    # -- trust -------------------------------------------------------------------------------------------------

    def trusted(self, arn: str) -> Trusted:
        """Out of the trust policy of a role; of a user nobody."""
        found = self._trust.get(arn)
        if found is None:
            is_user = self.members[arn].kind == USER
            found = self._trust[arn] = Trusted() if is_user else self._trusted(self.role(arn).side.trust)
        return found

    def _trusted(self, documents: Documents) -> Trusted:
        members: set[str] = set()
        accounts: set[str] = set()
        services: set[str] = set()
        everybody = False
        for policy in documents:
            for statement in policy.statements:
                if statement.effect is not Effect.ALLOW:
                    continue
                if statement.principals is None or statement.principals.negated:
                    everybody = True
                    continue
                for kind, value in statement.principals.entries:
                    if kind is PrincipalKind.SERVICE:
                        services.add(value)
                    elif kind is PrincipalKind.ANY or value == "*":
                        everybody = True
                    elif kind is PrincipalKind.AWS and (found := self._who(value)):
                        (accounts if arns.is_account(found) else members).add(found)
        return Trusted(frozenset(members), frozenset(accounts), frozenset(services), everybody)

    def _who(self, value: str) -> str:
        """A member's ARN or an account id; empty for somebody else."""
        normal = arns.normalise_principal(value)
        fields = arns.split(normal)
        if fields is None:
            return ""
        if fields[5] == "root":
            return fields[4] if fields[4] in self.by_account else ""
        kind, _, rest = fields[5].partition("/")
        if kind == "assumed-role":
            return self._role_names.get((fields[4], rest.partition("/")[0]), "")
        if kind == "role":
            return self._role_names.get((fields[4], rest.rsplit("/", 1)[-1]), "")
        if kind == "federated-user":
            return f"arn:{fields[1]}:iam::{fields[4]}:user/{rest}"
        return normal if normal in self.members else ""

    def candidates(self, arn: str) -> Iterator[Member]:
        """Who could take on the role, going by names alone."""
        role, trusted = self.members[arn], self.trusted(arn)
        seen: set[str] = {arn}
        groups: list[tuple[Member, ...]] = [
            tuple(self.members[one] for one in sorted(trusted.members) if one in self.members)
        ]
        if trusted.everybody:
            groups.append(self.by_account.get(role.account, ()))
        accounts = self.by_account if trusted.everybody else sorted(trusted.accounts)
        groups += [self.naming(account, _TAKING_ON) for account in accounts]
        if arn in trusted.members:
            seen.discard(arn)
        for group in groups:
            for member in group:
                if member.arn not in seen:
                    seen.add(member.arn)
                    yield member

    @cached_property
    def trusting(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The roles of an account that trust a service, by (account, service)."""
        found: dict[tuple[str, str], list[str]] = {}
        for member in self.population.members:
            if member.kind == ROLE:
                for service in self.trusted(member.arn).services:
                    found.setdefault((member.account, service), []).append(member.arn)
        return {key: tuple(roles) for key, roles in found.items()}


_NOWHERE = Side("", "")


def _group_policy(group: str, text: str | None) -> Policy:
    return stand_in(f"The text of a policy of the group {group} is not known") if text is None else read(text)


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


@lru_cache(maxsize=262_144)
def may_allow(text: str, action: str) -> bool:
    """Whether a document allows the action on something under some conditions, or is not understood."""
    return bool(mentioned(read(text), (action,), ("*",)))
