"""The smallest change that takes an external finding away.

What a candidate does is proved on its document first (`mend`), and then the resource is analysed again with the
candidate in place: the finding must be gone, and what becomes of the other findings is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from analyzers.kinds.channels import TRAITS, Channel, channels
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import Analysis, ChannelDocument, ExternalFinding, Subject, ZoneOfTrust
from analyzers.policy import Policy, PolicyError, parse

from .commands import put
from .ground import Place, Problem
from .mend import SECONDS, asked
from .revoking import Placed, settings
from .targets import Granted, Zone
from .values import Candidate, Mended, Used

_NEVER_WITHOUT = frozenset({"AWS::IAM::Role", "AWS::KMS::Key", "AWS::SNS::Topic"})
"""Types that always have a policy."""
BROUGHT_TO_LIGHT = "Comes to light, because the finding covered it: "
GONE_TOO = "Another finding goes with it: "


@dataclass(frozen=True)
class Wanted:
    """The finding that has to go, by what it says."""

    principal: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]

    @classmethod
    def of(
        cls,
        principal: Mapping[str, str],
        actions: Iterable[str],
        condition: Mapping[str, str],
        sources: Iterable[Mapping[str, Any]],
    ) -> Wanted:
        return cls(
            tuple(sorted(principal.items())),
            tuple(sorted(actions)),
            tuple(sorted(condition.items())),
            tuple(sorted(json.dumps(source, sort_keys=True) for source in sources)),
        )


def said(finding: ExternalFinding) -> Wanted:
    return Wanted.of(finding.principal, finding.action, finding.condition, finding.sources)


def mend_external(
    subject: Subject,
    zone: ZoneOfTrust,
    wanted: Wanted,
    *,
    uses: tuple[Used, ...] = (),
    owner: str = "",
    seconds: float = SECONDS,
) -> Mended:
    """`owner`: canonical user id of the resource's account, if it is known.

    Never raises for what stands in a policy.
    """
    deadline = monotonic() + seconds
    before = analyze(subject, zone)
    finding = next((one for one in before.findings if said(one) == wanted), None)
    if finding is None:
        return Mended(note="With the inventory as it is now, there is no such finding any more.")
    channel = _channel(subject, finding)
    if channel is None:
        return Mended(note="The document that grants it is not kept.")
    target = Granted(
        next(iter(finding.principal.items())),
        tuple(finding.action),
        tuple((key, value) for key, value in finding.condition.items() if not _of_network(channel, key)),
        Zone(zone.accounts, zone.organization, zone.by_organization, zone.canonical_users),
    )
    problem = Problem(
        channel.policy.text,
        target,
        place_of(subject, zone, channel, owner),
        others=channel.also,
        denies=(*channel.denies, *_controls(subject, zone)),
        uses=uses,
    )
    if channel.written:
        found = settings(subject, channel, problem, owner=owner, seconds=seconds)
        return _verified(subject, zone, wanted, before, found, deadline)
    mended = asked(problem, seconds=seconds)
    placed = list(_in_document(subject, channel, mended.candidates))
    if finding.is_public:
        placed += settings(subject, channel, problem, owner=owner, seconds=seconds)
    verified = _verified(subject, zone, wanted, before, placed, deadline)
    note = mended.note if mended.note or verified.candidates else verified.note
    complete = mended.complete and verified.complete
    return replace(verified, note=note, refused=(*mended.refused, *verified.refused), complete=complete)


_ONLY_ALLOWS = frozenset({"AWS::Lambda::Function", "AWS::Lambda::LayerVersion"})
"""Types whose policies are made of permissions, one by one: AddPermission knows no Deny."""
_NAMED_OTHERWISE = frozenset({"AWS::ApiGateway::RestApi", "AWS::Backup::BackupVault", "AWS::IAM::Role"})
"""Types whose policies speak of resources by other names than their ARN."""


_NOBODY = ZoneOfTrust(False, frozenset())


def place_of(subject: Subject, zone: ZoneOfTrust = _NOBODY, channel: Channel | None = None, owner: str = "") -> Place:
    """The document of a channel, or by default the resource's own policy, as a place for changes."""
    traits = TRAITS[subject.type]
    point = channel.resource if channel is not None else ""
    arn = point or subject.arn
    separator = "/" if point else traits.separator
    plain = subject.type not in _NAMED_OTHERWISE and not set("*?") & set(arn)
    return Place(
        services=traits.services,
        anonymous=traits.anonymous,
        by_services=channel is None or channel.name != "snapshot sharing",
        resources=(arn, *([f"{arn}{separator}*"] if separator else [])) if plain else (),
        may_vanish=subject.type not in _NEVER_WITHOUT,
        organization=zone.organization,
        account=subject.account,
        by_organization=zone.by_organization,
        canonical_owner=owner,
        may_deny=subject.type not in _ONLY_ALLOWS,
    )


