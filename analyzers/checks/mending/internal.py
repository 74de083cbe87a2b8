"""The smallest change that takes an internal finding away: one principal's access to one resource.

On the resource's side or on the principal's. Each candidate is proved on its document (nothing new, what else is lost),
and on the whole policy set: with all policies taken together the principal can do none of it any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from analyzers.checks.recommendation.inclusion import Actions
from analyzers.kinds.channels import TRAITS, channels
from analyzers.kinds.policy_sets import read, side_of
from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.policy import Policy, PolicyError, PrincipalEntry, PrincipalKind, Principals, parse
from analyzers.policy import arn as arns
from analyzers.reasoning.asking import can
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Access, PolicyType
from analyzers.reasoning.verdict import Answer

from .commands import put, put_identity
from .editing import Edit, apply
from .external import place_of, with_document
from .ground import Place, Problem
from .mend import SECONDS, asked, difference, told, weighed
from .proving import MOST_USES, NOTHING_NEW_SENTENCE, spelled
from .targets import Listed
from .values import Candidate, Kind, Loss, Mended, Used

NEW_POLICY = "DenyByFinding"
_NO_DOCUMENT = frozenset({"AWS::EC2::Snapshot", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot"})


@dataclass(frozen=True)
class Held:
    """A policy of the principal or of one of its groups. `owner`: ARN of whom it is attached to, or inline in;
    `arn`: of a managed policy; `others`: further principals who have it; `aws`: AWS wrote it, nobody here can."""

    text: str
    owner: str
    name: str
    arn: str = ""
    others: tuple[str, ...] = ()

    @property
    def by_aws(self) -> bool:
        return ":iam::aws:" in self.arn


@dataclass(frozen=True)
class Inside:
    """`policies`: everything on the principal's side, the resource's side empty. `granting`: texts of its policies that
    grant. `missing`: names of policies whose text is not known. `controlled`: whether control policies count. `owner`,
    `canonical`: canonical user ids of the resource's and of the principal's account, empty if they are not known.
    `point`: ARN of the access point that the access goes through."""

    principal: str
    actions: tuple[str, ...]
    subject: Subject
    policies: PolicySet
    held: tuple[Held, ...]
    granting: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    controlled: bool = False
    owner: str = ""
    canonical: str = ""
    uses: tuple[Used, ...] = ()
    point: str = ""


def mend_internal(inside: Inside, *, seconds: float = 3 * SECONDS) -> Mended:
    """Never raises for what stands in a policy."""
    if inside.point:
        said = f"This access goes through access point {inside.point}: its policy has to be changed."
        return Mended(note=f"{said} That is not proved here.")
    if inside.missing:
        return Mended(note=f"The text of {', '.join(inside.missing[:3])} is not known, so nothing can be proved.")
    deadline = monotonic() + seconds
    itself = _uses_of_the_access(inside)
    before = _verdict(inside, inside.subject, inside.policies)
    if before is Answer.PROVED:
        return Mended(note="With the inventory as it is now, there is no such access any more.")
    kept: list[Candidate] = []
    refused: list[str] = []
    complete = True
    for candidate, subject, policies in (*_on_resource(inside), *_on_principal(inside)):
        if monotonic() > deadline:
            refused.append(f"{candidate.sentence} Not tried: the time was over.")
            complete = False
            continue
        if _verdict(inside, subject, policies) is not Answer.PROVED:
            refused.append(f"{candidate.sentence} Not offered: other policies let it in all the same, or no proof.")
            continue
        whole = f"Proved with all policies taken together: {inside.principal} can do none of it any more."
        # The proof on one document may not see the use: whatever was used of this access ends with every candidate.
        told_uses = tuple(dict.fromkeys((*candidate.loss.target_used, *itself)))
        loss = replace(candidate.loss, target_used=told_uses)
        kept.append(replace(candidate, proof=(whole, NOTHING_NEW_SENTENCE), loss=loss))
    kept.sort(key=lambda one: (bool(one.loss.used), not one.loss.exact))
    return Mended(tuple(kept), "" if kept else "No change could be proved.", tuple(refused), complete)


def _uses_of_the_access(inside: Inside) -> tuple[str, ...]:
    actions = Actions(inside.actions)
    return tuple(
        spelled(use) for use in inside.uses[:MOST_USES] if use[0] == inside.principal and actions.match(use[1].lower())
    )


_Option = tuple[Candidate, Subject, PolicySet]


def _verdict(inside: Inside, subject: Subject, policies: PolicySet) -> Answer:
    """Whether the principal can do none of the actions on the resource or anything in it."""
    side = side_of(subject, owner=inside.owner)
    listed = _access_list(inside, subject)
    together = replace(
        policies,
        resource=(*side.resource, *listed),
        trust=side.trust,
        key_policy=side.key_policy,
        bpa={} if listed else side.bpa,  # they only take away, and count the list as a policy
        rcp_levels=side.rcp_levels if inside.controlled else None,
    )
    access = Access(together, inside.principal, inside.actions, _resources(inside), subject.account)
    return can(access, seconds=SECONDS).answer


def _access_list(inside: Inside, subject: Subject) -> tuple[Policy, ...]:
    """The access control list of a bucket, for this principal: whom it names by an id is the principal's account,
    unless that is known to have another."""
    found = []
    account = PrincipalEntry(PrincipalKind.AWS, arns.account_of(inside.principal))
    for channel in channels(subject)[0]:
        if channel.name != "bucket ACL":
            continue
        statements = []
        for one in channel.policy.statements:
            entries = one.principals.entries if one.principals else ()
            ids = [entry.value for entry in entries if entry.kind is PrincipalKind.CANONICAL_USER]
            if ids and inside.canonical and inside.canonical not in ids:
                continue
            statements.append(replace(one, principals=Principals((account,))) if ids else one)
        found.append(replace(channel.policy, statements=tuple(statements)))
    return tuple(found)


def _resources(inside: Inside) -> tuple[str, ...]:
    arn, separator = inside.subject.arn, TRAITS[inside.subject.type].separator
    literal = arn.replace("*", "?")  # a pattern that also means this very name
    return (literal, f"{literal}{separator}*") if separator else (literal,)


# -- on the resource's side ----------------------------------------------------------------------------------------


def _on_resource(inside: Inside) -> Iterator[_Option]:
    subject = inside.subject
    if subject.type in _NO_DOCUMENT:
        return
    place = replace(place_of(subject), may_vanish=False)
    target = Listed(inside.actions, principal=inside.principal)
    own = next((one for one in subject.documents if one.channel == "POLICY" and not one.name), None)
    name = "the resource's policy"
    if own is not None:
        mended = asked(Problem(own.text, target, place, uses=inside.uses))
        for one in mended.candidates:
            command = put(subject.type, subject.arn, subject.account, one.text, before=own.text)
            placed = with_document(subject, own.text, "", one.text)
            yield replace(one, document=name, command=command), placed, inside.policies
        if any(one.kind is Kind.DENY for one in mended.candidates):
            return
    yield from _denied_on_resource(inside, target, place, own.text if own is not None else "")


def _denied_on_resource(inside: Inside, target: Listed, place: Place, text: str) -> Iterator[_Option]:
    """A Deny for the principal alone, in the policy that is there or in a new one."""
    subject = inside.subject
    if not place.may_deny:
        return
    statement = {"Sid": "DenyByFinding", "Effect": "Deny", "Principal": {"AWS": inside.principal}}
    rest: dict[str, object] = {"Action": _one_or_all(inside.actions)}
    if subject.type != "AWS::IAM::Role":
        separator = TRAITS[subject.type].separator
        arn = "*" if subject.type in {"AWS::KMS::Key", "AWS::SecretsManager::Secret"} else subject.arn
        rest["Resource"] = _one_or_all((arn, f"{arn}{separator}*") if separator and arn != "*" else (arn,))
    deny: dict[str, object] = {**statement, **rest}
    if not text:
        made = json.dumps({"Version": "2012-10-17", "Statement": [deny]}, indent=2)
        loss = Loss(True, f"It takes nothing from anybody but {inside.principal}.")
        candidate = _new(made, "Give the resource a policy that denies it to this principal.", "a new policy", loss)
    else:
        found = _appended(text, deny, target=target, place=place, uses=inside.uses)
        if found is None:
            return
        candidate = replace(
            found,
            sentence="Add a statement to the resource's policy that denies it to this principal alone.",
            document="the resource's policy",
        )
    command = put(subject.type, subject.arn, subject.account, candidate.text, before=text)
    if text:
        placed = with_document(subject, text, "", candidate.text)
    else:
        placed = replace(subject, documents=(*subject.documents, ChannelDocument("POLICY", "", candidate.text)))
    yield replace(candidate, command=command), placed, inside.policies


def _appended(
    text: str, deny: dict[str, object], *, target: Listed, place: Place, uses: tuple[Used, ...]
) -> Candidate | None:
    """The document with the statement at its end, proved to take nothing from others."""
    try:
        policy = parse(text)
    except PolicyError:
        return None
    edit = Edit(("Statement", len(policy.statements)), deny)
    changed = apply(text, [edit])
    found = weighed(Problem(text, target, place, uses=uses, proposed=True), [changed])
    if found.note or not found.answers:
        return None
    refused, loss = found.answers[0]
    if refused:
        return None
    changes = (told(text, {}, edit),)
    return Candidate(Kind.DENY, "", text, changed, (edit,), changes, difference(text, changed), (), loss)


# -- on the principal's side ---------------------------------------------------------------------------------------


def _on_principal(inside: Inside) -> Iterator[_Option]:
    place = Place(PolicyType.IDENTITY)
    target = Listed(inside.actions, _resources(inside))
    for held in inside.held:
        if held.text not in inside.granting or held.by_aws:
            continue
        inline = not held.arn
        mended = asked(Problem(held.text, target, replace(place, may_vanish=inline), uses=inside.uses))
        for one in mended.candidates:
            command = put_identity(held.owner, held.name, held.arn, one.text)
            name = f"the policy {held.name} of {held.owner}" if inline else f"the managed policy {held.arn}"
            policies = _exchanged(inside.policies, held.text, one.text)
            yield replace(one, document=name, command=command, loss=_shared(one.loss, held)), inside.subject, policies
    yield _denied_by_own_policy(inside)


def _exchanged(policies: PolicySet, before: str, after: str) -> PolicySet:
    kept = []
    for policy in policies.identity:
        if policy.text != before:
            kept.append(policy)
        elif after:
            kept.append(read(after))
    return replace(policies, identity=tuple(kept))


def _shared(loss: Loss, held: Held) -> Loss:
    """Others who have the same policy lose the same."""
    if not held.others:
        return loss
    some = ", ".join(held.others[:3]) + (f" and {len(held.others) - 3} more" if len(held.others) > 3 else "")
    said = f"{some} {'has' if len(held.others) == 1 else 'have'} this policy too and would lose the same access."
    return replace(loss, exact=False, sentence=said if loss.exact else f"{said} {loss.sentence}")


def _denied_by_own_policy(inside: Inside) -> _Option:
    """An inline policy of its own that denies exactly this; no other document is touched."""
    arn, separator = inside.subject.arn, TRAITS[inside.subject.type].separator
    resources = (arn, f"{arn}{separator}*") if separator else (arn,)
    deny = {
        "Sid": NEW_POLICY,
        "Effect": "Deny",
        "Action": _one_or_all(inside.actions),
        "Resource": _one_or_all(resources),
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]}, indent=2)
    name = NEW_POLICY
    taken = {held.name for held in inside.held}
    while name in taken:
        name += "-"
    loss = Loss(True, "It removes exactly this: no other policy is touched, and no other principal has this one.")
    said = "Give the principal an inline policy that denies exactly this."
    candidate = _new(text, said, f"a new policy {name} of {inside.principal}", loss)
    command = put_identity(inside.principal, name, "", text)
    policies = replace(inside.policies, identity=(*inside.policies.identity, read(text)))
    return replace(candidate, command=command), inside.subject, policies


def _new(text: str, sentence: str, document: str, loss: Loss) -> Candidate:
    return Candidate(Kind.DENY, sentence, "", text, (), (), difference("", text), (), loss, document)


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
