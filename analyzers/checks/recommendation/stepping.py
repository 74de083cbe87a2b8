"""Drafts told as steps, with names for the new policies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from analyzers.policy import pretty

from .drafts import Draft
from .narrowing import Document
from .values import Held, Kind, Step, StepAction

_NO_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
_OURS = re.compile(r"-used-\d{8}(-\d+)?\Z")
_NAME_LENGTH = 128


class Stepping:
    """`leaving`: the groups that the principal leaves. `policies`: all that it has."""

    def __init__(self, principal: str, policies: Sequence[Held], now: datetime, leaving: Collection[str]) -> None:
        self.principal, self.policies, self.now, self.leaving = principal, policies, now, leaving
        self.taken = {one.name for one in policies}

    def steps(self, drafts: Sequence[Draft]) -> tuple[Step, ...]:
        found: list[Step] = []
        for draft in drafts:
            if draft.documents is not None:
                found += self.replaced(draft)
            elif draft.held.via in self.leaving:
                found.append(self.kept(draft.held, draft.document))
        known = {id(draft.held) for draft in drafts}
        for held in self.policies:  # of a group that is left: what cannot be read stays attached by its ARN
            if held.via in self.leaving and id(held) not in known and held.kind is Kind.MANAGED:
                found.append(self.kept(held, None))
        return tuple(found)

    def replaced(self, draft: Draft) -> Iterable[Step]:
        held, documents = draft.held, draft.documents or []
        many = len(documents) > 1
        group = f" The principal leaves {_last(held.via)}, whose other members are not concerned." if held.via else ""
        for number, document in enumerate(documents, 1):
            inline = not draft.managed
            name = held.name if inline else self.name(held)
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
        overwritten = bool(documents) and not draft.managed
        gone = "" if documents else " Nothing that it allows was used."
        verb = "Delete" if held.kind is Kind.INLINE else "Detach"
        words = "The old text is gone with it." if overwritten else group or f"{verb} it.{gone}"
        yield Step(
            StepAction.DETACH_POLICY,
            held,
            kind=held.kind,
            changes=draft.changes,
            words=words.strip(),
            overwritten=overwritten,
        )

    def kept(self, held: Held, document: Document | None) -> Step:
        inline = held.kind is Kind.INLINE
        words = f"It stays as it is: attach it to the principal itself, which leaves {_last(held.via)}."
        return Step(
            StepAction.KEEP_POLICY,
            held,
            text=held.text if document is None else pretty(document),
            name=self.name(held) if inline else held.name,
            kind=Kind.MANAGED,
            words=words,
        )

    def name(self, held: Held) -> str:
        """A name that says whose policy it is: names are unique in an account."""
        base = _OURS.sub("", _NO_NAME.sub("-", held.name))
        owner = _NO_NAME.sub("-", _last(self.principal))
        begun = base if base.startswith(f"{owner}-") else f"{owner}-{base}"
        ending = f"-used-{self.now:%Y%m%d}"
        number = 1
        while True:
            tail = ending if number == 1 else f"{ending}-{number}"
            name = begun[: _NAME_LENGTH - len(tail)] + tail
            if name not in self.taken:
                self.taken.add(name)
                return name
            number += 1


def _last(arn: str) -> str:
    return re.split(r"[:/]", arn)[-1]
