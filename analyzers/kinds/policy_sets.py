"""From a caller and a resource to all the policies that meet when the one asks for the other.

What is not known stands in the set as a document of which nobody can tell whether it allows or denies, so that both
engines answer *unknown* exactly where it could matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from analyzers.policy import (
    CURRENT_VERSION,
    Effect,
    Patterns,
    Policy,
    PolicyError,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Problem,
    Statement,
    parse,
    parse_value,
)
from analyzers.reasoning.policy_set import FLAGS, OWNERSHIPS, Documents, PolicySet
from analyzers.reasoning.policy_set import Levels as Parsed
from analyzers.reasoning.request import ContextValue

from .channels import channels
from .population import USER, Home, Levels, Member
from .subject import Subject

ALLOW_ALL = parse_value(
    {"Version": CURRENT_VERSION, "Statement": {"Sid": "Added", "Effect": "Allow", "Action": "*", "Resource": "*"}}
)
"""The policy that somebody writes who may write his own."""

_EVERYTHING = Patterns(("*",))
_ANYBODY = Principals((PrincipalEntry(PrincipalKind.ANY, "*"),))


@lru_cache(maxsize=65_536)
def read(text: str) -> Policy:
    """The document; a stand-in for one that cannot be understood."""
    try:
        return parse(text)
    except PolicyError as error:
        return stand_in(f"A policy cannot be understood: {error.message}")


@lru_cache(maxsize=4_096)
def stand_in(reason: str, *, on_resource: bool = False) -> Policy:
    """A document that may allow and may deny anything, nobody knows."""
    problem = (Problem(reason, (), opaque=True),)
    statements = tuple(
        Statement(
            index,
            effect,
            principals=_ANYBODY if on_resource else None,
            actions=_EVERYTHING,
            resources=_EVERYTHING,
            problems=problem,
        )
        for index, effect in enumerate((Effect.ALLOW, Effect.DENY))
    )
    return Policy(statements, CURRENT_VERSION)


@lru_cache(maxsize=65_536)
def read_on_resource(text: str) -> Policy:
    """As `read`, for a document that names principals."""
    try:
        return parse(text)
    except PolicyError as error:
        return stand_in(f"A policy cannot be understood: {error.message}", on_resource=True)


def levels_of(levels: Levels | None, *, on_resource: bool = False) -> Parsed | None:
    """Control policies, parsed."""
    reader = read_on_resource if on_resource else read
    return None if levels is None else {name: tuple(map(reader, texts)) for name, texts in levels.items()}


# -- the caller ----------------------------------------------------------------------------------------------------


def identity_of(member: Member) -> Documents:
    """Its own policies and those of its groups, with a stand-in for each whose text is not known."""
    known = tuple(map(read, member.identity))
    return known + tuple(stand_in(f"The text of the policy {name} is not known") for name in member.unknown)


def boundary_of(member: Member) -> Documents | None:
    """None: it has none, or it is one of the policies that are not known."""
    return None if member.boundary is None else (read(member.boundary),)


def context_of(member: Member, home: Home | None, organization: str) -> dict[str, ContextValue]:
    """The condition keys whose value follows from who calls.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    context: dict[str, ContextValue] = {"aws:PrincipalArn": member.arn}
    if home is not None and home.path and organization:
        context |= {"aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": (home.path,)}
    if member.kind == USER and member.unique_id:
        context["aws:userid"] = member.unique_id
    if tags_are_settled(member):
        context |= {f"aws:PrincipalTag/{key}": value for key, value in member.tags.items()}
    return context


_SETTLED = (
    "aws:principalarn",
    "aws:principalaccount",
    "kms:calleraccount",
    "aws:principaltype",
    "aws:principalisawsservice",
    "aws:principalservicename",
)
TAGS = "aws:principaltag/"


def settled_keys(member: Member, home: Home | None, organization: str) -> frozenset[str]:
    """The keys (lower case) that are as `context_of` says or absent, whatever the caller does. `TAGS` stands for all
    keys that begin so."""
    found = set(_SETTLED)
    if home is not None and home.path and organization:
        found |= {"aws:principalorgid", "aws:principalorgpaths"}
    if member.kind == USER:
        found.add("aws:username")
        if member.unique_id:
            found.add("aws:userid")
    if tags_are_settled(member):
        found.add(TAGS)
    return frozenset(found)


