"""Texts of guardrails as people write them here -> Guardrail, or what is wrong at which line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analyzers.checks.guardrails import Guardrail, GuardrailError, parse_guardrail
from analyzers.checks.guardrails.load import LIBRARY
from analyzers.checks.sources import tree

MAX_TEXT = 200_000
"""Characters."""
_NAME = "guardrail"
_ERROR = re.compile(rf"{_NAME}(?::(\d+):(\d+))?: (.*)", re.DOTALL)
_ANY = "arn:aws:iam::111122223333:root"
"""A value of a parameter where only the form matters."""


class NotAGuardrail(ValueError):
    """`line` and `column` start at 1; 0 if it is about no line."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"Line {self.line}, column {self.column}: {message}" if self.line else message


def read(text: str, values: Mapping[str, str] | None = None) -> Guardrail:
    """`values`: of its parameters; None: only the form matters, any value does. Raises NotAGuardrail."""
    if len(text) > MAX_TEXT:
        raise NotAGuardrail(f"It has {len(text):,} characters; at most {MAX_TEXT:,} are kept.")
    if "\x00" in text:
        raise NotAGuardrail("It holds a null character.")
    try:
        given = values if values is not None else dict.fromkeys(_declared(text), _ANY)
        return parse_guardrail(text, given, source=_NAME, folder=None)
    except tree.NotReadable as error:
        raise NotAGuardrail(str(error), error.line, error.column) from error
    except GuardrailError as error:
        found = _ERROR.fullmatch(str(error))
        if found is None:
            raise NotAGuardrail(str(error)) from error
        raise NotAGuardrail(found[3], int(found[1] or 0), int(found[2] or 0)) from error
    except RecursionError as error:
        raise NotAGuardrail("It is nested too deeply.") from error


def _declared(text: str) -> list[str]:
    content = tree.load(text)
    parameters = content.get("parameters") if isinstance(content, Mapping) else None
    return [str(name) for name in parameters] if isinstance(parameters, Mapping) else []


def of_library(name: str) -> str:
    """The text of one of the library."""
    return (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8")


def storable(text: str) -> str:
    """What the database takes: escapes in a text may stand for characters that it does not."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
