"""Creating and changing an unused access analyzer: the period, whom it leaves out, what it takes and what there is to
judge by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from analyzers.actions import CreateAnalyzer, StartScan, UpdateAnalyzer
from analyzers.inventory.evidence_at_hand import at_hand
from analyzers.inventory.tracked import configuration_of, tracking
from analyzers.models import UNUSED_TYPES, Account, Analyzer, AnalyzerType, Organization
from findings.roles import ANALYZERS, require

from .analyzers import PERIODS

WIND_DOWN = (365, 270, 90)
"""Begin with what is surely unused, then come closer."""
SHORT = 90
"""Below, a job that runs once a quarter is taken for unused; below 31, one that runs once a month."""
OTHER = "other"
MOST_TAGS = 50


class UnusedForm(forms.Form):
    """What can be changed later: the period and whom it leaves out."""

    preset = forms.ChoiceField(
        label="Tracking period",
        choices=[
            ("365", "365 days: surely unused, begin here"),
            ("270", "270 days"),
            ("90", "90 days: usual in the end"),
            (OTHER, "Another number of days"),
        ],
        widget=forms.RadioSelect(attrs={"data-action": "period#changed"}),
        initial="365",
    )
    period = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=365,
        required=False,
        help_text="1 to 365. What was not used for so long is unused; what is younger is not judged.",
        widget=forms.NumberInput(attrs={"data-period-target": "days", "data-action": "input->period#other"}),
    )
    accounts = forms.MultipleChoiceField(
        label="Leave out accounts", required=False, help_text="Of an organization only. None chosen: all are judged."
    )
    tags = forms.CharField(
        label="Leave out by tag",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, key=value or only the key. Users and roles with any of them are not judged.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accounts"].choices = [(a.pk, str(a)) for a in _accounts()]  # type: ignore[attr-defined]
        self.configuration: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        days = self._days(data)
        tags = self._tags(data.get("tags") or "")
        accounts = data.get("accounts") or []
        if accounts and not self.by_organization():
            self.add_error("accounts", "Accounts can be left out of an organization only.")
        self.configuration = configuration_of(days, accounts, tags)
        return data

    def by_organization(self) -> bool:
        return str(self.data.get("scope", "")).startswith("ORGANIZATION")

    def _days(self, data: Mapping[str, Any]) -> int:
        if data.get("preset") != OTHER:
            return int(data.get("preset") or WIND_DOWN[0])
        if data.get("period") is None and "period" not in self.errors:
            self.add_error("period", "Say how many days, from 1 to 365.")
        return data.get("period") or WIND_DOWN[0]

    def _tags(self, text: str) -> list[tuple[str, str]]:
        found = []
        for line in filter(None, map(str.strip, text.splitlines())):
            key, _, value = (part.strip() for part in line.partition("="))
            if not key:
                self.add_error("tags", "A tag needs a key: key=value.")
                return []
            found.append((key, value))
        if len(found) > MOST_TAGS:
            self.add_error("tags", f"At most {MOST_TAGS} tags.")
        return found


class NewUnusedForm(UnusedForm):
    scope = forms.ChoiceField(label="Account or organization", help_text="Whose users and roles are judged.")
    name = forms.CharField(
        max_length=255,
        required=False,
        help_text="Letters, digits, _ . - ; no digit first. Left empty: the name that carries the period.",
        widget=forms.TextInput(attrs={"data-period-target": "name", "autocomplete": "off"}),
    )
    scan_every = forms.ChoiceField(label="Scan", choices=PERIODS, initial="1440", required=False)
    field_order = ["scope", "preset", "period", "name", "accounts", "tags", "scan_every"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = [
            (f"ORGANIZATION_UNUSED_ACCESS {o.pk}", f"Organization {o.pk}") for o in Organization.objects.all()
        ]
        accounts = [(f"ACCOUNT_UNUSED_ACCESS {a.pk}", str(a)) for a in _accounts()]
        self.fields["scope"].choices = [("Whole organization", organizations), ("One account", accounts)]  # type: ignore[attr-defined]


def _accounts() -> list[Account]:
    return list(Account.objects.order_by("name", "id"))


def proposed_name(days: int) -> str:
    """`unused-365`, or with a number where that is taken."""
    taken = set(Analyzer.objects.filter(name__startswith=f"unused-{days}").values_list("name", flat=True))
    name, number = f"unused-{days}", 1
    while name in taken:
        number += 1
        name = f"unused-{days}-{number}"
    return name


def initial_of(analyzer: Analyzer, days: int | None = None) -> dict[str, Any]:
    """The form's values for an analyzer; `days`: with another period."""
    said = tracking(analyzer)
    days = days or said.days
    tags = [pair for one in said.exclusions for group in one.tags for pair in group.items()]
    return {
        "scope": f"{analyzer.type} {analyzer.scope}",
        "preset": str(days) if days in WIND_DOWN else OTHER,
        "period": days,
        "accounts": [account for one in said.exclusions for account in one.accounts],
        "tags": "\n".join(f"{key}={value}" if value else key for key, value in tags),
        "scan_every": str(analyzer.scan_every or ""),
    }


