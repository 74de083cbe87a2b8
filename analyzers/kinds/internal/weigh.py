"""What a caller can do with a resource, out of what each layer of policies does to it.

Most of it is settled by bits alone: what every layer allows without a condition, and nothing may deny, is allowed;
what some layer never allows, or is always denied, is not. Only what lies between is put to the solver, reduced to the
conditions in play, so that one question serves everybody whose policies are of the same pattern.
The rules are those of `reasoning.decision`: SEMANTICS 3 in docs/reasoning.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.population import ROLE, USER
from analyzers.policy import Policy
from analyzers.policy.model import (
    Condition,
    Effect,
    Patterns,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Problem,
    Statement,
)
from analyzers.reasoning import asking, keys
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Access
from analyzers.reasoning.request import ContextValue
from analyzers.reasoning.verdict import Answer, Verdict

from .bits import Bits
from .touch import ANCHOR, Touch, Touches
from .views import NAME

DIRECT, VIA, ACCOUNT = "direct", "via", "account"
"""How a statement on the resource names the caller: itself or everybody; its role; its account."""
SESSION_KEY = "portal:session"
"""Stands for the name of a role session in conditions: a statement may name one session of a role."""

HOME, ABROAD = "111111111111", "222222222222"
SECONDS = 4.0
MOST_ALTERNATIVES = 8

Ask = Callable[[Access], Verdict]
Numbers = frozenset[int]


class Layers(NamedTuple):
    """The touches of each layer, by number. None: there is no such layer."""

    identity: Numbers
    boundary: Numbers | None
    levels: tuple[Numbers, ...] | None
    resource: Numbers
    controls: Numbers


class Case(NamedTuple):
    """`first`: the resource's policy comes first (KMS keys, roles). `same`: caller and resource are of one account.
    `name`: the user's, where it matters; empty if any name would do."""

    bits: Bits
    kind: str
    same: bool
    first: bool
    layers: Layers
    name: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """Accesses that are possible under the same conditions. `condition` and `further`: those that limit who, and the
    others, of the statements that grant; `unless`: those of statements that deny. `rest`: what follows the resource's
    ARN in the example. `grants`: touches that grant, by number. Without `proved`, `reason` says why not."""

    mask: int
    condition: tuple[tuple[str, str], ...] = ()
    further: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    rest: str = ""
    proved: bool = True
    reason: str = ""
    grants: Numbers = frozenset()


class _Sums(NamedTuple):
    """Of one layer: what is allowed or denied for sure and without condition, and what may be."""

    allowed: int
    may_allow: int
    denied: int
    may_deny: int


