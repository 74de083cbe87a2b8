"""One resource, as it stands open to those inside: its policies, grants and shares, and the control policies on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from analyzers.kinds.channels import TRAITS, Channel, channels
from analyzers.kinds.population import ROLE, Member
from analyzers.kinds.subject import Subject
from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy import arn as arns
from analyzers.policy.model import (
    Condition,
    Effect,
    Operator,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Statement,
)
from analyzers.reasoning import asking, assumptions
from analyzers.reasoning.bucket_access import public_by_form
from analyzers.reasoning.matching import Truth, any_of
from analyzers.reasoning.verdict import Answer

from .facts import OF_ACCOUNT, OF_RESOURCE, Fact, ResourceFacts, needs
from .people import People, TouchedView, is_linked
from .touch import Touch, place, touch
from .views import Seen, in_sight_of, literal_actions, read, unreadable
from .weigh import ACCOUNT, DIRECT, SESSION_KEY, VIA, Layers

Numbers = frozenset[int]
_NO_TOUCH: TouchedView = (frozenset(), ())


class Granted(NamedTuple):
    """A statement on the resource that touches it: the number of the touch, the statement and where it stands."""

    touch: int
    seen: Seen
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class Side:
    """What the resource's side says to one caller."""

    resource: Numbers
    controls: Numbers
    statements: tuple[Granted, ...]
    may: int
    """What some statement of it may allow."""


