"""Resources that policies name other than by ARN.

The policy of a REST API may leave out what is known of the API: `execute-api:/stage/GET/pets` stands for the same
stage, method and path of the API itself.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .found import begins_with_word, marked

_API = "execute-api:/"


def in_full(document: Any) -> Any:
    """The policy with ARNs in place of short forms: of any API, since the statements are all about the one."""
    if not isinstance(document, dict) or "Statement" not in document:
        return document
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**document, "Statement": [_statement(one) for one in listed]} if any(map(_has_short, listed)) else document


def no_arns(document: Any) -> Iterator[str]:
    """Resources to which access is allowed and that are no ARNs, so that no request is seen to be about them."""
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            yield from (one for one in _texts(statement.get("Resource")) if not _is_arn(one))


def _is_arn(text: str) -> bool:
    is_open = marked(text[:1]) and not begins_with_word(text)
    return is_open or text.startswith(("arn:", "*", "?", _API))


def _has_short(statement: Any) -> bool:
    return isinstance(statement, dict) and any(
        one.startswith(_API) for name in ("Resource", "NotResource") for one in _texts(statement.get(name))
    )


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    names = [name for name in ("Resource", "NotResource") if name in statement]
    return statement | {name: _full(statement[name]) for name in names}


def _full(value: Any) -> Any:
    if isinstance(value, list):
        return [_full(one) for one in value]
    short = isinstance(value, str) and value.startswith(_API)
    return f"arn:*:execute-api:*:*:*/{value.removeprefix(_API)}" if short else value


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
