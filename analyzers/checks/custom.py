"""The custom policy checks: no new access, access not granted, no public access.

A check passes if it is proved for all values that are not known, fails if it is refuted for all, and is *unknown*
otherwise: never folded into a pass.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy.model import Effect, Path, Statement
from analyzers.policy.pattern import tokens
from analyzers.reasoning import asking
from analyzers.reasoning.globs import glob, matches
from analyzers.reasoning.matching import Call, Reading, inverse, match_statement
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer, Culprit, Verdict

from . import examples
from .examples import Forbidden
from .found import FoundPolicy, Missing, Variant, readable
from .short_forms import in_full, no_arns
from .unknowns import is_marked, narrowest, widest
from .words import Instance, instances, texts_of

SECONDS = 5.0
"""That the answer about one policy may take."""
PUBLIC_TYPES = frozenset(
    [
        "AWS::ApiGateway::RestApi",
        "AWS::Backup::BackupVault",
        "AWS::CloudTrail::Dashboard",
        "AWS::CloudTrail::EventDataStore",
        "AWS::CodeArtifact::Domain",
        "AWS::DynamoDB::Stream",
        "AWS::DynamoDB::Table",
        "AWS::EFS::FileSystem",
        "AWS::IAM::AssumeRolePolicyDocument",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Kinesis::StreamConsumer",
        "AWS::Lambda::Function",
        "AWS::OpenSearchService::Domain",
        "AWS::S3::AccessPoint",
        "AWS::S3::Bucket",
        "AWS::S3::Glacier",
        "AWS::S3Express::AccessPoint",
        "AWS::S3Express::DirectoryBucket",
        "AWS::S3Outposts::AccessPoint",
        "AWS::S3Outposts::Bucket",
        "AWS::S3Tables::Table",
        "AWS::S3Tables::TableBucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    ]
)
"""AccessCheckResourceType of the API."""


class Check(StrEnum):
    NO_NEW_ACCESS = "no-new-access"
    ACCESS_NOT_GRANTED = "access-not-granted"
    NO_PUBLIC_ACCESS = "no-public-access"


class Result(StrEnum):
    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Reason(NamedTuple):
    """A statement at fault. `statement_index` counts from 0; `elements`: (path, text) of those by which it is;
    `witness`: a request that it lets in and must not."""

    description: str
    statement_index: int
    statement_id: str = ""
    elements: tuple[tuple[Path, str], ...] = ()
    witness: Request | None = None


class Access(NamedTuple):
    """What must not be granted: one of the actions on one of the resources; an empty list stands for any."""

    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`missing`: the values that would decide an unknown result. `variant`: the one of the policy's variants that the
    reasons are about."""

    check: Check
    result: Result
    message: str
    policy: FoundPolicy
    reasons: tuple[Reason, ...] = ()
    missing: tuple[Missing, ...] = ()
    variant: Variant | None = None


Ask = Callable[[Policy], Verdict]
_PRINCIPALS = frozenset({PolicyType.RESOURCE, PolicyType.RESOURCE_CONTROL})
"""Types of policies that name principals."""


def no_new_access(found: FoundPolicy, reference: Policy, *, seconds: float = SECONDS) -> CheckResult:
    """That the policy allows nothing that the reference does not. Both must be of one type: that of `found`."""

    def ask(policy: Policy) -> Verdict:
        return asking.no_new_access(reference, policy, policy_type=found.policy_type, seconds=seconds)

    def is_new(request: Request) -> bool | None:
        return inverse(examples.allows(reference, request))

    if found.policy_type in _PRINCIPALS and any(
        statement.effect is Effect.ALLOW and statement.principals is None for statement in reference.statements
    ):
        message = (
            "The reference has a statement without principals, which a policy of a resource cannot be held against."
        )
        return CheckResult(Check.NO_NEW_ACCESS, Result.UNKNOWN, message, found)
    passed, fault = "It allows nothing that the reference does not.", "allows what the reference does not"
    return _check(Check.NO_NEW_ACCESS, found, ask, passed, fault, texts_of(json.loads(reference.text)), is_new)