def _channel(subject: Subject, finding: ExternalFinding) -> Channel | None:
    """The channel through which the finding comes in: that of its first statement."""
    if not finding.statements:
        return None
    first = finding.statements[0]
    for channel in channels(subject)[0]:
        if (channel.name, channel.policy.text, channel.written) == (first.name, first.text, first.written):
            return channel
    return None


def _of_network(channel: Channel, key: str) -> bool:
    """Whether the condition is a property of the access point, not of a policy."""
    return bool(channel.vpc) and key == "aws:SourceVpc"


def _controls(subject: Subject, zone: ZoneOfTrust) -> tuple[Policy, ...]:
    """Control policies that take away anyhow. One that is not understood takes nothing away for sure."""
    found = []
    for text in subject.control_documents if zone.by_organization else ():
        try:
            found.append(parse(text))
        except PolicyError:
            continue
    return tuple(found)


def _in_document(subject: Subject, channel: Channel, candidates: Iterable[Candidate]) -> Iterator[Placed]:
    point = channel.name if channel.resource else ""
    version = channel.name if not channel.resource else ""
    for one in candidates:
        command = put(subject.type, version or subject.arn, subject.account, one.text, before=one.before, point=point)
        name = f"the policy of {point}" if point else "the resource's policy"
        placed = with_document(subject, channel.policy.text, channel.name, one.text)
        yield Placed(replace(one, command=command, document=name), placed)


def with_document(subject: Subject, before: str, name: str, text: str) -> Subject:
    """The resource with one document changed; an empty text takes it away."""
    documents = []
    for one in subject.documents:
        if one.name == name and one.text == before:
            if text:
                documents.append(ChannelDocument(one.channel, one.name, text))
        else:
            documents.append(one)
    return replace(subject, documents=tuple(documents))


def _verified(
    subject: Subject,
    zone: ZoneOfTrust,
    wanted: Wanted,
    before: Analysis,
    placed: Sequence[Placed],
    deadline: float,
) -> Mended:
    """Those with which the analysis finds no such access any more, and what becomes of the other findings."""
    kept, refused = [], []
    complete = True
    for one in placed:
        if monotonic() > deadline:
            refused.append(f"{one.candidate.sentence} Not tried: the time was over.")
            complete = False
            continue
        after = analyze(one.subject, zone)
        there = {said(finding) for finding in after.findings}
        if wanted in there or (after.error and after.error != before.error):
            why = after.error or "the analysis still finds the access"
            refused.append(f"{one.candidate.sentence} Not offered: {why}.")
            continue
        known = {said(finding) for finding in before.findings}
        appeared = [finding.summary for finding in after.findings if said(finding) not in known]
        gone = [finding.summary for finding in before.findings if said(finding) not in {wanted, *there}]
        if appeared and _is_blocked(one.subject):
            refused.append(f"{one.candidate.sentence} Not offered: Block Public Access would let in others then.")
            continue
        proof = [*one.candidate.proof, "Analysed again with the change in place: the finding is gone."]
        if not appeared and not gone:
            proof.append("All other findings of the resource stay as they are.")
        proof += [f"{BROUGHT_TO_LIGHT}{text}" for text in appeared]
        proof += [f"{GONE_TOO}{text}" for text in gone]
        kept.append(replace(one.candidate, proof=tuple(proof)))
    note = "" if kept else "No change could be proved."
    return Mended(tuple(kept), note, tuple(refused), complete)


def _is_blocked(subject: Subject) -> bool:
    blocks = (subject.account_public_access_block, subject.configuration.get("public_access_block"))
    return any(bool((block or {}).get("RestrictPublicBuckets")) for block in blocks)
