"""The playground: policies that somebody types in, and everything that can be said about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analyzers.checks import asking
from analyzers.checks.cli.output.json import outcome_of
from analyzers.checks.custom import Access, Result
from analyzers.checks.found import FoundPolicy, readable
from analyzers.checks.outcome import Outcome
from analyzers.checks.sources import File, Options, plain
from analyzers.checks.validating import validated
from analyzers.policy import Policy, PolicyError, parse
from analyzers.reasoning import explain
from analyzers.reasoning.access import type_of
from analyzers.reasoning.asking import compare
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer, Relation, Verdict

MOST = 100_000
"""Characters of a policy, and of the lists."""
SECONDS = 2.0
"""That one question may take."""
POLICY, REFERENCE = "policy.json", "reference.json"


@dataclass(frozen=True)
class Typed:
    """The fields of the form. `actions`, `resources`: separated by spaces, commas or lines."""

    policy: str = ""
    reference: str = ""
    actions: str = ""
    resources: str = ""
    policy_type: str = ""
    resource_type: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Typed:
        texts = {name: _plain(data.get(name, "")) for name in cls.__dataclass_fields__}
        known = texts["policy_type"] in set(PolicyType)
        return cls(**texts | {"policy_type": texts["policy_type"] if known else ""})

    def as_data(self) -> dict[str, str]:
        return asdict(self)

    @property
    def key(self) -> str:
        """The same for the same texts."""
        return "check:" + hashlib.sha256(json.dumps(self.as_data()).encode()).hexdigest()

    @property
    def too_large(self) -> str:
        for name, text in self.as_data().items():
            if len(text) > MOST:
                return f"{name}: {len(text):,} characters; at most {MOST:,} are checked here."
        return ""

    @property
    def access(self) -> Access:
        return Access(_listed(self.actions), _listed(self.resources))


def answer(typed: Typed) -> dict[str, Any]:
    """`{error, notes, findings, reference_findings, outcomes, relation}`, all of it JSON: what the page shows, but for
    mends, which take longer."""
    shown: dict[str, Any] = {
        "error": typed.too_large,
        "notes": [],
        "findings": [],
        "reference_findings": [],
        "outcomes": [],
        "relation": None,
    }
    if shown["error"] or not typed.policy.strip():
        return shown
    found = _found(typed, typed.policy, POLICY)
    shown["findings"] = outcome_of(validated(found))["problems"]
    reference = _reference(typed, found, shown)
    if found.unreadable:
        shown["notes"].append("The policy cannot be read yet, so nothing is asked.")
        return shown
    for ask in _questions(typed, found, reference):
        try:
            shown["outcomes"].append(outcome_of(ask()))
        except ValueError as error:
            shown["notes"].append(f"{error}")
    if reference is not None:
        shown["relation"] = _relation(found, reference, shown)
    return shown


def mended(typed: Typed) -> list[dict[str, Any]]:
    """The outcomes that fail, with the changes of the policy of which it is proved that they pass."""
    if typed.too_large or not typed.policy.strip():
        return []
    found = _found(typed, typed.policy, POLICY)
    reference = _reference(typed, found, {"reference_findings": [], "notes": []})
    if found.unreadable:
        return []
    failed = []
    for ask in _questions(typed, found, reference):
        try:
            outcome = ask()
        except ValueError:
            continue
        if outcome.result is Result.FAIL:
            failed.append(outcome_of(outcome.mended()))
    return failed


def _questions(typed: Typed, found: FoundPolicy, reference: Policy | None) -> Iterator[Callable[[], Outcome]]:
    if reference is not None:
        yield lambda: asking.no_new_access(found, reference, seconds=SECONDS)
    if typed.access.actions or typed.access.resources:
        yield lambda: asking.access_not_granted(found, [typed.access], seconds=SECONDS)
    if found.policy_type is PolicyType.RESOURCE:
        yield lambda: asking.no_public_access(found, seconds=SECONDS)


def _reference(typed: Typed, found: FoundPolicy, shown: dict[str, Any]) -> Policy | None:
    """The policy to compare with; what is wrong with it goes into what is shown."""
    if not typed.reference.strip():
        return None
    other = _found(typed, typed.reference, REFERENCE)
    shown["reference_findings"] = outcome_of(validated(other))["problems"]
    try:
        reference = parse(typed.reference, statement_required=False)
        if not found.unreadable:
            type_of(parse(typed.policy, statement_required=False), reference)
        return reference
    except PolicyError:
        shown["notes"].append("The reference cannot be read yet, so nothing is compared with it.")
    except ValueError as error:
        shown["notes"].append(f"{error} So nothing is compared.")
    return None


def _relation(found: FoundPolicy, reference: Policy, shown: dict[str, Any]) -> dict[str, Any] | None:
    """How the requests that both allow lie to each other, with an example of each difference."""
    try:
        policy = parse(found.variants[0].text, statement_required=False)
        compared = compare(policy, reference, policy_type=found.policy_type, seconds=SECONDS)
    except (PolicyError, ValueError) as error:
        shown["notes"].append(str(error))
        return None
    parts = [
        _part("Only the policy allows", compared.only_first, "policy"),
        _part("Only the reference allows", compared.only_second, "reference"),
        _part("Both allow", compared.both, "reference"),
    ]
    return {"relation": str(compared.relation), "sentence": _RELATIONS[compared.relation], "parts": parts}


_RELATIONS = {
    Relation.EQUAL: "Policy and reference allow exactly the same requests.",
    Relation.WITHIN: "The reference allows all that the policy does, and more.",
    Relation.CONTAINS: "The policy allows all that the reference does, and more.",
    Relation.OVERLAPPING: "Each allows something that the other does not; some requests are allowed by both.",
    Relation.DISJOINT: "No request is allowed by both.",
    Relation.UNKNOWN: "How they compare could not be proved. That must not be taken for safe.",
}


def _part(title: str, verdict: Verdict, where: str) -> dict[str, Any]:
    """`where`: whose statement lets the example in."""
    said = explain(verdict).sentences
    if verdict.answer is Answer.REFUTED:
        said = (said[1], *(f"By {culprit.statement} of the {where}." for culprit in verdict.culprits[:1]))
    elif verdict.answer is Answer.UNKNOWN:
        said = said[1:]
    return {"title": title, "answer": str(verdict.answer), "sentences": [readable(sentence) for sentence in said]}


def _found(typed: Typed, text: str, name: str) -> FoundPolicy:
    kind = PolicyType(typed.policy_type) if typed.policy_type else None
    (found,) = plain.read(File(name, Path(name), text), Options(policy_type=kind, resource_type=typed.resource_type))
    return found


def _plain(value: Any) -> str:
    """As it was typed, with one way of ending lines and without what cannot be kept."""
    text = str(value).replace("\r\n", "\n").replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split()[:500])
