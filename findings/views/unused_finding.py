"""What the page of a finding of unused access shows: last use, evidence, permissions as a tree, owner, next steps."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from analyzers.models import PolicyChange, Principal, Resource
from analyzers.usage.evidence import Evidence
from analyzers.usage.reading import evidence
from analyzers.usage.sparkline import Sparkline, sparkline
from findings.models import ORDER_OF_WORK, Finding, FindingStatus, FindingType
from findings.roles import CHANGES
from findings.unused.denied import denied
from findings.unused.granted import granted
from findings.unused.owner import owner_of
from findings.unused.shorter import lost
from findings.unused.steps import Held, steps
from findings.unused.tree import ActionLine, Level, ServiceLine, Tree, actions_of_service, instant, tree

SHORTER = 30
"""Days by which the page asks what would break if the evidence were shorter."""
MOST_OTHERS = 50
FEW = 12
"""So many lines are shown without being opened."""


class Shown(NamedTuple):
    """An action or a service with the drawing of its use; None: no day with use is known."""

    line: ActionLine | ServiceLine
    sparkline: Sparkline | None


def context(request: HttpRequest, finding: Finding) -> dict[str, Any]:
    principal = Principal.objects.filter(arn=finding.resource).first()
    change = PolicyChange.objects.filter(resource=finding.resource).select_related("asked_by").first()
    known = evidence([finding.resource]).get(finding.resource)
    shown = tree(finding.details, known)
    today = last_day(finding)
    since = instant(finding.details.get("since"))
    return {
        "summary": finding.details.get("summary") or finding.resource,
        "principal": principal,
        "since": since,
        "judged_at": instant(finding.details.get("judged_at")),
        "key_created_at": instant(finding.details.get("created_at")),
        "told": _told(finding),
        "gaps": _gaps(known) if finding.finding_type == FindingType.UNUSED_PERMISSION else [],
        "services": [drawn(line, today) for line in shown.partly],
        "whole": [drawn(line, today) for line in shown.whole],
        "tree": shown,
        "whole_open": len(shown.whole) <= FEW,
        "levels": _levels(shown, today) if shown.at_once else {},
        "seldom": [drawn(line, today) for line in shown.seldom],
        "shorter": SHORTER,
        "shorter_left": int(finding.details.get("tracking_period") or 0) - SHORTER,
        "lost": lost(shown, known, since, SHORTER) if since is not None else [],
        "denied": denied(known, today),
        "owner": owner_of(principal.tags if principal else {}, change),
        "change": change,
        "may_ask": request.user.has_perm(CHANGES) and Resource.objects.filter(arn=finding.resource).exists(),
        "others": _others(finding),
        "steps": steps(finding, _name(finding, principal), _held(finding, principal)),
        "recommendation_url": _recommendation(finding),
    }


@require_GET
def service_actions(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The actions of one service (`?prefix=`) of a finding: a fragment for htmx, else a page."""
    prefix = request.GET.get("prefix", "")
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    shown = tree(finding.details, evidence([finding.resource]).get(finding.resource))
    line = next((line for line in shown.services if line.prefix == prefix), None)
    if line is None:
        raise Http404
    today = last_day(finding)
    levels = actions_of_service(line, lambda service: granted(finding.resource, service))
    values = {"finding": finding, "service": drawn(line, today), "levels": [_level(one, today) for one in levels]}
    template = "findings/_unused_actions.html" if request.htmx else "findings/unused_service.html"  # type: ignore[attr-defined]
    return render(request, template, values)


def last_day(finding: Finding) -> date:
    """The day that drawings end with: when it was judged, so that a page says the same tomorrow."""
    return (instant(finding.details.get("judged_at")) or finding.analyzed_at or timezone.now()).date()


def drawn(line: ActionLine | ServiceLine, today: date) -> Shown:
    return Shown(line, sparkline(line.days, today) if line.days else None)


def _level(level: Level, today: date) -> dict[str, Any]:
    return {
        "name": level.name,
        "used": level.used,
        "unused": level.unused,
        "open": level.used > 0 or len(level.lines) <= FEW,
        "lines": _drawn(level.lines, today),
    }


def _drawn(lines: Iterable[ActionLine], today: date) -> list[Shown]:
    return [drawn(line, today) for line in lines]


def _levels(shown: Tree, today: date) -> dict[str, Any]:
    return {line.prefix: [_level(one, today) for one in line.levels] for line in shown.partly}


def _told(finding: Finding) -> list[dict[str, Any]]:
    told = finding.details.get("evidence") or ()
    return [{"source": str(one.get("source", "")), "until": instant(one.get("until"))} for one in told]


def _gaps(known: Evidence | None) -> list[str]:
    """What nobody has told, in words."""
    found = []
    if known is None or known.report is None:
        found.append("IAM's last-accessed report of this principal was not read.")
    elif not known.report.by_action:
        found.append("IAM's last-accessed report was read for services only, not for actions.")
    if known is None or not known.coverage:
        found.append("No trail of this account was read: only what IAM itself tracks is known.")
    return found


def _others(finding: Finding) -> list[Finding]:
    """The active findings of the same principal and analyzer, in the order of work, this one among them."""
    rows = Finding.objects.filter(analyzer=finding.analyzer_id, resource=finding.resource, status=FindingStatus.ACTIVE)[
        :MOST_OTHERS
    ]
    order = {kind.value: number for number, kind in enumerate(ORDER_OF_WORK)}
    return sorted(rows, key=lambda row: (order.get(row.finding_type, len(order)), row.created_at, str(row.pk)))


def _name(finding: Finding, principal: Principal | None) -> str:
    return principal.name if principal else finding.resource.rsplit("/", 1)[-1]


def _held(finding: Finding, principal: Principal | None) -> list[Held]:
    """The policies that must go before a role can be deleted."""
    if principal is None or finding.finding_type != FindingType.UNUSED_IAM_ROLE:
        return []
    rows = principal.policies.exclude(kind="BOUNDARY").values_list("name", "arn")
    return [Held(name, arn) for name, arn in rows]


def _recommendation(finding: Finding) -> str:
    """The address of the recommendation; empty where there is none."""
    if finding.finding_type != FindingType.UNUSED_PERMISSION:
        return ""
    try:
        return reverse("recommendation", args=[finding.pk])
    except NoReverseMatch:
        return ""
