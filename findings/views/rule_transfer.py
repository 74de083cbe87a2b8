"""Archive rules on their way: export, import, copy, and the rules that were kept from a deleted analyzer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.models import Analyzer
from findings import filters, rule_files
from findings.actions import CopyRules, ImportRules, RestoreRules
from findings.actions.transfer_rules import Transferred, hiding_text, kept, review
from findings.models import ArchiveRule
from findings.roles import RULES, require
from findings.rule_files import Draft

from . import confirm
from .rules import APPLIES, EXISTING, NEW


class TransferForm(forms.Form):
    analyzer = forms.ModelChoiceField(Analyzer.objects.all(), empty_label=None, label="To analyzer")


class ImportForm(TransferForm):
    file = forms.FileField(required=False, label="File", help_text="As exported here, or by list-archive-rules")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file, text = data.get("file"), data.get("text", "")
        most = settings.ARCHIVE_RULES_FILE_BYTES
        if file is not None and file.size > most:
            raise ValidationError(f"The file is larger than {most:,} bytes.")
        raw = file.read() if file is not None else text.encode("utf-8", "replace")
        if not raw.strip():
            raise ValidationError("Choose a file, or paste rules.")
        data["drafts"] = rule_files.read(raw)
        data["raw"] = raw.decode("utf-8-sig")
        return data


class CopyForm(TransferForm):
    source = forms.ChoiceField(label="Rules")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[tuple[str, str], int] = {}
        for key, name in ArchiveRule.objects.values_list("analyzer_id", "analyzer_name"):
            group = (f"analyzer:{key}", f"of {name}") if key else (f"kept:{name}", f"of {name}, which is deleted")
            groups[group] = groups.get(group, 0) + 1
        choices = [(value, f"All {count:,} {label}") for (value, label), count in sorted(groups.items())]
        single = str((self.data.get("source") if self.is_bound else self.initial.get("source")) or "")
        if single.startswith("rule:") and (rules := rules_of(single)):
            choices.insert(0, (single, f"Only {rules[0].name} of {rules[0].analyzer_name}"))
        self.fields["source"].choices = choices  # type: ignore[attr-defined]


def rules_of(source: str) -> list[ArchiveRule]:
    """The rules that `rule:ID`, `analyzer:ID` or `kept:NAME` stands for; none if there are none."""
    kind, _, value = source.partition(":")
    if kind == "kept":
        return list(kept(value))
    if not value.isdecimal() or len(value) > 18:
        return []
    column = {"rule": "pk", "analyzer": "analyzer"}.get(kind)
    return list(ArchiveRule.objects.filter(**{column: int(value)}).order_by("name")) if column else []


@require_GET
def rule_export(request: HttpRequest) -> HttpResponse:
    """`?source=` as in `rules_of`."""
    rules = rules_of(request.GET.get("source", ""))
    if not rules:
        raise Http404("There are no such rules.")
    name = f"archive-rules-{rules[0].analyzer_name}.json"
    return HttpResponse(
        rule_files.write(rules),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_http_methods(["GET", "POST"])
def rule_import(request: HttpRequest) -> HttpResponse:
    """First what the file holds and whether it fits; with `do` it is done."""
    require(request.user, RULES)
    form = ImportForm(request.POST or None, request.FILES or None, initial={"analyzer": request.GET.get("analyzer")})
    if request.method == "POST" and form.is_valid():
        analyzer, wanted = form.cleaned_data["analyzer"], form.cleaned_data["drafts"]
        hidden = {"analyzer": analyzer.pk, "text": form.cleaned_data["raw"]}

        def deed(existing: bool, confirmed: bool) -> Transferred:
            return ImportRules(analyzer, wanted, request.user, existing, confirmed, skip_invalid=True)()

        return _transfer(request, "Import", analyzer, wanted, hidden, deed)
    return render(request, "rules/import.html", {"form": form, "has_analyzers": Analyzer.objects.exists()})


@require_http_methods(["GET", "POST"])
def rule_copy(request: HttpRequest) -> HttpResponse:
    require(request.user, RULES)
    initial = {"source": request.GET.get("source", ""), "analyzer": request.GET.get("analyzer")}
    form = CopyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        analyzer, source = form.cleaned_data["analyzer"], form.cleaned_data["source"]
        rules = rules_of(source)

        def deed(existing: bool, confirmed: bool) -> Transferred:
            return CopyRules(rules, analyzer, request.user, existing, confirmed, skip_invalid=True)()

        hidden = {"analyzer": analyzer.pk, "source": source}
        return _transfer(request, "Copy", analyzer, rule_files.drafts(rules), hidden, deed)
    context = {"form": form, "has_analyzers": Analyzer.objects.exists(), "has_rules": ArchiveRule.objects.exists()}
    return render(request, "rules/copy.html", context)


def _transfer(
    request: HttpRequest,
    verb: str,
    analyzer: Analyzer,
    wanted: list[Draft],
    hidden: dict[str, Any],
    deed: Callable[[bool, bool], Transferred],
) -> HttpResponse:
    said = (verb, analyzer.pk, [[draft.name, draft.filter] for draft in wanted])
    applies = EXISTING if request.POST.get("applies") == EXISTING else NEW
    asked, errors = None, []
    reviewed = review(analyzer, wanted)
    fitting = sum(entry.fits for entry in reviewed)
    if request.POST.get("do") == "1" and fitting:
        try:
            done = deed(applies == EXISTING, confirm.confirmed(request, *said))
        except ValidationError as error:
            asked = confirm.warning(error, *said)
            errors = [] if asked else error.messages
        else:
            count = len(done.rules)
            left = f" {len(done.refused):,} did not fit." if done.refused else ""
            messages.success(
                request,
                f"{count:,} rule{'' if count == 1 else 's'} added to {analyzer.name}; "
                f"{done.archived:,} finding{'' if done.archived == 1 else 's'} archived.{left}",
            )
            return redirect("rules")
    hiding = [entry.draft.name for entry in reviewed if entry.hides_public]
    context = {
        "verb": verb,
        "analyzer": analyzer,
        "reviewed": reviewed,
        "fitting": fitting,
        "hiding": hiding_text(hiding) if hiding else "",
        "hidden": hidden,
        "choices": APPLIES,
        "applies": applies,
        "asked": asked,
        "errors": errors,
    }
    return render(request, "rules/transfer.html", context)


@require_POST
def rule_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an analyzer the rules that were kept from a deleted one of its name."""
    analyzer = get_object_or_404(Analyzer, pk=pk)
    said = restoring(analyzer.name)
    try:
        done = RestoreRules(analyzer, request.user, confirm.confirmed(request, *said))()
    except ValidationError as error:
        asked = confirm.warning(error, *said)
        if asked is None:
            messages.error(request, " ".join(error.messages))
            return redirect("rules")
        return render(request, "rules/restore.html", {"analyzer": analyzer, "asked": asked})
    told = restored_text(done)
    messages.success(request, f"{analyzer.name}: {told}.")
    return redirect("rules")


def restoring(name: str) -> tuple[Any, ...]:
    """What is confirmed when the kept rules of an analyzer of this name are restored."""
    return ("restore", name, [[rule.pk, rule.filter] for rule in kept(name)])


def restored_text(done: Transferred) -> str:
    count = len(done.rules)
    left = "".join(f"; {entry.draft.name}: {' '.join(entry.problems)}" for entry in done.refused)
    return f"{count:,} kept rule{'' if count == 1 else 's'} restored{left}"


@require_GET
def rule_kept(request: HttpRequest) -> HttpResponse:
    """The fragment that offers the kept rules of an analyzer of this name."""
    return render(request, "rules/_kept.html", {"kept": offer(request.GET.get("name", "").strip())})


def offer(name: str) -> list[dict[str, Any]]:
    if not name or len(name) > 255 or not name.isprintable():
        return []
    return [{"rule": rule, "text": filters.write(rule.filter)} for rule in kept(name)]
