"""An answer in plain sentences for people, and the same as a structure for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .layers_in_words import spell
from .request import CallerKind, Request
from .verdict import Answer, Blocker, Comparison, Culprit, Relation, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """`sentences` in reading order. `structure` is JSON: `claim`, `answer`, `reason`, `witness` (a request or null),
    `culprits` and `blockers` with the elements that matter and what would have to change; of a comparison `relation`
    and the three verdicts."""

    sentences: tuple[str, ...]
    structure: dict[str, Any]


def explain(found: Verdict | Comparison) -> Explanation:
    """What the answer means, which statements and elements it rests on, and what would change it."""
    return _verdict(found) if isinstance(found, Verdict) else _comparison(found)


def _verdict(verdict: Verdict) -> Explanation:
    structure = {
        "claim": verdict.claim,
        "answer": verdict.answer.value,
        "reason": verdict.reason,
        "witness": verdict.witness.as_json() if verdict.witness else None,
        "culprits": [_culprit(culprit) for culprit in verdict.culprits],
        "blockers": [_blocker(blocker) for blocker in verdict.blockers],
        "assumptions": list(verdict.assumptions),
    }
    if verdict.answer is Answer.UNKNOWN:
        said = [f"Not known: {verdict.claim}", verdict.reason, "It must not be taken for safe."]
    elif verdict.answer is Answer.PROVED:
        said = [f"Proved: {verdict.claim}", *map(_prevents, verdict.blockers)]
        if verdict.blockers:
            said.append("If any one of these were otherwise, there would be such a request.")
    else:
        said = [f"Refuted: {verdict.claim}"]
        if verdict.witness is not None:
            said.append(f"{_who(verdict.witness)} can {spell_request(verdict.witness)}.")
        for culprit in verdict.culprits:
            said += [_lets_in(culprit), _change(culprit)]
    return Explanation(tuple(sentence for sentence in said if sentence), structure)


_RELATIONS = {
    Relation.EQUAL: "The policies allow exactly the same requests.",
    Relation.WITHIN: "The second policy allows all that the first does, and more.",
    Relation.CONTAINS: "The first policy allows all that the second does, and more.",
    Relation.OVERLAPPING: "Each policy allows something that the other does not; some requests are allowed by both.",
    Relation.DISJOINT: "No request is allowed by both policies.",
    Relation.UNKNOWN: "How the policies compare could not be proved.",
}


def _comparison(comparison: Comparison) -> Explanation:
    said = [_RELATIONS[comparison.relation]]
    parts = {"only_first": comparison.only_first, "only_second": comparison.only_second, "both": comparison.both}
    told = {name: _verdict(verdict) for name, verdict in parts.items()}
    shown = {"only_first": "Only the first allows this", "only_second": "Only the second allows this"}
    for name, words in shown.items():
        verdict = parts[name]
        if verdict.witness is not None:
            said.append(f"{words}: {_who(verdict.witness)} can {spell_request(verdict.witness)}.")
            said += [_lets_in(culprit) for culprit in verdict.culprits]
        elif verdict.answer is Answer.UNKNOWN:
            said += list(told[name].sentences)
    structure = {"relation": comparison.relation.value, **{name: part.structure for name, part in told.items()}}
    return Explanation(tuple(said), structure)


def _who(request: Request) -> str:
    return "Anybody, without signing the request," if request.caller_kind is CallerKind.ANONYMOUS else request.principal


def spell_request(request: Request) -> str:
    """`s3:GetObject on arn:aws:s3:::b/k, if aws:SourceVpc is vpc-1`."""
    text = f"{request.action} on {request.resource}"
    terms = [
        f"{key} is {value if isinstance(value, str) else ' and '.join(value)}" for key, value in request.context.items()
    ]
    return text + (f", if {', '.join(terms)}" if terms else "")


def _lets_in(culprit: Culprit) -> str:
    parts = "; ".join(f"{part.kind} {part.text}" for part in culprit.parts)
    where = spell(str(culprit.statement.document))
    return f"{_capital(str(culprit.statement))} of {where} lets it in" + (f": {parts}." if parts else ".")


def _change(culprit: Culprit) -> str:
    kinds = list(dict.fromkeys(part.kind for part in culprit.parts if part.kind != "condition"))
    if not kinds:
        return "Remove that statement, or add a condition to it."
    named = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
    return f"Remove that statement, narrow its {named}, or add a condition."


def _prevents(blocker: Blocker) -> str:
    if blocker.statement is None:
        return f"Nothing in {spell(blocker.layer)} allows it."
    return f"{_capital(str(blocker.statement))} of {spell(blocker.layer)} denies it."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _culprit(culprit: Culprit) -> dict[str, Any]:
    return {
        **_reference(str(culprit.statement.document), culprit.statement.statement, culprit.statement.sid),
        "elements": [{"kind": p.kind, "path": list(p.path), "text": p.text} for p in culprit.parts],
        "change": _change(culprit),
    }


def _blocker(blocker: Blocker) -> dict[str, Any]:
    if blocker.statement is None:
        return {"document": blocker.layer, "statement": None, "sid": "", "change": "Add a statement that allows it."}
    told = _reference(blocker.layer, blocker.statement.statement, blocker.statement.sid)
    return {**told, "change": "Remove or narrow the statement."}


def _reference(document: str, statement: int, sid: str) -> dict[str, Any]:
    return {"document": document, "statement": statement, "sid": sid}
