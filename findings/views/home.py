"""The first page: where to look first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from analyzers.models import Import, Resource, Scan
from findings.summary import by_analyzer, by_resource_type


def home(request: HttpRequest) -> HttpResponse:
    analyzers = by_analyzer()
    last = {
        scan.analyzer_id: scan for scan in Scan.objects.order_by("analyzer_id", "-created_at").distinct("analyzer_id")
    }
    return render(
        request,
        "home.html",
        {
            "analyzers": [{**entry, "scan": last.get(entry["analyzer"].pk)} for entry in analyzers],
            "types": by_resource_type(),
            "total": {
                name: sum(entry[name] for entry in analyzers)
                for name in ("public", "cross_account", "internal", "unused", "errors", "unknown")
            },
            # Several analyzers of unused access see the same things, so that a sum over them says nothing.
            "most_unused": max(analyzers, key=lambda entry: entry["unused"], default=None),
            "has_inventory": Resource.objects.exists(),
            "last_import": Import.objects.first(),
        },
    )
