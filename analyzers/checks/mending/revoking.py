"""Access that no document of the resource grants: access control lists, grants of a key, shares, and S3's Block Public
Access. Nothing is edited; the exact command takes the grant back.

Proved all the same: what is granted is written as a policy before and after (`channels`), and the two are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from analyzers.kinds.channels import Channel, channels
from analyzers.kinds.subject import Subject

from .commands import block_public, disable_lists, put_list, revoke_grant, unshare
from .ground import Problem
from .mend import SECONDS, difference, weighed
from .proving import GONE_SENTENCE, NOTHING_NEW_SENTENCE
from .targets import Granted
from .values import Candidate, Command, Kind, Loss

_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_BUCKET = "AWS::S3::Bucket"
_GROUP = "http://acs.amazonaws.com/groups/"


@dataclass(frozen=True)
class Placed:
    """A candidate, and the resource with it in place."""

    candidate: Candidate
    subject: Subject


class Option(NamedTuple):
    """A change of the configuration. `by_analysis`: what it does cannot be seen in the written policy."""

    sentence: str
    configuration: Mapping[str, Any]
    command: Command
    by_analysis: bool = False


def settings(
    subject: Subject, channel: Channel, problem: Problem, *, owner: str = "", seconds: float = SECONDS
) -> Sequence[Placed]:
    """Changes of settings that take the access away, proved as far as documents go."""
    options = list(_options(subject, channel, problem, owner, seconds))
    placed = [replace(subject, configuration={**subject.configuration, **one.configuration}) for one in options]
    texts = [_written(one, channel) for one in placed]
    asked = [text for text, one in zip(texts, options, strict=True) if not one.by_analysis]
    answers = iter(weighed(problem, asked, seconds=seconds).answers if asked else ())
    found = []
    for one, changed, text in zip(options, placed, texts, strict=True):
        if one.by_analysis:
            loss = Loss(False, BLOCK_LOSS)
            found.append(Placed(_candidate(one, channel, text, loss, BLOCK_PROOF), changed))
            continue
        refused, loss = next(answers, ("not asked", Loss(False, "")))
        if not refused:
            proof = (GONE_SENTENCE, NOTHING_NEW_SENTENCE)
            found.append(Placed(_candidate(one, channel, text, loss, proof), changed))
    return sorted(found, key=lambda one: not one.candidate.loss.exact)


BLOCK_PROOF = ("Block Public Access only ever takes access away.",)
BLOCK_LOSS = (
    "Lost besides: while the policy stays public as a whole, RestrictPublicBuckets shuts out every other account, "
    "also those of the organization, and AWS services are still let in."
)


def _candidate(one: Option, channel: Channel, text: str, loss: Loss, proof: tuple[str, ...]) -> Candidate:
    before = channel.policy.text
    shown = "" if one.by_analysis else difference(before, text, "what is granted")
    name = channel.name or "settings"
    return Candidate(Kind.SETTING, one.sentence, before, text, (), (), shown, proof, loss, name, one.command)


def _written(subject: Subject, channel: Channel) -> str:
    """The same channel of the changed resource, as a policy; empty if nothing is left of it."""
    found = (one for one in channels(subject)[0] if (one.name, one.written) == (channel.name, channel.written))
    return next((one.policy.text for one in found), "")


def _options(subject: Subject, channel: Channel, problem: Problem, owner: str, seconds: float) -> Iterator[Option]:
    bucket = subject.arn.rsplit(":", 1)[-1]
    block = subject.configuration.get("public_access_block") or {}
    if not channel.written:
        if subject.type == _BUCKET:
            sentence = "Switch on Block Public Access for the bucket."
            yield Option(sentence, {"public_access_block": _BLOCKED}, block_public(bucket, _BLOCKED), True)
        return
    culprits = weighed(problem, seconds=seconds).culprits
    sids = {channel.policy.statements[index].sid or "" for index in culprits}
    if channel.name == "bucket ACL":
        grants = subject.configuration.get("acl") or []
        gone = [grant for number, grant in enumerate(grants, 1) if f"Grant{number}" in sids]
        left = [grant for grant in grants if grant not in gone]
        whom = ", ".join(dict.fromkeys(_grantee(grant) for grant in gone))
        owner = owner or _owner(grants)
        command = (
            put_list(bucket, owner, [_of_api(grant) for grant in left])
            if owner
            else Command("", "", "The canonical id of the owner is not known, which put-bucket-acl needs.")
        )
        yield Option(f"Take {whom} out of the access control list.", {"acl": left}, command)
        if all(_GROUP in str(grant.get("grantee")) for grant in gone):
            flags = {**dict.fromkeys(_BLOCKED, False), **block, "BlockPublicAcls": True, "IgnorePublicAcls": True}
            flags = {name: bool(flags[name]) for name in _BLOCKED}
            sentence = "Have S3 ignore public grants of access control lists (IgnorePublicAcls)."
            yield Option(sentence, {"public_access_block": flags}, block_public(bucket, flags))
        sentence = "Disable access control lists for the bucket (BucketOwnerEnforced)."
        yield Option(sentence, {"object_ownership": "BucketOwnerEnforced"}, disable_lists(bucket))
    elif channel.name == "KMS grants":
        yield from _revoked(subject, sids)
    elif channel.name == "snapshot sharing":
        yield from _unshared(subject, problem)


def _grantee(grant: Mapping[str, Any]) -> str:
    grantee = grant.get("grantee")
    text = str(grantee.get("uri") or grantee.get("id")) if isinstance(grantee, Mapping) else str(grantee)
    return text.rpartition("/")[2]


def _owner(grants: Sequence[Mapping[str, Any]]) -> str:
    """The one account with full control: who owns the bucket, by default."""
    full = {_grantee(grant) for grant in grants if grant.get("permission") == "FULL_CONTROL"}
    ids = {one for one in full if len(one) == 64}
    return ids.pop() if len(ids) == 1 and len(full) == 1 else ""


def _of_api(grant: Mapping[str, Any]) -> dict[str, object]:
    grantee = grant.get("grantee")
    uri = grantee.get("uri") if isinstance(grantee, Mapping) else None
    name = _grantee(grant)
    if uri:
        who = {"Type": "Group", "URI": str(uri)}
    elif name in {"AllUsers", "AuthenticatedUsers"}:
        who = {"Type": "Group", "URI": f"{_GROUP}global/{name}"}
    elif name == "LogDelivery":
        who = {"Type": "Group", "URI": f"{_GROUP}s3/{name}"}
    else:
        who = {"Type": "CanonicalUser", "ID": name}
    return {"Grantee": who, "Permission": str(grant.get("permission"))}


def _revoked(subject: Subject, sids: set[str]) -> Iterator[Option]:
    grants = subject.configuration.get("grants") or []
    gone = [grant for number, grant in enumerate(grants, 1) if f"Grant{number}" in sids]
    left = [grant for grant in grants if grant not in gone]
    ids = [str(grant["id"]) for grant in gone if grant.get("id")]
    if len(ids) == len(gone):
        commands = [revoke_grant(subject.arn, one).line for one in ids]
        command = Command("\n".join(commands))
    else:
        command = Command("", "", "The id of the grant is not known: find it with list-grants, then use revoke-grant.")
    whom = ", ".join(dict.fromkeys(str(grant.get("granteePrincipal")) for grant in gone))
    what = "the grant" if len(gone) == 1 else f"{len(gone)} grants"
    yield Option(f"Revoke {what} to {whom}.", {"grants": left}, command)


def _unshared(subject: Subject, problem: Problem) -> Iterator[Option]:
    share = subject.configuration.get("share") or {}
    value = problem.target.principal[1] if isinstance(problem.target, Granted) else ""
    if value == "*":
        left: dict[str, Any] = {**share, "public": False}
        sentence = "Share the snapshot with everybody no more."
    else:
        left = {**share, "accounts": [one for one in share.get("accounts") or () if str(one) != value]}
        sentence = f"Share the snapshot with {value} no more."
    note = "Copies that were made meanwhile stay with those who made them."
    command = unshare(subject.type, subject.arn, value)
    yield Option(sentence, {"share": left}, replace(command, note=note))
