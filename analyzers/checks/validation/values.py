"""What policy validation finds, in the shape of the Access Analyzer API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from analyzers.policy.model import Path, Position, Span

_REFERENCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"


class FindingType(StrEnum):
    """As the API names them; the documentation calls the third GENERAL_WARNING."""

    ERROR = "ERROR"
    SECURITY_WARNING = "SECURITY_WARNING"
    WARNING = "WARNING"
    SUGGESTION = "SUGGESTION"

    @property
    def blocks(self) -> bool:
        """Whether a pipeline should stop at it."""
        return self in {FindingType.ERROR, FindingType.SECURITY_WARNING}


class Substring(NamedTuple):
    """A piece of a text value, in characters of the value, not of its spelling in JSON."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a document. With `key` the last step of the path means the name of the element, not its value."""

    path: Path
    span: Span
    key: bool = False
    substring: Substring | None = None


@dataclass(frozen=True, slots=True)
class ValidationFinding:
    """`message` says what is wrong and how to mend it."""

    code: str
    type: FindingType
    message: str
    locations: tuple[Location, ...]

    @property
    def learn_more(self) -> str:
        return learn_more(self.code, self.type)


def learn_more(code: str, finding_type: FindingType) -> str:
    """Where the documentation explains a check."""
    kind = "general-warning" if finding_type is FindingType.WARNING else finding_type.lower().replace("_", "-")
    return f"{_REFERENCE}#access-analyzer-reference-policy-checks-{kind}-{code.lower().replace('_', '-')}"


def as_json(finding: ValidationFinding) -> dict[str, Any]:
    """As `ValidatePolicyFinding`.

    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html
    """
    return {
        "findingDetails": finding.message,
        "findingType": finding.type.value,
        "issueCode": finding.code,
        "learnMoreLink": finding.learn_more,
        "locations": [_location(location) for location in finding.locations],
    }


def _location(location: Location) -> dict[str, Any]:
    path: list[dict[str, Any]] = [{"index": s} if isinstance(s, int) else {"value": s} for s in location.path]
    if location.key and path:
        path[-1] = {"key": location.path[-1]}
    if location.substring:
        path.append({"substring": location.substring._asdict()})
    return {"path": path, "span": {"start": _position(location.span.start), "end": _position(location.span.end)}}


def _position(position: Position) -> dict[str, int]:
    return position._asdict()
