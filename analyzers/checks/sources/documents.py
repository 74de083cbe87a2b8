"""Policies as they come out of templates: as objects, as texts, or not known at all."""

from __future__ import annotations

import json
from typing import Any

from analyzers.checks.found import marked
from analyzers.checks.unknowns import is_marked, widest
from analyzers.policy import PolicyError, parse


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
        document = json.loads(text)
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
