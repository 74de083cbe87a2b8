"""Whether a caller can get at something, all policies taken together: the full decision, for all requests at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analyzers.policy import arn as arns
from analyzers.policy.model import Policy
from analyzers.policy.pattern import tokens

from .access import public, too_much
from .automata import TooManyClasses
from .callers import SESSION
from .culprits import culprit
from .decision import decide
from .evaluate import Outcome, StatementRef
from .formula import TRUE, Formula, Holds, Present, conj, disj
from .globs import glob
from .inquiry import Inquiry
from .layers import Weighed, weigh
from .matching import Call
from .points import Points, caller, points, told
from .question import SECONDS, Access
from .request import CallerKind, ContextValue, Request
from .scene import ACTION, RESOURCE, Crossing, Scene
from .space import OutOfTime, Vocabulary
from .symbolic import action
from .verdict import Answer, Blocker, Culprit, Verdict


def can(access: Access, *, seconds: float = SECONDS) -> Verdict:
    """That no request of the caller for one of the actions on one of the resources is allowed.

    Raises ValueError for an access control list that is not understood.
    """
    claim = f"{access.principal} can do none of it."
    try:
        return _can(claim, access, seconds)
    except (OutOfTime, TooManyClasses) as error:
        return too_much(claim, error, seconds)


def is_public(policy: Policy) -> bool | None:
    """Whether a bucket policy is public as a whole; None where that cannot be proved either way."""
    answer = public(policy, "AWS::S3::Bucket").answer
    return None if answer is Answer.UNKNOWN else answer is Answer.REFUTED


def _can(claim: str, access: Access, seconds: float) -> Verdict:
    sample = Request(access.principal, "", "", access.resource_account, access.context)
    owner = access.resource_account or _owner(access.resources)
    resource = access.resources[0] if len(access.resources) == 1 and not _is_pattern(access.resources[0]) else ""
    known = {**told(sample), **({"aws:resourceaccount": owner} if owner else {})}
    scene = Scene(rest=RESOURCE, crossing=Crossing.OPEN, known=known)
    weighed = weigh(access.policies, scene, resource=resource, owner=owner, is_public=is_public)
    target = conj([weighed.allowed, _asked(access)])
    asked = Vocabulary([target])
    inquiry = Inquiry(
        [target],
        weighed.documents.values(),
        facts=[Present(key) for key in sorted(asked.keys & known.keys())],
        points=_points(access, sample, known, resource, asked),
        kind=sample.caller_kind,
        constants={"aws:resourceaccount": owner} if owner else {},
        principal=access.principal,
        known=known,
        context=access.context,
        seconds=seconds,
    )

    def confirm(request: Request) -> Outcome:
        return decide(request, access.policies, is_public=is_public).outcome

    settled = inquiry.settle(target, confirm)
    if settled.witness is None:
        blockers = _blockers(inquiry.blockers(target), weighed) if settled.answer is Answer.PROVED else ()
        return Verdict(claim, settled.answer, settled.reason, blockers=blockers)
    decision = decide(settled.witness, access.policies, is_public=is_public)
    culprits = tuple(_culprits(decision.statements, settled.witness, weighed))
    return Verdict(claim, settled.answer, "", settled.witness, culprits, assumptions=decision.assumptions)


def _asked(access: Access) -> Formula:
    resources = [
        TRUE if pattern == "*" else Holds(RESOURCE, glob(tokens(pattern, wildcards=True, variables=False)))
        for pattern in access.resources
    ]
    return conj([disj(map(action, access.actions)) if access.actions else TRUE, disj(resources) if resources else TRUE])


def _points(
    access: Access, sample: Request, known: Mapping[str, ContextValue], resource: str, vocabulary: Vocabulary
) -> Points:
    """What is fixed: the caller, the keys that are known, and the resource if it is one."""
    fixed = points(sample, known, vocabulary)
    free = {ACTION, RESOURCE}
    if sample.caller_kind is CallerKind.AWS and not caller(access.principal)[1]:
        free.add(SESSION)  # a role stands for all of its sessions
    found = {
        var: values
        for var, values in fixed.items()
        if var not in free and (":" not in var.name or var.name.removesuffix("[]") in known)
    }
    return {**found, RESOURCE: (resource,)} if resource else found


def _owner(resources: Iterable[str]) -> str:
    """The account that all of the patterns name."""
    found = {arns.account_of(pattern) for pattern in resources}
    owner = found.pop() if len(found) == 1 else ""
    return owner if arns.is_account(owner) else ""


def _is_pattern(text: str) -> bool:
    return bool(set("*?") & set(text))


def _blockers(names: Iterable[str], weighed: Weighed) -> tuple[Blocker, ...]:
    return tuple(blocker_of(name, weighed) for name in names)


def blocker_of(name: str, weighed: Weighed) -> Blocker:
    """What the switch of this name stands for."""
    label, slash, number = name.rpartition("/")
    if not slash or label not in weighed.documents:
        return Blocker(name)
    statement = weighed.documents[label].policy.statements[int(number)]
    return Blocker(label, StatementRef(label, statement.index, statement.sid or "", statement.effect))


def _culprits(statements: Iterable[StatementRef], witness: Request, weighed: Weighed) -> Iterable[Culprit]:
    call = Call(witness)
    for reference in statements:
        reader = weighed.documents.get(str(reference.document))
        if reader is None or reference.statement >= len(reader.policy.statements):  # out of an access control list
            yield Culprit(reference)
            continue
        statement = reader.policy.statements[reference.statement]
        yield culprit(reader.policy, statement, str(reference.document), call)
