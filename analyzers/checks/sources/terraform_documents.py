"""The data source aws_iam_policy_document, as far as a plan tells it before it is read.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from analyzers.checks.found import Missing, mark


class Made(NamedTuple):
    """`document`: the policy with marks; a mark alone where nothing is known of it."""

    document: Any
    missing: tuple[Missing, ...]


def document_of(address: str, after: Any, unknown: Any, assume: Mapping[str, str]) -> Made:
    return _Document(address, assume).made(after, unknown)


class _Document:
    def __init__(self, address: str, assume: Mapping[str, str]) -> None:
        self._address = address
        self._assume = assume
        self._missing: dict[str, Missing] = {}

    def made(self, after: Any, unknown: Any) -> Made:
        after = after if isinstance(after, Mapping) else {}
        unknown = unknown if isinstance(unknown, Mapping) else {}
        merged = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")
        known = "statement" in after or "statement" in unknown
        if (
            any(after.get(name) or unknown.get(name) for name in merged)
            or unknown.get("statement") is True
            or not known
        ):
            return Made(self._open("json"), tuple(self._missing.values()))
        version = after.get("version") or "2012-10-17"
        statements = [
            self._statement(f"statement[{number}]", one, open_)
            for number, one, open_ in _both(after.get("statement"), unknown.get("statement"))
        ]
        return Made({"Version": version, "Statement": statements}, tuple(self._missing.values()))

    def _statement(self, where: str, after: Any, unknown: Any) -> Any:
        if unknown is True:
            return self._open(where)
        after = after if isinstance(after, Mapping) else {}
        unknown = unknown if isinstance(unknown, Mapping) else {}
        found: dict[str, Any] = {"Effect": self._value(f"{where}.effect", after.get("effect"), unknown.get("effect"))}
        found["Effect"] = found["Effect"] or "Allow"
        if sid := after.get("sid"):
            found["Sid"] = sid
        for ours, theirs in _LISTS.items():
            values = self._values(f"{where}.{ours}", after.get(ours), unknown.get(ours))
            if values:
                found[theirs] = values
        for ours, theirs in {"principals": "Principal", "not_principals": "NotPrincipal"}.items():
            entries = self._principals(f"{where}.{ours}", after.get(ours), unknown.get(ours))
            if entries:
                found[theirs] = entries
        conditions = self._conditions(f"{where}.condition", after.get("condition"), unknown.get("condition"))
        if conditions:
            found["Condition"] = conditions
        return found

    def _principals(self, where: str, after: Any, unknown: Any) -> Any:
        if unknown is True:
            return self._open(where)
        found: dict[str, Any] = {}
        for number, one, inner in _both(after, unknown):
            if inner is True:
                return self._open(where)
            one = one if isinstance(one, Mapping) else {}
            kind = self._value(f"{where}[{number}].type", one.get("type"), _part(inner, "type"))
            values = self._values(f"{where}[{number}].identifiers", one.get("identifiers"), _part(inner, "identifiers"))
            if kind == "*":
                return "*"
            found.setdefault(str(kind), []).extend(values)
        return found

    def _conditions(self, where: str, after: Any, unknown: Any) -> Any:
        if unknown is True:
            return self._open(where)
        found: dict[str, dict[str, Any]] = {}
        for number, one, inner in _both(after, unknown):
            if inner is True:
                return self._open(where)
            at = f"{where}[{number}]"
            one = one if isinstance(one, Mapping) else {}
            test = self._value(f"{at}.test", one.get("test"), _part(inner, "test"))
            key = self._value(f"{at}.variable", one.get("variable"), _part(inner, "variable"))
            values = self._values(f"{at}.values", one.get("values"), _part(inner, "values"))
            found.setdefault(str(test), {}).setdefault(str(key), []).extend(values)
        return found

    def _values(self, where: str, after: Any, unknown: Any) -> list[Any]:
        if unknown is True:
            return [self._open(where)]
        count = max(len(_listed(after)), len(unknown) if isinstance(unknown, list) else 0)
        given = _listed(after)
        return [
            self._value(f"{where}[{number}]", given[number] if number < len(given) else None, _inner(unknown, number))
            for number in range(count)
        ]

    def _value(self, where: str, after: Any, unknown: Any) -> Any:
        value = self._open(where) if unknown is True else after
        return value.replace("&{", "${") if isinstance(value, str) else value

    def _open(self, where: str) -> Any:
        whole = f"{self._address}.{where}"
        if whole in self._assume:
            given = self._assume[whole]
            return json.loads(given) if where == "json" and given.lstrip().startswith("{") else given
        self._missing[whole] = Missing(whole, "known when the plan is applied")
        return mark(whole)


_LISTS = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _both(after: Any, unknown: Any) -> Iterator[tuple[int, Any, Any]]:
    """The entries of a list of blocks, each with what is not known of it; also those of which nothing is known."""
    given = _listed(after)
    for number in range(max(len(given), len(_listed(unknown)))):
        yield number, given[number] if number < len(given) else None, _inner(unknown, number)


def _inner(unknown: Any, number: int) -> Any:
    return unknown[number] if isinstance(unknown, list) and number < len(unknown) else None


def _part(unknown: Any, name: str) -> Any:
    return unknown.get(name) if isinstance(unknown, Mapping) else None
