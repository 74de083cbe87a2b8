"""Which guardrails hold for a pipeline, an account or a type of resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzers.checks.found import FoundPolicy
from analyzers.checks.guardrails import Guardrail
from analyzers.models import GuardrailAssignment

from .guardrail_texts import NotAGuardrail, read

Target = GuardrailAssignment.Target


class Holding(NamedTuple):
    """A guardrail that holds for a run. `label`: `name@version`; `types`: pattern of the resource types that it holds
    for, empty for all. `guardrail` is None if it cannot be used as it is assigned; then `error` says why, and what it
    would say is not known."""

    label: str
    types: str
    guardrail: Guardrail | None
    error: str = ""

    def is_for(self, policy: FoundPolicy) -> bool:
        return not self.types or matches(self.types, policy.resource_type)


def plan(pipeline: str, account: str) -> list[dict[str, Any]]:
    """What holds now, as it is kept with a run: `{label, types, text, values}`, so that a run that takes long is
    checked by one state of the guardrails. Each once."""
    found: list[dict[str, Any]] = []
    rows = GuardrailAssignment.objects.select_related("guardrail", "version").order_by("guardrail__name", "id")
    for row in rows:
        if not _holds(row, pipeline, account):
            continue
        version = row.used
        if version is None:
            continue
        one = {
            "label": f"{row.guardrail.name}@{version.number}",
            "types": row.pattern if row.target == Target.RESOURCE_TYPE else "",
            "text": version.text,
            "values": row.values,
        }
        if one not in found:
            found.append(one)
    return found


def _holds(row: GuardrailAssignment, pipeline: str, account: str) -> bool:
    if row.target == Target.PIPELINE:
        return matches(row.pattern, pipeline)
    if row.target == Target.ACCOUNT:
        return bool(account) and matches(row.pattern, account)
    return True  # said policy by policy


def holdings(planned: list[dict[str, Any]]) -> Iterator[Holding]:
    for one in planned:
        try:
            yield Holding(one["label"], one["types"], read(one["text"], one["values"]))
        except NotAGuardrail as error:
            yield Holding(one["label"], one["types"], None, str(error))


def matches(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one. Takes at most length times length steps, whatever the pattern."""
    at = place = 0
    star, resumed = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[place]}:
            at += 1
            place += 1
        elif star >= 0:
            resumed += 1
            at, place = star + 1, resumed
        else:
            return False
    return all(char == "*" for char in pattern[at:])
