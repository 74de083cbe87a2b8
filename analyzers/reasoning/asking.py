"""The questions, each within hard limits: 2 s and 512 MB unless more is granted.

An answer that does not come in time is *unknown*, with the reason. The questions themselves are in `reach.py`
(`can`), `access.py` (`compare`, `grants`, `no_new_access`, `public`) and `ways.py` (`who`).
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from analyzers.policy.model import Policy

from .evaluate import Outcome
from .guard import OverLimit, within
from .policy_set import PolicySet
from .question import DEFAULT_SECONDS, SECONDS, Access, Listed, PolicyType, Question, Unanswered, Way
from .remedies import Advice
from .request import Request
from .verdict import COMPARED, GRANTS_NOTHING, NOT_PUBLIC, NOTHING_NEW, Answer, Comparison, Relation, Verdict

_HERE = "analyzers.reasoning"
_MODULES = ("access", "reach", "ways", "advice", "simulate", "solve_request")


def can(access: Access, *, seconds: float = SECONDS) -> Verdict:
    """As `reach.can`."""
    claim = f"{access.principal} can do none of it."
    return _verdict(claim, f"{_HERE}.reach:can", access, seconds=seconds)


def grants(
    policy: Policy, access: Listed, *, policy_type: PolicyType | None = None, seconds: float = SECONDS
) -> Verdict:
    """As `access.grants`."""
    return _verdict(GRANTS_NOTHING, f"{_HERE}.access:grants", policy, access, policy_type=policy_type, seconds=seconds)


def no_new_access(
    existing: Policy, new: Policy, *, policy_type: PolicyType | None = None, seconds: float = SECONDS
) -> Verdict:
    """As `access.no_new_access`."""
    return _verdict(
        NOTHING_NEW, f"{_HERE}.access:no_new_access", existing, new, policy_type=policy_type, seconds=seconds
    )


def public(policy: Policy, resource_type: str = "", *, seconds: float = SECONDS) -> Verdict:
    """As `access.public`."""
    return _verdict(NOT_PUBLIC, f"{_HERE}.access:public", policy, resource_type, seconds=seconds)


def compare(
    first: Policy, second: Policy, *, policy_type: PolicyType | None = None, seconds: float = SECONDS
) -> Comparison:
    """As `access.compare`."""
    try:
        found: Comparison = within(
            seconds, f"{_HERE}.access:compare", first, second, policy_type=policy_type, seconds=seconds
        )
        return found
    except OverLimit as error:
        return Comparison(Relation.UNKNOWN, *(_unknown(claim, error) for claim in COMPARED))


def who(question: Question, *, like_aws: bool = False, seconds: float = DEFAULT_SECONDS) -> tuple[Way, ...]:
    """As `ways.who`. Raises Unanswered."""
    try:
        found: tuple[Way, ...] = within(seconds, f"{_HERE}.ways:who", question, like_aws=like_aws, seconds=seconds)
        return found
    except OverLimit as error:
        raise Unanswered(f"{error}.") from error


def advise(request: Request, policies: PolicySet, *, seconds: float = SECONDS) -> Advice:
    """As `advice.advise`."""
    try:
        found: Advice = within(seconds, f"{_HERE}.advice:advise", request, policies, seconds=seconds)
        return found
    except OverLimit as error:
        return Advice(note=f"{error}.")


def solve(request: Request, policies: PolicySet, *, seconds: float = SECONDS) -> Outcome:
    """As `solve_request.solve`, with public access to buckets proved too."""
    try:
        found: Outcome = within(seconds, f"{_HERE}.solve_request:solve", request, policies, seconds=seconds)
        return found
    except OverLimit:
        return Outcome.UNKNOWN


def _verdict(claim: str, name: str, *values: Any, seconds: float, **named: Any) -> Verdict:
    try:
        found: Verdict = within(seconds, name, *values, seconds=seconds, **named)
        return found
    except OverLimit as error:
        return _unknown(claim, error)


def load() -> int:
    """Load everything that questions need; the bytes of data that the process then has."""
    for name in _MODULES:
        importlib.import_module(f"{_HERE}.{name}")
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _unknown(claim: str, error: OverLimit) -> Verdict:
    return Verdict(claim, Answer.UNKNOWN, f"{error}.")
