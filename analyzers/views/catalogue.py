"""What AWS has: services, actions, resource types, condition keys, and how old this knowledge is."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from analyzers import catalogue
from analyzers.reasoning.assumptions import rcp_table

OLD = 60
"""Days after which the page says how to renew the data."""
SHOWN = 200
"""Actions that a search shows."""


def _age() -> dict[str, Any]:
    version = catalogue.version()
    days = max(0, (timezone.now() - version.renewed).days)
    return {"version": version, "days": days, "old": days > OLD, "lists": [{"table": rcp_table()}]}


@require_GET
def catalogue_page(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")[:200].replace("\x00", "").strip()
    services = list(catalogue.services())
    actions: list[catalogue.Action] = []
    if text:
        lower = text.lower()
        services = [one for one in services if lower in one.prefix or lower in one.name.lower()]
        pattern = lower if set("*?:") & set(lower) else f"*:*{lower}*"
        actions = list(islice(catalogue.matching(pattern), SHOWN + 1))
    return render(
        request,
        "catalogue/overview.html",
        {
            **_age(),
            "q": text,
            "services": services,
            "actions": actions[:SHOWN],
            "more": len(actions) > SHOWN,
            "count": len(catalogue.services()),
        },
    )


@require_GET
def service_page(request: HttpRequest, prefix: str) -> HttpResponse:
    service = catalogue.service(prefix)
    if service is None:
        raise Http404
    return render(
        request,
        "catalogue/service.html",
        {
            **_age(),
            "service": service,
            "actions": catalogue.actions_of(service.prefix),
            "types": catalogue.resource_types_of(service.prefix),
            "keys": catalogue.condition_keys_of(service.prefix),
            "bound": service.prefix in rcp_table()["services"],
        },
    )
