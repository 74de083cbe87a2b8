"""Whether a caller can do something somewhere: the cheap answers first, each as sure as the solver's.

1. No Allow statement names the action for the resource: no.
2. Not even the relaxed policies allow it: no.
3. The evaluator allows a request that the policies' own words suggest: yes, and that request is the witness.
4. Else the solver answers for all requests, and the evaluator confirms its witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product
from time import monotonic
from typing import Any, NamedTuple

from analyzers import reasoning
from analyzers.kinds.policy_sets import Side
from analyzers.policy import Effect, Policy
from analyzers.reasoning.bucket_access import acl_policies
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, Outcome
from analyzers.reasoning.matching import Call
from analyzers.reasoning.policy_set import Documents, PolicySet
from analyzers.reasoning.question import SECONDS, Access
from analyzers.reasoning.request import ContextValue, Request
from analyzers.reasoning.verdict import Answer

from .place import Place, narrowed
from .relaxed import action_matches, documents_by_label, each_document, mentioned, relaxed, specialised
from .suggested import suggestion

MOST_PLACES = 6
"""Resources that are tried where policies name more particular ones."""
MOST_REMEMBERED = 4


class Cited(NamedTuple):
    """A statement that lets the request through. `layer` as in `StatementRef.document`; `text` is its document."""

    layer: str
    statement: int
    sid: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`truth`: whether there is such a request; None: not known, and `reason` says why. Of a yes `request` is the
    witness that the evaluator allows, and `statements` allow it. Of a no `layers` prevent it, where that is known."""

    truth: bool | None
    reason: str = ""
    request: Request | None = None
    statements: tuple[Cited, ...] = ()
    assumptions: tuple[str, ...] = ()


NO = Reply(False)


@dataclass(frozen=True)
class Caller:
    """Who asks, with all that does not depend on the resource. `settled`: see `policy_sets.settled_keys`. `open`: a
    policy is not known, so that nothing can be proved and the solver need not be asked."""

    arn: str
    account: str
    policies: PolicySet
    context: Mapping[str, ContextValue]
    settled: frozenset[str]
    open: bool = False


class OutOfTime(Exception):
    """The time that was granted for all questions together is over."""


