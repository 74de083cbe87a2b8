"""Is a part of an inventory file as the format says? The format is docs/inventory.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_datetime
from jsonschema import Draft202012Validator

from analyzers.policy import arn as arns

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "inventory.schema.json"
VERSION = 1
DEFINITIONS = {
    "organization": "organization",
    "accounts": "account",
    "control_policies": "control_policy",
    "managed_policies": "managed_policy",
    "principals": "principal",
    "resources": "resource",
    "last_accessed": "last_accessed",
    "usage": "usage",
}


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text())
    return loaded


@lru_cache(maxsize=16)
def _validator(definition: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": schema()["$defs"]})


def problems(section: str, value: Any) -> Iterator[tuple[str, str]]:
    """(path within the part, message) for each thing that is wrong."""
    found = False
    for error in _validator(DEFINITIONS[section]).iter_errors(value):
        found = True
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        yield path, _message(error)
    if found:
        return
    if section == "resources" and not value.get("account") and not arns.is_account(arns.account_of(value["arn"])):
        yield "", "The resource has no owner: its ARN names no account, so 'account' is needed."
    if section in {"last_accessed", "usage"}:
        yield from _usage_problems(section, value)
    if section == "principals" and not arns.is_account(arns.account_of(value["arn"])):
        yield ".arn", "The ARN of a principal names its account."


def _usage_problems(section: str, value: Any) -> Iterator[tuple[str, str]]:
    """A time that is not understood must not be taken for "never"."""
    if not arns.is_account(arns.account_of(value["principal"])):
        yield ".principal", "The ARN of a principal names its account."
    if section == "last_accessed" and not value.get("error") and "services" not in value:
        yield "", "A report needs 'services', or 'error'."
    if section == "last_accessed" and "services" in value and not value.get("asked_at"):
        yield "", "A report needs 'asked_at'."
    for path, text in _moments(value, ""):
        if text is not None and not is_moment(text):
            yield path, f"{text[:40]!r} is no time as in 2026-06-01T12:00:00Z."
    for day in value.get("days") or {}:
        if not _is_day(day):
            yield f".days.{day[:40]}", "A day is written 2026-06-01."


def _moments(value: Any, path: str) -> Iterator[tuple[str, str | None]]:
    names = ("asked_at", "last_accessed", "first_used_at", "last_used_at")
    yield from ((f"{path}.{name}", value[name]) for name in names if name in value)
    for name in ("services", "actions"):
        for index, inner in enumerate(value.get(name) or ()):
            yield from _moments(inner, f"{path}.{name}[{index}]")


def is_moment(text: str) -> bool:
    """Whether it is an ISO 8601 time with a day that exists."""
    try:
        return parse_datetime(text) is not None
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _message(error: Any) -> str:
    if error.validator == "additionalProperties":
        return str(error.message)[:300]
    if error.validator == "required":
        return f"{error.message}."[:300]
    shown = json.dumps(error.instance, default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    expected = {
        "enum": lambda: f"one of {', '.join(map(str, error.validator_value))}",
        "pattern": lambda: f"text like {error.validator_value}",
        "type": lambda: f"{error.validator_value}",
        "const": lambda: f"{error.validator_value}",
    }.get(error.validator, lambda: f"{error.validator} {error.validator_value}"[:200])()
    return f"{shown} is not what is expected here: {expected}."
