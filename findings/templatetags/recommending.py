"""The way from a finding to its recommendation, wherever a page shows the finding."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from findings import recommending
from findings.models import Finding, FindingStatus
from findings.roles import RECOMMEND

register = template.Library()


@register.inclusion_tag("recommendations/_entry.html", takes_context=True)
def recommendation_entry(context: Context, finding: Finding) -> dict[str, Any]:
    """A button that has it computed, a link where there is one already; nothing for findings that have none."""
    if not recommending.offered_for(finding) or finding.status == FindingStatus.RESOLVED:
        return {}
    return {
        "finding": finding,
        "recommendation": finding.recommendations.defer("details", "steps").order_by("variant").first(),
        "may_recommend": context["user"].has_perm(RECOMMEND),
    }
