"""Paths and their proofs in words: plain values for pages and for JSON."""

from __future__ import annotations

from typing import Any

from analyzers.kinds.paths.blockers import WhyNot
from analyzers.kinds.paths.graph import Move
from analyzers.kinds.paths.questions import Cited, Reply
from analyzers.kinds.paths.search import Path
from analyzers.policy.arn import account_of
from analyzers.reasoning import assumptions
from analyzers.reasoning.layers_in_words import spell


def path(found: Path) -> dict[str, Any]:
    """`{principal, known, steps, access}`; `access` is the proof of what comes after the last step, or None."""
    return {
        "principal": found.principal,
        "known": found.known,
        "steps": [step(one) for one in found.steps],
        "access": proof(found.access) if found.access else None,
    }


def step(move: Move) -> dict[str, Any]:
    taken = move.target.arn if move.target is not None and move.target.arn != move.source.arn else ""
    who, whom = name(move.source.arn), name(taken) if taken else ""
    if taken and account_of(taken) != account_of(move.source.arn):
        who, whom = (f"{name(arn)} of account {account_of(arn)}" for arn in (move.source.arn, taken))
    return {
        "from": move.source.arn,
        "to": taken,
        "method": move.method.name,
        "sentence": f"{who} can {move.method.does}" + (f": {whom}." if whom else "."),
        "source": move.method.source,
        "known": move.known,
        "reason": "" if move.known else move.reason,
        "note": move.note,
        "proofs": [proof(reply) for reply in move.replies],
    }


def proof(reply: Reply) -> dict[str, Any]:
    """`{allowed, reason, request, statements, assumptions}`; `allowed` null: not known."""
    return {
        "allowed": reply.truth,
        "reason": reply.reason,
        "request": reply.request.as_json() if reply.request else None,
        "statements": [cited(one) for one in reply.statements],
        "assumptions": [assumptions.BECAUSE[one] for one in reply.assumptions if one in assumptions.BECAUSE],
    }


def cited(one: Cited) -> dict[str, Any]:
    return {"document": one.layer, "where": spell(one.layer), "statement": one.statement, "sid": one.sid}


def answer(found: WhyNot) -> dict[str, Any]:
    """`{allowed, reason, request, statements, proved, obstacles, remedies, note}`."""
    advice = found.advice
    return {
        **proof(found.reply),
        "request": found.request.as_json(),
        "proved": found.proved,
        "obstacles": [
            {
                "layer": one.layer,
                "sentence": one.sentence,
                "sure": one.sure,
                "statement": cited(one.cited) if one.cited else None,
            }
            for one in found.obstacles
        ],
        "remedies": [
            [{"sentence": change.sentence, "example": change.example} for change in remedy.changes]
            for remedy in (advice.to_allow if advice else ())
        ],
        "note": advice.note if advice else "",
    }


def name(arn: str) -> str:
    """`role/app`, without the account."""
    fields = arn.split(":", 5)
    return fields[5] if len(fields) == 6 else arn
