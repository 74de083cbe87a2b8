"""Policies between which a policy lies whatever the values are that are not known.

`widest` allows all that the policy allows for any values, `narrowest` nothing that it does not allow for all values.
What holds for no request of the widest holds for none, and what the narrowest allows is allowed in any case. In
between the answer depends on the values.

A value that fills a whole field of an ARN (region, account) is taken to have no colon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .found import marked, replace_marks

Document = dict[str, Any]
_EVERYTHING: Document = {"Action": "*", "Resource": "*"}


class Bound(NamedTuple):
    """`statements`: for each statement of the document its place in the policy that it bounds."""

    document: Document
    statements: tuple[int, ...]


def widest(document: Any, *, principals: bool) -> Bound | None:
    """`document`: the policy as JSON has it, with marks. `principals`: whether it is a policy that names principals.
    None where nothing can be said, for example if its version is not known."""
    return _bound(document, wide=True, principals=principals)


def narrowest(document: Any, *, principals: bool) -> Bound | None:
    """As `widest`."""
    return _bound(document, wide=False, principals=principals)


def is_marked(value: Any) -> bool:
    """Whether something in it is not known."""
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, Mapping):
        return any(marked(str(key)) or is_marked(one) for key, one in value.items())
    return isinstance(value, Iterable) and any(map(is_marked, value))


def _bound(document: Any, *, wide: bool, principals: bool) -> Bound | None:
    if not isinstance(document, dict) or marked(str(document.get("Version", ""))) or any(map(marked, document)):
        return None
    statements = document.get("Statement", [])
    bounds = [_statement(one, wide, principals) for one in _listed(statements)]
    kept = tuple(number for number, one in enumerate(bounds) if one is not None)
    return Bound({**document, "Statement": [bounds[number] for number in kept]}, kept)


def _statement(statement: Any, wide: bool, principals: bool) -> Document | None:
    """None: it never matches."""
    if not isinstance(statement, dict) or any(map(marked, statement)) or marked(str(statement.get("Effect", ""))):
        return _anything(wide, principals) if is_marked(statement) else statement
    wanted = _Elements(more=(statement.get("Effect") == "Allow") == wide)
    found: Document = {}
    for name, value in statement.items():
        if name == "Sid" and is_marked(value):
            continue
        changed = wanted.element(name, value) if is_marked(value) else {name: value}
        if changed is None:
            return None
        found |= changed
    return found


def _anything(wide: bool, principals: bool) -> Document:
    """A statement that may be any: at its widest it allows everything, at its narrowest it denies everything."""
    named = {"Principal": "*"} if principals else {}
    return {"Effect": "Allow" if wide else "Deny", **named, **_EVERYTHING}


class _Elements:
    """Of a statement's elements. `more`: it is to match at least what it does for any values, else at most what it
    matches for all. Each element gives what takes its place; None: the statement never matches."""

    def __init__(self, more: bool) -> None:
        self.more = more

    def element(self, name: str, value: Any) -> Document | None:
        if name in {"Action", "Resource", "NotAction", "NotResource"}:
            widen = _resource if name.endswith("Resource") else _action
            return self._negated(name, value, widen) if name.startswith("Not") else self._patterns(name, value, widen)
        if name == "Principal":
            return self._principal(value)
        if name == "NotPrincipal":
            return self._not_principal(value)
        if name == "Condition":
            return self._conditions(value)
        return {} if self.more else None

    def _patterns(self, name: str, value: Any, widen: Callable[[str], str]) -> Document | None:
        if self.more:
            return {name: [widen(one) if is_marked(one) else one for one in _listed(value)]}
        kept = _known(value)
        return {name: kept} if kept else None

    def _negated(self, name: str, value: Any, widen: Callable[[str], str]) -> Document | None:
        if self.more:
            kept = _known(value)
            return {name: kept} if kept else {name.removeprefix("Not"): "*"}
        widened = [widen(one) if is_marked(one) else one for one in _listed(value)]
        return None if "*" in widened else {name: widened}

    def _principal(self, value: Any) -> Document | None:
        if not isinstance(value, dict) or any(map(marked, value)):
            return {"Principal": "*"} if self.more else None
        found: Document = {}
        for kind, entries in value.items():
            kept = _known(entries)
            if self.more:
                accounts = [_account(one) for one in _listed(entries) if is_marked(one)]
                if None in accounts or (accounts and kind != "AWS"):
                    return {"Principal": "*"}
                kept += [one for one in accounts if one not in kept]
            if kept:
                found[kind] = kept
        return {"Principal": found} if found else None

    def _not_principal(self, value: Any) -> Document | None:
        if not self.more or not isinstance(value, dict):
            return {"Principal": "*"} if self.more else None
        found = {kind: kept for kind, entries in value.items() if not marked(kind) and (kept := _known(entries))}
        return {"NotPrincipal": found} if found else {"Principal": "*"}

    def _conditions(self, value: Any) -> Document | None:
        if not isinstance(value, dict):
            return {} if self.more else None
        found: Document = {}
        for operator, keys in value.items():
            if not isinstance(keys, dict) or marked(operator):
                if not self.more:
                    return None
                continue
            kept = self._keys("not" in operator.lower(), keys)
            if kept is None:
                return None
            if kept:
                found[operator] = kept
        return {"Condition": found}

    def _keys(self, negated: bool, keys: Mapping[str, Any]) -> Document | None:
        found: Document = {}
        for key, values in keys.items():
            if not marked(key) and not is_marked(values):
                found[key] = values
                continue
            if marked(key) or negated != self.more:  # the value that is not known may decide it alone
                if not self.more:
                    return None
                continue
            if kept := _known(values):
                found[key] = kept
            elif not self.more:
                return None
        return found


def _action(pattern: Any) -> str:
    return replace_marks(str(pattern), "*")


def _resource(pattern: Any) -> str:
    """A pattern for whatever the resource may be. Before the sixth part of an ARN a value must fill its field."""
    fields = str(pattern).split(":", 5)
    if len(fields) < 6 or fields[0] != "arn":
        return "*"
    if any(marked(one) and replace_marks(one, "") for one in fields[:5]):
        return "*"
    return ":".join(replace_marks(one, "*") for one in fields)


def _account(entry: Any) -> str | None:
    """The account whose principals an entry names whatever its missing part is; None if that is not known."""
    fields = str(entry).split(":")
    known = len(fields) >= 6 and fields[0] == "arn" and fields[2] in {"iam", "sts"}
    if not known or any(map(marked, fields[:5])) or not (len(fields[4]) == 12 and fields[4].isdecimal()):
        return None
    return ":".join([*fields[:2], "iam", "", fields[4], "root"])


def _known(value: Any) -> list[Any]:
    return [one for one in _listed(value) if not is_marked(one)]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
