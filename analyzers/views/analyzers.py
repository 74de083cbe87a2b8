"""Analyzers and their scans."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import CancelScan, CreateAnalyzer, DeleteAnalyzer, StartScan, UpdateAnalyzer
from analyzers.collect import summary
from analyzers.models import Account, Analyzer, AnalyzerType, Organization, Scan
from analyzers.scans.plan import AlreadyRunning
from findings.actions import RestoreRules
from findings.roles import ANALYZERS, IMPORT, require
from findings.summary import by_analyzer
from findings.views import confirm
from findings.views.rule_transfer import offer, restored_text, restoring

PERIODS = [
    ("60", "every hour"),
    ("360", "every 6 hours"),
    ("1440", "every day"),
    ("10080", "every week"),
    ("", "only by hand"),
]


SHOWN = 100
"""Unread parts on a page."""


class AnalyzerForm(forms.Form):
    scope = forms.ChoiceField(label="Zone of trust", help_text="Access from outside of it becomes a finding.")
    name = forms.CharField(max_length=255, help_text="Letters, digits, _ . - ; no digit first")
    scan_every = forms.ChoiceField(label="Scan", choices=PERIODS, initial="1440", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = [(f"ORGANIZATION {o.pk}", f"Organization {o.pk}") for o in Organization.objects.all()]
        accounts = [(f"ACCOUNT {a.pk}", str(a)) for a in Account.objects.order_by("name", "id")]
        self.fields["scope"].choices = [("Whole organization", organizations), ("One account", accounts)]  # type: ignore[attr-defined]


@require_GET
def analyzer_list(request: HttpRequest) -> HttpResponse:
    last = {s.analyzer_id: s for s in Scan.objects.order_by("analyzer_id", "-created_at").distinct("analyzer_id")}
    entries = [{**entry, "scan": last.get(entry["analyzer"].pk)} for entry in by_analyzer()]
    context = {
        "entries": entries,
        "may_change": request.user.has_perm(ANALYZERS),
        "has_accounts": Account.objects.exists(),
    }
    return render(request, "analyzers/list.html", context)


@require_http_methods(["GET", "POST"])
def analyzer_new(request: HttpRequest) -> HttpResponse:
    """Where rules were kept from a deleted analyzer of the name, it asks whether they shall be restored."""
    require(request.user, ANALYZERS)
    form = AnalyzerForm(request.POST or None)
    kept: list[dict[str, Any]] = []
    asked = None
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        kept = offer(name)
        restore = request.POST.get("restore", "")
        if kept and restore not in {"yes", "no"}:
            form.add_error(None, "Rules were kept from a deleted analyzer of this name. Say whether to restore them.")
        else:
            said = restoring(name)
            try:
                with transaction.atomic():
                    analyzer = _create(request, form)
                    told = _restore(request, analyzer, said) if kept and restore == "yes" else ""
            except ValidationError as error:
                asked = confirm.warning(error, *said)
                if asked is None:
                    _show(form, error)
            else:
                StartScan(analyzer, request.user)()
                messages.success(request, f"Analyzer {analyzer.name} created{told}; the first scan has begun.")
                return redirect("analyzer", pk=analyzer.pk)
    context = {
        "form": form,
        "has_accounts": Account.objects.exists(),
        "kept": kept,
        "restore": request.POST.get("restore", ""),
        "asked": asked,
    }
    return render(request, "analyzers/new.html", context)


def _create(request: HttpRequest, form: AnalyzerForm) -> Analyzer:
    kind, _, scope = form.cleaned_data["scope"].partition(" ")
    period = form.cleaned_data["scan_every"]
    return CreateAnalyzer(
        form.cleaned_data["name"],
        AnalyzerType(kind),
        scope,
        request.user,
        scan_every=int(period) if period else None,
    )()


def _restore(request: HttpRequest, analyzer: Analyzer, said: tuple[Any, ...]) -> str:
    return ", " + restored_text(RestoreRules(analyzer, request.user, confirm.confirmed(request, *said))())


def _show(form: AnalyzerForm, error: ValidationError) -> None:
    fields = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, texts in fields.items():
        form.add_error(name if name in form.fields else None, texts)


@require_http_methods(["GET", "POST"])
def analyzer_page(request: HttpRequest, pk: int) -> HttpResponse:
    analyzer = get_object_or_404(Analyzer, pk=pk)
    if request.method == "POST":
        period = request.POST.get("scan_every", "")
        try:
            UpdateAnalyzer(analyzer, int(period) if period.isdigit() else None, request.user)()
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "Saved.")
        return redirect("analyzer", pk=pk)
    counts = next((entry for entry in by_analyzer() if entry["analyzer"].pk == pk), None)
    failed = analyzer.analyzed_resources.exclude(error="").order_by("resource_arn")
    unread = summary.not_read(analyzer)
    return render(
        request,
        "analyzers/detail.html",
        {
            "unread": [
                {
                    "row": row,
                    "label": summary.label(row.service),
                    "problem": summary.first(row.problems),
                    "further": max(0, row.problem_count - 1),
                }
                for row in unread[:SHOWN]
            ],
            "unread_count": unread.count(),
            "may_import": request.user.has_perm(IMPORT),
            "analyzer": analyzer,
            "counts": counts,
            "scan": analyzer.scans.first(),
            "scans": analyzer.scans.select_related("requested_by")[:10],
            "failed": failed[:100],
            "failed_count": failed.count(),
            "analyzed": analyzer.analyzed_resources.count(),
            "periods": [(value, label, str(analyzer.scan_every or "") == value) for value, label in PERIODS],
            "may_change": request.user.has_perm(ANALYZERS),
        },
    )


@require_GET
def scan_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that shows progress and asks again while the scan runs."""
    analyzer = get_object_or_404(Analyzer, pk=pk)
    context = {
        "analyzer": analyzer,
        "scan": analyzer.scans.first(),
        "may_change": request.user.has_perm(ANALYZERS),
    }
    return render(request, "analyzers/_scan.html", context)


@require_POST
def scan_start(request: HttpRequest, pk: int) -> HttpResponse:
    analyzer = get_object_or_404(Analyzer, pk=pk)
    try:
        StartScan(analyzer, request.user)()
    except AlreadyRunning as error:
        messages.warning(request, str(error))
    return redirect("analyzer", pk=pk)


@require_POST
def scan_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    scan = get_object_or_404(Scan, pk=pk)
    CancelScan(scan, request.user)()
    messages.success(request, "The scan is cancelled. What it had recorded stays.")
    return redirect("analyzer", pk=scan.analyzer_id)


@require_POST
def analyzer_delete(request: HttpRequest, pk: int) -> HttpResponse:
    analyzer = get_object_or_404(Analyzer, pk=pk)
    try:
        DeleteAnalyzer(analyzer, request.POST.get("name", ""), request.user)()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("analyzer", pk=pk)
    messages.success(request, f"Analyzer {analyzer.name} and its findings are deleted. Its archive rules are kept.")
    return redirect("analyzers")
