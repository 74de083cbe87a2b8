"""The policy checks with everything that there is to tell: outcome, reasons and, for a failure, proven mends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.policy import Policy

from . import custom
from .custom import Access, CheckResult, Result
from .found import FoundPolicy
from .mending import Beyond, Listed, Public
from .mends import Again, mends_of
from .outcome import Outcome, of_check

SECONDS = custom.SECONDS


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a mend may tie access to that is open to everybody: an organization's id, an account's id; empty if not
    known."""

    organization: str = ""
    account: str = ""


NOBODY = Owner()


def no_new_access(found: FoundPolicy, reference: Policy, *, seconds: float = SECONDS) -> Outcome:
    def check(policy: FoundPolicy) -> CheckResult:
        return custom.no_new_access(policy, reference, seconds=seconds)

    return _outcome(check, found, Beyond(reference))


def access_not_granted(found: FoundPolicy, access: Sequence[Access], *, seconds: float = SECONDS) -> Outcome:
    """Mends are looked for where one access is listed, as in the API."""

    def check(policy: FoundPolicy) -> CheckResult:
        return custom.access_not_granted(policy, access, seconds=seconds)

    return _outcome(check, found, Listed(access[0].actions, access[0].resources) if len(access) == 1 else None)


def no_public_access(found: FoundPolicy, *, owner: Owner = NOBODY, seconds: float = SECONDS) -> Outcome:
    def check(policy: FoundPolicy) -> CheckResult:
        return custom.no_public_access(policy, seconds=seconds)

    return _outcome(check, found, Public(found.resource_type, owner.organization, owner.account))


def _outcome(check: Again, found: FoundPolicy, target: Beyond | Listed | Public | None) -> Outcome:
    result = check(found)
    if result.result is not Result.FAIL or target is None:
        return of_check(result)
    return of_check(result, lambda: mends_of(result, target, check))
