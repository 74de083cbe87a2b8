"""Questions about what single policies allow: the policy checks.

A policy allows a request that some Allow statement matches and no Deny. Everything else is free: caller, action,
resource, every condition key, present or absent. Action and resource are independent, and no wildcard crosses a colon
of an ARN, as the answers of the service's own checks need it (SEMANTICS 5).
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from analyzers.policy.model import Effect, Policy, PrincipalKind, Statement
from analyzers.policy.pattern import tokens

from . import keys
from .automata import TooManyClasses
from .bucket_access import PUBLIC_PROVIDER
from .culprits import culprit
from .evaluate import Outcome, StatementRef
from .formula import TRUE, Formula, Holds, Is, Switch, conj, disj, negate
from .globs import glob
from .inquiry import Inquiry, Settled
from .labels import PRINCIPAL, labels_of
from .matching import Call, Reading, all_of, any_of, fields_match, glob_matches, inverse, match_statement
from .question import SECONDS, Listed, PolicyType
from .request import CallerKind, Request
from .scene import RESOURCE, Crossing, Scene, single_keys
from .space import OutOfTime
from .symbolic import Reader, action
from .verdict import (
    COMPARED,
    GRANTS_NOTHING,
    NOT_PUBLIC,
    NOTHING_NEW,
    Answer,
    Blocker,
    Comparison,
    Culprit,
    Relation,
    Verdict,
)

LAYER = "policy"


class Allowed:
    """What one policy allows, as formulas."""

    def __init__(self, policy: Policy, single: frozenset[str], name: str = LAYER) -> None:
        self.policy = policy
        self.name = name
        self.reader = Reader(policy, Scene(rest=RESOURCE, crossing=Crossing.NEVER, single=single))
        rules = [(statement, self.reader.statement(statement)) for statement in policy.statements]
        self.allows = [(statement, formula) for statement, formula in rules if statement.effect is Effect.ALLOW]
        self.denies = [(statement, formula) for statement, formula in rules if statement.effect is Effect.DENY]
        self.denied = disj(formula for _, formula in self.denies)
        self.formula = conj([disj(formula for _, formula in self.allows), negate(self.denied)])

    def switched(self) -> Formula:
        """The formula with a switch for each Deny, and for the silence of the Allow statements."""
        denied = disj(conj([formula, Switch(f"{self.name}/{s.index}")]) for s, formula in self.denies)
        allowed = disj([*(formula for _, formula in self.allows), negate(Switch(self.name))])
        return conj([allowed, negate(denied)])

    def allows_of(self, statement: Statement, formula: Formula) -> Formula:
        """What this one statement allows."""
        return conj([formula, negate(self.denied)])


def _allowed(policy: Policy, single: frozenset[str], name: str) -> Allowed:
    """What the policy allows, remembered. Of `single` only the keys matter that it compares with a set operator."""
    conditions = (condition for statement in policy.statements for condition in statement.conditions)
    sets = {condition.key.lower() for condition in conditions if condition.operator.qualifier is not None}
    return _known(policy, single & sets, name)


_known = lru_cache(maxsize=1024)(Allowed)


# -- questions -----------------------------------------------------------------------------------------------------


def grants(
    policy: Policy,
    access: Listed,
    *,
    policy_type: PolicyType | None = None,
    seconds: float = SECONDS,
) -> Verdict:
    """That the policy grants nothing of `access`: pairs of action patterns and resource patterns. One of the actions
    on one of the resources is enough; an empty list stands for any.

    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckAccessNotGranted.html
    """
    allowed = Allowed(policy, single_keys([policy]))
    listed = disj(_listed(actions, resources, allowed.reader) for actions, resources in access)
    return _refuse(GRANTS_NOTHING, allowed, listed, access, policy_type or type_of(policy), seconds)


def no_new_access(
    existing: Policy, new: Policy, *, policy_type: PolicyType | None = None, seconds: float = SECONDS
) -> Verdict:
    """That the new policy allows nothing that the existing one does not.

    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckNoNewAccess.html
    """
    kind = policy_type or type_of(existing, new)
    pair = _Pair(existing, new, kind, seconds)
    return pair.verdict(NOTHING_NEW, first=False, second=True)


def compare(
    first: Policy, second: Policy, *, policy_type: PolicyType | None = None, seconds: float = SECONDS
) -> Comparison:
    """How the requests that the policies allow lie to each other."""
    pair = _Pair(first, second, policy_type or type_of(first, second), seconds)
    only_first = pair.verdict(COMPARED[0], first=True, second=False)
    only_second = pair.verdict(COMPARED[1], first=False, second=True)
    both = pair.verdict(COMPARED[2], first=True, second=True)
    return Comparison(_relation(only_first.answer, only_second.answer, both.answer), only_first, only_second, both)


def public(policy: Policy, resource_type: str = "", *, seconds: float = SECONDS) -> Verdict:
    """That the policy lets nobody in who is not named, or tied to something fixed. `resource_type` as in the API.

    A service principal is nobody in particular, but no stranger. What ties: S3's "meaning of public".
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    allowed = Allowed(policy, single_keys([policy]))
    ties: list[Formula] = []
    for label in labels_of([(policy, allowed.reader)]):
        if label.component == PRINCIPAL:
            if not (label.key == PrincipalKind.FEDERATED and label.value == PUBLIC_PROVIDER):
                ties.append(label.formula)
        elif keys.is_fixed(label.component, label.value) and not _is_own_point(
            resource_type, label.component, label.value
        ):
            ties.append(label.formula)
    stranger = conj([negate(Is(CallerKind.SERVICE)), negate(disj(ties))])
    return _refuse(NOT_PUBLIC, allowed, stranger, (), PolicyType.RESOURCE, seconds)


