"""JSON -> Policy.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from .errors import PolicyError, quote
from .locate import locate
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
from .source import Number, decode, load, pretty

_POLICY_ELEMENTS = frozenset(["Version", "Id", "Statement"])
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
_EFFECTS = {effect.value: effect for effect in Effect}
_KINDS = {kind.value: kind for kind in PrincipalKind if kind is not PrincipalKind.ANY}
_QUALIFIERS = {qualifier.value.lower(): qualifier for qualifier in SetQualifier}
_EVERYONE = (PrincipalEntry(PrincipalKind.ANY, "*"),)


class _WrongError(Exception):
    """What was expected at a path; becomes a PolicyError once the place is looked up."""

    def __init__(self, expected: str, *path: str | int) -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path


def parse(text: str | bytes, *, statement_required: bool = True) -> Policy:
    """The policy in a JSON text.

    Raises PolicyError for what is no policy. What is one, but holds something that is not understood, comes
    back with `problems`. Without `statement_required` a document may have no statements.
    """
    source = decode(text)
    return _read(load(source), source, statement_required)


def parse_value(value: Any, text: str = "", *, statement_required: bool = True) -> Policy:
    """The policy of a document that is an object already. Raises PolicyError.

    `text` is the source to find places in, if it is at hand; by default the document as `pretty` writes it.
    """
    written = decode(pretty(value))
    return _read(load(written), text or written, statement_required)


def _read(value: Any, text: str, statement_required: bool) -> Policy:
    try:
        return _policy(value, text, statement_required)
    except _WrongError as wrong:
        places = locate(text)
        known: Path = wrong.path
        while known and known not in places:  # of what is missing, show the element that misses it
            known = known[:-1]
        place = places.get(known)
        raise PolicyError(wrong.expected, path=wrong.path, position=place and place.value.start, text=text) from None


def _policy(value: Any, text: str, statement_required: bool) -> Policy:
    if not isinstance(value, dict):
        raise _WrongError("A policy is a JSON object.")
    problems = _unknown(value, _POLICY_ELEMENTS, "A policy", ())
    version = value.get("Version", OLD_VERSION)
    if type(version) is not str or version not in (CURRENT_VERSION, OLD_VERSION):
        raise _WrongError(f"Version is '{CURRENT_VERSION}' or '{OLD_VERSION}'.", "Version")
    statements = value.get("Statement")
    if "Statement" not in value and statement_required:
        raise _WrongError("A policy needs the element 'Statement'.", "Statement")
    read: tuple[Statement, ...] = ()
    if isinstance(statements, dict):
        read = (_statement(statements, 0, ("Statement",)),)
    elif isinstance(statements, list) and (statements or not statement_required):
        read = tuple(_statement(item, index, ("Statement", index)) for index, item in enumerate(statements))
    elif "Statement" in value:
        raise _WrongError("Statement is an object or a list of objects, at least one.", "Statement")
    return Policy(read, version, _label(value, "Id"), tuple(problems), text)


def _statement(value: Any, index: int, path: Path) -> Statement:
    if not isinstance(value, dict):
        raise _WrongError("A statement is a JSON object.", *path)
    problems = _unknown(value, _STATEMENT_ELEMENTS, "A statement", path)
    written = value.get("Effect")
    effect = _EFFECTS.get(written) if type(written) is str else None
    if effect is None:
        raise _WrongError("A statement needs Effect, 'Allow' or 'Deny', in exactly this spelling.", *path, "Effect")
    actions = _patterns(value, "Action", "NotAction", path)
    if actions is None:
        raise _WrongError("A statement needs Action or NotAction.", *path)
    return Statement(
        index=index,
        effect=effect,
        sid=_label(value, "Sid", *path),
        principals=_principals(value, path, problems),
        actions=actions,
        resources=_patterns(value, "Resource", "NotResource", path),
        conditions=_conditions(value["Condition"], path, problems) if "Condition" in value else (),
        problems=tuple(problems),
    )


def _unknown(value: dict[str, Any], known: frozenset[str], what: str, path: Path) -> list[Problem]:
    if value.keys() <= known:
        return []
    return [
        Problem(f"{what} has no element {quote(name)}.", (*path, name), content=_digest(value[name]))
        for name in value
        if name not in known
    ]


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _label(value: dict[str, Any], name: str, *path: str | int) -> str | None:
    label = value.get(name)
    if name in value and type(label) is not str:
        raise _WrongError(f"{name} is a text.", *path, name)
    return label


def _patterns(value: dict[str, Any], name: str, negation: str, path: Path) -> Patterns | None:
    chosen = _either(value, name, negation, path)
    return Patterns(_texts(value[chosen], path, chosen), chosen is negation) if chosen else None


def _either(value: dict[str, Any], name: str, negation: str, path: Path) -> str | None:
    """Which of the element and its negation is there; they exclude each other."""
    if name not in value:
        return negation if negation in value else None
    if negation in value:
        raise _WrongError(f"Either {name} or {negation} is expected, not both.", *path, negation)
    return name


def _principals(value: dict[str, Any], path: Path, problems: list[Problem]) -> Principals | None:
    chosen = _either(value, "Principal", "NotPrincipal", path)
    if chosen is None:
        return None
    named = value[chosen]
    negated = chosen == "NotPrincipal"
    if named == "*":
        return Principals(_EVERYONE, negated)
    if not isinstance(named, dict) or not named:
        raise _WrongError('A principal is \'*\' or an object such as {"AWS": "111122223333"}.', *path, chosen)
    entries: list[PrincipalEntry] = []
    for name, listed in named.items():
        texts = _texts(listed, path, chosen, name)
        kind = _KINDS.get(name)
        if kind is None:
            message = f"There is no principal type {quote(name)}."
            problems.append(Problem(message, (*path, chosen, name), content=_digest(texts)))
        else:
            entries += [PrincipalEntry(kind, text) for text in texts]
    return Principals(tuple(entries), negated)


def _conditions(value: Any, path: Path, problems: list[Problem]) -> tuple[Condition, ...]:
    if not isinstance(value, dict):
        raise _WrongError("Condition is an object of operators.", *path, "Condition")
    found: list[Condition] = []
    for name, keys in value.items():
        operator = read_operator(name)
        if not operator.known:
            # Not opaque: the condition is evaluated as unknown by itself, so the others still count.
            message = f"There is no condition operator {quote(name)}."
            problems.append(Problem(message, (*path, "Condition", name), opaque=False))
        if not isinstance(keys, dict):
            raise _WrongError("A condition operator holds an object of keys.", *path, "Condition", name)
        if len({key.lower() for key in keys}) != len(keys):
            message = "The same condition key occurs in two spellings; both are required."
            problems.append(Problem(message, (*path, "Condition", name), opaque=False))
        found += [
            Condition(operator, key, _values(values, path, "Condition", name, key)) for key, values in keys.items()
        ]
    return tuple(found)


def _texts(value: Any, path: Path, *steps: str) -> tuple[str, ...]:
    """A text, or a list of at least one."""
    if type(value) is str:
        return (value,)
    if not isinstance(value, list):
        raise _WrongError("A text or a list of texts is expected.", *path, *steps)
    if not value:
        raise _WrongError("At least one text is expected: the list is empty.", *path, *steps)
    for index, item in enumerate(value):
        if type(item) is not str:
            raise _WrongError("A text is expected.", *path, *steps, index)
    return tuple(value)


def _values(value: Any, path: Path, *steps: str) -> tuple[str, ...]:
    """The values of a condition: texts, and the spelling of JSON truths and numbers."""
    if type(value) is str:
        return (value,)
    many = isinstance(value, list)
    if many and not value:
        raise _WrongError("At least one value is expected: the list is empty.", *path, *steps)
    texts: list[str] = []
    for index, item in enumerate(value if many else [value]):
        if type(item) is str:
            texts.append(item)
        elif isinstance(item, Number):
            texts.append(str(item))
        elif isinstance(item, bool):
            texts.append("true" if item else "false")
        else:
            expected = "A text, a number, true or false is expected."
            raise _WrongError(expected, *path, *steps, *([index] if many else []))
    return tuple(texts)


def read_operator(name: str) -> Operator:
    """A condition operator as written, taken apart."""
    return _known_operator(name) if len(name) < 100 else Operator(name, known=False)


@lru_cache(maxsize=1024)
def _known_operator(name: str) -> Operator:
    """A condition operator taken apart, in any case. Null takes no IfExists: it asks for just that."""
    prefix, colon, base = name.rpartition(":")
    qualifier = _QUALIFIERS.get(prefix.lower())
    if colon and qualifier is None:
        return Operator(name, known=False)
    rule = lookup(base)
    if rule is not None:
        return Operator(rule.name, qualifier)
    rule = lookup(base[: -len("IfExists")]) if base.lower().endswith("ifexists") else None
    if rule is None or rule.name == "Null":
        return Operator(name, known=False)
    return Operator(rule.name, qualifier, if_exists=True)
