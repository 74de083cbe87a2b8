"""The full decision as a formula: every policy that has a say, weighed as AWS weighs them.

The same rules as `decision.py`, which decides one request, written a second time and for all requests at once, so
that each can check the other. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers.policy import arn as arns
from analyzers.policy.model import Effect, Policy, PrincipalEntry, PrincipalKind, Statement
from analyzers.policy.pattern import tokens

from . import assumptions
from .bucket_access import acl_policies
from .callers import AWS, FEDERATED_USER, PRINCIPAL, ROOT, account_glob, is_pattern, principal
from .conditions import said
from .formula import FALSE, TRUE, Formula, Holds, Is, Open, Switch, conj, disj, negate
from .globs import concat, glob, literal
from .policy_set import Documents, PolicySet
from .request import CallerKind
from .scene import ACTION, Scene, single_keys
from .symbolic import Reader

DIRECT, VIA_SESSION, ACCOUNT = "direct", "via session", "account"
"""How a statement names the caller: itself or everybody; the role or user of its session; its account."""

Ways = dict[str, Formula]
IsPublic = Callable[[Policy], bool | None]


def _holds(pattern: str) -> Formula:
    return Holds(ACTION, glob(tokens(pattern, wildcards=True, variables=False)))


_TRUSTED = disj(map(_holds, ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")))
_VOUCHED = disj(map(_holds, ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")))
OWNED = conj([AWS, negate(_VOUCHED)])
"""Policies of the caller have a say: the call is signed by an AWS identity."""
_KMS = _holds("kms:*")
_S3 = _holds("s3:*")
_SERVICE_ROLE = "arn:*:iam::*:role/aws-service-role/*"
_SERVICE_ROLE_NAMES = ("arn:*:iam::*:role/AWSServiceRoleFor*", "arn:*:iam::*:role/*/AWSServiceRoleFor*")


def _is(pattern: str) -> Formula:
    return Holds(PRINCIPAL, glob(tokens(pattern, wildcards=True, variables=False)))


_LINKED = conj(
    [AWS, disj([_is(_SERVICE_ROLE), conj([disj(map(_is, _SERVICE_ROLE_NAMES)), Open("a service-linked role")])])]
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """`allowed`: the request is allowed. `switches`: of the Deny statements and of the layers that must allow, by name;
    all on, the formula says what AWS does. `documents` by the names under which the switches of their statements go
    (`scp:root[1]/0`), each with its reader."""

    allowed: Formula
    switches: tuple[Switch, ...]
    documents: Mapping[str, Reader]


@dataclass(slots=True)
class _Voice:
    """What the documents of one layer say."""

    denied: Formula = FALSE
    allowed: Ways = field(default_factory=dict)

    def allows(self, *ways: str) -> Formula:
        return disj(self.allowed.get(way, FALSE) for way in ways or (DIRECT, VIA_SESSION, ACCOUNT))


class _Weigher:
    def __init__(self, policies: PolicySet, scene: Scene, resource: str, owner: str, is_public: IsPublic) -> None:
        self.policies = policies
        self.resource = resource
        self.scene = replace(scene, single=single_keys(documents_of(policies)))
        self.owner = owner
        self.is_public = is_public
        self.switches: dict[str, Switch] = {}
        self.documents: dict[str, Reader] = {}

    def weigh(self) -> Weighed:
        policies = self.policies
        same = self._same_account()
        owned = OWNED
        first = conj([owned, disj([_TRUSTED, conj([_KMS, self._resource_holds("*:key/*")])])])
        identity = self._hear("identity", policies.identity)
        boundary = self._limit("boundary", policies.boundary)
        session = self._limit("session", policies.session)
        resource = self._hear_resource(same)
        controls, passes = self._service_controls(owned)
        own_denies = [voice.denied for voice in (identity, boundary, session) if voice]
        denied = disj(
            [conj([owned, disj(own_denies)]), resource.denied, controls, self._resource_controls(same)],
        )
        boundary_allows = boundary.allows() if boundary else TRUE
        session_allows = session.allows() if session else negate(conj([owned, FEDERATED_USER]))
        identity_allows = disj([conj([AWS, ROOT]), identity.allows(), self._off("identity")])
        limits = conj([boundary_allows, session_allows])
        own = conj([identity_allows, limits])
        any_way = disj([resource.allows(), self._off("resource")])
        direct = disj([resource.allows(DIRECT), self._off("resource")])
        if session is not None and not assumptions.DIRECT_GRANT_PASSES_SESSION_POLICY:
            direct = conj([direct, session_allows])
        by_account = conj([own, disj([negate(first), resource.allows(ACCOUNT)])])
        at_home = disj([by_account, direct, conj([resource.allows(VIA_SESSION), limits])])
        abroad = conj([own, any_way])
        granted = disj(
            [
                conj([negate(owned), any_way]),
                conj([owned, same, at_home]),
                conj([owned, negate(same), abroad]),
            ]
        )
        allowed = conj([negate(denied), passes, granted])
        return Weighed(allowed, tuple(self.switches.values()), self.documents)

    # -- layers ------------------------------------------------------------------------------------------------

    def _limit(self, name: str, documents: Documents | None) -> _Voice | None:
        if documents is None:
            return None
        voice = self._hear(name, documents)
        voice.allowed[DIRECT] = disj([voice.allowed.get(DIRECT, FALSE), self._off(name)])
        return voice

    def _service_controls(self, owned: Formula) -> tuple[Formula, Formula]:
        """What denies, and what must hold to pass."""
        if self.policies.principal_account_is_management:
            return FALSE, TRUE
        binds = conj([owned, negate(_LINKED)])
        denied, levels = [], []
        for level, documents in (self.policies.scp_levels or {}).items():
            voice = self._hear(f"scp:{level}", documents)
            denied.append(voice.denied)
            levels.append(disj([voice.allows(), self._off(f"scp:{level}")]))
        return conj([binds, disj(denied)]), disj([negate(binds), conj(levels)])

    def _resource_controls(self, same: Formula) -> Formula:
        levels = (self.policies.rcp_levels or {}).items()
        denied = [self._hear(f"rcp:{level}", documents, on_resource=True).denied for level, documents in levels]
        if not denied:
            return FALSE
        table = assumptions.rcp_table()
        covered = disj(_holds(f"{service}:*") for service in table["services"])
        covered = disj([covered, said(assumptions.SERVICE_OUTSIDE_RCP_LIST, "services with resource control policies")])
        unaffected = disj(map(_holds, table["unaffected_actions"]))
        of_management = same if self.policies.principal_account_is_management else FALSE
        return conj([disj(denied), covered, negate(unaffected), negate(of_management), negate(_LINKED)])

    def _hear_resource(self, same: Formula) -> _Voice:
        policies = self.policies
        bounded = policies.boundary is not None
        groups = [
            ("trust", policies.trust, disj([_TRUSTED, _VOUCHED])),
            ("key_policy", policies.key_policy, conj([_KMS, self._resource_holds("*:key/*")])),
            ("resource", policies.resource, TRUE),
        ]
        whole = _Voice()
        for name, documents, concerned in groups:
            voice = self._hear(name, documents, on_resource=True, bounded=bounded)
            whole.denied = disj([whole.denied, conj([voice.denied, concerned])])
            for way, formula in voice.allowed.items():
                whole.allowed[way] = disj([whole.allowed.get(way, FALSE), conj([formula, concerned])])
        through_point = conj([_S3, self._resource_holds("*:accesspoint/*")])
        closed = [conj([through_point, negate(said(assumptions.GRANT_ON_ACCESS_POINT, "the bucket agrees"))])]
        if policies.bpa.get("RestrictPublicBuckets"):
            public = disj(
                said(self.is_public(policy), f"public {number}") for number, policy in enumerate(policies.resource)
            )
            closed.append(conj([_S3, negate(Is(CallerKind.SERVICE)), negate(same), public]))
        for way, formula in whole.allowed.items():
            whole.allowed[way] = conj([formula, *map(negate, closed)])
        if policies.acl:
            listed = self._hear("acl", acl_policies(self.policies, self.resource), on_resource=True)
            if not self.resource:
                doubt = Open("the access control list of the resource")
                listed.allowed |= {ACCOUNT: doubt, DIRECT: doubt}  # it may grant to everybody
            concerned = conj([_S3, negate(through_point)])
            for way, formula in listed.allowed.items():
                whole.allowed[way] = disj([whole.allowed.get(way, FALSE), conj([formula, concerned])])
        return whole

    # -- statements --------------------------------------------------------------------------------------------

    def _hear(
        self, name: str, documents: Sequence[Policy], *, on_resource: bool = False, bounded: bool = False
    ) -> _Voice:
        voice = _Voice()
        denied: list[Formula] = []
        allowed: dict[str, list[Formula]] = {}
        for number, policy in enumerate(documents):
            label = f"{name}[{number}]" if len(documents) > 1 else name
            reader = self.documents[label] = Reader(policy, self.scene, label)
            for statement in policy.statements:
                rest = reader.but_principals(statement)
                ways = _ways(statement) if on_resource else _own(statement)
                if statement.effect is Effect.DENY:
                    forced = _forced(statement, bounded=bounded)
                    named = disj([*ways.values(), forced])
                    if (formula := conj([rest, named])) != FALSE:
                        denied.append(conj([formula, self._switch(f"{label}/{statement.index}")]))
                    continue
                for way, formula in ways.items():
                    allowed.setdefault(way, []).append(conj([rest, formula]))
        voice.denied = disj(denied)
        voice.allowed = {way: disj(formulas) for way, formulas in allowed.items()}
        return voice

    # -- shared ------------------------------------------------------------------------------------------------

    def _switch(self, name: str) -> Switch:
        return self.switches.setdefault(name, Switch(name))

    def _off(self, layer: str) -> Formula:
        """True only if it is asked what would be if the layer allowed everything."""
        return negate(self._switch(layer))

    def _resource_holds(self, pattern: str) -> Formula:
        return Holds(self.scene.rest, glob(tokens(pattern, wildcards=True, variables=False)))

    def _same_account(self) -> Formula:
        """Caller and resource are of one account; open if the owner of the resource is not told."""
        owner = self.owner or arns.account_of(self.resource)
        if owner:
            return conj([AWS, Holds(PRINCIPAL, account_glob(literal(owner)))])
        everything = Holds(self.scene.rest, literal("*"))
        return conj([AWS, disj([everything, Open("the owner of the resource is the caller's account")])])


def _not_told(policy: Policy) -> bool | None:
    return None


def weigh(
    policies: PolicySet, scene: Scene, *, resource: str = "", owner: str = "", is_public: IsPublic = _not_told
) -> Weighed:
    """`resource`: its ARN, empty if the question is about several; `owner`: its account, empty if it is not told.

    `is_public` tells of a bucket policy whether it is public as a whole, None if that is not known. Raises ValueError
    for an access control list that is not understood.
    """
    return _Weigher(policies, scene, resource, owner, is_public).weigh()


def documents_of(policies: PolicySet) -> list[Policy]:
    """Every document of the set."""
    levels = [*(policies.scp_levels or {}).values(), *(policies.rcp_levels or {}).values()]
    groups = [policies.identity, policies.resource, policies.trust, policies.key_policy, *levels]
    groups += [policies.boundary or (), policies.session or ()]
    return [policy for group in groups for policy in group]


def _own(statement: Statement) -> Ways:
    misplaced = statement.principals is not None or statement.resources is None
    return {DIRECT: said(assumptions.MISPLACED_PRINCIPAL, "misplaced principal") if misplaced else TRUE}


def _ways(statement: Statement) -> Ways:
    principals = statement.principals
    if principals is None:
        return {DIRECT: said(assumptions.MISPLACED_PRINCIPAL, "misplaced principal")}
    entries = [entry for one in principals.entries for entry in _entry(one)]
    if principals.negated:
        return {DIRECT: negate(disj(formula for _, formula in entries))}
    ways: dict[str, list[Formula]] = {}
    for way, formula in entries:
        ways.setdefault(way, []).append(formula)
    return {way: disj(formulas) for way, formulas in ways.items()}


def _entry(entry: PrincipalEntry) -> list[tuple[str, Formula]]:
    if entry.kind is PrincipalKind.CANONICAL_USER:
        caller = conj([AWS, said(assumptions.CANONICAL_USER_IS_CALLER, f"the caller is {entry.value}")])
        return [(ACCOUNT, disj([caller, principal(entry)]))]
    if is_pattern(entry):
        return [(DIRECT, FALSE)]
    fields = arns.split(arns.normalise_principal(entry.value)) if entry.kind is PrincipalKind.AWS else None
    name = fields[5] if fields else ""
    if name == "root":
        return [(ACCOUNT, principal(entry))]
    if name.startswith("role/"):
        return [(VIA_SESSION, principal(entry))]
    if fields and name.startswith("user/") and assumptions.FEDERATED_USER_IS_NAMESAKE:
        user = name.rpartition("/")[2]
        session = concat(account_glob(literal(fields[4]))[:-1], literal(f"federated-user/{user}"))
        return [(DIRECT, principal(entry)), (VIA_SESSION, conj([AWS, FEDERATED_USER, Holds(PRINCIPAL, session)]))]
    return [(DIRECT, principal(entry))]


def _forced(statement: Statement, *, bounded: bool) -> Formula:
    """Whom a Deny with NotPrincipal reaches although it names him."""
    principals = statement.principals
    if principals is None or not principals.negated or any(entry.value == "*" for entry in principals.entries):
        return FALSE
    forced = []
    if bounded and assumptions.NOT_PRINCIPAL_DENIES_BOUNDED:
        forced.append(OWNED)
    if assumptions.NOT_PRINCIPAL_NEEDS_ACCOUNT:
        named = [entry for entry in principals.entries if entry.kind is PrincipalKind.AWS]
        accounts = [formula for entry in named for way, formula in _entry(entry) if way == ACCOUNT]
        forced.append(conj([AWS, negate(disj(accounts))]))
    return disj(forced)
