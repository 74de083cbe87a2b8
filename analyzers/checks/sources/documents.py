"""Policies as they come out of templates: as objects, as texts, or not known at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from analyzers.checks.found import marked
from analyzers.checks.unknowns import is_marked, widest
from analyzers.policy import PolicyError, parse

_POLICY = re.compile(r"""\s*\{\s*("(Version|Id)"\s*:\s*"[^"]*"\s*,\s*)*"Statement"\s*:""")


def holds_policy(node: Any) -> bool:
    """Whether a part of a template, or a value, looks like a policy: an object, its text, or a function that gives its
    text. Of an object with statements that functions give, too."""
    if isinstance(node, str):
        return _POLICY.match(node) is not None
    if not isinstance(node, Mapping):
        return False
    if "Statement" in node:
        statements = node["Statement"]
        return "Effect" in _keys(statements) or ("Version" in node and bool(_functions(statements)))
    if len(node) == 1 and str(next(iter(node))) in {"Fn::Sub", "Fn::Join"}:
        return any(_POLICY.match(one) for one in _texts(node))
    return False


def names_principals(node: Any) -> bool:
    """Whether it is the policy of a resource. One whose statements functions give may be."""
    names = {"Principal", "NotPrincipal"}
    if isinstance(node, Mapping) and "Statement" in node and "Effect" not in _keys(node["Statement"]):
        return True
    return bool(names & _keys(node)) or any(f'"{name}"' in one for one in _texts(node) for name in names)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _walk(node: Any) -> Iterator[Any]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Mapping):
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _keys(node: Any) -> set[str]:
    return {str(name) for one in _walk(node) if isinstance(one, Mapping) for name in one}


def _texts(node: Any) -> Iterator[str]:
    return (one for one in _walk(node) if isinstance(one, str))


def _functions(node: Any) -> set[str]:
    return {name for name in _keys(node) if name.startswith("Fn::") or name == "Ref"}


def text_of(value: Any) -> str:
    """A policy as JSON. A text is one already; a value that is not known may be any policy."""
    if isinstance(value, str):
        if not marked(value) or value.lstrip().startswith("{"):
            return value
        value = {"Version": "2012-10-17", "Statement": [value]}
    return json.dumps(value, ensure_ascii=False, indent=2)


def why_not(text: str) -> str:
    """Why a text is no policy, whatever its unknown values are; empty if it is one."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
        if is_marked(document):
            bound = widest(document, principals=True)
            text = json.dumps(bound.document) if bound is not None else '{"Statement": []}'
    except (ValueError, RecursionError):
        pass  # the parser says it better
    try:
        parse(text, statement_required=False)
    except PolicyError as error:
        return error.message
    return ""
