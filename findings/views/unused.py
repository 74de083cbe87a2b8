"""Unused access in figures: how much, where, how old, how much of what is granted is used, and what is not known."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from analyzers.inventory.tracked import tracking
from analyzers.models import UNUSED_TYPES, Account, AnalyzedResource, Analyzer, LastAccessedReport, Scan, Usage
from findings import unused_statistics
from findings.ages import AGES
from findings.models import ORDER_OF_WORK, Finding, FindingStatus, FindingType
from findings.roles import ANALYZERS
from findings.unused.advice import advice
from findings.unused.trend import trend_of

TREND_DAYS = 84
TOP = 12
LONGEST_TEXT = 300


@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """`?analyzer=NAME`: of that one; several would count a principal more than once. `?who=TEXT`: of the principals
    with the widest gap those whose ARN holds the text."""
    found = _analyzers()
    tabs = [{"analyzer": one, "days": tracking(one).days} for one in found]
    base = {"tabs": tabs, "may_change": request.user.has_perm(ANALYZERS)}
    if not found:
        return render(request, "unused/dashboard.html", base)
    analyzer = _chosen(request, found)
    return render(request, "unused/dashboard.html", base | _figures(analyzer, _text(request, "who")))


def _analyzers() -> list[Analyzer]:
    """Of unused access, the longest period first."""
    return sorted(Analyzer.objects.filter(type__in=UNUSED_TYPES), key=lambda one: (-tracking(one).days, one.name))


def _chosen(request: HttpRequest, found: list[Analyzer]) -> Analyzer:
    """That of `?analyzer=NAME`, or the first one. Raises Http404."""
    name = _text(request, "analyzer")
    for one in found:
        if not name or one.name == name:
            return one
    raise Http404


def _figures(analyzer: Analyzer, who: str) -> dict[str, Any]:
    now = timezone.now()
    told = unused_statistics.statistics(analyzer)
    gap = unused_statistics.total_gap(analyzer)
    widest = unused_statistics.gaps(analyzer, TOP, text=who, in_use=not who)
    totals = {row["unusedAccessType"]: row["total"] for row in told["unusedAccessTypeStatistics"]}
    classes = unused_statistics.by_age(analyzer, now)
    active = told["totalActiveFindings"]
    unknown = unused_statistics.unknown_reasons(analyzer)
    scan = analyzer.scans.first()
    return {
        "analyzer": analyzer,
        "days": tracking(analyzer).days,
        "scan": scan,
        "told": told,
        "types": [{"type": kind.value, "label": kind.label, "total": totals[kind.value]} for kind in ORDER_OF_WORK],
        "accounts": _accounts(told["topAccounts"]),
        "ages": [
            {"value": value, "label": AGES[value].label, "total": row.total, "share": _share(row.total, active)}
            for value, row in zip(AGES, classes, strict=True)
        ],
        "trend_weeks": TREND_DAYS // 7,
        "trend": trend_of(unused_statistics.trend(analyzer, TREND_DAYS, now.date())),
        "gap": gap,
        "gap_bar": bar(gap),
        "gap_words": f"Of {gap.granted:,} granted, {gap.used:,} are used and {gap.unused:,} are not.",
        "share_used": percent(gap.share_used),
        "gaps": _principals(analyzer, widest),
        "who": who,
        "not_judged": AnalyzedResource.objects.filter(analyzer=analyzer).exclude(error="").count(),
        "unknown": [{"reason": reason, "number": number, "advice": advice(reason)} for reason, number in unknown],
        "has_usage": LastAccessedReport.objects.exists() or Usage.objects.exists(),
        "done": not active and not unknown and scan is not None and scan.status == Scan.Status.COMPLETED,
    }


@require_GET
def unknown(request: HttpRequest) -> HttpResponse:
    """The principals that could not be judged; `?analyzer=NAME` as there; `?reason=TEXT`: for that reason."""
    analyzer = _chosen(request, _analyzers())
    reason = _text(request, "reason")
    rows = AnalyzedResource.objects.filter(analyzer=analyzer).exclude(error="").order_by("resource_arn")
    if reason:
        rows = rows.filter(error__contains=reason)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    values = {"analyzer": analyzer, "reason": reason, "page": page, "advice": advice(reason) if reason else None}
    return render(request, "unused/unknown.html", values)


def bar(gap: unused_statistics.Gap) -> dict[str, float]:
    """Widths in percent of what is used and what is unused, and where the latter begins; between: what is not told."""
    whole = gap.granted or 1
    used, unused = 100 * gap.used / whole, 100 * gap.unused / whole
    return {"used": round(used, 2), "unused": round(unused, 2), "from": round(max(used, 100 - unused), 2)}


def _accounts(rows: list[unused_statistics.AccountTotal]) -> list[dict[str, Any]]:
    names = dict(Account.objects.filter(pk__in=[row["account"] for row in rows]).values_list("pk", "name"))
    return [
        {
            "id": row["account"],
            "name": names.get(row["account"], ""),
            "total": row["numberOfActiveFindings"],
            "types": [(kind.value, row["details"].get(kind.value, 0)) for kind in ORDER_OF_WORK],
        }
        for row in rows
    ]


def _principals(analyzer: Analyzer, rows: list[unused_statistics.PrincipalGap]) -> list[dict[str, Any]]:
    """With the finding about their permissions, where there is one."""
    kinds = (FindingType.UNUSED_PERMISSION, FindingType.UNUSED_IAM_ROLE)
    findings = Finding.objects.filter(
        analyzer=analyzer, resource__in=[row.arn for row in rows], finding_type__in=kinds, status=FindingStatus.ACTIVE
    )
    by_arn = dict(findings.values_list("resource", "pk"))
    return [{"row": row, "bar": bar(row.gap), "finding": by_arn.get(row.arn)} for row in rows]


def percent(share: float | None) -> str:
    """Whole percents, but never 0 or 100 for what is not."""
    if share is None:
        return ""
    if 0 < share < 0.01:
        return "less than 1"
    if 0.99 < share < 1:
        return "more than 99"
    return f"{share * 100:.0f}"


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "")[:LONGEST_TEXT].replace("\x00", "").strip()
