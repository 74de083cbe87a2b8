"""External access: who outside the zone of trust can reach a resource.

Only what is on the resource's side is read: the caller's own policies and control policies are not, since whoever
administers the caller's account can change them.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzers.policy import Policy, PolicyError, parse
from analyzers.reasoning import keys
from analyzers.reasoning.evaluate import Outcome, resource_side
from analyzers.reasoning.formula import Var
from analyzers.reasoning.memo import answers
from analyzers.reasoning.question import DEFAULT_SECONDS, ONLY_DENIES, Part, Question, Unanswered, Way
from analyzers.reasoning.request import Request
from analyzers.reasoning.scene import Scene

from .channels import TRAITS, Channel, Traits, channels
from .subject import Analysis, ExternalFinding, FurtherCondition, StatementRef, Subject, ZoneOfTrust
from .wording import summary

logger = logging.getLogger(__name__)

BEHIND = Var("rest of the bucket")
"""What a request through an access point names in the bucket behind it."""


def analyze(
    subject: Subject, zone: ZoneOfTrust, *, like_aws: bool = False, seconds: float = DEFAULT_SECONDS
) -> Analysis:
    """Every way into the resource from outside the zone, each with a witness that the evaluator has confirmed.

    `like_aws` reports all irreducible findings as the service does; else a smallest set that says the same.
    `seconds` limits each channel. Never raises for what stands in a policy: what cannot be understood or answered
    is said in `error`, and never taken for "no access".
    """
    traits = TRAITS.get(subject.type)
    if traits is None:
        return Analysis(error=f"Resources of type {subject.type} cannot be analysed for external access.")
    found, errors = channels(subject)
    controls, control_errors = _controls(subject)
    errors = [*filter(None, [subject.error]), *errors, *control_errors]
    restriction = _restriction(subject, zone, bool(control_errors))
    findings: list[ExternalFinding] = []
    for channel in found:
        question = _question(subject, channel, zone, traits, controls if zone.by_organization else ())
        try:
            if _closed_by_block(subject, channel, zone, traits, seconds):
                continue
            ways = answers(question, like_aws=like_aws, seconds=seconds)
        except Unanswered as error:
            errors.append(f"{channel.name or 'Policy'}: {error} Access could not be ruled out.")
            continue
        findings += [_finding(subject, channel, question, way, restriction) for way in ways]
    return Analysis(tuple(findings), "\n".join(errors))


def _controls(subject: Subject) -> tuple[tuple[Policy, ...], list[str]]:
    policies, errors = [], []
    for text in subject.control_documents:
        try:
            policies.append(parse(text))
        except PolicyError as error:
            errors.append(f"A resource control policy cannot be understood: {error}")
    return tuple(policies), errors


def _restriction(subject: Subject, zone: ZoneOfTrust, failed: bool) -> str:
    """`resourceControlPolicyRestriction`: with an account as zone, control policies are known but not evaluated."""
    if failed:
        return "FAILED_TO_EVALUATE_RCP"
    if not subject.control_documents:
        return "NOT_APPLICABLE"
    return "APPLIED" if zone.by_organization else "APPLICABLE"


def _question(
    subject: Subject, channel: Channel, zone: ZoneOfTrust, traits: Traits, controls: Sequence[Policy]
) -> Question:
    constants = {"aws:resourceaccount": subject.account, **(channel.constants or {})}
    if zone.organization:
        constants["aws:resourceorgid"] = zone.organization
    behind_point = bool(channel.resource)
    scene = Scene(channel.resource or subject.arn, "/object/" if behind_point else traits.separator, constants)
    parts = [Part(channel.policy, scene)]
    bucket = Scene(subject.arn, traits.separator, constants, BEHIND)
    parts += [Part(policy, bucket, gate=number) for number, policy in enumerate(channel.also, 1)]
    parts += [Part(policy, bucket if behind_point else scene, ONLY_DENIES) for policy in (*channel.denies, *controls)]
    return Question(
        parts=tuple(parts),
        services=traits.services,
        accounts=zone.accounts,
        organization=zone.organization,
        by_organization=zone.by_organization,
        canonical_users=zone.canonical_users,
        anonymous=traits.anonymous,
    )


def _closed_by_block(subject: Subject, channel: Channel, zone: ZoneOfTrust, traits: Traits, seconds: float) -> bool:
    """RestrictPublicBuckets: a policy that is public as a whole admits nobody outside the owner's account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    if not (channel.public_access_block or {}).get("RestrictPublicBuckets"):
        return False
    alone = ZoneOfTrust(False, frozenset({subject.account}), zone.organization)
    question = _question(subject, replace(channel, also=(), denies=()), alone, traits, ())
    return any(way.is_public for way in answers(question, like_aws=False, seconds=seconds))


