"""A finding about somebody inside, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzers.kinds.population import ROLE, Member
from analyzers.kinds.subject import Subject
from analyzers.kinds.wording import noun_of, some_of

from .answer import Encryption


def summary(
    subject: Subject,
    member: Member,
    actions: Sequence[str],
    condition: Mapping[str, str],
    encryption: Encryption | None,
    *,
    proved: bool,
) -> str:
    """ "Role app of account 111122223333 can s3:GetObject on bucket photos." """
    kind = "Role" if member.kind == ROLE else "User"
    who = f"{kind} {member.arn.rsplit('/', 1)[-1]} of account {member.account}"
    said = f"{who} {'can' if proved else 'may be able to'} {some_of(actions)} on {noun_of(subject)}"
    if condition:
        said += ", if " + " and ".join(f"{key} is {value}" for key, value in condition.items())
    if encryption and encryption.readable == "no":
        said += "; its key does not allow reading"
    elif encryption and encryption.writable == "no":
        said += "; its key does not allow writing"
    return f"{said}."