class Weigher:
    """Answers by what was asked, for as long as it lives."""

    def __init__(self, touches: Touches, ask: Ask | None = None) -> None:
        self.touches = touches
        self.asked = 0
        self._ask = ask or _ask
        self._sums: dict[tuple[Numbers, str], _Sums] = {}
        self._cases: dict[Case, tuple[Way, ...]] = {}
        self._verdicts: dict[object, Verdict] = {}
        self._matter: dict[Layers, bool] = {}

    def ways(self, case: Case) -> tuple[Way, ...]:
        """Everything that the caller can do, or may be able to do."""
        found = self._cases.get(case)
        if found is None:
            found = self._cases[case] = tuple(self._weigh(case))
        return found

    def name_matters(self, case: Case) -> bool:
        """Whether the answer may depend on how a user is called: its name is compared with something else."""
        found = self._matter.get(case.layers)
        if found is None:
            tests = named = 0
            for touch in self._everything(case):
                tests += len(touch.conditions) + bool(touch.within)
                texts = (*touch.within, *(value for condition in touch.conditions for value in condition.values))
                named += any(NAME in text for text in texts)
            found = self._matter[case.layers] = bool(named) and tests > 1
        return found

    # -- by bits alone -----------------------------------------------------------------------------------------

    def bounds(self, case: Case) -> tuple[int, int]:
        """What can be done for sure and under no condition, and what may be possible."""
        plain, may_be, denied, may_deny = self._granted(case)
        return plain & ~may_deny, may_be & ~denied

    def _granted(self, case: Case) -> tuple[int, int, int, int]:
        """What is granted for sure and perhaps, denies left aside; what is denied for sure and perhaps."""
        everything = case.bits.all
        layers = case.layers
        identity = self._sum(layers.identity)
        boundary = _Sums(everything, everything, 0, 0) if layers.boundary is None else self._sum(layers.boundary)
        levels = [self._sum(level) for level in layers.levels or ()]
        resource = self._sum(layers.resource)
        controls = self._sum(layers.controls)
        ways = {way: self._sum(layers.resource, way) for way in (DIRECT, VIA, ACCOUNT)}
        denied = identity.denied | boundary.denied | resource.denied | controls.denied
        may_deny = identity.may_deny | boundary.may_deny | resource.may_deny | controls.may_deny
        passes = may_pass = everything
        for level in levels:
            denied |= level.denied
            may_deny |= level.may_deny
            passes &= level.allowed
            may_pass &= level.may_allow

        def granted(of: Callable[[_Sums], int]) -> int:
            own = of(identity) & of(boundary)
            by = {way: of(sums) for way, sums in ways.items()}
            if not case.same:
                return own & (by[DIRECT] | by[VIA] | by[ACCOUNT])
            return (own & by[ACCOUNT] if case.first else own) | by[DIRECT] | (by[VIA] & of(boundary))

        plain = granted(lambda sums: sums.allowed) & passes
        return plain, granted(lambda sums: sums.may_allow) & may_pass, denied, may_deny

    def _sum(self, numbers: Numbers, way: str = "") -> _Sums:
        found = self._sums.get((numbers, way))
        if found is not None:
            return found
        allowed = may_allow = denied = may_deny = 0
        for number in numbers:
            touch = self.touches.all[number]
            whole = touch.sure if touch.unconditional else 0
            any_ = touch.sure | touch.part | touch.open
            if touch.effect is Effect.DENY:
                denied |= whole
                may_deny |= any_
            elif not way or touch.way == way:
                allowed |= whole
                may_allow |= any_
        found = self._sums[numbers, way] = _Sums(allowed, may_allow, denied, may_deny)
        return found

    def permits(self, resource: Numbers, controls: Numbers, everything: int, *, same: bool) -> tuple[int, int]:
        """What a bucket lets through that is asked for by way of an access point: for sure, and perhaps."""
        own, bound = self._sum(resource), self._sum(controls)
        sure = own.allowed & ~(own.may_deny | bound.may_deny)
        return sure, (everything if same else own.may_allow) & ~(own.denied | bound.denied)

    # -- with the solver ---------------------------------------------------------------------------------------

    def _weigh(self, case: Case) -> Iterator[Way]:
        sure, may = self.bounds(case)
        if sure:
            yield Way(sure, rest=_sample(case.bits, sure), grants=self._grants(case, sure))
        left = may & ~sure
        found: dict[object, Way] = {}
        for block in self._blocks(case, left):
            for way in self._block(case, block):
                key = (way.condition, way.further, way.unless, way.proved, way.reason)
                known = found.get(key)
                if known is None:
                    found[key] = way
                else:
                    found[key] = Way(
                        known.mask | way.mask,
                        known.condition,
                        known.further,
                        known.unless,
                        known.context,
                        known.rest,
                        known.proved,
                        known.reason,
                        known.grants | way.grants,
                    )
        yield from found.values()

    def _everything(self, case: Case) -> list[Touch]:
        layers = case.layers
        numbers = layers.identity | (layers.boundary or frozenset()) | layers.resource | layers.controls
        for level in layers.levels or ():
            numbers |= level
        return self.touches.of(numbers)

    def _blocks(self, case: Case, mask: int) -> list[int]:
        """The bits, those together that the same statements cover in the same way."""
        blocks = [part for part in (mask & case.bits.own, mask & case.bits.inside) if part]
        for touch in self._everything(case):
            for covered in (touch.sure, touch.part, touch.open):
                if covered:
                    blocks = [piece for block in blocks for piece in (block & covered, block & ~covered) if piece]
        return blocks

    def _grants(self, case: Case, mask: int) -> Numbers:
        return frozenset(
            number
            for number in case.layers.identity | case.layers.resource
            if (touch := self.touches.all[number]).effect is Effect.ALLOW
            and (touch.sure | touch.part | touch.open) & mask
        )

    def _block(self, case: Case, block: int) -> Iterator[Way]:
        """One question for each alternative by which the access is granted, if it is one layer that has several."""
        for narrowed in self._alternatives(case, block):
            way = self._way(narrowed, block, *self._answer(narrowed, block))
            if way is not None:
                yield way

    def _alternatives(self, case: Case, block: int) -> list[Case]:
        layers = case.layers
        identity, resource = self._choices(layers.identity, block), self._choices(layers.resource, block)
        if (case.same and not case.first and len(identity) > 1 and not self._covers(layers.resource, block)) or (
            not case.same and len(identity) > 1 and len(resource) < 2
        ):
            changed = [layers._replace(identity=numbers) for numbers in identity]
        elif len(resource) > 1 and len(identity) < 2 and (not case.same or not self._covers(layers.identity, block)):
            changed = [layers._replace(resource=numbers) for numbers in resource]
        else:
            return [case]
        return [case._replace(layers=layers) for layers in changed]

    def _covers(self, numbers: Numbers, block: int) -> bool:
        return bool(self._sum(numbers).may_allow & block)

    def _choices(self, numbers: Numbers, block: int) -> list[Numbers]:
        """The layer with each of its conditional Allow statements alone; only one if it has no choice."""
        allows = [
            number
            for number in sorted(numbers)
            if (touch := self.touches.all[number]).effect is Effect.ALLOW
            and (touch.sure | touch.part | touch.open) & block
        ]
        plain = any(self.touches.all[number].unconditional for number in allows)
        if plain or not 1 < len(allows) <= MOST_ALTERNATIVES:
            return [numbers]
        return [numbers - {other for other in allows if other != number} for number in allows]

    def _answer(self, case: Case, block: int) -> tuple[Verdict, str]:
        access, key, place = self._question(case, block)
        found = self._verdicts.get(key)
        if found is None:
            self.asked += 1
            found = self._verdicts[key] = self._ask(access)
        return found, place

    def _way(self, case: Case, block: int, verdict: Verdict, place: str) -> Way | None:
        if verdict.answer is Answer.PROVED:
            return None
        grants = self._grants(case, block)
        unless = tuple(dict.fromkeys(self._denying(case, block)))
        if verdict.witness is None:
            condition, further = self._conditions(case, block, None)
            return Way(
                block,
                condition,
                further,
                unless,
                rest=_sample(case.bits, block),
                proved=False,
                reason=self._doubts(case, block) or verdict.reason or "It could not be told whether it is possible.",
                grants=grants,
            )
        condition, further = self._conditions(case, block, verdict)
        rest = verdict.witness.resource.removeprefix(place) if block & case.bits.inside else ""
        return Way(block, condition, further, unless, dict(verdict.witness.context), rest, grants=grants)

    def _doubts(self, case: Case, block: int) -> str:
        """What is not understood of the statements in play."""
        found = [touch.opaque for touch in self._everything(case) if (touch.sure | touch.part | touch.open) & block]
        return " ".join(dict.fromkeys(filter(None, found)))

    def _denying(self, case: Case, block: int) -> Iterator[Condition]:
        for touch in self._everything(case):
            if touch.effect is Effect.DENY and (touch.sure | touch.part | touch.open) & block:
                yield from touch.conditions

    def _conditions(
        self, case: Case, block: int, verdict: Verdict | None
    ) -> tuple[tuple[tuple[str, str], ...], tuple[Condition, ...]]:
        """Of the layers that allow under conditions only."""
        layers = case.layers
        groups = [layers.identity, layers.resource, *([layers.boundary] if layers.boundary else [])]
        found: list[Condition] = []
        used = None if verdict is None or verdict.witness is None else set(map(str.lower, verdict.witness.context))
        own_is_free = self._sum(layers.identity).allowed & block and case.same and not case.first
        for numbers in (*groups, *(layers.levels or ())):
            allows = [
                touch
                for touch in self.touches.of(numbers)
                if touch.effect is Effect.ALLOW and (touch.sure | touch.part | touch.open) & block
            ]
            if any(touch.unconditional for touch in allows) or (own_is_free and numbers is layers.resource):
                continue
            for touch in allows:
                # Of several statements those count of which the example meets a condition.
                if len(allows) > 1 and used is not None and not any(c.key.lower() in used for c in touch.conditions):
                    continue
                found += touch.conditions
        found = [condition for condition in dict.fromkeys(found) if condition.key != SESSION_KEY]
        limits: dict[str, str] = {}
        further: list[Condition] = []
        for condition in found:
            if condition.operator.known and _is_positive(condition) and keys.limits_who(condition.key.lower()):
                limits[condition.key] = ",".join(value.replace(NAME, "${aws:username}") for value in condition.values)
            else:
                further.append(condition)
        return tuple(sorted(limits.items())), tuple(further)

    def _anchor(self, case: Case, block: int) -> str:
        """The resource itself, if a pattern names it; empty where its name says nothing."""
        return next((touch.anchor for touch in self._everything(case) if touch.anchor and touch.part & block), "")

    def _question(self, case: Case, block: int) -> tuple[Access, object, str]:
        """The question, what makes it this one (neither names nor actions, only what is left of the policies), and
        what stands for the resource in it.

        Deny statements bind wherever they stand, so they stand together; a layer that allows without a condition says
        no more than that.
        """
        bit = block & -block
        layers = case.layers
        inside = bool(bit & case.bits.inside)
        everything = self._everything(case)
        anchor = self._anchor(case, block)
        plain = bool(self._granted(case)[0] & bit)
        if plain and not anchor and TRAITS[case.bits.type].separator in {"", "/"}:  # only denies are left to ask about
            case = case._replace(bits=_anything(), same=True, first=False)
        kind = ROLE if any(map(_is_of_a_role, everything)) else USER
        place = _canonical(case, anchor)
        caller = _caller(kind, case.name)
        denies = [touch for touch in everything if touch.effect is Effect.DENY]

        def allowing(numbers: Numbers) -> list[Touch]:
            allows = [touch for touch in self.touches.of(numbers) if touch.effect is Effect.ALLOW]
            full = [touch for touch in allows if touch.unconditional and touch.sure & bit]
            best = [touch for touch in full if touch.way in {"", DIRECT}]
            return best[:1] or allows

        def documents(touches: Iterable[Touch]) -> tuple[Policy, ...]:
            return tuple(_documents(touches, bit, place, caller, case.name))

        def is_full(numbers: Numbers) -> bool:
            return bool(self._sum(numbers).allowed & bit)

        denied = documents(denies)
        if plain:
            policies = PolicySet(identity=(*_ALL, *denied))
            if case.bits.type == "AWS::KMS::Key":
                policies = PolicySet(identity=denied, key_policy=_ALL_ON_RESOURCE)
            elif case.bits.type == "AWS::IAM::Role":
                policies = PolicySet(identity=denied, trust=_ALL_ON_RESOURCE)
            elif not case.same:
                policies = PolicySet(identity=(*_ALL, *denied), resource=_ALL_ON_RESOURCE)
        else:
            on_resource = documents(allowing(layers.resource))
            role, key = case.bits.type == "AWS::IAM::Role", case.bits.type == "AWS::KMS::Key"
            levels = [documents(allowing(level)) for level in layers.levels or () if not is_full(level)]
            bounded = layers.boundary is not None and not is_full(layers.boundary)
            policies = PolicySet(
                identity=(*documents(allowing(layers.identity)), *denied),
                boundary=documents(allowing(layers.boundary or frozenset())) if bounded else None,
                scp_levels={str(number): level for number, level in enumerate(levels)} if levels else None,
                trust=on_resource if role else (),
                key_policy=on_resource if key else (),
                resource=() if role or key else on_resource,
            )
        access = Access(
            policies,
            caller,
            (_sample_action(case.bits),),
            (f"{place}{TRAITS[case.bits.type].separator}*" if inside else place,),
            HOME if case.same else ABROAD,
        )
        groups = (policies.identity, policies.boundary or (), policies.resource, policies.trust, policies.key_policy)
        said = (*map(_content, groups), *map(_content, (policies.scp_levels or {}).values()))
        key_ = (caller, access.actions, access.resources, access.resource_account, said, policies.boundary is None)
        return access, key_, place


