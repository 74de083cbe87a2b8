"""What two texts of a policy allow, each that the other does not, in sentences. Pure."""

from __future__ import annotations

from typing import Any

from analyzers.policy import PolicyError, parse
from analyzers.reasoning import compare
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import CallerKind, Request
from analyzers.reasoning.sentences import spell_request
from analyzers.reasoning.verdict import Answer, Relation, Verdict

_RELATIONS = {
    Relation.EQUAL: "Both texts allow exactly the same requests.",
    Relation.WITHIN: "The changed text allows all that the present one does, and more.",
    Relation.CONTAINS: "The changed text allows less than the present one, and nothing else.",
    Relation.OVERLAPPING: "Each text allows something that the other does not.",
    Relation.DISJOINT: "No request is allowed by both texts.",
    Relation.UNKNOWN: "How the texts compare could not be proved.",
}


def difference(before: str, after: str, policy_type: PolicyType) -> dict[str, Any]:
    """`{relation, sentences}` of the texts alone, whatever other policies say. `relation` is that of the API-less
    question `reasoning.compare`; empty where one of the texts is missing or cannot be read."""
    if before == after:
        return {"relation": "equal", "sentences": ["The text is not changed."]}
    if not before.strip() or not after.strip():
        which = "There is no such policy now." if not before.strip() else "The policy would be taken away."
        return {"relation": "", "sentences": [which]}
    try:
        found = compare(parse(before), parse(after), policy_type=policy_type)
    except (PolicyError, ValueError) as error:
        return {"relation": "", "sentences": [f"The texts could not be compared: {error}"]}
    sentences = [_RELATIONS[found.relation]]
    sentences += _example("No longer allowed by the text", found.only_first)
    sentences += _example("Newly allowed by the text", found.only_second)
    return {"relation": found.relation.value, "sentences": sentences}


def _example(words: str, verdict: Verdict) -> list[str]:
    if verdict.witness is not None:
        return [f"{words}, for example: {_who(verdict.witness)} can {spell_request(verdict.witness)}."]
    if verdict.answer is Answer.UNKNOWN:
        return [f"{words}: not known. {verdict.reason}"]
    return []


def _who(request: Request) -> str:
    return "anybody, without signing the request," if request.caller_kind is CallerKind.ANONYMOUS else request.principal