@dataclass
class Asking:
    """Asks, within `seconds` for all questions together, and remembers what helps with the next one."""

    seconds: float = 20.0
    each: float = SECONDS
    solved: int = 0
    asked: int = 0
    late: bool = False
    _began: float = field(default_factory=monotonic)
    _kept: dict[int, Policy] = field(default_factory=dict)
    _mentions: dict[tuple[Any, ...], tuple[str, ...]] = field(default_factory=dict)
    _relaxed: dict[tuple[Any, ...], Policy] = field(default_factory=dict)
    _lists: dict[tuple[int, tuple[str, ...]], tuple[Side, Documents]] = field(default_factory=dict)
    _helped: dict[tuple[Any, ...], list[Mapping[str, ContextValue]]] = field(default_factory=dict)

    # -- the question ------------------------------------------------------------------------------------------

    def ask(
        self,
        caller: Caller,
        actions: tuple[str, ...],
        place: Place,
        context: Mapping[str, ContextValue] | None = None,
    ) -> Reply:
        """Whether the caller can do one of the actions there. `context`: keys that every such request has.

        Past the granted time every question that is not cheap is answered with *unknown*, and `late` is set.
        """
        self.asked += 1
        try:
            return self._ask(caller, actions, place, context)
        except ValueError as error:
            return Reply(None, f"It cannot be understood: {error}")

    def _ask(
        self, caller: Caller, actions: tuple[str, ...], place: Place, context: Mapping[str, ContextValue] | None
    ) -> Reply:
        documents = (*place.side.documents, *self._listed(place))
        if caller.account and place.account and caller.account != place.account:
            actions = self.mentions(documents, actions, place.patterns, caller.account)  # both sides must allow
            documents = ()
        actions = self.mentions((*caller.policies.identity, *documents), actions, place.patterns)
        if not actions:
            return NO
        policies = joined(caller.policies, place)
        given = {**caller.context, **(context or {})}
        settled = caller.settled | {key.lower() for key in context or ()} | {"aws:resourceaccount"}
        loose = each_document(policies, lambda policy: self._loose(policy, place.patterns, settled))
        loose = replace(loose, bpa={})
        possible = []
        for action in actions:
            if self._possible(caller, action, place, loose, given):
                possible.append(action)
                found = self._suggested(caller, action, place, policies, given, settled)
                if found is not None:
                    return found
        if not possible:
            return NO
        if caller.open:
            return Reply(None, "A policy of the caller is not known.")
        return self._solve(caller, tuple(possible), place, policies, given, settled)

    def mentions(
        self, documents: Iterable[Policy], actions: tuple[str, ...], patterns: tuple[str, ...], account: str = ""
    ) -> tuple[str, ...]:
        """Those of the actions that some document may allow on one of the resources; in their order."""
        found: set[str] = set()
        for policy in documents if actions else ():
            key = (self._keep(policy), actions, patterns, account)
            told = self._mentions.get(key)
            if told is None:
                told = self._mentions[key] = mentioned(policy, actions, patterns, account)
            found.update(told)
            if len(found) == len(actions):
                break
        return tuple(action for action in actions if action in found)

    # -- the ways to an answer ---------------------------------------------------------------------------------

    def _possible(
        self, caller: Caller, action: str, place: Place, loose: PolicySet, given: Mapping[str, ContextValue]
    ) -> bool:
        """Whether the relaxed policies do not rule it out."""
        return any(
            decide(Request(caller.arn, action, wanted, place.account, given), loose).outcome is not Outcome.DENY
            for wanted in place.wanted
        )

    def _loose(self, policy: Policy, patterns: tuple[str, ...], settled: frozenset[str]) -> Policy:
        key = (self._keep(policy), patterns, settled)
        found = self._relaxed.get(key)
        if found is None:
            found = self._relaxed[key] = relaxed(policy, patterns, settled)
        return found

    def _suggested(
        self,
        caller: Caller,
        action: str,
        place: Place,
        policies: PolicySet,
        given: Mapping[str, ContextValue],
        settled: frozenset[str],
    ) -> Reply | None:
        helped = self._helped.setdefault((place.patterns, action), [])
        wanted = list(islice(dict.fromkeys(_wanted(action, place, policies)), MOST_PLACES))
        contexts: list[Mapping[str, ContextValue]] = [{}, *helped]
        if (suggested := suggestion(policies, action, settled)) not in contexts:
            contexts.append(suggested)
        for extra, resource in product(contexts, wanted):
            request = Request(caller.arn, action, resource, place.account, {**extra, **given})
            decision = decide(request, policies, is_public=self._is_public)
            if decision.outcome is Outcome.ALLOW:
                if extra:
                    self._remember(place, action, extra)
                return _yes(request, decision, policies)
        return None

    def _remember(self, place: Place, action: str, extra: Mapping[str, ContextValue]) -> None:
        helped = self._helped.setdefault((place.patterns, action), [])
        if extra not in helped:
            helped.insert(0, extra)
            del helped[MOST_REMEMBERED:]

    def _solve(
        self,
        caller: Caller,
        actions: tuple[str, ...],
        place: Place,
        policies: PolicySet,
        given: Mapping[str, ContextValue],
        settled: frozenset[str],
    ) -> Reply:
        left = self.seconds - (monotonic() - self._began)
        if left <= 0:
            self.late = True
            return Reply(None, "There was not enough time to prove it.")
        self.solved += 1
        call = Call(Request(caller.arn, actions[0], place.wanted[0], place.account, given))
        special = specialised(policies, call, settled)
        access = Access(special, caller.arn, actions, place.patterns, place.account, dict(given))
        verdict = reasoning.can(access, seconds=min(self.each, max(left, 0.1)))
        if verdict.answer is Answer.PROVED:
            return NO
        if verdict.witness is None:
            return Reply(None, verdict.reason)
        decision = decide(verdict.witness, policies, is_public=self._is_public)
        if decision.outcome is not Outcome.ALLOW:
            return Reply(None, decision.reason, verdict.witness)
        extra = {key: value for key, value in verdict.witness.context.items() if key not in given}
        self._remember(place, verdict.witness.action, extra)
        return _yes(verdict.witness, decision, policies)

    def access(self, caller: Caller, actions: tuple[str, ...], place: Place) -> Access:
        """The question as the solver takes it."""
        policies = joined(caller.policies, place)
        settled = caller.settled | {"aws:resourceaccount"}
        call = Call(Request(caller.arn, actions[0], place.wanted[0], place.account, caller.context))
        special = specialised(policies, call, settled)
        return Access(special, caller.arn, actions, place.patterns, place.account, dict(caller.context))

    def _listed(self, place: Place) -> Documents:
        """What an access control list says, as policies. Raises ValueError for one that is not understood."""
        if not place.side.acl:
            return ()
        key = (id(place.side), place.wanted)
        if key not in self._lists:
            side = place.side
            given = PolicySet(acl=side.acl, bpa=side.bpa, ownership=side.ownership)
            found = [policy for wanted in place.wanted for policy in acl_policies(given, wanted)]
            self._lists[key] = (side, tuple(found))
        return self._lists[key][1]

    # -- shared ------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        if monotonic() - self._began > self.seconds:
            self.late = True
        return self.late

    def _is_public(self, policy: Policy) -> bool | None:
        answer = reasoning.public(policy, "AWS::S3::Bucket", seconds=self.each).answer
        return None if answer is Answer.UNKNOWN else answer is Answer.REFUTED

    def _keep(self, policy: Policy) -> int:
        """An identity that stays the document's: hashing its content each time would cost more than the answer."""
        self._kept.setdefault(id(policy), policy)
        return id(policy)


def joined(own: PolicySet, place: Place) -> PolicySet:
    side = place.side
    return replace(
        own,
        resource=side.resource,
        trust=side.trust,
        key_policy=side.key_policy,
        acl=side.acl,
        bpa=side.bpa,
        ownership=side.ownership,
        rcp_levels=side.rcp_levels,
    )


def _wanted(action: str, place: Place, policies: PolicySet) -> Iterator[str]:
    """Resources to try: those that the policies themselves name, then the usual ones."""
    yield from place.wanted
    lower = action.lower()
    for _, policy in documents_by_label(policies):
        for statement in policy.statements:
            if statement.effect is not Effect.ALLOW or statement.resources is None or statement.resources.negated:
                continue
            if statement.actions is None or not any(action_matches(one, lower) for one in statement.actions.values):
                continue
            for pattern in statement.resources.values:
                for within in place.patterns:
                    if found := narrowed(pattern, within):
                        yield found


def _yes(request: Request, decision: Decision, policies: PolicySet) -> Reply:
    return Reply(True, decision.reason, request, tuple(cited(decision, policies)), decision.assumptions)


def cited(decision: Decision, policies: PolicySet) -> Iterator[Cited]:
    """The statements that a decision rests on, with the texts of their documents."""
    texts = texts_of(policies)
    for reference in decision.statements:
        label = str(reference.document)
        yield Cited(label, reference.statement, reference.sid, texts.get(label, ""))


def texts_of(policies: PolicySet) -> dict[str, str]:
    """The texts of the documents, by the names that decisions give them."""
    return {label: policy.text for label, policy in documents_by_label(policies)}
