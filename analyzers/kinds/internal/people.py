"""The users and roles of a zone of trust, prepared for questions about resources.

Whoever has the same policies, as they read for him, in the same account is in the same group: what is asked about a
resource is asked once for the group. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from analyzers.catalogue import action
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.population import ROLE, Home, Member, Population
from analyzers.policy.model import Effect
from analyzers.reasoning.matching import Truth

from .bits import Bits
from .facts import Facts
from .touch import Index, Touch, Touches, place, touch
from .views import Library, Seen, View
from .weigh import Weigher

TouchedView = tuple[frozenset[int], tuple[tuple[int, Seen], ...]]
"""The touches of a view by number, and each with its statement."""


@dataclass(slots=True, eq=False)
class Group:
    """`levels`: views of the service control policies that bind it, level by level; None if none do. `linked`: whether
    these are service-linked roles, which control policies do not bind; None if that is not sure."""

    number: int
    account: str
    kind: str
    linked: Truth
    identity: tuple[View, ...]
    boundary: View | None
    levels: tuple[tuple[View, ...], ...] | None
    members: list[Member] = field(default_factory=list)


class People:
    """Raises nothing for what stands in a policy: a document that is not understood may allow and deny anything.

    `controlled`: control policies are taken into account, as with an organization as zone of trust.
    """

    def __init__(self, population: Population, *, controlled: bool, weigher: Weigher | None = None) -> None:
        self.population = population
        self.controlled = controlled
        self.library = Library()
        self.touches = weigher.touches if weigher else Touches()
        self.weigher = weigher or Weigher(self.touches)
        self.groups: list[Group] = []
        self.group_of: dict[str, Group] = {}
        self.roles: dict[tuple[str, str], Member] = {}
        self.by_arn: dict[str, Member] = {}
        self._facts: dict[str, Facts] = {}
        self._gather()
        self.by_account: dict[str, list[Group]] = {}
        self.holders: dict[tuple[str, int], list[Group]] = {}
        for group in self.groups:
            self.by_account.setdefault(group.account, []).append(group)
            for view in group.identity:
                self.holders.setdefault((group.account, view.number), []).append(group)
        self._statements: list[tuple[View, Seen]] = []
        self._index = Index()
        self._plain: list[int] = []
        self._spread: list[int] = []
        self._index_statements()
        self._dense: dict[int, dict[int, TouchedView]] = {}
        self._bits: dict[tuple[str, frozenset[str]], Bits] = {}
        self._actions = self.library.actions()

    def facts(self, member: Member) -> Facts:
        found = self._facts.get(member.arn)
        if found is None:
            found = self._facts[member.arn] = Facts(
                member, self.population.homes.get(member.account), self.population.organization
            )
        return found

    def home(self, account: str) -> Home | None:
        return self.population.homes.get(account)

    # -- groups ------------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        known: dict[object, Group] = {}
        for member in self.population.members:
            self.by_arn[member.arn] = member
            if member.kind == ROLE:
                self.roles[member.account, member.arn.rsplit("/", 1)[-1]] = member
            facts = self.facts(member)
            identity = {self.library.view(text, facts) for text in member.identity}
            identity |= {self.library.unknown(name) for name in member.unknown}
            ordered = tuple(sorted(identity, key=lambda view: view.number))
            boundary = None if member.boundary is None else self.library.view(member.boundary, facts)
            linked = is_linked(member)
            levels = self._levels(member, facts) if linked is not True else None
            key = (member.account, member.kind, linked, ordered, boundary, levels)
            group = known.get(key)
            if group is None:
                group = known[key] = Group(
                    len(self.groups), member.account, member.kind, linked, ordered, boundary, levels
                )
                self.groups.append(group)
            group.members.append(member)
            self.group_of[member.arn] = group

    def _levels(self, member: Member, facts: Facts) -> tuple[tuple[View, ...], ...] | None:
        home = self.home(member.account)
        if not self.controlled or home is None or home.management or home.scp_levels is None:
            return None
        return tuple(tuple(self.library.view(text, facts) for text in texts) for texts in home.scp_levels.values())

    def perhaps(self, level: frozenset[int], bits: Bits) -> frozenset[int]:
        """A level of control policies of which it is not known whether it binds."""
        reason = "Whether the role belongs to an AWS service is not known."
        found = [
            self.touches.all[number]._replace(opaque=reason)
            for number in level
            if self.touches.all[number].effect is Effect.DENY
        ]
        found += [self.touches.all[number] for number in level if self.touches.all[number].effect is Effect.ALLOW]
        found.append(Touch(Effect.ALLOW, "", bits.all, 0, 0, (), (), False, reason, True, ""))
        return frozenset(map(self.touches.number, found))

    # -- statements --------------------------------------------------------------------------------------------

    def _index_statements(self) -> None:
        for view in self.library.views:
            for seen in view.seen:
                number = len(self._statements)
                self._statements.append((view, seen))
                if seen.resources is None or seen.resources.values == ("*",):
                    self._plain.append(number)
                elif seen.resources.negated:
                    self._spread.append(number)
                else:
                    self._index.add(number, seen.resources)

    def bits(self, type_: str, services: Iterable[str], more: Iterable[str] = ()) -> Bits:
        """The accesses of a resource type, those included that policies name and the catalogue does not."""
        named = frozenset(more).union(*(self._actions.get(service, ()) for service in services))
        found = self._bits.get((type_, named))
        if found is None:
            found = self._bits[type_, named] = Bits(type_, _unlisted(type_, named))
        return found

    def unlisted(self, type_: str) -> tuple[str, ...]:
        """Actions for the type that policies name and the catalogue does not know."""
        if type_ not in TRAITS:
            return ()
        named = frozenset().union(*(self._actions.get(service, ()) for service in TRAITS[type_].services))
        return _unlisted(type_, named)

    def dense(self, bits: Bits) -> Mapping[int, TouchedView]:
        """What statements for every resource do to resources of the type, by the number of their view."""
        found = self._dense.get(id(bits))
        if found is None:
            anything = place("", "")
            found = self._dense[id(bits)] = self.united(
                (view, seen, touch(seen, bits, anything))
                for view, seen in map(self._statements.__getitem__, self._plain)
            )
        return found

    def near(self, arn: str) -> list[tuple[View, Seen]]:
        """The other statements that may touch the resource."""
        numbers = {*self._spread, *self._index.near(arn)}
        return [self._statements[number] for number in sorted(numbers)]

    def united(self, found: Iterable[tuple[View, Seen, Touch | None]]) -> dict[int, TouchedView]:
        by_view: dict[int, list[tuple[int, Seen]]] = {}
        for view, seen, one in found:
            if one is not None:
                by_view.setdefault(view.number, []).append((self.touches.number(one), seen))
        return {number: (frozenset(touched for touched, _ in pairs), tuple(pairs)) for number, pairs in by_view.items()}


@lru_cache(maxsize=256)
def _unlisted(type_: str, named: frozenset[str]) -> tuple[str, ...]:
    """Actions that the catalogue does not know at all: they may be new."""
    return tuple(sorted(name for name in named if action(name) is None))


def is_linked(member: Member) -> Truth:
    """As `reasoning.strength.is_service_linked`."""
    if ":role/aws-service-role/" in member.arn:
        return True
    if member.kind == ROLE and member.arn.rsplit("/", 1)[-1].startswith("AWSServiceRoleFor"):
        return None
    return False


def member_hashes(population: Population) -> dict[str, str]:
    """Of each principal by ARN: a hash over everything about it that an answer depends on."""
    digests: dict[str, str] = {}

    def digest(text: str) -> str:
        found = digests.get(text)
        if found is None:
            found = digests[text] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return found

    homes = {
        account: json.dumps(
            [
                home.management,
                home.path,
                home.canonical_user,
                *(
                    None if levels is None else [[digest(text) for text in texts] for texts in levels.values()]
                    for levels in (home.scp_levels, home.rcp_levels)
                ),
            ]
        )
        for account, home in population.homes.items()
    }
    found = {}
    for member in population.members:
        said = [
            member.kind,
            member.account,
            member.unique_id,
            [digest(text) for text in member.identity],
            digest(member.boundary) if member.boundary is not None else None,
            digest(member.trust) if member.trust is not None else None,
            sorted(member.tags.items()),
            member.unknown,
            homes.get(member.account),
            population.organization,
        ]
        found[member.arn] = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
    return found
