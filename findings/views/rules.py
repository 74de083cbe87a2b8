"""Archive rules: list, create, change, delete, with a preview of what they would archive."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.models import Analyzer
from findings import filters, paging
from findings.actions import ApplyRule, CreateRule, DeleteRule, UpdateRule
from findings.actions.rules import matching
from findings.models import ArchiveRule
from findings.roles import RULES, require

PREVIEW = 8


class RuleForm(forms.Form):
    analyzer = forms.ModelChoiceField(Analyzer.objects.all(), empty_label=None)
    name = forms.CharField(max_length=255, help_text="A letter, then letters, digits, _ . -")
    q = forms.CharField(
        label="Archives findings that match",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The grammar of the search box, for example principal.AWS:111122223333 resource~logs",
    )
    reason = forms.CharField(
        required=False, label="Why this access is expected", widget=forms.Textarea(attrs={"rows": 2})
    )
    existing = forms.BooleanField(required=False, label="Archive findings that match already, too")
    confirm_public = forms.BooleanField(required=False, label="Yes, hide public access")

    def clean_q(self) -> dict[str, Any]:
        criteria, words = filters.read(self.cleaned_data["q"])
        if words:
            raise ValidationError(
                f"A rule needs properties; {words[0][:60]!r} is a free word. Try resource~{words[0][:60]}"
            )
        filters.validate(criteria, rule=True)
        return criteria

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        criteria, analyzer = data.get("q"), data.get("analyzer")
        if criteria and analyzer and hides_public(criteria) and not data.get("confirm_public"):
            public = matching(analyzer, criteria).filter(is_public=True).count()
            self.add_error(
                "confirm_public",
                f"This rule can hide public access ({public} public finding{'' if public == 1 else 's'} now). "
                "Add isPublic:false to the filter, or confirm.",
            )
        return data


def hides_public(criteria: filters.Criteria) -> bool:
    """Whether a finding of public access could match."""
    return "false" not in criteria.get("isPublic", {}).get("eq", ()) and "true" not in criteria.get("isPublic", {}).get(
        "neq", ()
    )


@require_GET
def rule_list(request: HttpRequest) -> HttpResponse:
    rules = list(ArchiveRule.objects.select_related("analyzer", "created_by"))
    shown = [{"rule": rule, "text": filters.write(rule.filter), "matches": _count(rule)} for rule in rules]
    return render(request, "rules/list.html", {"rules": shown, "may_rule": request.user.has_perm(RULES)})


def _count(rule: ArchiveRule) -> int:
    return paging.capped_count(matching(rule.analyzer, rule.filter))[0]


@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest) -> HttpResponse:
    require(request.user, RULES)
    initial = {name: request.GET[name] for name in ("analyzer", "q") if name in request.GET}
    form = RuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rule, archived = CreateRule(
                data["analyzer"], data["name"], data["q"], request.user, data["reason"], data["existing"]
            )()
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, f"Rule {rule.name} created; {archived} findings archived.")
            return redirect("rules")
    return render(request, "rules/form.html", {"form": form, "rule": None, "properties": filters.properties()})


@require_http_methods(["GET", "POST"])
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    require(request.user, RULES)
    rule = get_object_or_404(ArchiveRule, pk=pk)
    initial = {
        "analyzer": rule.analyzer,
        "name": rule.name,
        "q": filters.write(rule.filter),
        "reason": rule.reason,
    }
    form = RuleForm(request.POST or None, initial=initial)
    for name in ("analyzer", "name"):
        form.fields[name].disabled = True
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            archived = UpdateRule(rule, data["q"], request.user, data["reason"], data["existing"])()
        except ValidationError as error:
            _show(form, error)
        else:
            messages.success(request, f"Rule {rule.name} saved; {archived} findings archived.")
            return redirect("rules")
    return render(request, "rules/form.html", {"form": form, "rule": rule, "properties": filters.properties()})


def _show(form: RuleForm, error: ValidationError) -> None:
    fields = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, texts in fields.items():
        form.add_error({"filter": "q"}.get(name, name) if name != "__all__" else None, texts)


@require_POST
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ArchiveRule, pk=pk)
    DeleteRule(rule, request.user)()
    messages.success(request, f"Rule {rule.name} deleted. What it archived stays archived.")
    return redirect("rules")


@require_POST
def rule_apply(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ArchiveRule, pk=pk)
    archived = ApplyRule(rule, request.user)()
    messages.success(request, f"{archived} findings archived by {rule.name}.")
    return redirect("rules")


@require_GET
def rule_preview(request: HttpRequest) -> HttpResponse:
    """How many active findings the filter would archive, and which come first."""
    analyzer = Analyzer.objects.filter(pk=request.GET.get("analyzer") or 0).first()
    context: dict[str, Any] = {"error": "", "rows": [], "count": 0}
    try:
        criteria, words = filters.read(request.GET.get("q", ""))
        if words:
            raise ValidationError(
                f"{words[0][:60]!r} is a free word; a rule needs properties, such as resource~{words[0][:60]}."
            )
        if criteria and analyzer:
            filters.validate(criteria, rule=True)
            rows = matching(analyzer, criteria)
            count, capped = paging.capped_count(rows)
            context |= {
                "count": count,
                "capped": capped,
                "public": rows.filter(is_public=True).count(),
                "hides_public": hides_public(criteria),
                "rows": rows.order_by("-is_public", "resource")[:PREVIEW],
            }
    except ValidationError as error:
        context["error"] = " ".join(error.messages)
    return render(request, "rules/_preview.html", context)
