"""JSON text -> Policy.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from .errors import PolicyError
from .locate import locate, position
from .model import (
    CURRENT_VERSION,
    OLD_VERSION,
    Condition,
    Effect,
    Operator,
    Path,
    Patterns,
    Policy,
    PrincipalEntry,
    PrincipalKind,
    Principals,
    Problem,
    SetQualifier,
    Statement,
)
from .operators import lookup

_T = TypeVar("_T")

MAX_BYTES = 1024 * 1024
"""AWS allows 6 to 30 kB; nothing honest is near."""
MAX_DEPTH = 40

_STATEMENT_ELEMENTS = frozenset(
    [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ]
)
_KINDS = {kind.value: kind for kind in PrincipalKind if kind is not PrincipalKind.ANY}
_QUALIFIERS = {qualifier.value.lower(): qualifier for qualifier in SetQualifier}


class _Number(str):
    """A JSON number in the spelling of its source."""

    __slots__ = ()


class _Twice(dict[str, Any]):
    """An object in which a key occurs twice."""

    twice: str = ""


def parse(text: str | bytes) -> Policy:
    """The policy in a JSON text. Raises PolicyError for what is no policy; what is one but holds something unknown
    comes back with `problems`."""
    source = _decode(text)
    return parse_value(_load(source), source)


def parse_value(value: Any, text: str = "") -> Policy:
    """The policy of a document that is an object already; `text` is its source (default: written out by `pretty`).

    Raises PolicyError.
    """
    if not text:
        text = pretty(value)
    return _Parser(text).policy(value)


def pretty(value: Any) -> str:
    """A document as people read it: two spaces a level, keys in their order. Raises PolicyError if it cannot be."""
    try:
        return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyError(f"The document cannot be written as JSON: {error}") from error


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise PolicyError(f"The document is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return value


def _decode(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise PolicyError(f"The document has {size:,} bytes; at most {MAX_BYTES:,} are read.")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PolicyError(f"The document is not UTF-8 (byte {error.start}).") from error
    text = text.removeprefix("\ufeff")
    if any("\ud800" <= char <= "\udfff" for char in text if char > "\ud7ff"):
        raise PolicyError("The document holds half of a surrogate pair, which is no character.")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise PolicyError(f"{name} is not JSON.")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    twice = _Twice(value)
    for key, _ in pairs:
        if key in seen:
            twice.twice = key
        seen.add(key)
    return twice


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
)


def _load(text: str) -> Any:
    _check_depth(text)
    try:
        value, end = _decoder.raw_decode(text, _leading(text))
    except json.JSONDecodeError as error:
        place = position(text, error.pos)
        message = "The document is empty." if not text.strip() else f"The document is not JSON: {error.msg}."
        raise PolicyError(message, position=place, text=text) from error
    except RecursionError as error:
        raise PolicyError(f"The document is nested deeper than {MAX_DEPTH} levels.") from error
    if text[end:].strip():
        place = position(text, end + len(text[end:]) - len(text[end:].lstrip()))
        raise PolicyError("The document goes on after its end.", position=place, text=text)
    return value


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip(" \t\r\n"))


def _check_depth(text: str) -> None:
    """Before the JSON reader, which would run out of stack."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    quoted = escaped = False
    for offset, char in enumerate(text):
        if quoted:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise PolicyError(
                    f"The document is nested deeper than {MAX_DEPTH} levels.",
                    position=position(text, offset),
                    text=text,
                )
        elif char in "}]":
            depth -= 1


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text

    def fail(self, message: str, path: Path) -> NoReturn:
        found = locate(self.text)
        known = path
        while known and known not in found:
            known = known[:-1]
        place = found[known].value.start if known in found else None
        raise PolicyError(message, path=path, position=place, text=self.text)

    def policy(self, value: Any) -> Policy:
        document = self.object(value, (), "A policy is a JSON object.")
        problems = [
            Problem(f"A policy has no element {name!r}.", (name,), opaque=False)
            for name in document
            if name not in {"Version", "Id", "Statement"}
        ]
        version = document.get("Version", OLD_VERSION)
        if version not in {CURRENT_VERSION, OLD_VERSION}:
            self.fail(f"Version is {CURRENT_VERSION!r} or {OLD_VERSION!r}.", ("Version",))
        identifier = document.get("Id")
        if identifier is not None and not isinstance(identifier, str):
            self.fail("Id is a text.", ("Id",))
        if "Statement" not in document:
            self.fail("A policy needs the element 'Statement'.", ())
        listed = document["Statement"]
        if isinstance(listed, dict):
            statements = (self.statement(listed, 0, ("Statement",)),)
        elif isinstance(listed, list):
            statements = tuple(
                self.statement(item, index, ("Statement", index)) for index, item in enumerate(listed)
            )
        else:
            self.fail("Statement is an object or a list of objects.", ("Statement",))
        return Policy(statements, version, identifier, tuple(problems), self.text)

    def object(self, value: Any, path: Path, expected: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(expected, path)
        if isinstance(value, _Twice):
            self.fail(f"The element {value.twice!r} occurs twice.", (*path, value.twice))
        return value

    def statement(self, value: Any, index: int, path: Path) -> Statement:
        element = self.object(value, path, "A statement is a JSON object.")
        problems = [
            Problem(f"A statement has no element {name!r}.", (*path, name))
            for name in element
            if name not in _STATEMENT_ELEMENTS
        ]
        sid = element.get("Sid")
        if sid is not None and not isinstance(sid, str):
            self.fail("Sid is a text.", (*path, "Sid"))
        effect = element.get("Effect")
        if effect not in {"Allow", "Deny"}:
            self.fail(
                "A statement needs Effect 'Allow' or 'Deny', in exactly this spelling.", (*path, "Effect")
            )
        actions = self.either(element, "Action", path, self.patterns)
        if actions is None:
            self.fail("A statement needs Action or NotAction.", path)
        return Statement(
            index=index,
            effect=Effect(effect),
            sid=sid,
            principals=self.either(
                element, "Principal", path, lambda *args: self.principals(*args, problems)
            ),
            actions=actions,
            resources=self.either(element, "Resource", path, self.patterns),
            conditions=self.conditions(element.get("Condition", {}), (*path, "Condition"), problems),
            problems=tuple(problems),
        )

    def either(
        self, element: dict[str, Any], name: str, path: Path, read: Callable[[Any, Path, bool], _T]
    ) -> _T | None:
        """The element or its negation, which exclude each other."""
        negation = f"Not{name}"
        if name in element and negation in element:
            self.fail(f"{name} and {negation} exclude each other.", (*path, negation))
        if name in element:
            return read(element[name], (*path, name), False)
        return read(element[negation], (*path, negation), True) if negation in element else None

    def patterns(self, value: Any, path: Path, negated: bool) -> Patterns:
        return Patterns(tuple(self.texts(value, path)), negated)

    def principals(self, value: Any, path: Path, negated: bool, problems: list[Problem]) -> Principals:
        if value == "*":
            return Principals((PrincipalEntry(PrincipalKind.ANY, "*"),), negated)
        by_kind = self.object(
            value, path, 'A principal is \'*\' or an object such as {"AWS": "111122223333"}.'
        )
        if not by_kind:
            self.fail("A principal names somebody.", path)
        entries: list[PrincipalEntry] = []
        for name, listed in by_kind.items():
            kind = _KINDS.get(name)
            texts = list(self.texts(listed, (*path, name)))
            if kind is None:
                problems.append(Problem(f"There is no principal type {name!r}.", (*path, name)))
                continue
            entries += (PrincipalEntry(kind, text) for text in texts)
        return Principals(tuple(entries), negated)

    def conditions(self, value: Any, path: Path, problems: list[Problem]) -> tuple[Condition, ...]:
        block = self.object(value, path, "Condition is an object of operators.")
        found: list[Condition] = []
        for name, keys in block.items():
            operator = read_operator(name)
            if not operator.known:
                problems.append(
                    Problem(f"There is no condition operator {name!r}.", (*path, name), opaque=False)
                )
            by_key = self.object(keys, (*path, name), "A condition operator holds an object of keys.")
            seen: set[str] = set()
            for key, values in by_key.items():
                if key.lower() in seen:
                    problems.append(
                        Problem(
                            f"The key {key!r} occurs twice in other spelling.",
                            (*path, name, key),
                            opaque=False,
                        )
                    )
                seen.add(key.lower())
                found.append(
                    Condition(operator, key, tuple(self.texts(values, (*path, name, key), scalars=True)))
                )
        return tuple(found)

    def texts(self, value: Any, path: Path, *, scalars: bool = False) -> Iterator[str]:
        """The texts of a scalar or a list; with `scalars` JSON truths and numbers count as their texts."""
        many = isinstance(value, list)
        if many and not value:
            self.fail("The list is empty: it would match nothing.", path)
        for index, item in enumerate(value if many else [value]):
            if scalars and isinstance(item, bool):
                yield "true" if item else "false"
            elif scalars and isinstance(item, (int, float)):
                yield json.dumps(item)
            elif isinstance(item, str) and (scalars or not isinstance(item, _Number)):
                yield str(item)
            else:
                self.fail("A text is expected here.", (*path, index) if many else path)


def read_operator(name: str) -> Operator:
    """A condition operator taken apart; its case does not matter."""
    prefix, colon, base = name.partition(":")
    qualifier = _QUALIFIERS.get(prefix.lower()) if colon else None
    if colon and qualifier is None:
        return Operator(name, known=False)
    base = base if colon else name
    rule = lookup(base)
    if rule is not None:
        return Operator(rule.name, qualifier)
    if base.lower().endswith("ifexists"):
        rule = lookup(base[: -len("ifexists")])
        if rule is not None and rule.name != "Null":
            return Operator(rule.name, qualifier, if_exists=True)
    return Operator(name, known=False)