def access_not_granted(found: FoundPolicy, access: Sequence[Access], *, seconds: float = SECONDS) -> CheckResult:
    """That the policy grants nothing of the listed access."""
    if wrong := [text for one in access for text in one.actions if not is_action(text)]:
        message = f"{wrong[0]!r} is no action: write service:Action, as in s3:GetObject."
        return CheckResult(Check.ACCESS_NOT_GRANTED, Result.UNKNOWN, message, found)
    if wrong := [text for one in access for text in one.resources if not is_resource(text)]:
        message = f"{wrong[0]!r} is no ARN: write arn:…, * and ? allowed."
        return CheckResult(Check.ACCESS_NOT_GRANTED, Result.UNKNOWN, message, found)
    listed = [(one.actions, one.resources) for one in access]

    def ask(policy: Policy) -> Verdict:
        return asking.grants(policy, listed, policy_type=found.policy_type, seconds=seconds)

    passed, fault = "It grants nothing of the listed access.", "grants access that must not be granted"

    def is_listed(request: Request) -> bool | None:
        return any(
            _covers(one.actions, request.action.lower()) and _covers(one.resources, request.resource) for one in access
        )

    compared = [text for one in access for text in (*one.actions, *one.resources)]
    return _check(Check.ACCESS_NOT_GRANTED, found, ask, passed, fault, compared, is_listed)


def _covers(patterns: Sequence[str], text: str) -> bool:
    """An empty list stands for any. Actions come in lower case."""
    given = (one.lower() if ":" in one and not one.startswith("arn:") else one for one in patterns)
    return not patterns or any(matches(glob(tokens(one, wildcards=True, variables=False)), text) for one in given)