def _is_own_point(resource_type: str, key: str, value: str) -> bool:
    """The policy of an access point that asks for an access point by a wildcard asks for nothing."""
    return resource_type.endswith("AccessPoint") and key == "s3:dataaccesspointarn" and "*" in value


def type_of(*policies: Policy) -> PolicyType:
    """What the policies look like. Raises ValueError if they are of different types."""
    found = {
        any(statement.principals is not None for statement in policy.statements)
        for policy in policies
        if policy.statements
    }
    if len(found) > 1:
        raise ValueError("One policy names principals and the other does not: they are of different types.")
    return PolicyType.RESOURCE if True in found else PolicyType.IDENTITY


# -- asking --------------------------------------------------------------------------------------------------------


def _callers(policy_type: PolicyType, *policies: Policy) -> dict[str, Any]:
    """Who calls at all. A canonical user is an AWS caller by another name, which matters only where it is used."""
    if policy_type not in {PolicyType.RESOURCE, PolicyType.RESOURCE_CONTROL}:
        return {"kind": CallerKind.AWS}
    entries = [
        entry for policy in policies for s in policy.statements if s.principals for entry in s.principals.entries
    ]
    named = any(entry.kind is PrincipalKind.CANONICAL_USER for entry in entries)
    return {} if named else {"facts": [negate(Is(CallerKind.CANONICAL_USER))]}


def _refuse(
    claim: str,
    allowed: Allowed,
    wanted: Formula,
    access: Listed,
    policy_type: PolicyType,
    seconds: float,
) -> Verdict:
    """That nothing which is wanted is allowed."""
    target = conj([allowed.switched(), wanted])
    parts = [conj([allowed.allows_of(s, formula), wanted]) for s, formula in allowed.allows]

    def confirm(request: Request) -> Outcome:
        return _outcome(all_of((decides(allowed.policy, request), _is_listed(access, request))))

    try:
        inquiry = Inquiry([target, *parts], [allowed.reader], **_callers(policy_type, allowed.policy), seconds=seconds)
        settled = inquiry.settle(target, confirm)
        if settled.answer is Answer.PROVED:
            blockers = _blockers(inquiry.blockers(target), {allowed.name: allowed.policy})
            return Verdict(claim, Answer.PROVED, blockers=blockers)
        return _told(claim, settled, _culprits(inquiry, allowed, parts, settled.witness))
    except (OutOfTime, TooManyClasses) as error:
        return too_much(claim, error, seconds)


class _Pair:
    """Two policies in one space."""

    def __init__(self, first: Policy, second: Policy, policy_type: PolicyType, seconds: float) -> None:
        single = single_keys([first, second])
        self.first, self.second = _allowed(first, single, "first"), _allowed(second, single, "second")
        self.seconds = seconds
        self._inquiry: Inquiry | None = None
        self._error: Exception | None = None
        formulas = [self.first.formula, self.second.formula]
        for one in (self.first, self.second):
            formulas += [one.allows_of(statement, formula) for statement, formula in one.allows]
        try:
            readers = [self.first.reader, self.second.reader]
            self._inquiry = Inquiry(formulas, readers, **_callers(policy_type, first, second), seconds=seconds)
        except (OutOfTime, TooManyClasses) as error:
            self._error = error

    def verdict(self, claim: str, *, first: bool, second: bool) -> Verdict:
        """That no request is allowed, or not, by the first and by the second policy in this way."""
        one = self.first.formula if first else negate(self.first.formula)
        other = self.second.formula if second else negate(self.second.formula)

        def confirm(request: Request) -> Outcome:
            truths = (decides(self.first.policy, request), decides(self.second.policy, request))
            wanted = zip(truths, (first, second), strict=True)
            return _outcome(all_of(truth if wish else inverse(truth) for truth, wish in wanted))

        if self._inquiry is None:
            return too_much(claim, self._error, self.seconds)
        try:
            settled = self._inquiry.settle(conj([one, other]), confirm)
            by = self.second if second else self.first
            parts = [conj([by.allows_of(s, f), other if by is self.first else one]) for s, f in by.allows]
            return _told(claim, settled, _culprits(self._inquiry, by, parts, settled.witness))
        except (OutOfTime, TooManyClasses) as error:
            return too_much(claim, error, self.seconds)


