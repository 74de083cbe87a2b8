"""Internal access: who inside the zone of trust can reach a resource, all policies taken together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html (internal access findings)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.population import ROLE, Member
from analyzers.kinds.subject import FurtherCondition, StatementRef, Subject
from analyzers.policy.model import Condition, Effect
from analyzers.reasoning.matching import spelled_operator

from .answer import INTRA_ACCOUNT, INTRA_ORG, Encryption, InternalAnalysis, InternalFinding, Withheld
from .encryption import Keys
from .people import Group, People
from .points import BOTH_MUST_ALLOW, Through, access_points
from .replay import Replayed, example, replay
from .target import Side, Target
from .views import NAME, escaped
from .weigh import Case, Way
from .wording import summary

FindKey = Callable[[str, Subject], Subject | None]
_FIRST = frozenset({"AWS::KMS::Key", "AWS::IAM::Role"})


@dataclass(frozen=True, slots=True)
class Reached:
    """Members who reach the resource in the same ways, all of them of one group."""

    group: Group
    members: tuple[Member, ...]
    side: Side
    case: Case
    ways: tuple[Way, ...]


class Analyst:
    """Answers about resources, one after the other, for one zone of trust.

    `find_key` gives the KMS key that encrypts a resource, as far as it is known.
    """

    def __init__(self, people: People, find_key: FindKey | None = None) -> None:
        self.people = people
        self._keys = Keys(self, find_key or (lambda _key, _subject: None))

    def analyze(self, subject: Subject, only: Collection[str] | None = None) -> InternalAnalysis:
        """Everybody inside who can reach the resource, or of whom that cannot be ruled out. `only` (ARNs) leaves out
        all others. Never raises for what stands in a policy."""
        if subject.type not in TRAITS:
            return InternalAnalysis(error=f"Resources of type {subject.type} cannot be analysed for internal access.")
        target = Target(subject, self.people)
        found: list[InternalFinding] = []
        held: list[Withheld] = []
        direct: dict[str, int] = {}
        for reached in self.reached(target, only):
            found += self._findings(target, reached, held)
            sure = reduce(or_, (way.mask for way in reached.ways if way.proved and not way.condition), 0)
            direct |= dict.fromkeys((member.arn for member in reached.members), sure)
        for through, point in access_points(subject, self.people, target.errors):
            for reached in self._through(through, point, only, direct):
                found += self._findings(point, reached, held, through)
        found.sort(key=lambda one: (one.principal, one.action))
        errors = [*target.errors, *target.control_errors]
        said = "\n".join(f"{error} Access could not be ruled out." for error in dict.fromkeys(errors))
        return InternalAnalysis(tuple(found), said, _united(held))

    def reached(self, target: Target, only: Collection[str] | None = None) -> Iterator[Reached]:
        """Who reaches it, group by group."""
        named: dict[int, set[str]] = {}
        for member in target.mentioned():
            named.setdefault(self.people.group_of[member.arn].number, set()).add(member.arn)
        wanted = (
            None if only is None else {self.people.group_of[arn].number for arn in only if arn in self.people.group_of}
        )
        for group in self._candidates(target, named):
            if wanted is not None and group.number not in wanted:
                continue
            own = self.own(group, target)
            for side, members in self._sides(group, target, named.get(group.number, ()), only):
                same = group.account == target.subject.account
                if not same and not side.may:
                    continue
                case = Case(target.bits, group.kind, same, target.subject.type in _FIRST, target.layers(own, side))
                for one, together in self.by_name(case, members):
                    ways = self.people.weigher.ways(one)
                    if ways:
                        yield Reached(group, together, side, one, ways)

    def by_name(self, case: Case, members: tuple[Member, ...]) -> Iterator[tuple[Case, tuple[Member, ...]]]:
        """One case for all, or for each user where its name matters."""
        if case.kind == ROLE or not self.people.weigher.name_matters(case):
            yield case, members
            return
        for member in members:
            yield case._replace(name=escaped(member.arn.rsplit("/", 1)[-1])), (member,)

    def _through(
        self, through: Through, point: Target, only: Collection[str] | None, direct: Mapping[str, int]
    ) -> Iterator[Reached]:
        """Who reaches the bucket by way of an access point and could not without it."""
        for reached in self.reached(point, only):
            bounded = reached.group.boundary is not None
            together: dict[tuple[int, int], list[Member]] = {}
            for member in reached.members:
                side = through.bucket.side(member, bounded=bounded)
                same = member.account == through.bucket.subject.account
                sure, may = self.people.weigher.permits(side.resource, side.controls, point.bits.all, same=same)
                together.setdefault((sure, may & ~direct.get(member.arn, 0)), []).append(member)
            for (sure, may), members in together.items():
                ways = []
                for way in reached.ways:
                    ways.append(replace(way, mask=way.mask & may & sure))
                    ways.append(replace(way, mask=way.mask & may & ~sure, proved=False, reason=BOTH_MUST_ALLOW))
                kept = tuple(through.way(way) for way in ways if way.mask)
                if kept:
                    yield replace(reached, members=tuple(members), ways=kept)

    def _candidates(self, target: Target, named: Collection[int]) -> Iterator[Group]:
        """The groups of which an Allow statement, their own or the resource's, may reach it."""
        people, account = self.people, target.subject.account
        open_ = target.opens_to_strangers()
        views = list(target.views())
        done: set[int] = set()
        accounts = list(people.by_account) if open_ else [account]
        for one in accounts:
            if one == account and open_:
                groups: Iterable[Group] = people.by_account.get(one, ())
            else:
                groups = (group for view in views for group in people.holders.get((one, view), ()))
            for group in groups:
                if group.number not in done:
                    done.add(group.number)
                    yield group
        for number in sorted(set(named) - done):
            yield people.groups[number]

    def own(
        self, group: Group, target: Target
    ) -> tuple[frozenset[int], frozenset[int] | None, tuple[frozenset[int], ...] | None]:
        identity = frozenset().union(*(target.touched(view.number)[0] for view in group.identity))
        boundary = None if group.boundary is None else target.touched(group.boundary.number)[0]
        if group.levels is None:
            return identity, boundary, None
        levels = tuple(frozenset().union(*(target.touched(view.number)[0] for view in level)) for level in group.levels)
        if group.linked is None:
            levels = tuple(self.people.perhaps(level, target.bits) for level in levels)
        return identity, boundary, levels

    def _sides(
        self, group: Group, target: Target, named: Collection[str], only: Collection[str] | None
    ) -> Iterator[tuple[Side, tuple[Member, ...]]]:
        """The members, those together to whom the resource's side says the same."""
        members = [member for member in group.members if only is None or member.arn in only]
        bounded = group.boundary is not None
        if not members:
            return
        if not target.varies and not named:
            yield target.side(members[0], bounded=bounded), tuple(members)
            return
        found: dict[int, tuple[Side, list[Member]]] = {}
        common: Side | None = None
        for member in members:
            if target.varies or member.arn in named:
                side = target.side(member, bounded=bounded)
            else:
                side = common = common or target.side(member, bounded=bounded)
            found.setdefault(id(side), (side, []))[1].append(member)
        for side, together in found.values():
            yield side, tuple(together)

    # -- findings ----------------------------------------------------------------------------------------------

    def _findings(
        self, target: Target, reached: Reached, held: list[Withheld], through: Through | None = None
    ) -> Iterator[InternalFinding]:
        """What the key holds back goes to `held`."""
        group, side = reached.group, reached.side
        same = group.account == target.subject.account
        for way in reached.ways:
            allowed = target.bits.names(way.mask)
            statements = tuple(self._references(target, group, side, way))
            sources = {
                str(granted.channel.source["type"]): granted.channel.source
                for granted in side.statements
                if granted.channel and granted.channel.source and granted.touch in way.grants
            }
            if through is not None:
                sources = {"S3_ACCESS_POINT": through.source}
            replayed: dict[str, Replayed] = {}
            condition = dict(way.condition) | (through.condition if through else {})
            further = tuple(map(_further, way.further))
            unless = tuple(map(_further, way.unless))
            restriction, service_restriction = target.restriction(), self._service_restriction(group)
            for member in reached.members:
                encrypted = target if through is None else through.bucket
                withheld = self._keys.withheld(encrypted, member, allowed)
                if withheld is not None:
                    held.append(withheld)
                actions = tuple(one for one in allowed if withheld is None or one not in withheld.actions)
                if not actions:
                    continue
                first = way.mask & target.bits.mask_of(actions)
                action = target.bits.actions[(first & -first).bit_length() - 1]
                request = example(_about(way, first, target), action, member, target, self.people)
                checked = replayed.get(action) if way.proved else Replayed(False, way.reason)
                if checked is None:
                    checked = replay(request, group, target, self.people)
                    if through is not None and checked.reason == BOTH_MUST_ALLOW:
                        checked = Replayed(True, "", checked.assumptions)  # the bucket's policy does allow
                    replayed[action] = checked
                encryption = self._keys.of(encrypted, member, actions)
                yield InternalFinding(
                    principal=member.arn,
                    principal_type=member.kind,
                    principal_owner_account=member.account,
                    access_type=INTRA_ACCOUNT if same else INTRA_ORG,
                    action=actions,
                    condition=condition,
                    sources=tuple(sources.values()),
                    restriction=restriction,
                    service_restriction=service_restriction,
                    summary=summary(
                        through.bucket.subject if through else target.subject,
                        member,
                        actions,
                        condition,
                        encryption,
                        proved=checked.proved,
                    ),
                    witness=request if way.proved else None,
                    statements=statements,
                    proved=checked.proved,
                    reason=checked.reason,
                    further_conditions=further,
                    unless=unless,
                    assumptions=checked.assumptions,
                    encryption=encryption,
                )

    def _references(self, target: Target, group: Group, side: Side, way: Way) -> Iterator[StatementRef]:
        done: set[tuple[str, int, str]] = set()
        for view in group.identity:
            for number, seen in target.touched(view.number)[1]:
                key = (view.text, seen.number, "")
                if number in way.grants and seen.effect is Effect.ALLOW and view.text and key not in done:
                    done.add(key)
                    yield StatementRef("IDENTITY", "", view.text, seen.number, seen.sid, seen.effect.value)
        for granted in side.statements:
            channel = granted.channel
            if granted.touch not in way.grants or channel is None or granted.seen.effect is not Effect.ALLOW:
                continue
            key = (channel.policy.text, granted.seen.number, channel.name)
            if key not in done:
                done.add(key)
                yield StatementRef(
                    str((channel.source or {"type": "POLICY"})["type"]),
                    channel.name,
                    channel.policy.text,
                    granted.seen.number,
                    granted.seen.sid,
                    granted.seen.effect.value,
                    written=channel.written,
                )

    def _service_restriction(self, group: Group) -> str:
        """`serviceControlPolicyRestriction`: with an account as zone, control policies are not evaluated."""
        home = self.people.home(group.account)
        if home is None or home.management or home.scp_levels is None or group.linked is True:
            return "NOT_APPLICABLE"
        if not self.people.controlled:
            return "APPLICABLE" if any(home.scp_levels.values()) else "NOT_APPLICABLE"
        if any(view.error for level in group.levels or () for view in level):
            return "FAILED_TO_EVALUATE_SCP"
        return "APPLIED"


def _about(way: Way, bits: int, target: Target) -> Way:
    """The way with an example for these of its bits, if some were taken out: the resource itself or something in it."""
    lowest = bits & -bits
    if lowest == way.mask & -way.mask:
        return way
    rest = (way.rest or f"{target.place.separator}example") if lowest & target.bits.inside else ""
    return replace(way, rest=rest)


def _united(held: Iterable[Withheld]) -> tuple[Withheld, ...]:
    """Those of one principal, who may get in by several ways, as one."""
    found: dict[tuple[str, str], Withheld] = {}
    for one in held:
        before = found.get((one.principal, one.key), one)
        actions = tuple(sorted({*before.actions, *one.actions}))
        blockers = tuple(dict.fromkeys((*before.blockers, *one.blockers)))
        found[one.principal, one.key] = replace(one, actions=actions, blockers=blockers)
    return tuple(found[place] for place in sorted(found))


def _further(condition: Condition) -> FurtherCondition:
    values = tuple(value.replace(NAME, "${aws:username}") for value in condition.values)
    return FurtherCondition(spelled_operator(condition), condition.key, values)


__all__ = ["Analyst", "Encryption", "FindKey", "Reached"]
