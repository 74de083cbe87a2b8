"""A policy from recorded activity, proven to allow what was used, and to stay within a guardrail."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from analyzers import catalogue
from analyzers.checks.recommendation import fitting
from analyzers.checks.recommendation.narrowing import Document
from analyzers.checks.recommendation.proving import joined
from analyzers.checks.recommendation.values import Answer, Proof
from analyzers.policy import CURRENT_VERSION, Effect, Patterns, Policy, PolicyError, Statement, parse, pretty
from analyzers.policy.arn import split
from analyzers.reasoning import no_new_access
from analyzers.reasoning.question import SECONDS, PolicyType
from analyzers.reasoning.verdict import Answer as Verdict
from analyzers.usage.evidence import Evidence

from .activity import Activity, activity
from .guardrail import Bounded, Piece, bounded
from .values import Doing, Generated, Trail

ALL_USED = "The policy allows everything that was used."
ALL_USED_WITHIN = "The policy allows everything that was used and that the guardrail allows."
WITHIN = "The policy allows nothing that the guardrail does not."

_ANYTHING = Policy((Statement(0, Effect.ALLOW, actions=Patterns(("*",)), resources=Patterns(("*",))),), CURRENT_VERSION)
_NOT_IN_SID = re.compile(r"[^A-Za-z0-9]")


def generate(
    evidence: Evidence,
    *,
    start: datetime,
    end: datetime,
    include_resource_placeholders: bool = False,
    include_service_level_template: bool = False,
    guardrail: str = "",
    trails: Sequence[Trail] = (),
    seconds: float = SECONDS,
) -> Generated:
    """A policy of what `evidence.principal` did in [start, end].

    Options as in GetGeneratedPolicy. `guardrail`: a policy document that the result must stay within; one that cannot
    be read is a refusal. `seconds`: for each of the two proofs.
    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_GetGeneratedPolicy.html
    """
    began = time.perf_counter()
    did = activity(evidence, start, end)
    told: dict[str, Any] = {
        "principal": evidence.principal,
        "start": start,
        "end": end,
        "services_only": did.services_only,
        "denied_only": did.denied_only,
        "needed": did.needed,
        "gaps": did.gaps,
        "trails": tuple(trails),
    }

    def result(**more: Any) -> Generated:
        return Generated(**told, **more, seconds=time.perf_counter() - began)

    limit = _ANYTHING
    document: Document | None = None
    if guardrail:
        try:
            limit = parse(guardrail)
            document = json.loads(guardrail.removeprefix("\ufeff"))
        except PolicyError as error:
            return result(refused=f"The guardrail cannot be understood: {error.message}")
        if limit.version != CURRENT_VERSION or limit.opaque or any(s.opaque or s.principals for s in limit.statements):
            return result(refused="The guardrail must be an identity policy of version 2012-10-17.")
    done = (*did.done, *_whole_services(did)) if include_service_level_template else did.done
    cut = bounded(done, document) if document is not None else _unbounded(done)
    if not cut.pieces:
        return result(outside=cut.outside, refused="Nothing that was used lies within it." if done else _nothing(did))
    partition = (split(evidence.principal) or ("arn", "aws"))[1]
    plain = _documents(cut, "")
    shown = _documents(cut, partition) if include_resource_placeholders else plain
    if plain is None or shown is None:
        return result(refused="What was used does not fit into policies of the sizes that AWS allows.")
    new = [parse(json.dumps(one)) for one in plain]
    holds = any("${" in json.dumps(one) for one in shown) and shown != plain
    proofs = _proofs(limit, new, done, bool(guardrail), holds, seconds)
    failed = next((one for one in proofs if one.verdict is not Answer.PROVED), None)
    refused = f"{failed.claim} This could not be proven: {failed.words}" if failed else ""
    return result(
        policies=() if refused else tuple(map(pretty, shown)),
        done=tuple(done),
        outside=cut.outside,
        placeholders=holds and not refused,
        proofs=proofs,
        refused=refused,
    )


def _nothing(did: Activity) -> str:
    if did.services_only:
        return "It is known which services were used, but of no action: ask for the service-level template."
    return "No use is recorded in this time."


def _whole_services(did: Activity) -> Iterable[Doing]:
    return (Doing(f"{prefix}:*") for prefix in did.services_only)


def _unbounded(done: Sequence[Doing]) -> Bounded:
    return Bounded(tuple(Piece(one.action, one.resources) for one in done), (), ())


# -- writing -------------------------------------------------------------------------------------------------------


def _documents(cut: Bounded, placeholders: str) -> list[Document] | None:
    """`placeholders`: the partition to write them for; empty: none are written."""
    groups: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for piece in cut.pieces:
        scope = _scope(piece, placeholders)
        service = piece.action.partition(":")[0]
        _, actions = groups.setdefault(service + json.dumps(scope, sort_keys=True), (scope, []))
        actions.append(piece.action)
    statements: list[Document] = []
    counts: dict[str, int] = {}
    for scope, actions in groups.values():
        name = _NOT_IN_SID.sub("", actions[0].partition(":")[0]).capitalize() or "Used"
        counts[name] = counts.get(name, 0) + 1
        statements.append({"Sid": f"{name}{counts[name]}", "Effect": "Allow", "Action": actions, **scope})
    taken = {one["Sid"] for one in statements}
    statements += [{name: v for name, v in one.items() if name != "Sid" or v not in taken} for one in cut.denies]
    return fitting.split({"Version": CURRENT_VERSION, "Statement": statements})


def _scope(piece: Piece, placeholders: str) -> dict[str, Any]:
    """Everything of a statement but its actions."""
    scope: dict[str, Any] = {}
    if piece.other is not None:
        scope["NotResource"] = piece.other
    else:
        scope["Resource"] = list(piece.resources) or (_placeholders(piece.action, placeholders) or "*")
    if piece.condition:
        scope["Condition"] = piece.condition
    return scope


def _placeholders(action: str, partition: str) -> list[str]:
    """ARNs to fill in, of the types of resources that the action concerns; none: it concerns none in particular."""
    known = catalogue.action(action) if partition else None
    if known is None:
        return []
    types = {one.key: one.arn for one in catalogue.resource_types_of(known.service)}
    arns = (types[key] for key in known.resource_types if key in types)
    return sorted({arn.replace("${Partition}", partition) for arn in arns})


# -- proving -------------------------------------------------------------------------------------------------------


def _proofs(
    limit: Policy, new: Sequence[Policy], done: Sequence[Doing], guarded: bool, placeholders: bool, seconds: float
) -> tuple[Proof, ...]:
    beside = " With `*` in the place of each placeholder: fill in all that was used." if placeholders else ""
    claim = ALL_USED_WITHIN if guarded else ALL_USED
    found = [_proof(claim, joined(new), _cut_to(limit, done), beside, seconds)]
    if guarded:
        found.append(_proof(WITHIN, limit, joined(new), "", seconds))
    return tuple(found)


def _cut_to(limit: Policy, done: Sequence[Doing]) -> Policy:
    """Of what the limit allows only what was used: everything else is denied."""
    actions = tuple(one.action for one in done)
    everything = Patterns(("*",))
    cuts = [Statement(0, Effect.DENY, actions=Patterns(actions, negated=True), resources=everything)]
    for one in done:
        if one.resources:
            cuts.append(
                Statement(0, Effect.DENY, actions=Patterns((one.action,)), resources=Patterns(one.resources, True))
            )
    return joined([Policy((*limit.statements, *cuts), CURRENT_VERSION)])


def _proof(claim: str, existing: Policy, new: Policy, beside: str, seconds: float) -> Proof:
    began = time.perf_counter()
    said = no_new_access(existing, new, policy_type=PolicyType.IDENTITY, seconds=seconds)
    took = time.perf_counter() - began
    if said.answer is Verdict.PROVED:
        return Proof(claim, Answer.PROVED, f"Proven for all requests by the solver.{beside}", took)
    if said.answer is Verdict.REFUTED and said.witness:
        words = f"{said.witness.action} on {said.witness.resource} contradicts it."
        return Proof(claim, Answer.REFUTED, words, took)
    return Proof(claim, Answer.UNKNOWN, said.reason or "The solver does not know.", took)
