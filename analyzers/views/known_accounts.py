"""The list of names of accounts outside: see, search, add, change, delete, import and export."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from analyzers.actions.known_accounts import COLUMNS, MAX_BYTES
from analyzers.models import KnownAccount
from findings.exports import names_csv
from findings.outsiders import SHIPPED_DATE, shipped
from findings.roles import NAMES, require


class KnownAccountForm(forms.Form):
    identifier = forms.CharField(
        max_length=255, help_text="Account id, canonical user id, or host or ARN of an identity provider"
    )
    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=KnownAccount.Kind.choices, initial=KnownAccount.Kind.VENDOR)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)
    trusted = forms.BooleanField(required=False, label="Trusted (only information; findings stay)")


@require_http_methods(["GET", "POST"])
def known_accounts(request: HttpRequest) -> HttpResponse:
    form = KnownAccountForm(request.POST or None, initial=_initial(request))
    if request.method == "POST":
        require(request.user, NAMES)
        if form.is_valid() and _save(request, form):
            return redirect("known-accounts")
    text = request.GET.get("q", "")[:200].replace("\x00", "")
    rows = KnownAccount.objects.select_related("updated_by")
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(identifier__icontains=text) | Q(note__icontains=text))
    context = {
        "page": Paginator(rows, 100).get_page(request.GET.get("page")),
        "q": text,
        "form": form,
        "may_change": request.user.has_perm(NAMES),
        "shipped": sorted(shipped().values(), key=lambda known: known.name),
        "shipped_date": SHIPPED_DATE,
    }
    return render(request, "known_accounts/list.html", context)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """The entry that an address names: what is known of it, to be changed."""
    identifier = request.GET.get("identifier", "")[:255].replace("\x00", "")
    known = KnownAccount.objects.filter(identifier=identifier).first() if identifier else None
    if known is None:
        other = shipped().get(identifier)
        more = {"name": other.name, "kind": other.kind, "note": other.note} if other else {}
        return {"identifier": identifier, **more}
    return {name: getattr(known, name) for name in COLUMNS}


def _save(request: HttpRequest, form: KnownAccountForm) -> bool:
    data = form.cleaned_data
    known = KnownAccount.objects.filter(identifier=data["identifier"].strip()).first() or KnownAccount()
    for name in COLUMNS:
        setattr(known, name, data[name])
    try:
        SaveKnownAccount(known, request.user)()
    except ValidationError as error:
        for name, texts in error.message_dict.items():
            form.add_error(name if name in form.fields else None, texts)
        return False
    messages.success(request, f"{known.identifier} is now shown as {known.name}.")
    return True


@require_POST
def known_account_delete(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(KnownAccount, pk=pk)
    DeleteKnownAccount(known, request.user)()
    messages.success(request, f"{known.name} is not in the list any more.")
    return redirect("known-accounts")


@require_POST
def known_accounts_import(request: HttpRequest) -> HttpResponse:
    require(request.user, NAMES)
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, "Choose a CSV file.")
        return redirect("known-accounts")
    try:
        created, changed = ImportKnownAccounts(file.read(MAX_BYTES + 1), request.user)()
    except ValidationError as error:
        context = {"name": str(file.name), "errors": error.messages, "columns": COLUMNS}
        return render(request, "known_accounts/refused.html", context, status=400)
    messages.success(request, f"{created:,} names are new, {changed:,} changed.")
    return redirect("known-accounts")


@require_GET
def known_accounts_export(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        "\ufeff" + names_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="known-accounts.csv"'},
    )
