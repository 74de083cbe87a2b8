"""The single steps by which a principal comes to more rights, each proved need by need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from analyzers.kinds.policy_sets import Side
from analyzers.kinds.population import ROLE, USER, Member
from analyzers.policy import CURRENT_VERSION, Effect, Policy, parse_value
from analyzers.policy import arn as arns
from analyzers.reasoning.policy_set import PolicySet

from . import methods
from .methods import Method, Need
from .place import Place, bare
from .questions import Asking, Caller, Reply
from .target import Target
from .world import ADDED, ALL, Standing, World


class Move(NamedTuple):
    """A step. `target` None: to the resource itself. `replies`: one for each need, none of them a no. `note`: what else
    must be said, such as why a step may not work out though its needs are met."""

    source: Standing
    target: Standing | None
    method: Method
    replies: tuple[Reply, ...]
    note: str = ""
    unsure: str = ""

    @property
    def known(self) -> bool:
        return not self.unsure and all(reply.truth for reply in self.replies)

    @property
    def reason(self) -> str:
        """Why it is not known."""
        return self.unsure or next((reply.reason for reply in self.replies if not reply.truth), "")


BOUND = "Its permissions boundary still limits it."


@dataclass
class Graph:
    """Steps are asked for when they are looked at, and remembered."""

    world: World
    asking: Asking
    _climbs: dict[Standing, tuple[Move, ...]] = field(default_factory=dict)
    _takes: dict[tuple[Standing, str], Move | None] = field(default_factory=dict)
    _service: dict[tuple[str, str], Reply] = field(default_factory=dict)

    # -- upwards: the same principal with more rights ----------------------------------------------------------

    def climbs(self, standing: Standing) -> tuple[Move, ...]:
        """What the principal can give itself from here."""
        found = self._climbs.get(standing)
        if found is None:
            found = self._climbs[standing] = tuple(self._climb(standing))
        return found

    def _climb(self, standing: Standing) -> Iterator[Move]:
        member = self.world.members[standing.arn]
        caller = self.world.caller(standing)
        bounded = caller.policies.boundary is not None
        if standing.gained not in (ADDED, ALL):
            note = BOUND if bounded else ""
            yield from self._changes(standing, member, methods.GAINS, replaced(standing, ADDED), note)
        if standing.gained == ADDED and any(map(_denies, caller.policies.identity)):
            yield from self._changes(standing, member, methods.SHEDS, replaced(standing, ALL), "")
        if not standing.gained:
            yield from self._joins(standing, member)
        if bounded:
            yield from self._changes(standing, member, methods.UNBINDS, standing._replace(unbounded=True), "")

    def _changes(
        self, standing: Standing, member: Member, of: Iterable[Method], target: Standing, note: str
    ) -> Iterator[Move]:
        around = self.world.around
        for method in of:
            if method.of and method.of != member.kind:
                continue
            names = {"{itself}": (member.arn,), "{group}": around.groups.get(member.arn, ())}
            names["{policy}"] = tuple(one for one in around.attached.get(member.arn, ()) if not _of_aws(one))
            boundary = around.boundaries.get(member.arn, "")
            names["{boundary}"] = (boundary,) if boundary and not _of_aws(boundary) else ()
            for on in names[method.needs[0].on]:
                replies = self._meet(standing, method, {method.needs[0].on: on})
                if replies:
                    yield Move(standing, target, method, replies, note, method.unsure)
                    break

    def _joins(self, standing: Standing, member: Member) -> Iterator[Move]:
        mine = set(self.world.around.groups.get(member.arn, ()))
        for method in methods.JOINS if member.kind == USER else ():
            for group, texts in self.world.around.group_policies.items():
                if group in mine or not texts or arns.account_of(group) != member.account:
                    continue
                replies = self._meet(standing, method, {"{group}": group})
                if replies:
                    yield Move(standing, replaced(standing, group), method, replies, f"The group is {group}.")

    # -- sidewards: the rights of somebody else ----------------------------------------------------------------

    def take(self, source: Standing, taken: str) -> Move | None:
        """The surest way in which the one takes on the rights of the other; None if there is none."""
        key = (source, taken)
        if key not in self._takes:
            self._takes[key] = self._surest(self._ways(source, self.world.members[taken]))
        return self._takes[key]

    def _surest(self, moves: Iterable[Move]) -> Move | None:
        unknown: Move | None = None
        for move in moves:
            if move.known:
                return move
            unknown = unknown or move
        return unknown

    def _ways(self, source: Standing, taken: Member) -> Iterator[Move]:
        target = Standing(taken.arn)
        same = self.world.members[source.arn].account == taken.account
        if taken.kind == ROLE:
            yield from self._one(source, target, methods.ASSUME, self.world.role(taken.arn))
        if source.arn == taken.arn or not same or is_protected(taken.arn):
            return
        if taken.kind == USER:
            for method in methods.CREDENTIALS:
                yield from self._one(source, target, method)
            return
        yield from self._rewritten_trust(source, target, taken)
        services = self.world.trusted(taken.arn).services
        for method in methods.PASSES:
            if method.service in services:
                yield from self._one(source, target, method)
        for method in methods.RUNNING:
            if method.service in services:
                yield from self._running(source, target, method)

    def _one(self, source: Standing, target: Standing, method: Method, place: Place | None = None) -> Iterator[Move]:
        replies = self._meet(source, method, {"{taken}": target.arn}, place)
        if replies and method.service:
            trust = self._trusts(target.arn, method.service)
            replies = (*replies, trust) if trust.truth is not False else ()
        if replies:
            yield Move(source, target, method, replies, unsure=method.unsure)

    def _rewritten_trust(self, source: Standing, target: Standing, taken: Member) -> Iterator[Move]:
        replies = self._meet(source, methods.TRUST, {"{taken}": taken.arn})
        if not replies:
            return
        role = self.world.role(taken.arn)
        opened = opened_to(role, source.arn, "AWS::IAM::Role")
        after = self.asking.ask(self.world.caller(source), ("sts:AssumeRole",), opened)
        if after.truth is not False:
            yield Move(source, target, methods.TRUST, (*replies, after))

    def _running(self, source: Standing, target: Standing, method: Method) -> Iterator[Move]:
        """Functions whose role is known are told apart; of all else any may run with the role."""
        runs_as = self.world.around.runs_as
        account = self.world.members[target.arn].account
        known = [arn for arn in runs_as if arns.account_of(arn) == account]
        if method.service != "lambda.amazonaws.com" or not known:
            yield from self._one(source, target, method)
            return
        for function in known:
            if runs_as[function] == target.arn:
                need = replace(method.needs[0], on=function)
                exact = replace(method, needs=(need,), unsure="")
                if replies := self._meet(source, exact, {}):
                    yield Move(source, target, exact, replies, f"The function is {function}.")

    def _trusts(self, role: str, service: str) -> Reply:
        """Whether the role's trust policy lets the service in."""
        key = (role, service)
        if key not in self._service:
            place = self.world.role(role)
            account = place.account
            policies = PolicySet(trust=place.side.trust, rcp_levels=place.side.rcp_levels)
            nobody = Caller(service, account, policies, {}, frozenset())
            self._service[key] = self.asking.ask(nobody, ("sts:AssumeRole",), place, {"aws:SourceAccount": account})
        return self._service[key]

    # -- both: somebody else with more rights ------------------------------------------------------------------

    def edits(self, source: Standing, taken: str) -> Reply:
        """Whether the one can write policies of the other."""
        member = self.world.members[taken]
        if self.world.members[source.arn].account != member.account or is_protected(taken):
            return Reply(False)
        return self.asking.ask(self.world.caller(source), methods.EDITS[member.kind], bare(taken, member.account))

    def raise_and_take(self, source: Standing, taken: str) -> Move | None:
        """Write a policy for somebody else, then take on his rights."""
        edit = self.edits(source, taken)
        if edit.truth is False:
            return None
        move = self.take(source, taken)
        if move is None:
            return None
        name = edit.request.action if edit.request else methods.EDITS[self.world.members[taken].kind][0]
        method = replace(
            move.method,
            name=f"{name} + {move.method.name}",
            does=f"write a policy for {'the role' if move.method.of == ROLE else 'the user'}, and {move.method.does}",
        )
        note = BOUND if self.world.members[taken].boundary is not None else ""
        return Move(source, Standing(taken, ADDED), method, (edit, *move.replies), note, move.unsure)

    # -- to the resource itself --------------------------------------------------------------------------------

    def open(self, source: Standing, target: Target) -> Move | None:
        """Grant itself access in the resource's own policy, and then use it."""
        method = methods.OPENS.get(target.kind)
        if method is None or not target.questions:
            return None
        caller = self.world.caller(source)
        side = target.questions[0].place.side
        reply = self.asking.ask(caller, method.needs[0].actions, Place((side.arn,), (side.arn,), side))
        if reply.truth is False:
            return None
        unknown: Reply | None = None
        for question in target.questions:
            opened = opened_to(question.place, source.arn, target.kind)
            after = self.asking.ask(caller, question.actions, opened)
            if after.truth:
                return Move(source, None, method, (reply, after))
            if after.truth is None:
                unknown = unknown or after
        return Move(source, None, method, (reply, unknown)) if unknown else None

    # -- needs -------------------------------------------------------------------------------------------------

    def _meet(
        self, source: Standing, method: Method, names: Mapping[str, str], place: Place | None = None
    ) -> tuple[Reply, ...]:
        """A reply for each need; empty as soon as one is not met."""
        caller = self.world.caller(source)
        replies = []
        for need in method.needs:
            reply = self.asking.ask(caller, need.actions, place or self._place(need, caller, names), dict(need.context))
            if reply.truth is False:
                return ()
            replies.append(reply)
        return tuple(replies)

    def _place(self, need: Need, caller: Caller, names: Mapping[str, str]) -> Place:
        pattern = names.get(need.on, need.on)
        partition = caller.arn.split(":")[1]
        pattern = pattern.replace("{account}", caller.account).replace("{partition}", partition)
        if pattern == "*":
            return Place(("*",), ("*",), Side("*", caller.account))
        return bare(pattern, caller.account)


def is_protected(role: str) -> bool:
    """Roles that only an AWS service can change or be given.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
    """
    return ":role/aws-service-role/" in role or ":role/aws-reserved/" in role


def replaced(standing: Standing, gained: str) -> Standing:
    return standing._replace(gained=gained)


def opened_to(place: Place, arn: str, kind: str) -> Place:
    """The resource once the principal has written its policy: it names the principal and denies nothing."""
    statement = {"Sid": "Added", "Effect": "Allow", "Principal": {"AWS": arn}, "Action": "*"}
    side = place.side
    if kind == "AWS::IAM::Role":
        written = parse_value({"Version": CURRENT_VERSION, "Statement": statement | {"Action": "sts:*"}})
        return replace(place, side=replace(side, trust=(written,)))
    written = parse_value({"Version": CURRENT_VERSION, "Statement": statement | {"Resource": "*"}})
    if kind == "AWS::KMS::Key":
        return replace(place, side=replace(side, key_policy=(written,)))
    return replace(place, side=replace(side, resource=(written,), acl=()))


def _denies(policy: Policy) -> bool:
    return any(statement.effect is Effect.DENY for statement in policy.statements)


def _of_aws(policy: str) -> bool:
    return arns.account_of(policy) == "aws"
