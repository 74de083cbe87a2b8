"""What there is to tell about one policy, whatever was checked: the one shape that all formats are written from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import CallerKind, Request
from analyzers.reasoning.sentences import spell_request

from .custom import CheckResult, Result
from .found import FoundPolicy, Missing, Place, readable


class Level(StrEnum):
    """In falling order. UNKNOWN: it could not be decided, which is never to be taken for safe."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    UNKNOWN = "unknown"


class Problem(NamedTuple):
    """`code`: of the check or of the validation finding. `place`, `end`: of the culprit element. `elements`: the
    culprit elements, (place, text). `request`: one that would be allowed, in words."""

    code: str
    level: Level
    message: str
    place: Place
    end: Place | None = None
    statement: int | None = None
    sid: str = ""
    path: Path = ()
    elements: tuple[tuple[Place, str], ...] = ()
    request: str = ""
    help_url: str = ""


class Mend(NamedTuple):
    """A changed policy that is proven to pass. `diff`: unified; `text`: the whole policy; `is_file`: it is also the
    whole file. `changes`: (place, element in words, JSON before, JSON after), empty for what is not there. `paths`: of
    the changed elements. `loss`: what else is not allowed any more, a sentence; empty if it is proved that there is
    nothing. `in_file`: the diff is that of the file, not of the policy as it comes out of the file."""

    summary: str
    diff: str
    text: str = ""
    is_file: bool = False
    proof: tuple[str, ...] = ()
    changes: tuple[tuple[Place, str, str, str], ...] = ()
    paths: tuple[Path, ...] = ()
    loss: str = ""
    in_file: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check of one policy. `rule`, `why`: of the guardrail by which it was checked, if any. `mender` looks for
    mends, which takes longer than the verdict: `mended` is the outcome with them. `reference`: what the policy was
    compared with, in sentences."""

    check: str
    policy: FoundPolicy
    result: Result
    message: str
    problems: tuple[Problem, ...] = ()
    missing: tuple[Missing, ...] = ()
    mends: tuple[Mend, ...] = ()
    rule: str = ""
    why: str = ""
    reference: tuple[str, ...] = ()
    mender: Callable[[], tuple[Mend, ...]] | None = field(default=None, compare=False, repr=False)

    def mended(self) -> Outcome:
        return self if self.mender is None else replace(self, mends=self.mender(), mender=None)

    @property
    def name(self) -> str:
        """`no-public-access`, or with the rule `no-public-access (not-public)`."""
        return f"{self.check} ({self.rule})" if self.rule else self.check

    def by_rule(self, rule: str, why: str) -> Outcome:
        return replace(self, rule=rule, why=why)


def of_check(found: CheckResult, mender: Callable[[], tuple[Mend, ...]] | None = None) -> Outcome:
    """Of a custom policy check: a problem for each statement at fault; of an unknown result one for the policy."""
    level = Level.ERROR if found.result is Result.FAIL else Level.UNKNOWN
    problems = []
    for reason in found.reasons:
        elements = tuple((found.policy.where(path), readable(text)) for path, text in reason.elements)
        path = ("Statement", reason.statement_index)
        place = elements[0][0] if elements else found.policy.where(path)
        problems.append(
            Problem(
                str(found.check),
                level,
                readable(reason.description),
                place,
                statement=reason.statement_index,
                sid=readable(reason.statement_id),
                path=reason.elements[0][0] if reason.elements else path,
                elements=elements,
                request=_words(reason.witness, found.policy),
            )
        )
    if not problems and found.result is not Result.PASS:
        problems.append(Problem(str(found.check), level, found.message, found.policy.place))
    return Outcome(
        str(found.check), found.policy, found.result, found.message, tuple(problems), found.missing, mender=mender
    )


STRANGER = "999999999999"
"""The account of the caller in examples, where it can be any."""
_HOLDERS = {
    PolicyType.IDENTITY: "Whoever has this policy",
    PolicyType.SERVICE_CONTROL: "Somebody in an account under this policy",
}


def _words(request: Request | None, policy: FoundPolicy) -> str:
    """A request in one sentence."""
    if request is None:
        return ""
    who = _HOLDERS.get(policy.policy_type) or _caller(request)
    return f"{who} could call {spell_request(request)}."


def _caller(request: Request) -> str:
    who = request.principal
    match request.caller_kind:
        case CallerKind.ANONYMOUS:
            return "Anybody, without signing the request,"
        case CallerKind.SERVICE:
            return f"The AWS service {who}"
        case CallerKind.FEDERATED:
            return f"Somebody who signs in through {who.partition(':')[2]}"
    return f"Anybody with an AWS account ({who})" if f":{STRANGER}:" in who else who


def worst(outcomes: Sequence[Outcome]) -> Result:
    """Of several: a failure, else what is unknown."""
    results = {outcome.result for outcome in outcomes}
    return next((one for one in (Result.FAIL, Result.UNKNOWN) if one in results), Result.PASS)