@cache
def _anything() -> Bits:
    return Bits("AWS::S3::Bucket")


_ALL = (Policy((Statement(0, Effect.ALLOW, actions=Patterns(("*",)), resources=Patterns(("*",))),), "2012-10-17"),)
_ALL_ON_RESOURCE = (
    Policy(
        (
            Statement(
                0,
                Effect.ALLOW,
                principals=Principals((PrincipalEntry(PrincipalKind.AWS, "*"),)),
                actions=Patterns(("*",)),
                resources=Patterns(("*",)),
            ),
        ),
        "2012-10-17",
    ),
)


def _is_of_a_role(touch: Touch) -> bool:
    """Whether it makes a difference that the caller is a role."""
    if touch.way == VIA:
        return True
    texts = [condition.key.lower() for condition in touch.conditions]
    texts += [value.lower() for condition in touch.conditions for value in condition.values if "${" in value]
    return any(SESSION_KEY in text or "userid" in text for text in texts)


def _ask(access: Access) -> Verdict:
    return asking.can(access, seconds=SECONDS)


def _content(policies: Iterable[Policy]) -> tuple[object, ...]:
    return tuple((policy.version, policy.statements) for policy in policies)


def _is_positive(condition: Condition) -> bool:
    return (
        "Not" not in condition.operator.name and not condition.operator.if_exists and condition.operator.name != "Null"
    )


