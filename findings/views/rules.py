"""Archive rules: list, page, create, change, delete, apply and undo, with a preview of what they would archive."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.models import Analyzer
from findings import filter_keys, filters, paging
from findings.actions import ApplyRule, CreateRule, DeleteRule, UndoRule, UpdateRule
from findings.actions.rules import matching, standing, warning, with_standing
from findings.exposure import could_hide_public
from findings.models import ArchiveRule, Event, Finding, FindingStatus, RuleEvent
from findings.roles import RULES, require

from . import confirm

PREVIEW = 8
HISTORY = 50
NEW, EXISTING = "new", "existing"
APPLIES = [(NEW, "Only new findings"), (EXISTING, "New findings and those that match now")]


class RuleForm(forms.Form):
    analyzer = forms.ModelChoiceField(Analyzer.objects.all(), empty_label=None)
    name = forms.CharField(max_length=255, help_text="A letter, then letters, digits, _ . -")
    q = forms.CharField(
        label="Archives findings that match",
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text="The grammar of the search box, for example principal.AWS:111122223333 resource~logs",
    )
    reason = forms.CharField(
        required=False,
        label="Why this access is expected",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    applies = forms.ChoiceField(
        label="Applies to", choices=APPLIES, initial=NEW, required=False, widget=forms.RadioSelect
    )

    def clean_q(self) -> dict[str, Any]:
        return read_rule(self.cleaned_data["q"])

    @property
    def existing(self) -> bool:
        return bool(self.cleaned_data["applies"] == EXISTING)


def read_rule(text: str) -> dict[str, Any]:
    """The criteria that a text says. Raises ValidationError."""
    criteria, words = filters.read(text, limit=filters.MAX_RULE_LENGTH)
    if words:
        raise ValidationError(
            f"A rule needs properties; {words[0][:60]!r} is a free word. Try resource~{words[0][:60]}"
        )
    return criteria


@require_GET
def rule_list(request: HttpRequest) -> HttpResponse:
    last = Event.objects.filter(rule=OuterRef("pk"), kind=Event.Kind.ARCHIVED).order_by("-at").values("at")[:1]
    rules = ArchiveRule.objects.select_related("analyzer", "created_by").annotate(last=Subquery(last))
    archived = Finding.objects.filter(archived_by__isnull=False, status=FindingStatus.ARCHIVED)
    counts = dict(archived.order_by().values_list("archived_by").annotate(Count("pk")))
    live: dict[str, dict[str, Any]] = {}
    kept: dict[str, dict[str, Any]] = {}
    for rule in rules.order_by("analyzer_name", "name", "pk"):
        group = (kept if rule.is_kept else live).setdefault(
            rule.analyzer_name, {"name": rule.analyzer_name, "analyzer": rule.analyzer, "rules": []}
        )
        group["rules"].append({"rule": rule, "text": filters.write(rule.filter), "archived": counts.get(rule.pk, 0)})
    again = {analyzer.name: analyzer for analyzer in Analyzer.objects.filter(name__in=kept)}
    for name, group in kept.items():
        group["again"] = again.get(name)
    context = {"live": list(live.values()), "kept": list(kept.values()), "may_rule": request.user.has_perm(RULES)}
    return render(request, "rules/list.html", context)


@require_GET
def rule_page(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ArchiveRule.objects.select_related("analyzer", "created_by"), pk=pk)
    rows = standing(rule)
    count, capped = paging.capped_count(rows)
    history = [
        {"event": event, "text": filters.write(event.filter)}
        for event in with_standing(rule.history.select_related("actor"))[: HISTORY + 1]
    ]
    return render(
        request,
        "rules/detail.html",
        {
            "rule": rule,
            "text": filters.write(rule.filter),
            "count": count,
            "capped": capped,
            "rows": rows.order_by("-updated_at")[:PREVIEW],
            "history": history[:HISTORY],
            "more_history": len(history) > HISTORY,
            "hides_public": could_hide_public(rule.filter, rule.analyzer_type),
            "may_rule": request.user.has_perm(RULES),
        },
    )


@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest) -> HttpResponse:
    require(request.user, RULES)
    initial = {name: request.GET[name] for name in ("analyzer", "q") if name in request.GET}
    form = RuleForm(request.POST or None, initial=initial)
    asked = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        said = (data["analyzer"].pk, data["q"])
        try:
            rule, archived = CreateRule(
                data["analyzer"],
                data["name"],
                data["q"],
                request.user,
                data["reason"],
                form.existing,
                confirm.confirmed(request, *said),
            )()
        except ValidationError as error:
            asked = _show(form, error, *said)
        else:
            messages.success(request, f"Rule {rule.name} created; {_findings(archived)} archived.")
            return redirect("rule", pk=rule.pk)
    return _form(request, form, None, asked)


@require_http_methods(["GET", "POST"])
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    require(request.user, RULES)
    rule = get_object_or_404(ArchiveRule.objects.select_related("analyzer"), pk=pk)
    if rule.analyzer is None:
        messages.warning(request, "The rule's analyzer is deleted. Copy the rule to another one to change it there.")
        return redirect("rule", pk=pk)
    initial = {
        "analyzer": rule.analyzer,
        "name": rule.name,
        "q": filters.write(rule.filter),
        "reason": rule.reason,
    }
    form = RuleForm(request.POST or None, initial=initial)
    form.fields["analyzer"].disabled = True
    asked = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        said = (rule.analyzer.pk, data["q"])
        try:
            archived = UpdateRule(
                rule,
                data["q"],
                request.user,
                data["reason"],
                form.existing,
                confirm.confirmed(request, *said),
                data["name"],
            )()
        except ValidationError as error:
            asked = _show(form, error, *said)
        else:
            messages.success(request, f"Rule {rule.name} saved; {_findings(archived)} archived.")
            return redirect("rule", pk=pk)
    return _form(request, form, get_object_or_404(ArchiveRule, pk=pk), asked)


def _form(request: HttpRequest, form: RuleForm, rule: ArchiveRule | None, asked: dict[str, str] | None) -> HttpResponse:
    context = {"form": form, "rule": rule, "asked": asked, "has_analyzers": Analyzer.objects.exists()}
    return render(request, "rules/form.html", context)


def _findings(count: int) -> str:
    return f"{count:,} finding{'' if count == 1 else 's'}"


def _show(form: RuleForm, error: ValidationError, *said: Any) -> dict[str, str] | None:
    """The errors at their fields; the warning that has to be confirmed, if that is the error."""
    asked = confirm.warning(error, *said)
    if asked is not None:
        return asked
    fields = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, texts in fields.items():
        form.add_error({"filter": "q"}.get(name, name) if name != "__all__" else None, texts)
    return None


@require_http_methods(["GET", "POST"])
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks whether what the rule archived shall be active again."""
    require(request.user, RULES)
    rule = get_object_or_404(ArchiveRule, pk=pk)
    if request.method == "GET":
        count, capped = paging.capped_count(standing(rule))
        context = {"rule": rule, "text": filters.write(rule.filter), "count": count, "capped": capped}
        return render(request, "rules/delete.html", context)
    undo = request.POST.get("undo") == "1"
    reopened = DeleteRule(rule, request.user, undo)()
    outcome = f"{_findings(reopened)} made active again." if undo else "What it archived stays archived."
    messages.success(request, f"Rule {rule.name} deleted. {outcome}")
    return redirect("rules")


