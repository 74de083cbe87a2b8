"""Runs of pipelines: newest state of each, list with filters and trend, one run with all outcomes."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from analyzers.check_runs import listing
from analyzers.models import CheckPipeline, CheckResult, CheckRun, StoredGuardrail
from findings import paging

from .outcomes import https, shown

SIZE = 50
SHOWN_OUTCOMES = 100
SHOWN_PASSES = 500
SUGGESTED = 300
_HEAVY = ("outcomes", "documents", "asked", "unreadable")
_ORDER = {"FAIL": 0, "UNKNOWN": 1, "PASS": 2}


@require_GET
def pipelines(request: HttpRequest) -> HttpResponse:
    """The newest run of each pipeline."""
    text = request.GET.get("q", "")[:200].replace("\x00", "")
    heavy = [f"latest__{name}" for name in _HEAVY]
    rows = CheckPipeline.objects.filter(latest__isnull=False).select_related("latest").defer(*heavy)
    if text:
        rows = rows.filter(name__icontains=text)
    page = Paginator(rows, 100).get_page(request.GET.get("page"))
    return render(request, "checks/pipelines.html", {"page": page, "q": text})


@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    rows, used = listing.filtered(request.GET)
    error, page = "", paging.Page[CheckRun]([])
    try:
        page = paging.page_of(rows.defer(*_HEAVY), "-createdAt", SIZE, request.GET.get("after", ""))
    except ValidationError as invalid:
        error = " ".join(invalid.messages)
    context = {
        "page": page,
        "used": used,
        "error": error,
        "trend": listing.trend(rows, timezone.now().date()),
        "results": [choice for choice in CheckResult.choices if choice[0]],
        "pipelines": CheckPipeline.objects.values_list("name", flat=True)[:SUGGESTED],
        "guardrails": StoredGuardrail.objects.values_list("name", flat=True)[:SUGGESTED],
        "any_filter": any(used.values()),
    }
    return render(request, "checks/runs.html", context)


@require_GET
def run(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(CheckRun.objects.select_related("token"), pk=pk)
    ordered = sorted(found.outcomes, key=lambda one: _ORDER.get(one["result"], 0))
    telling = [one for one in ordered if one["result"] != "PASS" or one["problems"]]
    passed = [one for one in ordered if one["result"] == "PASS" and not one["problems"]]
    texts = {(one["file"], one["name"], one["element"]): one["text"] for one in found.documents}
    context = {
        "run": found,
        "outcomes": [shown(one, texts.get(_key(one["policy"]), "")) for one in telling[:SHOWN_OUTCOMES]],
        "more": max(0, len(telling) - SHOWN_OUTCOMES),
        "passed": passed[:SHOWN_PASSES],
        "more_passed": max(0, len(passed) - SHOWN_PASSES),
        "commit_url": https(found.commit_url),
        "url": https(found.url),
        "others": _others(found),
    }
    return render(request, "checks/run.html", context)


@require_GET
def run_json(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """All outcomes, as they are kept."""
    found = get_object_or_404(CheckRun, pk=pk)
    told = {"result": found.result or None, "outcomes": found.outcomes, "unreadable": found.unreadable}
    headers = {"Content-Disposition": f'attachment; filename="check-run-{found.pk}.json"'}
    return HttpResponse(json.dumps(told, indent=1) + "\n", content_type="application/json", headers=headers)


def _key(policy: dict[str, Any]) -> tuple[str, str, str]:
    return policy["file"], policy["name"], policy["element"]


def _others(found: CheckRun) -> list[CheckRun]:
    """Of the same commit."""
    if not found.commit:
        return []
    rows = CheckRun.objects.filter(commit=found.commit).exclude(pk=found.pk)
    if found.repository:
        rows = rows.filter(repository=found.repository)
    return list(rows.defer(*_HEAVY)[:20])
