"""Policies written from what a principal did: the list, a new one, the job and what came out of it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import CancelPolicyGeneration, StartPolicyGeneration
from analyzers.generating import shown
from analyzers.models import PolicyGeneration, Principal
from analyzers.policy import MAX_BYTES
from analyzers.recommending import files
from findings.roles import GENERATE, require

SUGGESTED = 300
"""Principals that the form offers; any other may be typed."""
LISTED = timedelta(days=7)
"""As ListPolicyGenerations lists them."""
DAYS = 90
GENERATED = files.API._replace(ending=".generated.json")
ROWS = 50


class GenerationForm(forms.Form):
    principal = forms.CharField(
        label="User or role",
        max_length=2048,
        widget=forms.TextInput(attrs={"list": "principals", "placeholder": "arn:aws:iam::…:role/…"}),
        help_text="Its ARN. The policy is written from what it did.",
    )
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(
        label="To",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The day is included. What runs once a quarter needs a quarter.",
    )
    guardrail = forms.CharField(
        label="Guardrail policy",
        required=False,
        max_length=MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
        help_text="A policy as JSON that the generated one must stay within, proven. Empty: none.",
    )

    def range(self) -> tuple[datetime, datetime]:
        """From the first day's beginning to the last day's end, or to now."""
        begin = datetime.combine(self.cleaned_data["since"], time(), UTC)
        end = datetime.combine(self.cleaned_data["until"], time(), UTC) + timedelta(days=1)
        return begin, min(end, max(timezone.now(), begin))


@require_GET
def generated_list(request: HttpRequest) -> HttpResponse:
    rows = PolicyGeneration.objects.select_related("requested_by").defer("result", "guardrail")
    everything = "all" in request.GET
    principal = request.GET.get("principal", "").replace("\x00", "")
    recent = rows.filter(started_at__gt=timezone.now() - LISTED)
    wanted = rows if everything else recent
    if principal:
        wanted = wanted.filter(principal=principal)
    context = {
        "page": Paginator(wanted, ROWS).get_page(request.GET.get("page")),
        "everything": everything,
        "principal": principal,
        "recent_count": recent.count(),
        "may_generate": request.user.has_perm(GENERATE),
    }
    return render(request, "generated/list.html", context)


@require_http_methods(["GET", "POST"])
def generated_new(request: HttpRequest) -> HttpResponse:
    require(request.user, GENERATE)
    today = timezone.now().date()
    given = {
        "principal": request.GET.get("principal", "").replace("\x00", ""),
        "since": today - timedelta(days=DAYS),
        "until": today,
    }
    form = GenerationForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            since, until = form.range()
            job = StartPolicyGeneration(
                form.cleaned_data["principal"], since, until, request.user, guardrail=form.cleaned_data["guardrail"]
            )()
        except OverflowError:
            form.add_error("until", "Choose a day of this age.")
        except ValidationError as error:
            for name, texts in _by_field(error).items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            return redirect("generated-policy", pk=job.pk)
    principals = Principal.objects.exclude(kind=Principal.Kind.GROUP).values_list("arn", flat=True)[:SUGGESTED]
    status = 422 if form.errors else 200
    return render(request, "generated/new.html", {"form": form, "principals": principals}, status=status)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


@require_GET
def generated_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page, or for htmx the part that changes while a worker is at it."""
    job = get_object_or_404(PolicyGeneration.objects.select_related("requested_by"), pk=pk)
    placeholders, services = _options(request)
    found = job.result.get(shown.variant_of(placeholders, services))
    context: dict[str, Any] = {
        "job": job,
        "found": found,
        "placeholders": placeholders,
        "services": services,
        "policies": [shown.lines(text) for text in found["policies"]] if found else [],
        "files": _files(len(found["policies"])) if found and found["proved"] else [],
        "may_generate": request.user.has_perm(GENERATE),
        "known": Principal.objects.filter(arn=job.principal).exists(),
    }
    template = "generated/_state.html" if request.headers.get("HX-Request") else "generated/detail.html"
    return render(request, template, context)


@require_POST
def generated_cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    job = CancelPolicyGeneration(get_object_or_404(PolicyGeneration, pk=pk), request.user)()
    if job.status == job.Status.CANCELED:
        messages.success(request, "Cancelled.")
    else:
        messages.warning(request, "It was finished already.")
    return redirect("generated-policy", pk=pk)


@require_GET
def generated_file(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """A policy (`policy-1`, ...) or the API's answer; only of what is proven."""
    job = get_object_or_404(PolicyGeneration, pk=pk)
    found = job.result.get(shown.variant_of(*_options(request))) or {}
    wanted = files.find(kind)
    if wanted is None or not found.get("proved"):
        raise Http404("There is no such file.")
    if wanted == files.API:
        return files.response(GENERATED, job.principal, json.dumps(found["wire"], indent=2) + "\n")
    number = int(kind.removeprefix(files.POLICY)) if kind.startswith(files.POLICY) else 0
    if not 1 <= number <= len(found["policies"]):
        raise Http404("There is no such file.")
    return files.response(wanted, job.principal, found["policies"][number - 1] + "\n")


def _files(number: int) -> list[files.File]:
    policies = [files.policy_file(one) for one in range(1, number + 1)]
    if number > 1:
        policies = [file._replace(label=f"Policy {one} (JSON)") for one, file in enumerate(policies, 1)]
    return [*policies, GENERATED]


def _options(request: HttpRequest) -> tuple[bool, bool]:
    """Of GetGeneratedPolicy: resource placeholders (here unless refused), the service-level template."""
    return request.GET.get("placeholders") != "no", request.GET.get("services") == "yes"
