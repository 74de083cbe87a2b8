"""Resources whose documents say the same as those of one into which nobody gets: known without reading them again.

Most resources of an organization are made from templates, and most templates let nobody in. Two documents say the same
if they are the same text once the resource's own ARN is taken out, provided that the ARN stands there only at the
beginning of resource patterns, and that no pattern speaks of other ARNs, which might match the one and not the other.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable

from analyzers.policy import Policy

from .channels import named
from .subject import Subject, ZoneOfTrust

Said = tuple[ZoneOfTrust, bool, str]

MOST_KNOWN = 100_000
_ARN = "\x00"
"""In place of the ARN: no policy holds this character."""
_UNSHARED = ("acl", "access_points", "grants", "share")
"""What a configuration says of one resource only."""

_known: OrderedDict[Said, None] = OrderedDict()


def said(subject: Subject, zone: ZoneOfTrust, *, like_aws: bool) -> Said | None:
    """What the answer depends on besides the ARN; None if it cannot be told so simply."""
    if subject.error or any(subject.configuration.get(name) for name in _UNSHARED):
        return None
    if len(subject.documents) != 1 or subject.documents[0].channel != "POLICY" or _ARN in subject.documents[0].text:
        return None
    text = subject.documents[0].text
    texts = [text.replace(named(subject), _ARN), *subject.control_documents]
    parts = [subject.type, subject.configuration, subject.account_public_access_block, texts]
    if _asks_for_account(texts) or subject.account in texts[0]:
        parts.append(subject.account)
    if subject.configuration.get("public_access_block") or subject.account_public_access_block:
        parts.append(subject.account)  # Block Public Access asks who is outside the account
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return zone, like_aws, digest


def _asks_for_account(texts: Iterable[str]) -> bool:
    return any("resourceaccount" in text.lower() or "\\u" in text for text in texts)


def is_known(about: Said | None) -> bool:
    """Whether nobody gets in, as was proved for another resource."""
    if about is None or about not in _known:
        return False
    _known.move_to_end(about)
    return True


def remember(about: Said | None, subject: Subject, policies: Iterable[Policy], controls: Iterable[Policy]) -> None:
    """Nobody gets in. Nothing is remembered if that may be due to the name of the resource."""
    if about is None or not _is_portable(subject, policies, controls):
        return
    _known[about] = None
    if len(_known) > MOST_KNOWN:
        _known.popitem(last=False)


def forget() -> None:
    """Drop everything (for benchmarks and tests)."""
    _known.clear()


def _is_portable(subject: Subject, policies: Iterable[Policy], controls: Iterable[Policy]) -> bool:
    own, arn = 0, named(subject)
    for policy in policies:
        for pattern in _patterns(policy):
            if pattern == "*":
                continue
            if not pattern.startswith(arn):
                return False
            own += 1
    if any(pattern != "*" for policy in controls for pattern in _patterns(policy)):
        return False
    return subject.documents[0].text.count(arn) == own


def _patterns(policy: Policy) -> Iterable[str]:
    for statement in policy.statements:
        if statement.resources is not None:
            yield from statement.resources.values
