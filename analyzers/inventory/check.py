"""Is a part of an inventory file as the format says? The format is docs/inventory.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    if section == "principals" and not arns.is_account(arns.account_of(value["arn"])):
        yield ".arn", "The ARN of a principal names its account."


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
