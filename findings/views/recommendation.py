"""What is recommended for a finding of unused permissions: the verdict, the proofs, old and new, the files."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from analyzers.recommending import files
from findings import policy_wire, recommending
from findings.actions import Recommend
from findings.models import Finding, Recommendation
from findings.roles import RECOMMEND

SHORTER = "30"
"""Days that the panel of shorter evidence opens with."""

WHAT_TO_DO = {
    "TIMEOUT": "Compute it again when the machine has less to do, or split the largest policy in two.",
    "NOT_PROVEN": "What could not be proven is told below. Take out of the policy by hand what you know to be unused.",
    "RESOURCE_NOT_FOUND": "If it was deleted, the finding resolves itself at the next scan.",
    "NO_WORKER": "Administrators see on /readyz which part is down.",
    "INTERNAL_ERROR": "Tell whoever runs the portal; the finding stays as it is.",
}


def _finding(pk: uuid.UUID) -> Finding:
    """Raises Http404 where nothing is ever recommended."""
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    if not recommending.offered_for(finding):
        raise Http404("Policies are recommended for findings of unused permissions only.")
    return finding


def _variant(given: str) -> str:
    return given if given in Recommendation.Variant.values else Recommendation.Variant.STANDARD


@require_GET
def recommendation_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page, or for htmx the part that changes while a worker computes."""
    finding = _finding(pk)
    variant = _variant(request.GET.get("variant", ""))
    rows = {row.variant: row for row in finding.recommendations.select_related("requested_by")}
    row = rows.get(variant)
    context: dict[str, Any] = {
        "finding": finding,
        "variant": variant,
        "variants": [(value, label, rows.get(value)) for value, label in Recommendation.Variant.choices],
        "row": row,
        "may_recommend": request.user.has_perm(RECOMMEND),
    }
    if row is not None and row.status != row.Status.IN_PROGRESS:
        row.finding = finding
        context |= _shown(row, request.GET.get("shorter", SHORTER))
    template = "recommendations/_state.html" if request.headers.get("HX-Request") else "recommendations/detail.html"
    return render(request, template, context)


def _shown(row: Recommendation, days: str) -> dict[str, Any]:
    shorter: dict[str, Any] = row.details.get("shorter") or {}
    days = days if days in shorter else SHORTER
    return {
        "found": row.details,
        "out_of_date": recommending.is_out_of_date(row, timezone.now()),
        "files": files.offered(row.details.get("files") or {}) + ([files.API] if row.steps else []),
        "days": days,
        "choices": list(shorter),
        "loss": shorter.get(days),
        "left": [
            {"name": policy["name"], **one} for policy in row.details.get("policies", ()) for one in policy["left"]
        ],
        "what_to_do": WHAT_TO_DO.get(row.error_code, ""),
    }


@require_POST
def recommend(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Have it computed, then show it."""
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    variant = request.POST.get("variant", Recommendation.Variant.STANDARD)
    try:
        Recommend(finding, request.user, variant)()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("finding", pk=pk)
    return redirect(f"{reverse('recommendation', args=[pk])}?variant={variant}")


@require_GET
def recommendation_file(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """A file to download; only of what is proven."""
    finding = _finding(pk)
    row = get_object_or_404(finding.recommendations, variant=_variant(request.GET.get("variant", "")))
    wanted = files.find(kind)
    if wanted is None or row.status != row.Status.SUCCEEDED or not row.steps:
        raise Http404("There is no such file.")
    if wanted == files.API:
        row.finding = finding
        return files.response(wanted, finding.resource, json.dumps(policy_wire.recommendation(row), indent=2) + "\n")
    text = (row.details.get("files") or {}).get(kind)
    if text is None:
        raise Http404("There is no such file.")
    narrowed = "-narrowed" if row.variant == Recommendation.Variant.STRICT else ""
    return files.response(wanted, f"{finding.resource}{narrowed}", text)
