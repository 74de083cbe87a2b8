"""From the policies of a principal and the evidence of its use to steps that are proven."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analyzers.policy import Effect, Policy, PolicyError, parse, pretty
from analyzers.reasoning.question import SECONDS
from analyzers.reasoning.verdict import Answer as Verdict
from analyzers.usage.evidence import Evidence, State

from . import fitting, proving
from .inclusion import Actions, is_plain
from .judging import Judge, needs_of
from .narrowing import Document, Effort, Narrowed, narrow
from .resources import Used, narrow_resources
from .values import Answer, Change, Held, Kind, Left, Proof, Recommendation, Step, StepAction

FITS = "The new policies fit AWS's limits on size and number."
_NO_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
_OURS = re.compile(r"-used-\d{8}(-\d+)?\Z")
_NAME_LENGTH = 128


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


@dataclass
class _Draft:
    """A policy in the making. `documents`: what takes its place; None: it stays as it is."""

    held: Held
    document: Document
    policy: Policy
    effort: Effort = Effort.PLAIN
    narrowed: Narrowed = field(default_factory=Narrowed)
    documents: list[Document] | None = None
    managed: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self.narrowed.changes) if self.documents is not None else ()

    @property
    def new(self) -> list[Document]:
        return [self.document] if self.documents is None else self.documents


def _read(held: Held) -> _Draft | str:
    """The policy, or why it cannot be worked on."""
    if not held.text:
        return "Its text is not known."
    try:
        policy = parse(held.text)
        document: Document = json.loads(held.text.removeprefix("\ufeff"))
    except PolicyError as error:
        return f"It cannot be understood: {error.message}"
    except ValueError:
        return "It is not JSON."
    if policy.opaque or any(one.opaque or one.principals for one in policy.statements):
        return "Something in it is not understood, or does not belong into such a policy."
    return _Draft(held, document, policy, managed=held.kind is Kind.MANAGED or bool(held.via))


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
        self.tests = [test for draft in self.drafts for test in tests_of(draft.policy)]
        self.judge.needs = needs_of(self.tests, self.judge)
        self.used = Used(self.judge) if resources else None

    def done(self) -> Recommendation:
        for draft in self.drafts:
            self.write(draft)
        changed = [draft for draft in self.drafts if draft.documents is not None]
        if not changed:
            return self.result(unchanged=True)
        if reason := self.fit():
            return self.result(refused=reason, proofs=(Proof(FITS, Answer.REFUTED, reason),))
        changed = [draft for draft in self.drafts if draft.documents is not None]
        if not changed:
            reason = "What is used would not fit into policies of the sizes that AWS allows."
            return self.result(refused=reason, proofs=(Proof(FITS, Answer.REFUTED, reason),))
        proofs = self.prove(changed)
        failed = next((proof for proof in proofs if proof.verdict is not Answer.PROVED), None)
        if failed:
            return self.result(refused=f"{failed.claim} This could not be proven: {failed.words}", proofs=proofs)
        return self.result(steps=self.steps(), proofs=proofs, notes=self.notes())

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, held: Held) -> _Draft | None:
        """The policy, if it can be worked on; otherwise it is left, and said why."""
        if held.kind is Kind.BOUNDARY:
            return None
        read = _read(held)
        if isinstance(read, str):
            self.leave(held, read)
            return None
        return read

    def leave(self, held: Held, reason: str) -> None:
        self.left.append(Left(held, reason))

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, draft: _Draft) -> None:
        if self.is_young(draft.held):
            self.leave(draft.held, f"It was changed on {draft.held.updated_at:%Y-%m-%d}, within the period.")
            return
        self.narrow(draft, Effort.PLAIN)
        if draft.managed and draft.documents and max(map(fitting.size, draft.documents)) > fitting.MANAGED:
            self.narrow(draft, Effort.TIGHT)
            self.split(draft)
        for index, reason in draft.narrowed.left:
            self.left.append(Left(draft.held, reason, index))

    def is_young(self, held: Held) -> bool:
        """Permissions younger than the period are not judged. AWS changes its own policies all the time."""
        return not held.by_aws and held.updated_at is not None and held.updated_at > self.judge.since

    def narrow(self, draft: _Draft, effort: Effort) -> None:
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

    def split(self, draft: _Draft) -> None:
        if draft.documents:
            draft.documents = fitting.split(draft.documents[0]) or draft.documents

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(self) -> str:
        """Make it fit. Why it does not, if it does not."""
        self.fit_inline()
        quota = self.quota()
        while self.attached() > quota or self.too_large():
            large = [one for one in self.drafts if one.documents and one.managed and one.effort is not Effort.COARSE]
            if not large:
                break
            draft = max(large, key=lambda one: sum(map(fitting.size, one.new)))
            self.narrow(draft, Effort.COARSE)
            self.split(draft)
            self.left += [Left(draft.held, reason, index) for index, reason in draft.narrowed.left]
        if self.too_large():
            return f"A new policy would have more than {fitting.MANAGED:,} characters, and cannot be divided."
        if self.attached() > quota:
            return f"{self.attached()} managed policies would be needed; at most {quota} can be attached."
        return ""

    def fit_inline(self) -> None:
        """Shorter texts; then the largest become managed policies."""
        limit = fitting.INLINE[fitting.owner_of(self.principal)]
        before = self.inline_size(old=True)
        for draft in self.drafts:
            if self.inline_size() > max(limit, before) and draft.documents and not draft.managed:
                self.narrow(draft, Effort.TIGHT)
        while self.inline_size() > max(limit, before):
            inline = [one for one in self.drafts if one.documents and not one.managed]
            if not inline:
                return
            largest = max(inline, key=lambda one: sum(map(fitting.size, one.new)))
            largest.managed = True
            self.split(largest)

    def inline_size(self, *, old: bool = False) -> int:
        drafts = [one for one in self.drafts if one.held.kind is Kind.INLINE and not one.held.via]
        return sum(
            fitting.size(document)
            for one in drafts
            if old or not one.managed
            for document in ([one.document] if old else one.new)
        )

    def attached(self) -> int:
        """Managed policies that would be attached to the principal itself."""
        leaving = self.groups_left()
        known = {id(one.held) for one in self.drafts}
        unread = [one for one in self.policies if one.kind is Kind.MANAGED and id(one) not in known]
        own = [one.via == "" or one.via in leaving for one in unread]
        drafts = [one for one in self.drafts if one.managed and (not one.held.via or one.held.via in leaving)]
        return sum(own) + sum(len(one.new) for one in drafts)

    def quota(self) -> int:
        now = sum(one.kind is Kind.MANAGED and not one.via for one in self.policies)
        return fitting.ATTACHED if now <= fitting.ATTACHED else fitting.ATTACHED_AT_MOST

    def too_large(self) -> bool:
        return any(
            fitting.size(document) > fitting.MANAGED
            for one in self.drafts
            if one.managed and one.documents
            for document in one.documents
        )

    # -- proving -------------------------------------------------------------------------------------------------------

    def prove(self, changed: Sequence[_Draft]) -> tuple[Proof, ...]:
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
        return first, second, Proof(FITS, Answer.PROVED, self.sizes(changed))

    def ask(self, question: Any, changed: Sequence[_Draft], new: dict[int, list[Policy]], *more: Any) -> list[Verdict]:
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

    def stays(self, draft: _Draft, only_on: proving.OnlyOn) -> list[str]:
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

    def sizes(self, changed: Sequence[_Draft]) -> str:
        managed = [fitting.size(one) for draft in changed if draft.managed for one in draft.documents or ()]
        told = []
        if managed:
            told.append(f"The largest new managed policy has {max(managed):,} of {fitting.MANAGED:,} characters")
        if any(not draft.managed for draft in changed):
            limit = fitting.INLINE[fitting.owner_of(self.principal)]
            told.append(f"all inline policies together {self.inline_size():,} of {limit:,}")
        told.append(f"{self.attached()} managed policies are attached ({self.quota()} are possible)")
        return f"{'; '.join(told)}."

    # -- telling -------------------------------------------------------------------------------------------------------

    def groups_left(self) -> set[str]:
        """Groups that the principal must leave, because it uses less than they give."""
        changed = {one.held.via for one in self.drafts if one.held.via and one.documents is not None}
        unknown = {one.policy.via for one in self.left if one.statement is None and not one.policy.arn}
        return {group for group in changed if group not in unknown}

    def steps(self) -> tuple[Step, ...]:
        leaving = self.groups_left()
        taken: set[str] = {one.name for one in self.policies if not one.via}
        steps: list[Step] = []
        for draft in self.drafts:
            if draft.held.via and draft.held.via not in leaving:
                continue
            if draft.documents is not None:
                steps += self.replaced(draft, taken)
            elif draft.held.via:
                steps.append(self.kept(draft.held, draft.document, taken))
        known = {id(draft.held) for draft in self.drafts}
        for held in self.policies:  # of a group that is left: what cannot be read stays attached by its ARN
            if held.via in leaving and id(held) not in known and held.arn and held.kind is Kind.MANAGED:
                steps.append(self.kept(held, None, taken))
        return tuple(steps)

    def replaced(self, draft: _Draft, taken: set[str]) -> Iterable[Step]:
        held, documents = draft.held, draft.documents or []
        many = len(documents) > 1
        group = f" The principal leaves {_last(held.via)}, whose other members are not concerned." if held.via else ""
        for number, document in enumerate(documents, 1):
            inline = not draft.managed
            name = held.name if inline else self.name(held, taken)
            part = f" ({number} of {len(documents)})" if many else ""
            what = "Overwrite it without what is unused" if inline else "Create and attach it without what is unused"
            yield Step(
                StepAction.CREATE_POLICY,
                held,
                text=pretty(document),
                name=name,
                kind=Kind.INLINE if inline else Kind.MANAGED,
                number=number,
                changes=draft.changes,
                words=f"{what}{part}.",
            )
        gone = "" if documents else " Nothing that it allows was used."
        verb = "Delete" if held.kind is Kind.INLINE else "Detach"
        what = "The old text is gone with it." if documents and not draft.managed else f"{verb} it.{gone}{group}"
        yield Step(StepAction.DETACH_POLICY, held, kind=held.kind, changes=draft.changes, words=what)

    def kept(self, held: Held, document: Document | None, taken: set[str]) -> Step:
        inline = held.kind is Kind.INLINE
        words = f"It stays as it is: attach it to the principal itself, which leaves {_last(held.via)}."
        return Step(
            StepAction.KEEP_POLICY,
            held,
            text=held.text if document is None else pretty(document),
            name=self.name(held, taken) if inline else held.name,
            kind=Kind.MANAGED,
            words=words,
        )

    def name(self, held: Held, taken: set[str]) -> str:
        """A name that says whose policy it is: names are unique in an account."""
        base = _OURS.sub("", _NO_NAME.sub("-", held.name))
        owner = _NO_NAME.sub("-", _last(self.principal))
        begun = base if base.startswith(f"{owner}-") else f"{owner}-{base}"
        ending = f"-used-{self.judge.now:%Y%m%d}"
        number = 1
        while True:
            tail = ending if number == 1 else f"{ending}-{number}"
            name = begun[: _NAME_LENGTH - len(tail)] + tail
            if name not in taken:
                taken.add(name)
                return name
            number += 1

    def notes(self) -> tuple[str, ...]:
        found = []
        if any(
            "*" in change.old and change.element != "Resource" and change.new
            for draft in self.drafts
            for change in draft.changes
        ):
            found.append(
                "Where a wildcard was replaced by what it stands for, actions that AWS adds later, and those that the "
                "catalogue does not know, are no longer included."
            )
        if any(one.held.by_aws and one.documents for one in self.drafts):
            found.append("A policy managed by AWS is replaced by one of your own, which AWS does not keep up to date.")
        if self.strict:
            found.append(
                "Requests through S3 access points, aliases and the like name other resources than the events."
            )
        for group in sorted(self.groups_left()):
            found.append(
                f"The principal leaves {group}; what it still needs of it is attached to the principal itself."
            )
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

    def new_tests(self, draft: _Draft) -> list[Granted]:
        if draft.documents is None:
            return tests_of(draft.policy)
        return [test for document in draft.documents for test in tests_of(parse(pretty(document)))]

    def count(self, tests: Sequence[Granted]) -> int:
        """Known actions that some statement allows."""
        prefixes = {prefix for test in tests for prefix in (test.services or self.judge.prefixes)}
        names = (name for prefix in prefixes for name in self.judge.service(prefix).names)
        return sum(any(test(name) for test in tests) for name in names)


class Granted:
    """Whether a statement that allows names an action (lower case). `services`: the only ones; None: any."""

    def __init__(self, patterns: Sequence[str], negated: bool) -> None:
        self._actions, self._negated = Actions(patterns), negated
        named = {one.partition(":")[0].lower() for one in patterns}
        self.services = None if negated or not all(map(is_plain, named)) else named

    def __call__(self, action: str) -> bool:
        return self._actions.match(action) != self._negated


def tests_of(policy: Policy) -> list[Granted]:
    return [
        Granted(one.actions.values, one.actions.negated)
        for one in policy.statements
        if one.effect is Effect.ALLOW and one.actions
    ]


def _last(arn: str) -> str:
    return re.split(r"[:/]", arn)[-1]
