"""What a mend is: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from analyzers.policy.model import Path
from analyzers.reasoning.request import Request

from .editing import Edit


class Kind(StrEnum):
    """What is done, the plainest first: of candidates that keep the same the earlier kind is shown first."""

    PRINCIPAL = "PRINCIPAL"
    VALUE = "VALUE"
    ACTION = "ACTION"
    RESOURCE = "RESOURCE"
    CONDITION = "CONDITION"
    SOURCE = "SOURCE"
    SETTING = "SETTING"
    STATEMENT = "STATEMENT"
    DENY = "DENY"
    POLICY = "POLICY"


PLAINEST = tuple(Kind)


class Used(tuple[str, str, str]):
    """A use that is known: ARN of the principal, action, resource (empty: not known which)."""

    __slots__ = ()


@dataclass(frozen=True)
class Change:
    """One element. `element`: in words; `before`, `after`: JSON, empty for what is not there."""

    element: str
    path: Path
    before: str
    after: str


@dataclass(frozen=True)
class Loss:
    """What else is not allowed any more. `exact`: it is proved that there is nothing. Otherwise `witness` is a request
    of which both engines say that it was allowed and would not be; without one it is not known.

    `used`: sentences about uses that would be lost, also those of the access itself (`target_used`).
    """

    exact: bool
    sentence: str
    witness: Request | None = None
    used: tuple[str, ...] = ()
    target_used: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A line for a shell. `file`: name under which the changed document is expected beside it; empty: none."""

    line: str
    file: str = ""
    note: str = ""


@dataclass(frozen=True)
class Candidate:
    """A changed document that is proved. `text` is empty where the whole policy goes; `document` names it, for people.

    `proof`: what was proved, in sentences. `edits`: on the text before.
    """

    kind: Kind
    sentence: str
    before: str
    text: str
    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    diff: str
    proof: tuple[str, ...]
    loss: Loss
    document: str = ""
    command: Command | None = None
    keeps_less_than: int = 0
    """Of how many other candidates it is proved that they keep more."""


@dataclass(frozen=True)
class Mended:
    """Candidates, the best first.

    `note`: why there is none, or what else is to be known. `refused`: what was tried and could not be proved, with the
    reason. `complete`: False if the time was over. `uses`: how many known uses were looked at; `use_note`: why they
    are not known.
    """

    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    refused: tuple[str, ...] = ()
    complete: bool = True
    uses: int = 0
    use_note: str = ""
