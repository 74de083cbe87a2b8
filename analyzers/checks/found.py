"""A policy as it was found in a file, with what is not known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private-use characters, which no policy needs."""
_MARK = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def mark(name: str) -> str:
    """What stands in a policy's text for a value that is not known: an import, an attribute of a resource that does
    not exist yet, a parameter without default. The same name is the same value."""
    return f"{_OPEN}{name.replace(_OPEN, '').replace(_CLOSE, '')}{_CLOSE}"


def marked(text: str) -> bool:
    return _OPEN in text


def marks_in(text: str) -> Iterator[str]:
    """The names of the values that are not known, as they occur."""
    return (found[1] for found in _MARK.finditer(text))


def replace_marks(text: str, value: str) -> str:
    """The text with this in place of every value that is not known."""
    return _MARK.sub(lambda _: value, text)


def readable(text: str) -> str:
    """For people: `<name>` in place of a mark, and no control characters, which terminals and formats would obey."""
    text = _MARK.sub(lambda found: f"<{found[1]}>", text)
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


class Place(NamedTuple):
    """Line and column start at 1, as editors and SARIF count them."""

    file: str
    line: int = 1
    column: int = 1


class Missing(NamedTuple):
    """A value that is not known. `name` is what `--assume NAME=VALUE` takes; `why` says where it comes from."""

    name: str
    why: str = ""
    place: Place | None = None


class Variant(NamedTuple):
    """What the policy is under one way that the conditions of its template may turn out. `text` is JSON, with marks;
    `when`: (condition, its value) for those that are not known, empty if there are none."""

    text: str
    when: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class FoundPolicy:
    """`variants` has at least one. `resource_type` as in the API's CheckNoPublicAccess where it is known
    ("AWS::S3::Bucket", "AWS::IAM::AssumeRolePolicyDocument"), else empty. `name`: the logical id or address of what
    holds the policy, empty for a file that is a policy. `lines`: where the elements of the first variant stand in the
    file, by path; not every path needs to be there. `unreadable`: why it is no policy at all; then no variants count.
    """

    variants: tuple[Variant, ...]
    policy_type: PolicyType
    place: Place
    resource_type: str = ""
    name: str = ""
    element: str = ""
    lines: Mapping[Path, Place] = field(default_factory=dict, compare=False)
    missing: tuple[Missing, ...] = ()
    unreadable: str = ""

    @property
    def title(self) -> str:
        """`template.yaml: Bucket.PolicyDocument`."""
        inner = ".".join(filter(None, [self.name, self.element]))
        return f"{self.place.file}: {inner}" if inner else self.place.file

    def where(self, path: Path) -> Place:
        """The place of an element, or of the nearest one around it."""
        for length in range(len(path), -1, -1):
            if found := self.lines.get(path[:length]):
                return found
        return self.place
