"""Creating an internal access analyzer: choose resources, see what it takes, confirm."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from analyzers.actions import CreateAnalyzer, StartScan
from analyzers.inventory import arn_list
from analyzers.inventory.selection import Estimate, configuration_of, estimate
from analyzers.kinds.channels import TRAITS
from analyzers.models import Account, Analyzer, Organization, ResourceType
from findings.roles import ANALYZERS, require

from .analyzers import PERIODS

ALL, LISTED, FITTING = "all", "listed", "fitting"
MOST_MISSING_SHOWN = 20


class InternalAnalyzerForm(forms.Form):
    scope = forms.ChoiceField(label="Zone of trust", help_text="Everybody in it is asked about.")
    name = forms.CharField(max_length=255, help_text="Letters, digits, _ . - ; no digit first")
    scan_every = forms.ChoiceField(label="Scan", choices=PERIODS, initial="1440", required=False)
    choose = forms.ChoiceField(
        label="Resources",
        choices=[
            (FITTING, "Of these types, accounts and tags"),
            (LISTED, "Those in a list of ARNs"),
            (ALL, "All of the zone"),
        ],
        initial=FITTING,
        widget=forms.RadioSelect,
    )
    types = forms.MultipleChoiceField(
        label="Types",
        required=False,
        choices=[(kind.value, kind.label) for kind in ResourceType if kind.value in TRAITS],
        help_text="None chosen: any type.",
    )
    accounts = forms.MultipleChoiceField(label="Accounts", required=False, help_text="None chosen: any of the zone.")
    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, key=value or only the key; a resource must have all of them.",
    )
    arns = forms.CharField(
        label="ARNs",
        required=False,
        max_length=arn_list.MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="One a line, or lines of a CSV file with a column arn.",
    )
    file = forms.FileField(label="Or a CSV file", required=False, help_text="One ARN a line, or a column arn.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = [(f"ORGANIZATION_INTERNAL_ACCESS {o.pk}", f"Organization {o.pk}") for o in _organizations()]
        accounts = list(Account.objects.order_by("name", "id"))
        zones = [(f"ACCOUNT_INTERNAL_ACCESS {a.pk}", str(a)) for a in accounts]
        self.fields["scope"].choices = [("Whole organization", organizations), ("One account", zones)]  # type: ignore[attr-defined]
        self.fields["accounts"].choices = [(a.pk, str(a)) for a in accounts]  # type: ignore[attr-defined]
        self.duplicates = 0
        self.configuration: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        match data.get("choose"):
            case "all":
                self.configuration = configuration_of([{}])
            case "listed":
                self._clean_list(data)
            case "fitting":
                self._clean_criteria(data)
        return data

    def _clean_list(self, data: dict[str, Any]) -> None:
        upload = data.get("file")
        if upload is not None and upload.size > arn_list.MOST_BYTES:
            self.add_error("file", f"The file is larger than {arn_list.MOST_BYTES:,} bytes.")
            return
        field = "file" if upload is not None else "arns"
        found = arn_list.read_bytes(upload.read()) if upload is not None else arn_list.read(data.get("arns") or "")
        for line, message in found.errors:
            self.add_error(field, f"Line {line}: {message}" if line else message)
        if not found.arns and not found.errors:
            self.add_error(field, "Name at least one resource.")
        self.duplicates = found.duplicates
        self.configuration = configuration_of([{"resourceArns": list(found.arns)}])

    def _clean_criteria(self, data: dict[str, Any]) -> None:
        tags: dict[str, str] = {}
        for line in filter(None, map(str.strip, (data.get("tags") or "").splitlines())):
            key, _, value = line.partition("=")
            tags[key.strip()] = value.strip()
        if "" in tags:
            self.add_error("tags", "A tag needs a key: key=value.")
        given = {
            "resourceTypes": data.get("types") or [],
            "accountIds": data.get("accounts") or [],
            "resourceTags": tags,
        }
        criteria = {name: value for name, value in given.items() if value}
        if not criteria and not self.errors:
            self.add_error("choose", "Choose at least one type, account or tag, or all resources of the zone.")
        self.configuration = configuration_of([criteria])


def _organizations() -> list[Organization]:
    return list(Organization.objects.all())


@require_http_methods(["GET", "POST"])
def internal_new(request: HttpRequest) -> HttpResponse:
    """First the choice, then what it comes to, then the analyzer."""
    require(request.user, ANALYZERS)
    if request.method == "POST" and "confirmed" in request.POST:
        return _create(request)
    form = InternalAnalyzerForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        kind, _, scope = form.cleaned_data["scope"].partition(" ")
        draft = Analyzer(name=form.cleaned_data["name"], type=kind, scope=scope, configuration=form.configuration)
        try:
            draft.full_clean(exclude=["created_by"])
            told = estimate(draft)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            return _preview(request, draft, form.cleaned_data["scan_every"], told, form.duplicates)
    return render(request, "analyzers/new_internal.html", {"form": form, "has_accounts": Account.objects.exists()})


def _preview(request: HttpRequest, draft: Analyzer, period: str, told: Estimate, duplicates: int) -> HttpResponse:
    context = {
        "draft": draft,
        "period": period,
        "configuration": json.dumps(draft.configuration),
        "estimate": told,
        "duplicates": duplicates,
        "missing": told.missing[:MOST_MISSING_SHOWN],
        "more_missing": max(0, len(told.missing) - MOST_MISSING_SHOWN),
    }
    return render(request, "analyzers/confirm_internal.html", context)


def _create(request: HttpRequest) -> HttpResponse:
    period = request.POST.get("scan_every", "")
    try:
        configuration = json.loads(request.POST.get("configuration", ""))
        analyzer = CreateAnalyzer(
            request.POST.get("name", ""),
            request.POST.get("type", ""),
            request.POST.get("scope", ""),
            request.user,
            configuration=configuration,
            scan_every=int(period) if period.isdigit() else None,
        )()
    except (ValueError, RecursionError):
        messages.error(request, "The choice of resources cannot be understood. Choose again.")
        return redirect("internal-new")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("internal-new")
    StartScan(analyzer, request.user)()
    messages.success(request, f"Analyzer {analyzer.name} created; the first scan has begun.")
    return redirect("analyzer", pk=analyzer.pk)
