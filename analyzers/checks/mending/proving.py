"""What a candidate does, by proof: the target is gone, nothing is new, and what else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzers import catalogue
from analyzers.policy.model import Policy, PrincipalEntry, PrincipalKind
from analyzers.reasoning.access import no_new_access, public
from analyzers.reasoning.callers import CANONICAL, principal
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.formula import TRUE, Formula, Holds, Is, conj, disj, negate
from analyzers.reasoning.globs import literal
from analyzers.reasoning.inquiry import Settled
from analyzers.reasoning.matching import all_of, inverse
from analyzers.reasoning.request import CallerKind, Request
from analyzers.reasoning.sentences import spell_request
from analyzers.reasoning.symbolic import Reader, action
from analyzers.reasoning.verdict import Answer

from .ground import Ground, decides
from .targets import Public, resource_is
from .values import Loss, Used

MOST_USES = 300

GONE_SENTENCE = "The access is gone: no request of it is allowed any more."
NOTHING_NEW_SENTENCE = "Nothing is allowed that was not allowed before."
EXACT_SENTENCE = "It removes exactly this: everything else that was allowed still is."


class Tried(NamedTuple):
    """`refused`: why the candidate is not to be offered; empty if it is proved. `allowed`: what it allows."""

    refused: str
    loss: Loss
    allowed: Formula
    reader: Reader


def tried(ground: Ground, text: str, *, of_catalogue: bool = False) -> Tried:
    """The proof of one changed document. Raises OutOfTime and TooManyClasses."""
    policy, after, reader = ground.after(text)
    before = ground.allowed
    uses = _uses(ground)
    target = ground.target(after, *(formula for _, formula in uses), readers=(reader,))
    gone = conj([after, target])
    new = conj([after, negate(before)])
    taken = conj([before, negate(after), negate(ground.taken)])
    governed = disj(map(resource_is, ground.place.resources)) if ground.place.resources else TRUE
    known = [ground.known_members, governed, _not_the_owner(ground), _known_actions(ground) if of_catalogue else TRUE]
    lost = conj([taken, negate(target), *known])
    used = [
        (use, conj([taken, formula, negate(target), ground.known_members]), conj([taken, formula, target]))
        for use, formula in uses
    ]
    asked = [gone, new, lost, *(question for _, *pair in used for question in pair)]
    inquiry = ground.inquiry(asked, [reader])
    unknown = Loss(False, "")
    if inquiry.possible(gone) or not _passes(ground, policy):
        return Tried("it could not be proved that the access is gone", unknown, after, reader)
    if inquiry.possible(new):
        return Tried("it could not be proved that nothing new is allowed", unknown, after, reader)
    if text and no_new_access(ground.policy, policy, policy_type=ground.place.type).answer is not Answer.PROVED:
        return Tried("the check for new access does not pass", unknown, after, reader)
    settled = inquiry.settle(lost, lambda request: _is_lost(ground.policy, policy, request))
    others = tuple(spelled(use) for use, question, _ in used if inquiry.possible(question))
    itself = tuple(spelled(use) for use, _, question in used if inquiry.possible(question))
    return Tried("", _loss(settled, others, itself, ground, of_catalogue=of_catalogue), after, reader)


def _passes(ground: Ground, policy: Policy) -> bool:
    """What is public is told in the words of each document: the check itself has the last word."""
    target = ground.problem.target
    if not isinstance(target, Public) or not policy.statements:
        return True
    return public(policy, target.resource_type).answer is Answer.PROVED


def keeps_more(ground: Ground, one: Tried, other: Tried) -> bool:
    """Whether everything that `other` allows is allowed by `one`, which allows something besides."""
    asked = [conj([other.allowed, negate(one.allowed)]), conj([one.allowed, negate(other.allowed)])]
    inquiry = ground.inquiry(asked, [one.reader, other.reader])
    return not inquiry.possible(asked[0]) and inquiry.possible(asked[1])


def _is_lost(before: Policy, after: Policy, request: Request) -> Outcome:
    truth = all_of((decides(before, request), inverse(decides(after, request))))
    return {True: Outcome.ALLOW, False: Outcome.DENY, None: Outcome.UNKNOWN}[truth]


def _not_the_owner(ground: Ground) -> Formula:
    """Whose own account the resource is needs no access control list."""
    owner = ground.place.canonical_owner
    return negate(conj([Is(CallerKind.CANONICAL_USER), Holds(CANONICAL, literal(owner))])) if owner else TRUE


def _known_actions(ground: Ground) -> Formula:
    """One of the actions that the catalogue knows, of the services that the statements in question speak of."""
    prefixes = {
        pattern.partition(":")[0].lower()
        for index in ground.culprits
        if (patterns := ground.policy.statements[index].actions) is not None
        for pattern in patterns.values
    }
    found = [one.full_name for prefix in sorted(prefixes) for one in catalogue.actions_of(prefix)]
    return disj(action(name) for name in found)


# -- use -----------------------------------------------------------------------------------------------------------


def _uses(ground: Ground) -> list[tuple[Used, Formula]]:
    found = []
    for use in ground.problem.uses[:MOST_USES]:
        who, name, resource = use
        parts = [principal(PrincipalEntry(PrincipalKind.AWS, who)), action(name)]
        found.append((use, conj([*parts, resource_is(resource) if resource else TRUE])))
    return found


def spelled(use: Used) -> str:
    who, name, resource = use
    return f"{who} uses {name}" + (f" on {resource}" if resource else "")


# -- words ---------------------------------------------------------------------------------------------------------


def _loss(settled: Settled, used: Sequence[str], itself: Sequence[str], ground: Ground, *, of_catalogue: bool) -> Loss:
    witness = settled.witness
    if settled.answer is Answer.PROVED:
        sentence = EXACT_SENTENCE
        if of_catalogue:
            sentence += " This counts the actions that AWS documents; a new one would not be allowed by itself."
    elif settled.answer is Answer.REFUTED and witness is not None:
        sentence = f"Lost besides: for example {lost_request(witness)}."
    else:
        sentence = f"Whether something else is lost is not known: {settled.reason}"
    if len(ground.problem.uses) > MOST_USES:
        used = (*used, f"Only the first {MOST_USES} known uses were looked at.")
    return Loss(settled.answer is Answer.PROVED, sentence, witness, tuple(used), tuple(itself))


def lost_request(witness: Request) -> str:
    """ "the AWS service logs.amazonaws.com could call s3:PutObject on ..." """
    who = witness.principal
    if witness.caller_kind is CallerKind.ANONYMOUS:
        who = "somebody who does not sign the request"
    elif witness.caller_kind is CallerKind.SERVICE:
        who = f"the AWS service {who}"
    elif witness.caller_kind is CallerKind.FEDERATED:
        who = f"whoever {who.partition(':')[2]} vouches for"
    elif witness.caller_kind is CallerKind.CANONICAL_USER:
        who = f"the account with the canonical id {who.partition(':')[2]}"
    return f"{who} could call {spell_request(witness)}"
