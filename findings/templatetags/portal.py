"""Template filters: how values from policies, which are hostile, are shown."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any

from django import template

register = template.Library()


@register.filter
def visible(value: Any) -> str:
    """Text with control and direction characters made visible, so that nothing reads otherwise than it is."""
    return "".join(
        f"⟨U+{ord(char):04X}⟩"
        if unicodedata.category(char) in {"Cf", "Cc", "Co", "Cs"} and char not in "\n\t"
        else char
        for char in str(value)
    )


@register.filter
def short(arn: Any) -> str:
    """The last part of an ARN: what people call the thing."""
    name = str(arn).split(":", 5)[-1]
    head, _, tail = name.partition("/")
    return visible(
        tail
        if tail and head in {"role", "user", "key", "table", "repository", "file-system", "snapshot", "bucket"}
        else name
    )


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key, "") if mapping else ""


@register.filter
def is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


@register.filter
def instant(text: Any) -> datetime | None:
    """The moment that an ISO text of ours means."""
    return datetime.fromisoformat(text) if text else None


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def first_value(mapping: Any) -> str:
    return visible(next(iter(mapping.values()), "")) if mapping else ""


@register.filter
def first_key(mapping: Any) -> str:
    return str(next(iter(mapping), "")) if mapping else ""


@register.filter
def outsider(names: Any, finding: Any) -> Any:
    """Who the finding's principal is, if the names know."""
    return names.of(finding) if names else None


@register.simple_tag(takes_context=True)
def link(context: Any, **changes: Any) -> str:
    """The address of this page with some parameters changed; an empty one is left out."""
    query = context["request"].GET.copy()
    for name in ("after",):
        if name not in changes:
            query.pop(name, None)
    for name, value in changes.items():
        query[name] = str(value)
        if value in ("", None):
            query.pop(name)
    return f"?{query.urlencode()}"
