"""From the policies of a principal and the evidence of its use to steps that are proven."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analyzers.policy import Effect, Policy, parse, pretty
from analyzers.reasoning.question import SECONDS
from analyzers.reasoning.verdict import Answer as Verdict
from analyzers.usage.evidence import Evidence, State

from . import fitting, proving
from .drafts import Draft, granted_by, read
from .inclusion import is_plain
from .judging import Granted, Judge, needing
from .narrowing import Effort, narrow
from .resources import Used, narrow_resources
from .sizing import Sizing
from .stepping import Stepping
from .values import Answer, Held, Kind, Left, Proof, Recommendation, Step

FITS = "The new policies fit AWS's limits on size and number."


def recommend(
    policies: Sequence[Held],
    evidence: Evidence,
    *,
    since: datetime,
    now: datetime,
    resources: bool = False,
    seconds: float = SECONDS,
) -> Recommendation:
    """What to do so that `evidence.principal` has nothing any more that is surely unused in [since, now].

    `policies`: all that it has, those of its groups too. `resources`: the stricter variant, which narrows resources
    besides. `seconds`: what the solver may take.
    """
    return _Work(policies, evidence, since, now, resources, seconds).done()


class _Work:
    def __init__(
        self,
        policies: Sequence[Held],
        evidence: Evidence,
        since: datetime,
        now: datetime,
        resources: bool,
        seconds: float,
    ) -> None:
        self.began = time.perf_counter()
        self.policies = tuple(policies)
        self.principal = evidence.principal
        self.judge = Judge(evidence, since, now)
        self.strict, self.seconds = resources, seconds
        self.left: list[Left] = []
        self.drafts = [draft for held in policies if (draft := self.read(held)) is not None]
        self.tests = [test for draft in self.drafts for test in granted_by(draft.policy)]
        self.judge.needed_by = needing(self.tests, self.judge)
        self.used = Used(self.judge) if resources else None
        read = {id(draft.held) for draft in self.drafts}
        self.unknown_groups = {one.via for one in policies if one.via and id(one) not in read and not one.arn}
        self.sizing = Sizing(self.principal, self.policies, self.drafts, self.rewrite, self.leaving)

    def done(self) -> Recommendation:
        if ":role/aws-service-role/" in self.principal:
            return self.result(refused="The role belongs to an AWS service: nobody else can change its policies.")
        for draft in self.drafts:
            if self.may_change(draft.held):
                self.rewrite(draft, Effort.PLAIN)
        changed = [draft for draft in self.drafts if draft.documents is not None]
        if not changed:
            return self.result(unchanged=True)
        if reason := self.sizing.fit():
            return self.result(refused=reason, proofs=(Proof(FITS, Answer.REFUTED, reason),))
        changed = [draft for draft in self.drafts if draft.documents is not None]
        if not changed:
            reason = "What is used would not fit into policies of the sizes that AWS allows."
            return self.result(refused=reason, proofs=(Proof(FITS, Answer.REFUTED, reason),))
        proofs = self.prove(changed)
        failed = next((proof for proof in proofs if proof.verdict is not Answer.PROVED), None)
        if failed:
            return self.result(refused=f"{failed.claim} This could not be proven: {failed.words}", proofs=proofs)
        stepping = Stepping(self.principal, self.policies, self.judge.now, self.leaving())
        return self.result(steps=stepping.steps(self.drafts), proofs=proofs, notes=self.notes())

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, held: Held) -> Draft | None:
        """The policy, if it can be worked on; otherwise it is left, and said why."""
        if held.kind is Kind.BOUNDARY:
            return None
        found = read(held)
        if isinstance(found, str):
            self.leave(held, found)
            return None
        return found

    def leave(self, held: Held, reason: str) -> None:
        self.left.append(Left(held, reason))

    # -- writing -------------------------------------------------------------------------------------------------------

    def may_change(self, held: Held) -> bool:
        """Permissions younger than the period are not judged; AWS changes its own policies all the time. A group can
        only be left if all that it gives is known."""
        if not held.by_aws and held.updated_at is not None and held.updated_at > self.judge.since:
            self.leave(held, f"It was changed on {held.updated_at:%Y-%m-%d}, within the period.")
            return False
        if held.via in self.unknown_groups:
            self.leave(held, f"It comes from {held.via}, of which an inline policy is not known, so it cannot be left.")
            return False
        return True

    def rewrite(self, draft: Draft, effort: Effort) -> None:
        """Write what takes the draft's place, in several documents if it has to be."""
        self.narrow(draft, effort)
        if draft.managed and draft.documents and fitting.size(draft.documents[0]) > fitting.MANAGED:
            if effort is Effort.PLAIN:
                self.narrow(draft, Effort.TIGHT)
            draft.documents = fitting.split(draft.documents[0]) or draft.documents
        self.left = [one for one in self.left if one.policy is not draft.held or one.statement is None]
        self.left += [Left(draft.held, reason, index) for index, reason in draft.narrowed.left]

    def narrow(self, draft: Draft, effort: Effort) -> None:
        narrowed = narrow(draft.document, self.judge, effort)
        if self.used:
            narrowed = narrow_resources(narrowed, self.used, tight=effort is not Effort.PLAIN)
        draft.narrowed, draft.effort = narrowed, effort
        if not narrowed.changes:
            draft.documents = None
            return
        statements = [statement for _, statement in narrowed.statements]
        single = isinstance(draft.document["Statement"], dict) and len(statements) == 1
        whole = {**draft.document, "Statement": statements[0] if single else statements}
        draft.documents = [whole] if statements else []

    def leaving(self) -> set[str]:
        """Groups that the principal must leave, because it uses less than they give."""
        return {one.held.via for one in self.drafts if one.held.via and one.documents is not None}

    # -- proving -------------------------------------------------------------------------------------------------------

    def prove(self, changed: Sequence[Draft]) -> tuple[Proof, ...]:
        only_on = self.used.only_on if self.used else {}
        new = {id(draft): [parse(pretty(document)) for document in draft.documents or ()] for draft in changed}
        began = time.perf_counter()
        against = next(filter(None, (proving.nothing_new(d.policy, new[id(d)]) for d in changed)), "")
        said = self.ask(proving.solver_nothing_new, changed, new)
        first = self.proof(proving.NOTHING_NEW, against, said, began)
        began = time.perf_counter()
        lost = (proving.nothing_lost(d.policy, new[id(d)], self.stays(d, only_on), only_on) for d in changed)
        against = next(filter(None, lost), "")
        said = self.ask(proving.solver_nothing_lost, changed, new, self.used_actions(), only_on)
        second = self.proof(proving.NOTHING_LOST, against, said, began)
        return first, second, Proof(FITS, Answer.PROVED, self.sizing.in_words(changed))

    def ask(self, question: Any, changed: Sequence[Draft], new: dict[int, list[Policy]], *more: Any) -> list[Verdict]:
        """The solver's answers, as far as its time goes."""
        said = []
        for draft in changed:
            seconds = self.seconds - (time.perf_counter() - self.began)
            if seconds <= 0:
                break
            said.append(question(draft.policy, new[id(draft)], *more, seconds))
        return said + [Verdict.UNKNOWN] * (len(changed) - len(said))

    def proof(self, claim: str, against: str, said: Sequence[Verdict], began: float) -> Proof:
        took = time.perf_counter() - began
        if Verdict.REFUTED in said:
            return Proof(claim, Answer.REFUTED, "The solver found a request that contradicts it.", took)
        everything = all(one is Verdict.PROVED for one in said)
        if against and not everything:
            return Proof(claim, Answer.UNKNOWN, against, took)
        ways = [] if against else ["statement by statement"]
        ways += ["for all requests by the solver"] if everything else []
        silent = "" if everything else " The solver did not answer in its time."
        return Proof(claim, Answer.PROVED, f"Proven {' and '.join(ways)}.{silent}", took)

    def stays(self, draft: Draft, only_on: proving.OnlyOn) -> list[str]:
        """The actions (lower case) that must stay allowed as they were, of the services that the policy names."""
        named = [
            pattern.lower()
            for one in draft.policy.statements
            if one.effect is Effect.ALLOW and one.actions and not one.actions.negated
            for pattern in one.actions.values
        ]
        prefixes = {one.partition(":")[0] for one in named}
        wide = any(not is_plain(one) for one in prefixes)
        negated = any(one.actions and one.actions.negated for one in draft.policy.statements)
        judged = map(self.judge.service, self.judge.prefixes if wide or negated else sorted(prefixes))
        known = (name for one in judged for name, told in one.names.items() if told.stays)
        unknown = (one for one in named if is_plain(one) and ":" in one and self.judge.action(one).stays)
        return [name for name in dict.fromkeys((*known, *unknown)) if name not in only_on]

    def used_actions(self) -> list[str]:
        judged = (self.judge.service(prefix) for prefix in self.judge.prefixes if self.is_used(prefix))
        return [name for one in judged for name, found in one.names.items() if found.told.state is State.USED]

    def is_used(self, prefix: str) -> bool:
        return self.judge.evidence.of_service(prefix, self.judge.since, self.judge.now).state is State.USED

    # -- telling -------------------------------------------------------------------------------------------------------

    def notes(self) -> tuple[str, ...]:
        found = []
        if any("*" in one.old and one.element != "Resource" and one.new for d in self.drafts for one in d.changes):
            found.append(
                "Where a wildcard was replaced by what it stands for, actions that AWS adds later, and those that the "
                "catalogue does not know, are no longer included."
            )
        if any(one.held.by_aws and one.documents for one in self.drafts):
            found.append("A policy managed by AWS is replaced by one of your own, which AWS does not keep up to date.")
        if ":role/aws-reserved/sso" in self.principal:
            found.append("IAM Identity Center owns the role: change its permission set, not the role.")
        if self.used:
            found.append("Requests through S3 access points, aliases and the like name other resources than events do.")
        for group in sorted(self.leaving()):
            found.append(f"The principal leaves {group}; what it needs of it is attached to the principal itself.")
        return tuple(found)

    def result(
        self,
        *,
        steps: tuple[Step, ...] = (),
        proofs: tuple[Proof, ...] = (),
        refused: str = "",
        unchanged: bool = False,
        notes: tuple[str, ...] = (),
    ) -> Recommendation:
        before = self.count(self.tests)
        after = before
        if steps:
            after = self.count([test for draft in self.drafts for test in self.new_tests(draft)])
        return Recommendation(
            principal=self.principal,
            since=self.judge.since,
            now=self.judge.now,
            resources=self.strict,
            steps=steps,
            proofs=proofs,
            refused=refused,
            unchanged=unchanged,
            left=tuple(dict.fromkeys(self.left)),
            notes=notes,
            policies=self.policies,
            actions_before=before,
            actions_after=after,
            seconds=time.perf_counter() - self.began,
        )

    def new_tests(self, draft: Draft) -> list[Granted]:
        if draft.documents is None:
            return granted_by(draft.policy)
        return [test for document in draft.documents for test in granted_by(parse(pretty(document)))]

    def count(self, tests: Sequence[Granted]) -> int:
        """Known actions that some statement allows."""
        total = 0
        for prefix in {prefix for test in tests for prefix in (test.services or self.judge.prefixes)}:
            asked = [test for test in tests if test.services is None or prefix in test.services]
            total += sum(any(test.match(name) for test in asked) for name in self.judge.service(prefix).names)
        return total
