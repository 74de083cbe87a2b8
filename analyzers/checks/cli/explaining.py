"""`explain`: what policies say, in plain sentences."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from analyzers.checks.escaping import code, plain
from analyzers.checks.explaining import Explained, explained
from analyzers.checks.found import Place, readable
from analyzers.checks.sources import Unreadable, read
from analyzers.policy.model import Effect

from .checking import PASSED, WRONG_USE, colour, say
from .output import text
from .wanted import reading

FORMATS = ("text", "json", "markdown")


def explain(options: argparse.Namespace) -> int:
    found: list[Explained] = []
    unreadable: list[str] = []
    for policy in read(options.paths, reading(options)):
        if isinstance(policy, Unreadable):
            unreadable.append(str(policy))
            continue
        told = explained(policy, seconds=options.seconds)
        if told.unreadable:
            unreadable.append(f"{policy.title}: {told.unreadable}")
            continue
        found.append(told)
        if options.format == "text":
            say("\n".join([*_text(told), "", ""]))
    if options.format == "json":
        say(json.dumps({"policies": list(map(_json, found)), "unreadable": unreadable}, indent=1) + "\n")
    elif options.format == "markdown":
        say("\n".join([line for one in found for line in _markdown(one)] + _unreadable(unreadable)) + "\n")
    else:
        say(text.summary_of_unreadable(unreadable, colour=colour()))
    return WRONG_USE if unreadable else PASSED


def _text(told: Explained) -> Iterator[str]:
    painted = colour()
    yield text.paint(readable(told.policy.title), "1", painted)
    yield f"  {told.kind}"
    for one in told.statements:
        yield ""
        deny = one.effect is Effect.DENY
        yield f"  {text.paint(one.name, '31' if deny else '32', painted)}, line {one.place.line}"
        yield from (f"    {line}" for line in one.lines)
    if told.remarks:
        yield ""
        yield "  What stands out:"
        for remark in told.remarks:
            name = f" [{remark.code}]" if remark.code else ""
            level = text.paint(remark.level, text.COLOURS[remark.level], painted)
            yield f"  - {level}, line {remark.place.line}: {remark.message}{name}"
    else:
        yield ""
        yield "  Nothing stands out."


def _markdown(told: Explained) -> Iterator[str]:
    yield f"### {code(told.policy.title)}"
    yield f"{plain(told.kind)}\n"
    for one in told.statements:
        yield f"**{plain(one.name)}** (line {one.place.line})\n"
        for line in one.lines:
            item = line.strip().startswith("- ")
            yield f"    - {plain(line.strip()[2:])}" if item else f"- {plain(line)}"
        yield ""
    for remark in told.remarks:
        name = f" ({code(remark.code)})" if remark.code else ""
        yield f"- **{remark.level}**, line {remark.place.line}: {plain(remark.message)}{name}"
    yield ""


def _unreadable(messages: Sequence[str]) -> list[str]:
    return [f"- unreadable: {plain(message)}" for message in messages]


def _json(told: Explained) -> dict[str, Any]:
    policy = told.policy
    return {
        "policy": {**_place(policy.place), "name": policy.name, "element": policy.element},
        "policyType": str(policy.policy_type),
        "resourceType": policy.resource_type,
        "kind": told.kind,
        "statements": [
            {"name": one.name, **_place(one.place), "effect": str(one.effect), "lines": list(one.lines)}
            for one in told.statements
        ],
        "remarks": [
            {"level": str(one.level), "message": one.message, "code": one.code, **_place(one.place)}
            for one in told.remarks
        ],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
