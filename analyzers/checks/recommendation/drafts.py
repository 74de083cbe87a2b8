"""A policy in the making: what was read, and what takes its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from analyzers.policy import Effect, Policy, PolicyError, parse

from .judging import Granted
from .narrowing import Document, Effort, Narrowed
from .values import Change, Held, Kind


@dataclass
class Draft:
    """A policy in the making. `documents`: what takes its place; None: it stays as it is."""

    held: Held
    document: Document
    policy: Policy
    effort: Effort = Effort.PLAIN
    narrowed: Narrowed = field(default_factory=Narrowed)
    documents: list[Document] | None = None
    managed: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self.narrowed.changes) if self.documents is not None else ()

    @property
    def new(self) -> list[Document]:
        return [self.document] if self.documents is None else self.documents


def read(held: Held) -> Draft | str:
    """The policy, or why it cannot be worked on."""
    if not held.text:
        return "Its text is not known."
    try:
        policy = parse(held.text)
        document: Document = json.loads(held.text.removeprefix("\ufeff"))
    except PolicyError as error:
        return f"It cannot be understood: {error.message}"
    except ValueError:
        return "It is not JSON."
    if policy.opaque or any(one.opaque or one.principals for one in policy.statements):
        return "Something in it is not understood, or does not belong into such a policy."
    return Draft(held, document, policy, managed=held.kind is Kind.MANAGED or bool(held.via))


def granted_by(policy: Policy) -> list[Granted]:
    return [
        Granted(one.actions.values, one.actions.negated)
        for one in policy.statements
        if one.effect is Effect.ALLOW and one.actions
    ]