class Target:
    """`errors`: what about the resource could not be read or understood."""

    def __init__(
        self, subject: Subject, people: People, *, separator: str | None = None, known: Mapping[str, str] | None = None
    ) -> None:
        """`separator`: what begins the name of what is in it, if not as usual for its type. `known`: further condition
        keys (lower case) of every request that is asked about."""
        self.subject = subject
        self.people = people
        self.traits = TRAITS[subject.type]
        self.known = dict(known or {})
        points = {"access_points": None}  # which are looked at as resources of their own
        found, self.errors = channels(replace(subject, configuration={**subject.configuration, **points}))
        self.channels = [channel for channel in found if not channel.resource]
        self.errors = [*filter(None, [subject.error]), *self.errors]
        named = {
            name
            for channel in self.channels
            for _, name in literal_actions(channel.policy)
            if _is_of(name, self.traits.services)
        }
        self.bits = people.bits(subject.type, self.traits.services, named)
        inside = self.traits.separator if separator is None else separator
        self.place = place(subject.arn, inside if self.bits.inside else "")
        self.home = people.home(subject.account)
        self._facts = ResourceFacts(subject.account, self.home, people.population.organization, self.known)
        self._controls, self.control_errors = self._control_policies()
        policies = [*(channel.policy for channel in self.channels), *self._controls]
        self.needs = tuple(sorted(frozenset().union(*map(needs, policies))))
        self.varies = bool(set(self.needs) - OF_ACCOUNT)
        """Whether it reads differently for principals of one account although none of them is named."""
        self._named = self._mentions()
        self._sides: dict[tuple[Any, ...], Side] = {}
        self._broken = bool(self.errors)
        self._dense = people.dense(self.bits)
        self._touched = self._touched_views()
        self.closed = self._closed_by_block()

    # -- the caller's policies ---------------------------------------------------------------------------------

    def touched(self, view: int) -> TouchedView:
        """What the view does to this resource."""
        return self._touched.get(view) or self._dense.get(view) or _NO_TOUCH

    def views(self) -> Iterable[int]:
        """The views that touch it."""
        return {*self._touched, *self._dense}

    def _touched_views(self) -> dict[int, TouchedView]:
        special = []
        for view, seen in self.people.near(self.subject.arn):
            special.append((view, seen, self._touch(seen)))
        found = self.people.united(special)
        for number in set(self._dense):
            plain = self._dense[number]
            sighted = []
            for _, seen in plain[1]:
                told = in_sight_of(seen, self._facts)
                if told is not seen:
                    sighted.append(seen)
            if sighted or number in found:
                view = self.people.library.views[number]
                again = self.people.united((view, seen, self._touch(seen)) for _, seen in plain[1])
                ours, theirs = found.get(number, _NO_TOUCH), again.get(number, _NO_TOUCH)
                found[number] = (ours[0] | theirs[0], (*ours[1], *theirs[1]))
        return found

    def _touch(self, seen: Seen, way: str = "") -> Touch | None:
        told = in_sight_of(seen, self._facts)
        return None if told is None else touch(told, self.bits, self.place, way)

    # -- its own side ------------------------------------------------------------------------------------------

    def side(self, member: Member, *, bounded: bool) -> Side:
        """What it says to the member. `bounded`: it has a permissions boundary."""
        facts = self.people.facts(member)
        names = frozenset(self._names_of(member)) & self._named
        told = tuple(facts.of(key) for key in self.needs)
        if "aws:userid" in self.needs:
            told += (member.unique_id,)
        key = (member.account, member.kind, is_linked(member), bounded, names, told)
        found = self._sides.get(key)
        if found is None:
            found = self._sides[key] = self._side(member, bounded=bounded)
        return found

    def mentioned(self) -> Iterator[Member]:
        """The members that a statement names."""
        for name in self._named:
            member = self.people.roles.get(name) if isinstance(name, tuple) else self.people.by_arn.get(name)
            if member is not None:
                yield member

    def _names_of(self, member: Member) -> Iterator[Any]:
        if member.kind == ROLE:
            yield (member.account, member.arn.rsplit("/", 1)[-1])
        else:
            yield member.arn
            yield ("federated", member.account, member.arn.rsplit("/", 1)[-1])
        if member.unique_id:
            yield ("id", member.unique_id)

    def _mentions(self) -> frozenset[Any]:
        found: set[Any] = set()
        statements = [s for channel in self.channels for s in channel.policy.statements]
        statements += [s for policy in self._controls for s in policy.statements]
        ids: set[str] = set()
        federated: set[tuple[str, str]] = set()
        for statement in statements:
            for entry in statement.principals.entries if statement.principals else ():
                if entry.kind is not PrincipalKind.AWS:
                    continue
                fields = arns.split(arns.normalise_principal(entry.value))
                if fields is None:
                    ids.add(entry.value)
                elif fields[5].startswith("role/"):
                    found.add((fields[4], fields[5].rsplit("/", 1)[-1]))
                elif fields[5].startswith("assumed-role/"):
                    found.add((fields[4], fields[5].split("/")[1]))
                elif fields[5].startswith("user/"):
                    found.add(entry.value)
                elif fields[5].startswith("federated-user/"):
                    federated.add((fields[4], fields[5].partition("/")[2]))
        if ids - {"*"} or federated:
            for member in self.people.population.members:
                if member.unique_id in ids:
                    found |= {("id", member.unique_id), *self._names_of(member)}
                if member.kind != ROLE and (member.account, member.arn.rsplit("/", 1)[-1]) in federated:
                    found |= set(self._names_of(member))
        return frozenset(found)

    def _side(self, member: Member, *, bounded: bool) -> Side:
        same = member.account == self.subject.account
        first = self.subject.type in {"AWS::KMS::Key", "AWS::IAM::Role"}
        found: list[Granted] = []
        may = 0
        for channel in self.channels:
            voided: Truth = False
            if channel.public_access_block and not same:
                voided = self.closed
            for one, policy_seen in self._touches(channel.policy, member, bounded=bounded):
                touched = one
                if channel.name == "snapshot sharing":
                    touched = touched._replace(way=ACCOUNT)
                if touched.effect is Effect.ALLOW:
                    if voided is True or (touched.way == ACCOUNT and same and not first):
                        continue
                    if voided is None:
                        touched = touched._replace(opaque="Whether Block Public Access closes the bucket is not known.")
                    may |= touched.sure | touched.part | touched.open
                found.append(Granted(self.people.touches.number(touched), policy_seen, channel))
        if self._broken:
            for seen in unreadable("The resource's own policies are not wholly known."):
                if seen.effect is Effect.DENY and (unclear := touch(seen, self.bits, self.place, DIRECT)):
                    found.append(Granted(self.people.touches.number(unclear), seen, None))
        controls = frozenset(self.people.touches.number(one) for one in self._bound(member, bounded=bounded))
        return Side(frozenset(one.touch for one in found), controls, tuple(found), may)

    def _touches(self, policy: Policy, member: Member, *, bounded: bool) -> Iterator[tuple[Touch, Seen]]:
        for seen in read(policy, self.people.facts(member), on_resource=True):
            for way, opaque, session in self._ways(seen, member, bounded=bounded):
                told = seen._replace(
                    conditions=(*seen.conditions, *session), opaque=seen.opaque or opaque, principals=None
                )
                one = self._touch(told, way)
                if one is not None:
                    yield one, seen

    def _bound(self, member: Member, *, bounded: bool) -> Iterator[Touch]:
        """The Deny statements of resource control policies; their Allow statements say nothing."""
        linked = is_linked(member)
        if linked is True:
            return
        table = assumptions.rcp_table()
        free = self.bits.mask_of(table["unaffected_actions"])
        unclear = "" if set(self.traits.services) <= set(table["services"]) else "SERVICE_OUTSIDE_RCP_LIST"
        reason = assumptions.BECAUSE.get(unclear, "")
        if linked is None:
            reason = "Whether the role belongs to an AWS service is not known."
        sources: list[tuple[Touch, Seen]] = []
        for policy in self._controls:
            sources += self._touches(policy, member, bounded=bounded)
        if self.control_errors and (
            whole := touch(unreadable(self.control_errors[0])[1], self.bits, self.place, DIRECT)
        ):
            sources.append((whole, unreadable("")[1]))
        for one, _ in sources:
            if one.effect is Effect.ALLOW:
                continue
            kept = one._replace(
                way=DIRECT,
                sure=one.sure & ~free,
                part=one.part & ~free,
                open=one.open & ~free,
                opaque=one.opaque or reason,
            )
            if kept.sure | kept.part | kept.open:
                yield kept

    # -- who is named ------------------------------------------------------------------------------------------

    def _ways(self, seen: Seen, member: Member, *, bounded: bool) -> list[tuple[str, str, tuple[Condition, ...]]]:
        """How the statement names the member: the way, what is unclear about it, and for which sessions."""
        principals = seen.principals
        if principals is None:
            return [(DIRECT, assumptions.BECAUSE["MISPLACED_PRINCIPAL"], ())]
        entries = [found for entry in principals.entries for found in self._entry(entry, member)]
        if not principals.negated:
            return list(dict.fromkeys(entries))
        if any(not opaque and not session for _, opaque, session in entries):
            return [(DIRECT, "", ())] if self._forced(seen, principals, member, bounded=bounded) else []
        if self._forced(seen, principals, member, bounded=bounded):
            return [(DIRECT, "", ())]
        unclear = next((opaque for _, opaque, _ in entries if opaque), "")
        sessions = tuple(value for _, _, session in entries for one in session for value in one.values)
        limits = (Condition(Operator("StringNotEquals"), SESSION_KEY, sessions),) if sessions else ()
        return [(DIRECT, unclear, limits)]

    def _forced(self, seen: Seen, principals: Principals, member: Member, *, bounded: bool) -> bool:
        """As `reasoning.strength.not_principal_denies`."""
        if seen.effect is not Effect.DENY or any(entry.value == "*" for entry in principals.entries):
            return False
        if bounded and assumptions.NOT_PRINCIPAL_DENIES_BOUNDED:
            return True
        roots = {f"arn:aws:iam::{member.account}:root"}
        named = {
            arns.normalise_principal(entry.value) for entry in principals.entries if entry.kind is PrincipalKind.AWS
        }
        has_account = any(
            (fields := arns.split(name)) and fields[5] == "root" and fields[4] == member.account for name in named
        )
        return assumptions.NOT_PRINCIPAL_NEEDS_ACCOUNT and not (roots & named or has_account)

    def _entry(self, entry: PrincipalEntry, member: Member) -> list[tuple[str, str, tuple[Condition, ...]]]:
        if entry.kind is PrincipalKind.CANONICAL_USER:
            return self._canonical(entry.value, member)
        if entry.kind is PrincipalKind.ANY:
            return [(DIRECT, "", ())]
        if entry.kind is not PrincipalKind.AWS:
            return []
        if entry.value == "*":
            return [(DIRECT, "", ())]
        fields = arns.split(arns.normalise_principal(entry.value))
        if fields is None:
            if entry.value and entry.value == member.unique_id:
                return [(VIA if member.kind == ROLE else DIRECT, "A principal is named by its id.", ())]
            return []
        if fields[4] != member.account:
            return []
        if fields[5] == "root":
            return [(ACCOUNT, "", ())]
        name = member.arn.rsplit("/", 1)[-1]
        if member.kind == ROLE:
            same_partition = member.arn.startswith(f"arn:{fields[1]}:")
            if fields[2] == "iam" and fields[5].startswith("role/"):
                return [(VIA, "", ())] if same_partition and fields[5].rsplit("/", 1)[-1] == name else []
            parts = fields[5].split("/", 2)
            if fields[2] == "sts" and parts[0] == "assumed-role" and len(parts) == 3 and parts[1] == name:
                return [(DIRECT, "", (Condition(Operator("StringEquals"), SESSION_KEY, (parts[2],)),))]
            return []
        if entry.value == member.arn:
            return [(DIRECT, "", ())]
        if fields[5] == f"federated-user/{name}":
            return [(DIRECT, "A federated session of the user is named, which is not told from the user.", ())]
        return []

    def _canonical(self, value: str, member: Member) -> list[tuple[str, str, tuple[Condition, ...]]]:
        homes = self.people.population.homes
        mine = homes.get(member.account)
        if mine is not None and mine.canonical_user:
            return [(ACCOUNT, "", ())] if mine.canonical_user == value else []
        if any(home.canonical_user == value for home in homes.values()):
            return []
        return [(ACCOUNT, assumptions.BECAUSE["CANONICAL_USER_IS_CALLER"], ())]

    def opens_to_strangers(self) -> bool:
        """Whether some Allow statement may let in members that it does not name."""
        return any(
            statement.effect is Effect.ALLOW and _is_wide(statement)
            for channel in self.channels
            for statement in channel.policy.statements
        )

    # -- control policies and blocks ---------------------------------------------------------------------------

    def _control_policies(self) -> tuple[tuple[Policy, ...], list[str]]:
        if not self.people.controlled or self.home is None or self.home.management:
            return (), []
        found, errors = [], []
        for texts in (self.home.rcp_levels or {}).values():
            for text in texts:
                try:
                    found.append(parse(text))
                except PolicyError as error:
                    errors.append(f"A resource control policy cannot be understood: {error}")
        return tuple(found), errors

    def _closed_by_block(self) -> Truth:
        """RestrictPublicBuckets: whether a policy that is public as a whole admits nobody of another account."""
        own = [one for one in self.channels if (one.public_access_block or {}).get("RestrictPublicBuckets")]
        if self.subject.type != "AWS::S3::Bucket" or not own:
            return False
        return any_of(_is_public(one.policy) for one in own)

    def fact(self, key: str) -> Fact:
        """What is known of every request for the resource."""
        return self._facts.of(key)

    def asked(self) -> frozenset[str]:
        """Keys about the resource that may be asked for."""
        return OF_RESOURCE

    def restriction(self) -> str:
        """`resourceControlPolicyRestriction`."""
        if self.control_errors:
            return "FAILED_TO_EVALUATE_RCP"
        levels = self.home.rcp_levels if self.home is not None and not self.home.management else None
        if not any('"Deny"' in text for texts in (levels or {}).values() for text in texts):
            return "NOT_APPLICABLE"
        return "APPLIED" if self.people.controlled else "APPLICABLE"

    def layers(self, own: tuple[Numbers, Numbers | None, tuple[Numbers, ...] | None], side: Side) -> Layers:
        return Layers(*own, side.resource, side.controls)


def _is_public(policy: Policy) -> Truth:
    by_form = public_by_form(policy)
    if by_form is not None:
        return by_form
    answer = asking.public(policy, "AWS::S3::Bucket").answer
    return None if answer is Answer.UNKNOWN else answer is Answer.REFUTED


def _is_wide(statement: Statement) -> bool:
    principals = statement.principals
    if principals is None or principals.negated:
        return True
    for entry in principals.entries:
        if entry.kind in {PrincipalKind.ANY, PrincipalKind.CANONICAL_USER} or entry.value == "*":
            return True
        if entry.kind is PrincipalKind.AWS and (arns.is_account(entry.value) or entry.value.endswith(":root")):
            return True
    return False


def _is_of(action: str, services: Iterable[str]) -> bool:
    return action.partition(":")[0].lower() in services
