"""Whether a policy that somebody proposes mends a finding: the check is asked again, and whether it allows more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzers.checks import custom, guardrails
from analyzers.checks.custom import Access, Result
from analyzers.checks.found import FoundPolicy, Variant, marked
from analyzers.checks.outcome import Outcome
from analyzers.checks.sources import Options, Unreadable, read
from analyzers.checks.validating import VALIDATE, validated
from analyzers.policy import PolicyError, parse
from analyzers.policy.model import Effect

from .finding import Finding
from .wording import Unproven

NEW, GRANTED, PUBLIC = map(
    str, (custom.Check.NO_NEW_ACCESS, custom.Check.ACCESS_NOT_GRANTED, custom.Check.NO_PUBLIC_ACCESS)
)


@dataclass(frozen=True, slots=True)
class Prover:
    """What was checked is not in a result: it is given again. `reference`: a policy's text."""

    reference: str = ""
    access: Access | None = None
    guardrail: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)

    def __call__(self, finding: Finding, text: str) -> tuple[str, ...]:
        """Raises Unproven."""
        original = self._original(finding)
        proposed = replace(original, variants=(Variant(text),))
        try:
            effects = {one.effect for one in parse(text).statements}
        except PolicyError as error:
            raise Unproven("it is no policy that can be read.") from error
        if Effect.ALLOW not in effects:
            raise Unproven("it allows nothing.")
        if self._again(finding)(proposed) is not Result.PASS:
            raise Unproven("the check does not pass with it.")
        if validated(proposed).result is not Result.PASS:
            raise Unproven("AWS would refuse it or warn of it.")
        before = parse(original.variants[0].text)
        if custom.no_new_access(proposed, before).result is not Result.PASS:
            raise Unproven("it is not proved that it allows nothing new.")
        return (
            "The check passes with it.",
            "It allows nothing that was not allowed before; it may take away more than needed.",
        )

    def _original(self, finding: Finding) -> FoundPolicy:
        """The policy as it stands in its file now."""
        wanted = finding.policy
        if not wanted.file or not Path(wanted.file).is_file():
            raise Unproven("the file with the policy is not there, so nothing can be proved.")
        found = [
            one
            for one in read([wanted.file], self.options)
            if not isinstance(one, Unreadable) and (one.name, one.element) == (wanted.name, wanted.element)
        ]
        if len(found) != 1 or len(found[0].variants) != 1 or marked(found[0].variants[0].text) or found[0].unreadable:
            raise Unproven("not everything of the policy in its file is known, so nothing can be proved.")
        return found[0]

    def _again(self, finding: Finding) -> Callable[[FoundPolicy], Result]:
        if finding.rule:
            return self._rule(finding.rule)
        if finding.check == PUBLIC:
            return lambda policy: custom.no_public_access(policy).result
        if finding.check == VALIDATE:
            return lambda policy: validated(policy).result
        if finding.check == NEW and self.reference:
            reference = parse(self.reference, statement_required=False)
            return lambda policy: custom.no_new_access(policy, reference).result
        if finding.check == GRANTED and (access := self.access):
            return lambda policy: custom.access_not_granted(policy, [access]).result
        raise Unproven("what was checked has not been given again (--reference, --actions, --resources).")

    def _rule(self, name: str) -> Callable[[FoundPolicy], Result]:
        if not self.guardrail:
            raise Unproven("the guardrail has not been given again (--guardrail).")
        try:
            rules: Sequence[guardrails.Rule] = guardrails.load(self.guardrail, self.parameters).rules
        except guardrails.GuardrailError as error:
            raise Unproven("the guardrail cannot be read.") from error
        rule = next((one for one in rules if one.id == name), None)
        if rule is None:
            raise Unproven(f"the guardrail has no rule {name}.")

        def again(policy: FoundPolicy) -> Result:
            outcome: Outcome = guardrails.outcome(rule, policy)
            return outcome.result

        return again