def is_action(text: str) -> bool:
    """Whether a text may be a pattern of actions; one that is none matches nothing, and everything would pass."""
    return text == "*" or re.fullmatch(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+", text) is not None


def is_resource(text: str) -> bool:
    """As `is_action`, of ARNs."""
    return text.startswith(("arn:", "*", "?"))


def no_public_access(found: FoundPolicy, *, seconds: float = SECONDS) -> CheckResult:
    """That the policy lets nobody in who is not named or tied to something fixed. A policy that names no principals
    lets nobody in by itself: that is a pass, and said so."""
    if found.policy_type is not PolicyType.RESOURCE and not found.unreadable:
        message = "A policy of this type lets nobody in who has no access by other policies."
        return CheckResult(Check.NO_PUBLIC_ACCESS, Result.PASS, message, found)

    def ask(policy: Policy) -> Verdict:
        return asking.public(policy, found.resource_type, seconds=seconds)

    return _check(
        Check.NO_PUBLIC_ACCESS, found, ask, "It lets in nobody who is not named or tied down.", "gives public access"
    )


# -- one check -----------------------------------------------------------------------------------------------------


def _check(
    check: Check,
    found: FoundPolicy,
    ask: Ask,
    passed: str,
    fault: str,
    compared: Sequence[str] = (),
    forbidden: Forbidden | None = None,
) -> CheckResult:
    """`compared`: the texts that the policy's values are compared with, besides its own. `forbidden`: whether one
    request must not be allowed, for better examples."""
    if found.unreadable:
        return CheckResult(check, Result.UNKNOWN, found.unreadable, found)
    answers = [(variant, _answer(variant, found.policy_type, ask, compared, forbidden)) for variant in found.variants]
    results = {answer.result for _, answer in answers}
    if results == {Result.PASS}:
        return CheckResult(check, Result.PASS, passed, found)
    variant, answer = next((one for one in answers if one[1].result is Result.FAIL), answers[0])
    reasons = tuple(_reason(culprit, witness, fault) for culprit, witness in answer.culprits)
    if results == {Result.FAIL}:
        return CheckResult(check, Result.FAIL, reasons[0].description, found, reasons, variant=variant)
    missing = _missing(found, answers)
    unsure = next((one.reason for _, one in answers if one.reason), "")
    return CheckResult(check, Result.UNKNOWN, unsure or _depends(missing), found, reasons, missing, variant)


class _Answered(NamedTuple):
    """`culprits` of a failure: at least one, each with a request that it lets in if there is one at hand."""

    result: Result
    reason: str = ""
    culprits: tuple[tuple[Culprit, Request | None], ...] = ()


def _answer(
    variant: Variant, policy_type: PolicyType, ask: Ask, compared: Sequence[str], forbidden: Forbidden | None
) -> _Answered:
    """About one variant, for all values of what is not known in it."""
    try:
        written = json.loads(variant.text)
        document = in_full(written)
        if not is_marked(document):
            text = variant.text if document is written else json.dumps(document)
            return _seen(_asked(parse(text, statement_required=False), ask, forbidden), document)
        standing = instances(document, compared) or [Instance(document, {})]
        answers = [_bounded(one, policy_type, ask, forbidden) for one in standing]
    except (PolicyError, ValueError) as error:
        return _Answered(Result.UNKNOWN, f"It is no policy: {error}")
    if len({answer.result for answer in answers}) == 1:
        return _seen(answers[0], document)
    return _Answered(Result.UNKNOWN)


def _seen(answer: _Answered, document: object) -> _Answered:
    """Of what is no resource nothing is proved."""
    odd = next(no_arns(document), None) if answer.result is Result.PASS else None
    return answer if odd is None else _Answered(Result.UNKNOWN, f"{readable(odd)!r} is no ARN.")


def _asked(policy: Policy, ask: Ask, forbidden: Forbidden | None) -> _Answered:
    verdict = ask(policy)
    if verdict.answer is Answer.REFUTED:
        return _Answered(Result.FAIL, culprits=tuple(_culprits(policy, verdict, ask, forbidden)))
    return _Answered(Result.PASS if verdict.answer is Answer.PROVED else Result.UNKNOWN, verdict.reason)


def _bounded(instance: Instance, policy_type: PolicyType, ask: Ask, forbidden: Forbidden | None) -> _Answered:
    """For all values of what is still not known."""
    principals = policy_type in _PRINCIPALS
    wide = widest(instance.document, principals=principals)
    narrow = narrowest(instance.document, principals=principals)
    if wide is None or narrow is None:
        return _Answered(Result.UNKNOWN)
    exact = not is_marked(instance.document)
    answer = _asked(_parsed(wide.document), ask, forbidden)
    if answer.result is Result.PASS or (exact and answer.result is Result.UNKNOWN):
        return answer
    if not exact:
        answer = _asked(_parsed(narrow.document), ask, forbidden)
    if answer.result is not Result.FAIL:
        return _Answered(Result.UNKNOWN)
    culprits = (_in_place(*one, instance, narrow.statements, exact) for one in answer.culprits)
    return answer._replace(culprits=tuple(culprits))


def _culprits(
    policy: Policy, verdict: Verdict, ask: Ask, forbidden: Forbidden | None
) -> Iterator[tuple[Culprit, Request | None]]:
    """Each statement at fault, with a request that it lets in by itself."""
    for culprit in verdict.culprits:
        statement = policy.statements[culprit.statement.statement]
        found = _alone(policy, statement, culprit, verdict.witness, ask)
        if found[1] is not None and forbidden is not None:
            found = (found[0], examples.known(found[1], policy, statement, forbidden))
        yield found


def _alone(
    policy: Policy, statement: Statement, culprit: Culprit, witness: Request | None, ask: Ask
) -> tuple[Culprit, Request | None]:
    if witness is not None and match_statement(policy, statement, Call(witness, Reading.CHECK)).truth:
        return culprit, witness
    denies = [one for one in policy.statements if one.effect is Effect.DENY]
    alone = ask(replace(policy, statements=(statement, *denies)))
    return (alone.culprits[0], alone.witness) if alone.culprits else (culprit, None)


def _parsed(document: dict[str, object]) -> Policy:
    return parse(json.dumps(document), statement_required=False)


def _in_place(
    culprit: Culprit, witness: Request | None, instance: Instance, statements: Sequence[int], exact: bool
) -> tuple[Culprit, Request | None]:
    """With the indices and names that the policy itself has. Where patterns were left out, those that are there may
    stand elsewhere in the policy: only their element is told."""
    number = statements[culprit.statement.statement]
    parts = []
    for part in culprit.parts:
        path = part.path if exact else part.path[:3]
        parts.append(part._replace(path=("Statement", number, *path[2:]), text=instance.readable(part.text)))
    if witness is not None:
        witness = Request.from_json(json.loads(instance.readable(json.dumps(witness.as_json()))))
    return Culprit(culprit.statement._replace(statement=number), tuple(parts)), witness


def _missing(found: FoundPolicy, answers: Iterable[tuple[Variant, _Answered]]) -> tuple[Missing, ...]:
    """What would have to be known: the values in the variants, and the conditions by which results differ."""
    named = {one.name: one for one in found.missing}
    differ = len({answer.result for _, answer in answers}) > 1
    names = [name for variant, _ in answers for name, _ in variant.when] if differ else []
    wanted = [one.name for one in found.missing if one.name not in names]
    return tuple(named.get(name, Missing(name)) for name in dict.fromkeys([*names, *wanted]))


def _depends(missing: Sequence[Missing]) -> str:
    names = ", ".join(one.name for one in missing)
    return f"It depends on what is not known: {names}." if names else "It could not be decided."


def _reason(culprit: Culprit, witness: Request | None, fault: str) -> Reason:
    """Statements are counted from 0, as the service's own reasons do."""
    reference = culprit.statement
    name = f"Statement {reference.statement}" + (f" ({reference.sid})" if reference.sid else "")
    elements = tuple((part.path, part.text) for part in culprit.parts)
    return Reason(f"{name} {fault}.", reference.statement, reference.sid, elements, witness)