def _sample(bits: Bits, mask: int) -> str:
    """What follows the resource's ARN in an example of one of the accesses."""
    lowest = mask & -mask
    return f"{TRAITS[bits.type].separator}example" if lowest & bits.inside else ""


def _sample_action(bits: Bits) -> str:
    preferred = {"AWS::KMS::Key": "kms:Decrypt", "AWS::IAM::Role": "sts:AssumeRole"}
    return preferred.get(bits.type, bits.actions[0])


def _caller(kind: str, name: str) -> str:
    return f"arn:aws:iam::{HOME}:{'role' if kind == ROLE else 'user'}/{name or NAME}"


def _canonical(case: Case, anchor: str) -> str:
    if anchor:
        return anchor
    owner = HOME if case.same else ABROAD
    match case.bits.type:
        case "AWS::S3::Bucket":
            return "arn:aws:s3:::zz-bucket"
        case "AWS::KMS::Key":
            return f"arn:aws:kms:us-east-1:{owner}:key/zz"
        case "AWS::IAM::Role":
            return f"arn:aws:iam::{owner}:role/zz-target"
    return f"arn:aws:{TRAITS[case.bits.type].services[0]}:us-east-1:{owner}:zz/zz"


def _documents(touches: Iterable[Touch], bit: int, place: str, caller: str, name: str) -> Iterator[Policy]:
    """What the touches say of one access, as documents: one for each version of the language."""
    old: dict[object, Statement] = {}
    new: dict[object, Statement] = {}
    for touch in touches:
        statement = _statement(touch, bit, place, caller, name)
        if statement is not None:
            (new if touch.has_variables else old).setdefault(statement, statement)
    for version, found in (("2008-10-17", old), ("2012-10-17", new)):
        if found:
            ordered = sorted(found, key=repr)
            numbered = tuple(_numbered(statement, number) for number, statement in enumerate(ordered))  # type: ignore[arg-type]
            yield Policy(numbered, version)


