"""The mend of a failing check: a changed policy of which the check itself then says that it passes."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from analyzers.policy.model import Effect, Policy

from .custom import CheckResult, Result
from .found import FoundPolicy, Variant, mark, marks_in, pieces, words_in
from .mending import Candidate, Kind, Place, Problem, asked
from .mending.targets import Beyond, Public, Target
from .outcome import Mend

SECONDS = 6.0
MOST = 3

Again = Callable[[FoundPolicy], CheckResult]


def mends_of(result: CheckResult, target: Target, again: Again, *, seconds: float = SECONDS) -> tuple[Mend, ...]:
    """Of a failure, the best first; none if none can be proved. `again`: the check that failed."""
    found = result.policy
    if result.result is not Result.FAIL or len(found.variants) != 1:
        return ()
    standing = _Standing(found.variants[0].text, target.account if isinstance(target, Public) else "")
    place = Place(type=found.policy_type, may_vanish=False)
    if isinstance(target, Beyond):
        organization = _trusted_organization(target.reference)
        place = replace(place, organization=organization, by_organization=bool(organization))
    if isinstance(target, Public):
        target = replace(target, account=standing.filled(target.account))
        place = replace(place, organization=target.organization, account=target.account)
        place = replace(place, by_organization=bool(target.organization))
    candidates = sorted(asked(Problem(standing.text, target, place), seconds=seconds).candidates, key=_wanted(target))
    proved = (_mend(found, one, standing, again) for one in candidates if one.text)
    return tuple(one for one, _ in zip(filter(None, proved), range(MOST), strict=False))


def difference(before: str, after: str, name: str) -> str:
    """A unified diff. A JSON text on one line is spread over lines first, so that something can be seen."""
    if "\n" not in before.strip() and before.lstrip()[:1] == "{":
        before, after = (json.dumps(json.loads(text), indent=2, ensure_ascii=False) for text in (before, after))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="", n=3)
    return "\n".join(lines)


def _trusted_organization(reference: Policy) -> str:
    """The one organization that the reference lets in: whoever else is let in may be tied to it."""
    found = {
        value
        for statement in reference.statements
        if statement.effect is Effect.ALLOW
        for condition in statement.conditions
        if condition.key.lower() == "aws:principalorgid" and condition.operator.name == "StringEquals"
        for value in condition.values
    }
    return found.pop() if len(found) == 1 else ""


def _wanted(target: Target) -> Callable[[Candidate], int]:
    """Of a public policy what narrows it comes before a Deny, which keeps more: everybody stays named as if let in, and
    AWS services of whomever are let in. Whoever tells his organization wants it to be let in."""
    if not isinstance(target, Public):
        return lambda _: 0
    first = Kind.CONDITION if target.organization else Kind.PRINCIPAL
    return lambda one: 0 if one.kind is first else 2 if one.kind is Kind.DENY else 1


def _mend(found: FoundPolicy, candidate: Candidate, standing: _Standing, again: Again) -> Mend | None:
    text = standing.back(candidate.text)
    if again(replace(found, variants=(Variant(text),))).result is not Result.PASS:
        return None
    before = found.variants[0].text
    diff = difference(before, text, found.place.file)
    plain = not found.name and not found.element
    changes = tuple(
        (found.where(change.path), change.element, standing.back(change.before), standing.back(change.after))
        for change in candidate.changes
    )
    loss = standing.back(candidate.loss.sentence)
    exact = candidate.loss.exact
    proof = ("The check passes with it.", *candidate.proof, *([loss] if loss and exact else []))
    sentence = standing.back(candidate.sentence)
    paths = tuple(edit.path for edit in candidate.edits)
    return Mend(sentence, diff, text, plain, proof, changes, paths, "" if exact else loss)


class _Standing:
    """The text of a policy with something in place of what is not known, and the way back. `also`: a text whose marks
    may come in by a mend."""

    def __init__(self, text: str, also: str = "") -> None:
        self._words = {*words_in(text), *words_in(also)}
        names = list(dict.fromkeys([*marks_in(text), *marks_in(also)]))
        self._names: dict[str, str] = {}
        for number, name in enumerate(names):
            value = next(one for one in _values(name, number) if one not in text)
            self._names[value] = mark(name, word=name in self._words)
        self._values = {name: value for value, name in self._names.items()}
        self.text = self.filled(text)

    def filled(self, text: str) -> str:
        return "".join(self._filled(text))

    def _filled(self, text: str) -> Iterator[str]:
        names = marks_in(text)
        for part, kind in pieces(text):
            yield part
            if kind is not None:
                name = next(names)
                yield self._values[mark(name, word=name in self._words)]

    def back(self, text: str) -> str:
        for value, name in self._names.items():
            text = text.replace(value, name)
        return text


def _values(name: str, number: int) -> Iterator[str]:
    if name == "AWS::AccountId":
        yield from (f"{n:012}" for n in range(100_000_000_001, 100_000_000_100))
    yield from (f"value-not-known-{number}-{n}" for n in range(1_000))
