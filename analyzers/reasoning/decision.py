"""The full decision about one request: every policy that has a say, weighed as AWS weighs them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Every truth here is three-valued. What cannot be told stays open through the whole formula and makes the answer
UNKNOWN exactly if it could change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from analyzers.policy import arn as arns
from analyzers.policy.model import Effect

from . import assumptions
from .bucket_access import IsPublic, acl_policies, public_by_form
from .evaluate import Decision, Outcome, Step
from .hearing import Said, hear, united
from .matching import Call, Truth, all_of, any_of, inverse
from .policy_set import Levels, PolicySet
from .request import CallerKind, Request
from .strength import Strength, is_federated_user, is_root, is_service_linked

_TRUSTED = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:assumerole"})
_VOUCHED = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
"""Calls that no AWS identity signs: only the role's trust policy and control policies on the role decide."""


class _Logic(StrEnum):
    """How the policy on the resource and those of the caller combine."""

    ORDINARY = "ordinary"
    RESOURCE_FIRST = "resource first"
    RESOURCE_ALONE = "resource alone"


@dataclass(slots=True)
class _Case:
    """Everything that was heard about one request."""

    logic: _Logic
    same_account: Truth
    identity: Said
    boundary: Said | None
    session: Said | None
    resource: Said
    service_controls: dict[str, Said]
    resource_controls: dict[str, Said]
    service_controls_bind: Truth
    resource_controls_bind: Truth
    identity_allows: Truth
    limits_allow: Truth
    blocked: Truth
    assumptions: set[str]


def decide(request: Request, policies: PolicySet, *, is_public: IsPublic = public_by_form) -> Decision:
    """Whether AWS would allow the request.

    `is_public` tells of a bucket policy whether it is public as a whole (for RestrictPublicBuckets); None: unknown.
    Raises ValueError for an access control list that is not understood.
    """
    case = _hear(request, policies, is_public)
    denied = any_of(
        (
            case.identity.denied,
            case.resource.denied,
            case.boundary.denied if case.boundary else False,
            case.session.denied if case.session else False,
            *(all_of((said.denied, case.service_controls_bind)) for said in case.service_controls.values()),
            *(all_of((said.denied, case.resource_controls_bind)) for said in case.resource_controls.values()),
        )
    )
    passes = any_of(
        (
            inverse(case.service_controls_bind),
            all_of(said.allows() for said in case.service_controls.values()),
        )
    )
    granted = _granted(case)
    steps = tuple(_steps(case))
    if denied is True:
        return _denied(case, steps)
    allowed = all_of((passes, granted))
    if allowed is False:
        kept = tuple(sorted(case.assumptions & {"SERVICE_OUTSIDE_RCP_LIST"}))
        return Decision(Outcome.DENY, "implicit", _missing(case, passes), (), steps, kept)
    notes = tuple(sorted(case.assumptions))
    if denied is None or allowed is None:
        open_steps = [step for step in steps if step.truth is None]
        reason = _unclear(case, open_steps)
        return Decision(Outcome.UNKNOWN, None, reason, tuple(step.statement for step in open_steps), steps, notes)
    grants = _grants(case, steps)
    if direct := _passes_session(case):
        notes = tuple(sorted({*notes, direct}))
    reason = f"Allowed by {_spell(grants[0])}." if grants else "The root user may do what nothing forbids."
    return Decision(Outcome.ALLOW, None, reason, tuple(step.statement for step in grants), steps, notes)


# -- hearing -------------------------------------------------------------------------------------------------------


def _hear(request: Request, policies: PolicySet, is_public: IsPublic) -> _Case:
    call = Call(request)
    action = request.action.lower()
    logic = _logic(call, action)
    notes: set[str] = set()
    same = _same_account(call)
    owned = logic is not _Logic.RESOURCE_ALONE
    identity = hear("identity", policies.identity if owned else (), call)
    boundary = hear("boundary", policies.boundary, call) if owned and policies.boundary is not None else None
    session = hear("session", policies.session, call) if owned and policies.session is not None else None
    session_allows: Truth = session.allows() if session else not (owned and is_federated_user(call))
    resource, blocked = _hear_resource(call, action, policies, same, is_public, bounded=boundary is not None)
    linked = is_service_linked(call)
    service_controls_bind: Truth = False
    if call.kind is CallerKind.AWS and owned and not policies.principal_account_is_management:
        service_controls_bind = inverse(linked)
    case = _Case(
        logic=logic,
        same_account=same,
        identity=identity,
        boundary=boundary,
        session=session,
        resource=resource,
        service_controls=_hear_levels("scp", policies.scp_levels, call),
        resource_controls=_hear_levels("rcp", policies.rcp_levels, call, on_resource=True),
        service_controls_bind=service_controls_bind,
        resource_controls_bind=_resource_controls_bind(action, policies, same, linked),
        identity_allows=True if owned and is_root(call) else identity.allows(),
        limits_allow=all_of((boundary.allows() if boundary else True, session_allows)),
        blocked=blocked,
        assumptions=notes,
    )
    for said in (identity, boundary, session, resource):
        notes |= said.assumptions if said else set()
    if case.resource_controls_bind is None and any(s.denied is not False for s in case.resource_controls.values()):
        notes.add("SERVICE_OUTSIDE_RCP_LIST")
    return case