def next_period(days: int) -> int:
    """The one that comes after it in the wind-down; after the last, the last again."""
    return next((one for one in WIND_DOWN if one < days), WIND_DOWN[-1])


@require_http_methods(["GET", "POST"])
def unused_new(request: HttpRequest) -> HttpResponse:
    """`?like=ID`: as that analyzer, with the next period."""
    require(request.user, ANALYZERS)
    like = _named(request, "like")
    initial = initial_of(like, next_period(tracking(like).days)) if like else {"period": WIND_DOWN[0]}
    form = NewUnusedForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        kind, _, scope = form.cleaned_data["scope"].partition(" ")
        every = form.cleaned_data["scan_every"]
        name = form.cleaned_data["name"].strip() or proposed_name(form.configuration["unusedAccess"]["unusedAccessAge"])
        try:
            analyzer = CreateAnalyzer(
                name,
                AnalyzerType(kind),
                scope,
                request.user,
                configuration=form.configuration,
                scan_every=int(every) if every else None,
            )()
        except ValidationError as error:
            _show(form, error)
        else:
            StartScan(analyzer, request.user)()
            messages.success(request, f"Analyzer {analyzer.name} created; the first scan has begun.")
            return redirect("analyzer", pk=analyzer.pk)
    others = Analyzer.objects.filter(type__in=UNUSED_TYPES)
    context = {"form": form, "has_accounts": Account.objects.exists(), "like": like, "others": others}
    return render(request, "analyzers/new_unused.html", context | _scope(_draft(form)))


@require_http_methods(["GET", "POST"])
def unused_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The period and whom it leaves out; the next scan judges by them."""
    require(request.user, ANALYZERS)
    analyzer = get_object_or_404(Analyzer, pk=pk, type__in=UNUSED_TYPES)
    fixed = {"scope": f"{analyzer.type} {analyzer.scope}"}
    data = {**request.POST.dict(), "accounts": request.POST.getlist("accounts"), **fixed} if request.POST else None
    form = UnusedForm(data, initial=initial_of(analyzer))
    if request.method == "POST" and form.is_valid():
        try:
            UpdateAnalyzer(analyzer, analyzer.scan_every, request.user, configuration=form.configuration)()
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, "Saved. What it changes is scanned for now.")
            return redirect("analyzer", pk=pk)
    context = {"form": form, "analyzer": analyzer} | _scope(_draft(form, analyzer))
    return render(request, "analyzers/edit_unused.html", context)


@require_GET
def unused_scope(request: HttpRequest) -> HttpResponse:
    """The fragment that says whom the form's choice is about, what AWS would charge, and what there is to judge by."""
    require(request.user, ANALYZERS)
    draft = _draft(NewUnusedForm(request.GET), _named(request, "analyzer"))
    return render(request, "analyzers/_unused_scope.html", _scope(draft))


def _named(request: HttpRequest, parameter: str) -> Analyzer | None:
    """The unused access analyzer whose id the address gives, if there is one."""
    pk = request.GET.get(parameter, "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 10):
        return None
    return Analyzer.objects.filter(pk=int(pk), type__in=UNUSED_TYPES).first()


def _draft(form: UnusedForm, analyzer: Analyzer | None = None) -> Analyzer:
    """What the form says so far, whether all of it is right or not; `analyzer`: whose scope is fixed."""
    told = form if form.is_bound else type(form)({"preset": str(WIND_DOWN[0]), **form.initial})
    told.is_valid()
    if analyzer is not None:
        return Analyzer(type=analyzer.type, scope=analyzer.scope, configuration=told.configuration)
    kind, _, scope = str(told.data.get("scope") or _first_scope()).partition(" ")
    known = kind in set(UNUSED_TYPES)
    return Analyzer(type=kind if known else UNUSED_TYPES[0], scope=scope[:40], configuration=told.configuration)


def _first_scope() -> str:
    """What the form offers first."""
    choices = NewUnusedForm().fields["scope"].choices  # type: ignore[attr-defined]
    return next((value for _, group in choices for value, _ in group), "")


def _scope(draft: Analyzer) -> dict[str, Any]:
    """What is told beside the form; `problem`: why whom it leaves out could not be counted."""
    days, problem = draft.configuration["unusedAccess"]["unusedAccessAge"], ""
    try:
        tracking(draft)
    except ValidationError as error:
        problem = " ".join(error.messages)
        draft.configuration = configuration_of(days)
    return {
        "problem": problem,
        "days": days,
        "short": days < SHORT,
        "monthly": days < 31,
        "proposed": proposed_name(days),
        "at_hand": at_hand(draft),
        "by_organization": draft.by_organization,
    }


def _show(form: forms.Form, error: ValidationError) -> None:
    fields = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, texts in fields.items():
        form.add_error(name if name in form.fields else None, texts)
