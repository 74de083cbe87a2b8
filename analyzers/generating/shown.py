"""A generated policy as plain values, for pages and for JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from analyzers.checks.generation import Doing, Generated

MOST_NAMED = 500
"""Actions that one list names; their number is told in any case."""
_PLACEHOLDER = re.compile(r"\$\{[A-Za-z][A-Za-z0-9]*\}")


def variant_of(placeholders: bool, services: bool) -> str:
    """Under which name a result is kept: by the options of GetGeneratedPolicy."""
    return f"{int(placeholders)}{int(services)}"


def of(found: Generated) -> dict[str, Any]:
    """`{proved, refused, complete, placeholders, policies: [text], proofs, actions, services, done, done_count,
    outside, outside_count, services_only, denied_only, needed, gaps, seconds, wire}`; `actions`, `services`: how many
    the policies name; `wire`: `GeneratedPolicyResult` of the API."""
    allowed = _allowed(found.policies)
    return {
        "proved": found.proved,
        "refused": found.refused,
        "complete": found.is_complete,
        "placeholders": found.placeholders,
        "policies": list(found.policies),
        "proofs": [dataclasses.asdict(proof) for proof in found.proofs],
        "done": _doings(found.done),
        "done_count": len(found.done),
        "actions": len(allowed),
        "services": len({one.partition(":")[0].lower() for one in allowed}),
        "outside": _doings(found.outside),
        "outside_count": len(found.outside),
        "services_only": list(found.services_only[:MOST_NAMED]),
        "denied_only": list(found.denied_only[:MOST_NAMED]),
        "needed": [one._asdict() for one in found.needed[:MOST_NAMED]],
        "gaps": list(found.gaps),
        "seconds": round(found.seconds, 3),
        "wire": found.as_json(),
    }


def _allowed(policies: Iterable[str]) -> set[str]:
    """The actions that the policies name to allow them."""
    statements = [one for text in policies for one in json.loads(text)["Statement"]]
    return {action for one in statements if one["Effect"] == "Allow" for action in one["Action"]}


def _doings(many: Iterable[Doing]) -> list[dict[str, Any]]:
    return [
        {
            "action": one.action,
            "resources": list(one.resources),
            "last_use": one.last.isoformat() if one.last is not None else None,
        }
        for one in list(many)[:MOST_NAMED]
    ]


class Part(NamedTuple):
    text: str
    placeholder: bool


def lines(text: str) -> list[list[Part]]:
    """The lines of a policy in parts, so that what is to be filled in can be marked."""
    found = []
    for line in text.split("\n"):
        parts, at = [], 0
        for match in _PLACEHOLDER.finditer(line):
            parts += [Part(line[at : match.start()], False), Part(match[0], True)]
            at = match.end()
        found.append([*parts, Part(line[at:], False)])
    return found