def _logic(call: Call, action: str) -> _Logic:
    if action in _VOUCHED or call.kind is not CallerKind.AWS:
        return _Logic.RESOURCE_ALONE
    if action in _TRUSTED or (action.startswith("kms:") and ":key/" in call.request.resource):
        return _Logic.RESOURCE_FIRST
    return _Logic.ORDINARY


def _same_account(call: Call) -> Truth:
    """Whether caller and resource are of one account; None if the owner of the resource is not told."""
    if call.kind is not CallerKind.AWS:
        return False
    owner = call.request.resource_account or arns.account_of(call.request.resource)
    if not owner:
        return True if call.request.resource == "*" else None
    return owner == call.account


def _hear_resource(
    call: Call, action: str, policies: PolicySet, same: Truth, is_public: IsPublic, *, bounded: bool
) -> tuple[Said, Truth]:
    """What the resource's own documents say, and whether Block Public Access closes the policy to this caller."""
    groups = {"resource": policies.resource}
    if action.startswith("kms:") and ":key/" in call.request.resource:
        groups["key_policy"] = policies.key_policy
    if action in _TRUSTED | _VOUCHED:
        groups["trust"] = policies.trust
    said = united(
        [hear(name, documents, call, on_resource=True, bounded=bounded) for name, documents in groups.items()]
    )
    if not action.startswith("s3:"):
        return said, False
    blocked: Truth = False
    if policies.bpa.get("RestrictPublicBuckets") and call.kind is not CallerKind.SERVICE:
        blocked = all_of((inverse(same), any_of(is_public(policy) for policy in policies.resource)))
        said.allowed = {strength: all_of((truth, inverse(blocked))) for strength, truth in said.allowed.items()}
    if ":accesspoint/" in call.request.resource:
        if said.allows() is not False:
            said.assumptions.add("GRANT_ON_ACCESS_POINT")
        agreed = assumptions.GRANT_ON_ACCESS_POINT
        said.allowed = {strength: all_of((truth, agreed)) for strength, truth in said.allowed.items()}
        return said, blocked  # an access control list lets nobody through an access point
    listed = hear("acl", acl_policies(policies, call.request.resource), call, on_resource=True)
    if listed.allows() is not False and "/" in call.request.resource:
        listed.assumptions.add("ACL_OF_AN_OBJECT_REQUEST")
    return united((said, listed)), blocked


def _hear_levels(name: str, levels: Levels | None, call: Call, *, on_resource: bool = False) -> dict[str, Said]:
    return {
        level: hear(f"{name}:{level}", documents, call, on_resource=on_resource)
        for level, documents in (levels or {}).items()
    }


def _resource_controls_bind(action: str, policies: PolicySet, same: Truth, linked: Truth) -> Truth:
    """Control policies bind the resources of member accounts, whoever calls but service-linked roles."""
    table = assumptions.rcp_table()
    if action in table["unaffected_actions"]:
        return False
    covered: Truth = True if action.partition(":")[0] in table["services"] else assumptions.SERVICE_OUTSIDE_RCP_LIST
    of_management = all_of((policies.principal_account_is_management, same))
    return all_of((covered, inverse(of_management), inverse(linked)))


# -- weighing ------------------------------------------------------------------------------------------------------


def _granted(case: _Case) -> Truth:
    if case.logic is _Logic.RESOURCE_ALONE:
        return case.resource.allows()
    own = all_of((case.identity_allows, case.limits_allow))
    abroad = all_of((own, case.resource.allows()))
    direct = case.resource.allows(Strength.DIRECT)
    if not assumptions.DIRECT_GRANT_PASSES_SESSION_POLICY and case.session is not None:
        direct = all_of((direct, case.session.allows()))
    at_home = any_of(
        (
            own if case.logic is _Logic.ORDINARY else all_of((own, case.resource.allows(Strength.ACCOUNT))),
            direct,
            all_of((case.resource.allows(Strength.VIA_ROLE, Strength.VIA_USER), case.limits_allow)),
        )
    )
    if case.same_account is None:
        return at_home if at_home == abroad else None
    return at_home if case.same_account else abroad


