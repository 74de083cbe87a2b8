"""Why somebody outside does *not* get in: who would, were it not for a Deny, Block Public Access or a control policy.

The analysis is asked again with what may prevent access taken away: first all of it, then piece by piece put back. What
stays open without a piece and is closed with it is prevented by that piece. So each answer is proved as a finding is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from analyzers.policy import PolicyError, parse
from analyzers.policy.model import Effect
from analyzers.reasoning.question import DEFAULT_SECONDS

from .external import analyze
from .subject import Analysis, ChannelDocument, ExternalFinding, Subject, ZoneOfTrust

MOST_OBSTACLES = 40
"""Each may cost an analysis. With more of them, statements of one document count as one."""

Change = Callable[[Subject], Subject]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that may prevent access. `kind`: deny, block-public-access, control-policy, acl-disabled, encrypted,
    vpc-only. `text` is the document of a deny or control policy, `statement` the index in it (-1: all of it)."""

    kind: str
    name: str
    without: Change
    text: str = ""
    statement: int = -1
    sid: str = ""


@dataclass(frozen=True, slots=True)
class Prevented:
    """Access that does not exist: `finding` says what it would be; were all `obstacles` taken away, and no fewer, it
    would."""

    finding: ExternalFinding
    obstacles: tuple[Obstacle, ...]


def prevented(
    subject: Subject, zone: ZoneOfTrust, *, seconds: float = DEFAULT_SECONDS
) -> tuple[tuple[Prevented, ...], str]:
    """What would be open from outside and is not, and an error where that cannot be told (never raises for what stands
    in a policy)."""
    obstacles = list(_obstacles(subject, zone))
    if not obstacles:
        return (), ""

    def ask(kept: list[Obstacle]) -> Analysis:
        """With only these obstacles in place."""
        changed = subject
        for obstacle in sorted(obstacles, key=lambda one: -one.statement):
            if obstacle not in kept:
                changed = obstacle.without(changed)
        return analyze(changed, zone, seconds=seconds)

    real, open_to_all = ask(obstacles), ask([])
    error = real.error or open_to_all.error
    found = []
    for finding in open_to_all.findings:
        missing = _without(finding, real)
        if missing is not None:
            found.append(Prevented(missing, tuple(_together(missing, obstacles, ask))))
    return tuple(found), error


def _together(
    missing: ExternalFinding, obstacles: list[Obstacle], ask: Callable[[list[Obstacle]], Analysis]
) -> list[Obstacle]:
    """A smallest set that must go for the access to exist."""
    gone = list(obstacles)
    for obstacle in obstacles:
        fewer = [one for one in gone if one is not obstacle]
        if _without(missing, ask([one for one in obstacles if one not in fewer])) is None:
            gone = fewer
    return gone


def _without(finding: ExternalFinding, analysis: Analysis) -> ExternalFinding | None:
    """The part of a finding that the analysis does not find; None if it finds all of it."""
    same = [
        other
        for other in analysis.findings
        if other.sources == finding.sources
        and (dict(other.principal) in (dict(finding.principal), {"AWS": "*"}))
        and set(other.condition.items()) <= set(finding.condition.items())
    ]
    left = [action for action in finding.action if not any(action in other.action for other in same)]
    if not left:
        return None
    return replace(finding, action=tuple(left))


# -- what may prevent access ---------------------------------------------------------------------------------------


def _obstacles(subject: Subject, zone: ZoneOfTrust) -> Iterator[Obstacle]:
    yield from _configured(subject)
    for document in subject.documents:
        yield from _denies(document)
    if zone.by_organization:
        for text in dict.fromkeys(subject.control_documents):
            yield Obstacle("control-policy", "a resource control policy", _without_control(text), text)


def _configured(subject: Subject) -> Iterator[Obstacle]:
    if any((subject.account_public_access_block or {}).values()):
        yield Obstacle(
            "block-public-access",
            "Block Public Access of the account",
            lambda one: replace(one, account_public_access_block=None),
        )
    configuration = subject.configuration
    if any((configuration.get("public_access_block") or {}).values()):
        yield Obstacle(
            "block-public-access", "Block Public Access of the bucket", _configure("public_access_block", None)
        )
    if configuration.get("acl") and configuration.get("object_ownership") == "BucketOwnerEnforced":
        yield Obstacle(
            "acl-disabled",
            "object ownership BucketOwnerEnforced, which disables access control lists",
            _configure("object_ownership", "ObjectWriter"),
        )
    if configuration.get("encrypted") and (configuration.get("share") or {}).get("public"):
        yield Obstacle(
            "encrypted", "the encryption: an encrypted snapshot cannot be public", _configure("encrypted", False)
        )
    points = configuration.get("access_points") or ()
    if any(any((point.get("public_access_block") or {}).values()) for point in points):
        yield Obstacle(
            "block-public-access", "Block Public Access of the access point", _points("public_access_block", None)
        )
    if any(point.get("network_origin") == "VPC" for point in points):
        yield Obstacle(
            "vpc-only", "the access point, which is open to one VPC only", _points("network_origin", "Internet")
        )


def _configure(name: str, value: Any) -> Change:
    return lambda one: replace(one, configuration={**one.configuration, name: value})


def _points(name: str, value: Any) -> Change:
    def change(one: Subject) -> Subject:
        points = [{**point, name: value} for point in one.configuration.get("access_points") or ()]
        return replace(one, configuration={**one.configuration, "access_points": points})

    return change


def _without_control(text: str) -> Change:
    return lambda one: replace(one, control_documents=tuple(other for other in one.control_documents if other != text))


def _denies(document: ChannelDocument) -> Iterator[Obstacle]:
    try:
        policy = parse(document.text)
    except PolicyError:
        return
    denies = [statement for statement in policy.statements if statement.effect is Effect.DENY]
    where = f"access point {document.name.rsplit('/', 1)[-1]}" if document.name else "the resource's policy"
    if len(denies) > MOST_OBSTACLES:
        indexes = {statement.index for statement in denies}
        yield Obstacle("deny", f"the Deny statements of {where}", _drop(document, indexes), document.text)
        return
    for statement in denies:
        called = f"Deny {statement.sid}" if statement.sid else f"Deny statement {statement.index + 1}"
        yield Obstacle(
            "deny",
            f"{called} of {where}",
            _drop(document, {statement.index}),
            document.text,
            statement.index,
            statement.sid or "",
        )


def _drop(document: ChannelDocument, indexes: set[int]) -> Change:
    """Statements go from the last to the first, so that the indexes of the others stay true."""

    def change(one: Subject) -> Subject:
        kept = []
        for other in one.documents:
            if (other.channel, other.name) != (document.channel, document.name):
                kept.append(other)
            elif text := _without_statements(other.text, indexes):
                kept.append(other._replace(text=text))
        return replace(one, documents=tuple(kept))

    return change


def _without_statements(text: str, indexes: set[int]) -> str:
    """Empty if no statement is left: such a document says nothing."""
    value = json.loads(text)
    statements = value.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    left = [statement for index, statement in enumerate(listed) if index not in indexes]
    return json.dumps({**value, "Statement": left}) if left else ""