def tags_are_settled(member: Member) -> bool:
    """A session of a role may bring tags of its own, if the role's trust policy allows it."""
    return member.kind == USER or (member.trust is not None and not _lets_tag(member.trust))


@lru_cache(maxsize=16_384)
def _lets_tag(trust: str) -> bool:
    policy = read_on_resource(trust)
    return policy.opaque or any(
        statement.effect is Effect.ALLOW
        and (
            statement.opaque
            or statement.actions is None
            or statement.actions.negated
            or any("tag" in action.lower() or "*" in action or "?" in action for action in statement.actions.values)
        )
        for statement in policy.statements
    )


# -- the resource --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """The resource's side of a decision, as in `PolicySet`."""

    arn: str
    account: str
    resource: Documents = ()
    trust: Documents = ()
    key_policy: Documents = ()
    acl: tuple[Mapping[str, Any], ...] = ()
    bpa: Mapping[str, bool] = field(default_factory=dict)
    ownership: str = ""
    rcp_levels: Parsed | None = None

    @property
    def documents(self) -> Documents:
        """Those that can let somebody in."""
        return (*self.resource, *self.trust, *self.key_policy)


def side_of(subject: Subject, home: Home | None = None, owner: str = "") -> Side:
    """`home`: of the resource's account, if it is inside. `owner`: canonical user id of the account, if it is known:
    what an access control list grants to the owner is no grant to somebody else."""
    found, errors = channels(subject)
    documents = [channel.policy for channel in found if not channel.name]
    documents += [channel.policy for channel in found if channel.written and channel.name != "bucket ACL"]
    problems = [*filter(None, [subject.error]), *errors]
    if problems:
        documents.append(stand_in(problems[0], on_resource=True))
    place = {"AWS::IAM::Role": "trust", "AWS::KMS::Key": "key_policy"}.get(subject.type, "resource")
    given: dict[str, Any] = {place: tuple(documents)}
    if subject.type == "AWS::S3::Bucket":
        flags = (subject.account_public_access_block, subject.configuration.get("public_access_block"))
        given["bpa"] = {name: any(_flag(block, name) for block in flags) for name in FLAGS}
        ownership = subject.configuration.get("object_ownership") or ""
        given["ownership"] = ownership if ownership in OWNERSHIPS else ""
        if not problems:
            given["acl"] = tuple(_others(subject.configuration.get("acl") or (), owner))
    return Side(subject.arn, subject.account, rcp_levels=_resource_controls(subject, home), **given)


def _flag(block: Any, name: str) -> bool:
    """Flags come as `BlockPublicAcls` or `blockPublicAcls`."""
    return bool(block) and bool(block.get(name) or block.get(name[0].lower() + name[1:]))


def _others(grants: Any, owner: str) -> Any:
    return (grant for grant in grants if not owner or (grant.get("grantee") or {}).get("id") != owner)


def _resource_controls(subject: Subject, home: Home | None) -> Parsed | None:
    """The management account's resources are bound by none."""
    if home is not None:
        return None if home.management else levels_of(home.rcp_levels, on_resource=True)
    if not subject.control_documents:
        return None
    return {"the owner's": tuple(map(read_on_resource, subject.control_documents))}


# -- both ----------------------------------------------------------------------------------------------------------


def policy_set(member: Member, home: Home | None, side: Side) -> PolicySet:
    """Everything that decides what this caller can do there."""
    return PolicySet(
        identity=identity_of(member),
        boundary=boundary_of(member),
        scp_levels=levels_of(home.scp_levels) if home else None,
        principal_account_is_management=home is not None and home.management,
        resource=side.resource,
        trust=side.trust,
        key_policy=side.key_policy,
        acl=side.acl,
        bpa=side.bpa,
        ownership=side.ownership,
        rcp_levels=side.rcp_levels,
    )