# -- telling -------------------------------------------------------------------------------------------------------


def _steps(case: _Case) -> list[Step]:
    voices = [case.identity, case.boundary, case.session, case.resource]
    steps = [step for said in voices if said for step in said.steps]
    if case.service_controls_bind is not False:
        steps += [step for said in case.service_controls.values() for step in said.steps]
    if case.resource_controls_bind is not False:
        steps += [step for said in case.resource_controls.values() for step in said.steps]
    return steps


def _grants(case: _Case, steps: tuple[Step, ...]) -> list[Step]:
    """The Allow statements that match and count: not those of resource control policies, nor those that Block Public
    Access voids."""
    found = [step for step in steps if step.truth and step.statement.effect is Effect.ALLOW]
    found = [step for step in found if not str(step.statement.document).startswith("rcp:")]
    return [step for step in found if not (case.blocked and str(step.statement.document).startswith("resource"))]


def _passes_session(case: _Case) -> str:
    """The assumption, if a direct grant is all there is and the session policy is silent."""
    if case.session is None or case.logic is _Logic.RESOURCE_ALONE or case.session.allows() is True:
        return ""
    return "DIRECT_GRANT_PASSES_SESSION_POLICY"


def _denied(case: _Case, steps: tuple[Step, ...]) -> Decision:
    open_controls = {"scp": case.service_controls_bind, "rcp": case.resource_controls_bind}
    denies = [
        step
        for step in steps
        if step.truth
        and step.statement.effect is Effect.DENY
        and open_controls.get(str(step.statement.document).partition(":")[0], True)
    ]
    reason = f"Denied by {_spell(denies[0])}."
    notes = tuple(sorted(note for note in case.assumptions if note.startswith("NOT_PRINCIPAL")))
    return Decision(Outcome.DENY, "explicit", reason, tuple(step.statement for step in denies), steps, notes)


_NAMES = {
    "identity": "the caller's policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "resource": "the resource's policy",
    "trust": "the role's trust policy",
    "key_policy": "the key policy",
    "acl": "the access control list",
    "scp": "the service control policy",
    "rcp": "the resource control policy",
}


def _spell(step: Step) -> str:
    """The statement and its document: `statement 0 (Sid) of the service control policy root[1]`."""
    kind, bracket, number = str(step.statement.document).partition("[")
    kind, _, level = kind.partition(":")
    which = f" {level}{bracket}{number}".rstrip()
    return f"{step.statement} of {_NAMES[kind]}{which}"


def _missing(case: _Case, passes: Truth) -> str:
    """The first thing that the request lacks, in a sentence."""
    if passes is False:
        level = next(level for level, said in case.service_controls.items() if said.allows() is False)
        return f"No service control policy at the level {level!r} allows it."
    if case.blocked and case.resource.allows() is False:
        return "Block Public Access restricts the bucket, whose policy is public, to its owner's account."
    if case.logic is _Logic.RESOURCE_ALONE:
        return "No statement on the resource allows it."
    if case.same_account is False and case.resource.allows() is False:
        return "The caller is of another account, and no statement on the resource allows it."
    if case.logic is _Logic.RESOURCE_FIRST and case.resource.allows() is False:
        return "No statement on the resource allows it, and policies of the caller alone are not enough here."
    through = case.resource.allows(Strength.VIA_ROLE, Strength.VIA_USER) is not False
    if case.identity_allows is False and not through:
        return "No policy of the caller allows it."
    if case.boundary is not None and case.boundary.allows() is False:
        return "The permissions boundary does not allow it."
    if case.session is not None and case.session.allows() is False:
        return "The session policy does not allow it."
    return "Nothing that the caller may use allows it."


def _unclear(case: _Case, open_steps: list[Step]) -> str:
    if open_steps:
        step = open_steps[0]
        deed = "denies" if step.statement.effect is Effect.DENY else "allows"
        return f"Whether {_spell(step)} {deed} it is not known: {step.reason.rstrip('.')}."
    if "GRANT_ON_ACCESS_POINT" in case.assumptions:
        return assumptions.BECAUSE["GRANT_ON_ACCESS_POINT"]
    if case.same_account is None:
        return "The account of the resource is not told, and the answer depends on it."
    if case.blocked is None:
        return "Whether the bucket's policy is public as a whole is not known, and the answer depends on it."
    return "Whether control policies bind this request is not known."
