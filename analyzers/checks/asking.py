"""The policy checks with everything that there is to tell: outcome, reasons and, for a failure, proven mends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analyzers.policy import Policy

from . import custom
from .custom import Access, CheckResult, Result
from .found import FoundPolicy
from .outcome import Mend, Outcome, of_check

if TYPE_CHECKING:
    from .mending.targets import Target

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

    def target() -> Target:
        from .mending import Beyond

        return Beyond(reference)

    outcome = _outcome(check, found, target)
    if outcome.result is Result.PASS:
        return outcome
    from .explaining import allowed_in_words

    return replace(outcome, reference=allowed_in_words(reference, found.policy_type))


def access_not_granted(found: FoundPolicy, access: Sequence[Access], *, seconds: float = SECONDS) -> Outcome:
    """Mends are looked for where one access is listed, as in the API."""

    def check(policy: FoundPolicy) -> CheckResult:
        return custom.access_not_granted(policy, access, seconds=seconds)

    def target() -> Target:
        from .mending import Listed

        return Listed(access[0].actions, access[0].resources)

    return _outcome(check, found, target if len(access) == 1 else None)


def no_public_access(found: FoundPolicy, *, owner: Owner = NOBODY, seconds: float = SECONDS) -> Outcome:
    """Of the account it is enough that the policy or its template tells it."""

    def check(policy: FoundPolicy) -> CheckResult:
        return custom.no_public_access(policy, seconds=seconds)

    def target() -> Target:
        from .mending import Public

        return Public(found.resource_type, owner.organization, owner.account or found.account)

    return _outcome(check, found, target)


def _outcome(
    check: Callable[[FoundPolicy], CheckResult], found: FoundPolicy, target: Callable[[], Target] | None
) -> Outcome:
    """Mends need the solver's modules, which take longer to load than most verdicts take."""
    result = check(found)
    if result.result is not Result.FAIL or target is None:
        return of_check(result)

    def mender() -> tuple[Mend, ...]:
        from .mends import mends_of

        return mends_of(result, target(), check)

    return of_check(result, mender)