def _culprits(
    inquiry: Inquiry, allowed: Allowed, parts: Sequence[Formula], witness: Request | None
) -> tuple[Culprit, ...]:
    """The Allow statements that let in some such request."""
    if witness is None:
        return ()
    call = Call(witness, Reading.CHECK)
    return tuple(
        culprit(allowed.policy, statement, allowed.name, call)
        for (statement, _), formula in zip(allowed.allows, parts, strict=True)
        if match_statement(allowed.policy, statement, call).truth or inquiry.possible(formula)
    )


def _listed(actions: Sequence[str], resources: Sequence[str], reader: Reader) -> Formula:
    asked = disj(action(pattern) for pattern in actions) if actions else TRUE
    return conj([asked, disj(_resource(pattern) for pattern in resources) if resources else TRUE])


def _resource(pattern: str) -> Formula:
    if pattern == "*":
        return TRUE
    return Holds(RESOURCE, glob(tokens(pattern, wildcards=True, variables=False), fields=5))


def _is_listed(access: Listed, request: Request) -> bool:
    def action_is(pattern: str) -> bool:
        return glob_matches(tokens(pattern.lower(), wildcards=True, variables=False), request.action.lower())

    def resource_is(pattern: str) -> bool:
        return pattern == "*" or fields_match(tokens(pattern, wildcards=True, variables=False), request.resource)

    return not access or any(
        (not actions or any(map(action_is, actions))) and (not resources or any(map(resource_is, resources)))
        for actions, resources in access
    )


def decides(policy: Policy, request: Request) -> bool | None:
    """The evaluator's word on whether the policy alone allows the request."""
    call = Call(request, Reading.CHECK)
    matched = [(statement.effect, match_statement(policy, statement, call).truth) for statement in policy.statements]
    allowed = any_of(truth for effect, truth in matched if effect is Effect.ALLOW)
    denied = any_of(truth for effect, truth in matched if effect is Effect.DENY)
    return all_of((allowed, inverse(denied)))


def _outcome(truth: bool | None) -> Outcome:
    return {True: Outcome.ALLOW, False: Outcome.DENY, None: Outcome.UNKNOWN}[truth]


def _told(claim: str, settled: Settled, culprits: tuple[Culprit, ...]) -> Verdict:
    return Verdict(claim, settled.answer, settled.reason, settled.witness, culprits)


def _blockers(names: Iterable[str], documents: dict[str, Policy]) -> tuple[Blocker, ...]:
    found = []
    for name in names:
        layer, _, number = name.rpartition("/") if "/" in name else (name, "", "")
        reference = None
        if number:
            statement = documents[layer].statements[int(number)]
            reference = StatementRef(layer, statement.index, statement.sid or "", statement.effect)
        found.append(Blocker(layer, reference))
    return tuple(found)


def too_much(claim: str, error: Exception | None, seconds: float) -> Verdict:
    """What cannot be answered within the limits."""
    reason = f"The policies are too large to be told apart: {error}."
    if not isinstance(error, TooManyClasses):
        reason = f"No answer within {seconds:g} s."
    return Verdict(claim, Answer.UNKNOWN, reason)


def _relation(only_first: Answer, only_second: Answer, both: Answer) -> Relation:
    proved, unknown = Answer.PROVED, Answer.UNKNOWN
    if only_first is proved and only_second is proved:
        return Relation.EQUAL
    if unknown in (only_first, only_second):
        return Relation.UNKNOWN
    if only_first is proved:
        return Relation.WITHIN
    if only_second is proved:
        return Relation.CONTAINS
    if both is unknown:
        return Relation.UNKNOWN
    return Relation.DISJOINT if both is proved else Relation.OVERLAPPING
