"""Policy variables, `${key}` and `${key, 'default'}`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzers.policy.errors import quote
from analyzers.policy.model import Path
from analyzers.policy.operators import Family

from .document import Document, Text
from .rule import Found, Place, Rule, found, part
from .values import FindingType

_ESCAPES = frozenset("*?$")


class Use(NamedTuple):
    """`${...}` in a text. `inner` is None if it is not closed."""

    path: Path
    start: int
    length: int
    inner: str | None

    @property
    def place(self) -> Place:
        return part(self.path, self.start, self.length)

    @property
    def is_escape(self) -> bool:
        return self.inner in _ESCAPES


def uses(text: Text) -> Iterator[Use]:
    start = text.value.find("${")
    while start >= 0:
        end = text.value.find("}", start)
        if end < 0:
            yield Use(text.path, start, len(text.value) - start, None)
            return
        yield Use(text.path, start, end + 1 - start, text.value[start + 2 : end])
        start = text.value.find("${", end)


def _allowed(document: Document) -> Iterator[Text]:
    """Texts in which variables stand for something."""
    for statement in document.statements:
        yield from statement.texts("Resource")
        yield from statement.texts("NotResource")
        for line in statement.lines:
            yield from line.values


def _used(document: Document) -> Iterator[Use]:
    if "${" in document.text:
        for text in _allowed(document):
            yield from uses(text)


def missing_brace(document: Document) -> Iterator[Found]:
    if document.current:
        for use in _used(document):
            if use.inner is None:
                yield found("The variable is not closed. Add }.", use.place)


def empty_variable(document: Document) -> Iterator[Found]:
    if document.current:
        for use in _used(document):
            if use.inner is not None and not use.inner.strip():
                yield found(
                    "The variable is empty. Write a key into it, such as ${aws:username}, or remove it.", use.place
                )


def _named(document: Document) -> Iterator[tuple[Use, str, str, str]]:
    """Variables with key, comma and default as written."""
    if document.current:
        for use in _used(document):
            if use.inner is not None and use.inner.strip() and not use.is_escape:
                name, comma, default = use.inner.partition(",")
                yield use, name, comma, default


def missing_quote(document: Document) -> Iterator[Found]:
    for use, name, comma, default in _named(document):
        text = default.strip()
        if comma and not (len(text) > 1 and text[0] == text[-1] == "'"):
            written = text.strip("'")[:40]
            yield found(f"The default is not in single quotes. Write ${{{name.strip()[:60]}, '{written}'}}.", use.place)


def unsupported_space(document: Document) -> Iterator[Found]:
    for use, name, _, _ in _named(document):
        if any(char.isspace() for char in name) and not _is_tag(name):
            yield found("The name of a variable has no spaces. Remove them.", use.place)


def _is_tag(name: str) -> bool:
    """The key of a tag may hold spaces: `${aws:PrincipalTag/Cost Center}`."""
    prefix, slash, tag = name.partition("/")
    return bool(slash) and not any(char.isspace() for char in prefix) and tag == tag.strip()


def unsupported_in_element(document: Document) -> Iterator[Found]:
    if "${" not in document.text or not document.current:
        return
    for statement in document.statements:
        texts = [*statement.texts("Action"), *statement.texts("NotAction"), *statement.texts("Sid")]
        texts += [Text(principal.value, principal.path) for principal in statement.principals]
        for text in texts:
            for use in uses(text):
                yield found(
                    "A variable stands for something only in Resource and Condition. Remove "
                    f"{quote(_written(text, use))}.",
                    use.place,
                )


def _written(text: Text, use: Use) -> str:
    return text.value[use.start : use.start + use.length]


def unsupported_in_version(document: Document) -> Iterator[Found]:
    if not document.current:
        for use in _used(document):
            if use.inner is not None and not use.is_escape:
                yield found(
                    'Without "Version": "2012-10-17" this is plain text, not a variable. Set the version.', use.place
                )


def invalid_for_operator(document: Document) -> Iterator[Found]:
    if "${" not in document.text or not document.current:
        return
    for statement in document.statements:
        for line in statement.lines:
            if line.family in {None, Family.STRING, Family.ARN}:
                continue
            for value in line.values:
                for use in uses(value):
                    yield found(
                        f"{line.name} takes no variables, only operators for texts and ARNs do. Write a fixed value.",
                        use.place,
                    )


RULES = (
    Rule("MISSING_BRACE_IN_VARIABLE", FindingType.ERROR, missing_brace),
    Rule("MISSING_QUOTE_IN_VARIABLE", FindingType.ERROR, missing_quote),
    Rule("UNSUPPORTED_SPACE_IN_VARIABLE", FindingType.ERROR, unsupported_space),
    Rule("EMPTY_VARIABLE", FindingType.ERROR, empty_variable),
    Rule("VARIABLE_UNSUPPORTED_IN_ELEMENT", FindingType.ERROR, unsupported_in_element),
    Rule("VARIABLE_UNSUPPORTED_IN_VERSION", FindingType.ERROR, unsupported_in_version),
    Rule("INVALID_VARIABLE_FOR_OPERATOR", FindingType.ERROR, invalid_for_operator),
)
