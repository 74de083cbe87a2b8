"""The section about the smallest change, for the page of a finding."""

from __future__ import annotations

from typing import Any

from django import template

from findings.views.mending import section

register = template.Library()


@register.inclusion_tag("findings/_smallest_change.html", takes_context=True)
def smallest_change(context: Any, finding: Any) -> dict[str, Any]:
    """Nothing for findings that no change of a policy takes away."""
    shared = {name: context.get(name) for name in ("request", "csrf_token", "context_query")}
    return {**shared, **section(finding)}