def _finding(subject: Subject, channel: Channel, question: Question, way: Way, restriction: str) -> ExternalFinding:
    witness = replace(
        way.witness,
        resource=question.parts[0].scene.resource + way.witness.resource,
        resource_account=subject.account,
        context={**way.witness.context, **_told(question)},
    )
    proved, reason, assumptions = _replay(question, witness)
    return ExternalFinding(
        principal={way.principal[0]: way.principal[1]},
        action=way.actions,
        condition=dict(way.condition),
        is_public=way.is_public,
        sources=(channel.source,) if channel.source else (),
        restriction=restriction,
        summary=summary(subject, channel, way),
        witness=witness,
        statements=tuple(_references(channel, question, way)),
        proved=proved,
        reason=reason,
        further_conditions=tuple(dict.fromkeys(_further(question, way))),
        assumptions=assumptions,
    )


_SPELLED = {
    "aws:resourceorgid": "aws:ResourceOrgID",
    "s3:dataaccesspointaccount": "s3:DataAccessPointAccount",
    "s3:dataaccesspointarn": "s3:DataAccessPointArn",
}


def _told(question: Question) -> dict[str, str]:
    """What is known of every request and follows from nothing else in it, where a document asks for it."""
    texts = "".join(part.policy.text for part in question.parts).lower()
    constants = question.parts[0].scene.constants
    return {_SPELLED[key]: value for key, value in constants.items() if key in _SPELLED and key in texts}


def _replay(question: Question, witness: Request) -> tuple[bool, str, tuple[str, ...]]:
    """Ask the evaluator, which shares nothing with the solver, whether the witness is allowed.

    Whether it is, why not, and which readings of undocumented rules the answer rests on.
    """
    assumptions: list[str] = []
    denies = [part.policy for part in question.parts if part.gate == ONLY_DENIES]
    first = question.parts[0].scene.resource
    for part in question.parts:
        if part.gate == ONLY_DENIES:
            continue
        rest = witness.resource.removeprefix(first).removeprefix("/object")
        resource = witness.resource if part.scene.resource == first else part.scene.resource + rest
        decision = resource_side(replace(witness, resource=resource), [part.policy], denies)
        assumptions += decision.assumptions
        if decision.outcome is Outcome.ALLOW:
            continue
        if decision.outcome is Outcome.DENY:
            logger.error("The engines disagree about %s: %s", resource, decision.reason)
            reason = f"The concrete evaluator does not confirm the request: {decision.reason}"
            return False, reason, tuple(dict.fromkeys(assumptions))
        return False, decision.reason, tuple(dict.fromkeys(assumptions))
    return True, "", tuple(dict.fromkeys(assumptions))


def _references(channel: Channel, question: Question, way: Way) -> Iterator[StatementRef]:
    for number, index in way.statements:
        part = question.parts[number]
        statement = part.policy.statements[index]
        source = str((channel.source or {"type": "POLICY"})["type"]) if number == 0 else "POLICY"
        yield StatementRef(
            channel=source,
            name=channel.name if number == 0 else "",
            text=part.policy.text,
            statement=index,
            sid=statement.sid or "",
            effect=statement.effect.value,
            written=channel.written and number == 0,
        )


def _further(question: Question, way: Way) -> Iterator[FurtherCondition]:
    for number, index in way.statements:
        for condition in question.parts[number].policy.statements[index].conditions:
            if keys.limits_who(condition.key.lower()):
                continue
            operator = condition.operator
            name = f"{operator.qualifier}:{operator.name}" if operator.qualifier else operator.name
            yield FurtherCondition(name + ("IfExists" if operator.if_exists else ""), condition.key, condition.values)