@require_POST
def rule_apply(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ArchiveRule.objects.select_related("analyzer"), pk=pk)
    said = ("apply", rule.pk, rule.filter)
    try:
        archived = ApplyRule(rule, request.user, confirm.confirmed(request, *said))()
    except ValidationError as error:
        asked = confirm.warning(error, *said)
        if asked is None:
            messages.error(request, " ".join(error.messages))
            return redirect("rule", pk=pk)
        return render(request, "rules/confirm.html", {"rule": rule, "text": filters.write(rule.filter), "asked": asked})
    messages.success(request, f"{_findings(archived)} archived by {rule.name}.")
    return redirect("rule", pk=pk)


@require_POST
def rule_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo what the rule archived, or with `application` one time that it was applied."""
    rule = get_object_or_404(ArchiveRule, pk=pk)
    chosen = request.POST.get("application", "")
    application = None
    if chosen:
        events = rule.history.filter(kind=RuleEvent.Kind.APPLIED)
        application = get_object_or_404(events, pk=int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0)
    reopened = UndoRule(rule, request.user, application)()
    if reopened:
        messages.success(request, f"{_findings(reopened)} made active again.")
    else:
        messages.warning(request, "Nothing to undo: of what it archived, nothing is archived by it any more.")
    return redirect("rule", pk=pk)


@require_http_methods(["GET", "POST"])
def rule_preview(request: HttpRequest) -> HttpResponse:
    """How many active findings the filter would archive, and which come first. POST for filters that are long."""
    given = request.POST if request.method == "POST" else request.GET
    chosen = given.get("analyzer", "")
    analyzer = Analyzer.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    context: dict[str, Any] = {"error": "", "rows": [], "count": None}
    try:
        criteria = read_rule(given.get("q", ""))
        if criteria and analyzer:
            filters.validate(criteria, rule_of=analyzer.type)
            context |= preview(analyzer, criteria, saved=given.get("saved") == "1")
    except ValidationError as error:
        context["error"] = " ".join(error.messages)
    if analyzer and given.get("saved") != "1":
        context["keys"] = filter_keys.for_rules(filter_keys.kind_of(analyzer.type))
    return render(request, "rules/_preview.html", context)


def preview(analyzer: Analyzer, criteria: filters.Criteria, *, saved: bool) -> dict[str, Any]:
    """`saved`: it is a rule already, so that only what it would hide now is worth a warning."""
    rows = matching(analyzer, criteria)
    count, capped = paging.capped_count(rows)
    public, public_capped = paging.capped_count(rows.filter(is_public=True)) if count else (0, False)
    first = list(rows.filter(is_public=True)[:PREVIEW]) if public else []
    if len(first) < PREVIEW and count > len(first):
        first += rows.filter(is_public=False)[: PREVIEW - len(first)]
    rule = ArchiveRule(analyzer=analyzer, analyzer_type=analyzer.type, filter=criteria)
    return {
        "count": count,
        "capped": capped,
        "public": public,
        "public_capped": public_capped,
        "warning": warning(rule) if public or not saved else "",
        "rows": first,
        "more": capped or count > len(first),
    }
