"""A policy as it was found in a file, with what is not known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

_OPEN, _CLOSE, _WORD = "\ue000", "\ue001", "\ue002"
"""Private-use characters, which no policy needs."""
_MARK = re.compile(f"{_OPEN}{_WORD}?([^{_OPEN}{_CLOSE}{_WORD}]*){_CLOSE}")
_WORDS = re.compile(f"{_OPEN}{_WORD}([^{_OPEN}{_CLOSE}{_WORD}]*){_CLOSE}")


def mark(name: str, *, word: bool = False) -> str:
    """What stands in a policy's text for a value that is not known: an import, an attribute of a resource that does
    not exist yet, a parameter without default. The same name is the same value.

    `word`: the value is an id or a name that AWS gives (an account, a region, the made-up name of a resource): without
    wildcards, colons or slashes, and no other value has it.
    """
    return f"{_OPEN}{_WORD if word else ''}{plain_name(name)}{_CLOSE}"


def plain_name(name: str) -> str:
    """A name as it may stand within a JSON text: a policy that is a text has its marks between quotes."""
    told = "".join(char for char in name if char not in _OPEN + _CLOSE + _WORD and char.isprintable())
    return told.replace('"', "'").replace("\\", "/")


def words_in(text: str) -> Iterator[str]:
    """The names of the words among the values that are not known."""
    return (found[1] for found in _WORDS.finditer(text))


def begins_with_word(text: str) -> bool:
    return _WORDS.match(text) is not None


def pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The text between marks, each with the mark that follows: the name of a word, empty for any other value, None at
    the end."""
    start = 0
    for found in _MARK.finditer(text):
        yield text[start : found.start()], found[1] if _WORDS.match(found[0]) else ""
        start = found.end()
    yield text[start:], None


def with_words(text: str, words: Mapping[str, str]) -> str:
    """The text with these values for the words."""
    return _WORDS.sub(lambda found: words.get(found[1], found[0]), text)


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


ANY_RESOURCE = "policies of resources"
"""The element of what stands for the policies of resources that a file does not show."""


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
    `taken`: (name, value) of the defaults of parameters that are in it: whoever deploys may give others.

    `account`: that of the resource, or what stands for it in a template (a mark); empty if it is not known. `inside`:
    where the policy stands in its file, by path; None where it does not stand there as it is (it is made of several
    properties, or the file is made of another).
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
    account: str = field(default="", compare=False)
    inside: Path | None = field(default=None, compare=False)
    taken: tuple[tuple[str, str], ...] = ()

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


def alone(lines: Mapping[Path, Place]) -> dict[Path, Place]:
    """Of a policy whose Statement is one object: its elements under the path that they have in a list, too."""
    if ("Statement", 0) in lines or ("Statement",) not in lines:
        return dict(lines)
    inner = {("Statement", 0, *path[1:]): place for path, place in lines.items() if path[:1] == ("Statement",)}
    return {**lines, **inner}