def _numbered(statement: Statement, number: int) -> Statement:
    return Statement(
        number,
        statement.effect,
        None,
        statement.principals,
        statement.actions,
        statement.resources,
        statement.conditions,
        statement.problems,
    )


def _statement(touch: Touch, bit: int, place: str, caller: str, name: str) -> Statement | None:
    resources = Patterns(("*",))
    opaque = touch.opaque
    if touch.part & bit:
        within = (pattern.replace(ANCHOR, place).replace(NAME, name or NAME) for pattern in touch.within)
        resources = Patterns(tuple(within), touch.negated)
    elif touch.open & bit:
        opaque = opaque or "It is not documented whether the statement covers this."
    elif not touch.sure & bit:
        return None
    principals = None
    if touch.way and touch.effect is Effect.ALLOW:
        value = {DIRECT: "*", VIA: caller, ACCOUNT: HOME}[touch.way]
        principals = Principals((PrincipalEntry(PrincipalKind.AWS, value),))
    problems = (Problem(opaque, ()),) if opaque else ()
    conditions = touch.conditions
    if name:
        conditions = tuple(
            one._replace(values=tuple(value.replace(NAME, name) for value in one.values)) for one in conditions
        )
    return Statement(0, touch.effect, None, principals, Patterns(("*",)), resources, conditions, problems)
