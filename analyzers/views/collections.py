"""Reading from AWS: begin, follow, repeat, and what the role needs."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import CancelCollection, EndSchedule, ReadAgain, StartCollection
from analyzers.collect import permissions, summary
from analyzers.collect.access import DEFAULT_ROLE
from analyzers.collect.work import OPEN
from analyzers.models import Account, ChangeCount, Collection, CollectionSchedule, SetAsideMessage
from findings.roles import IMPORT, require

from .credentials import external_id_field, profile_field

PERIODS = [
    ("", "once"),
    ("60", "every hour"),
    ("360", "every 6 hours"),
    ("1440", "every day"),
    ("10080", "every week"),
]
SHOWN = 50
MOST_ACCOUNTS = 1000
_TYPES = {"json": "application/json", "tf": "text/plain; charset=utf-8"}


class CollectionForm(forms.Form):
    what = forms.ChoiceField(
        label="Read",
        choices=[("organization", "the whole organization"), ("accounts", "single accounts")],
        widget=forms.RadioSelect,
        initial="organization",
    )
    accounts = forms.CharField(
        required=False,
        max_length=5000,
        help_text="Only for single accounts: their ids, separated by commas. Empty: the one the credentials belong to.",
    )
    profile = profile_field()
    role_name = forms.CharField(
        label="Role in the accounts",
        initial=DEFAULT_ROLE,
        required=False,
        max_length=512,
        help_text="Taken on in every account but the own one",
    )
    external_id = external_id_field()
    regions = forms.CharField(
        required=False, max_length=2000, help_text="Separated by commas. Empty: all that an account uses"
    )
    aggregator = forms.CharField(
        label="Aggregator of AWS Config",
        required=False,
        max_length=256,
        help_text="Its name, if AWS Config is to be asked instead of the services. What it lacks is told.",
    )
    aggregator_region = forms.CharField(label="Region of the aggregator", required=False, max_length=32)
    every = forms.ChoiceField(label="Repeat", choices=PERIODS, required=False)

    def wanted(self) -> dict[str, Any]:
        """The arguments of StartCollection."""
        data = self.cleaned_data
        organization = data["what"] == "organization"
        return {
            "organization": organization,
            "accounts": [] if organization else _names(data["accounts"]),
            "regions": _names(data["regions"]),
            "profile": data["profile"],
            "role_name": data["role_name"],
            "external_id": data["external_id"],
            "aggregator": data["aggregator"],
            "aggregator_region": data["aggregator_region"],
            "every": int(data["every"]) if data["every"] else None,
        }


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,;]+", text) if name]


@require_GET
def collections(request: HttpRequest) -> HttpResponse:
    context = {
        "collections": Collection.objects.select_related("requested_by").defer("external_id", "changed_accounts")[
            :SHOWN
        ],
        "schedules": CollectionSchedule.objects.select_related("created_by").defer("external_id"),
        "files": sorted(permissions.files()),
        "may_import": request.user.has_perm(IMPORT),
        "listening": bool(settings.CHANGE_QUEUE_URL),
        "changes": ChangeCount.objects.filter(queue=settings.CHANGE_QUEUE_URL[:500]).first(),
        "set_aside": SetAsideMessage.objects.defer("body")[:10],
    }
    return render(request, "collections/list.html", context)


@require_http_methods(["GET", "POST"])
def collection_new(request: HttpRequest) -> HttpResponse:
    require(request.user, IMPORT)
    form = CollectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            collection = StartCollection(request.user, **form.wanted())()
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            return redirect("collection", pk=collection.pk)
    return render(request, "collections/new.html", {"form": form, "files": sorted(permissions.files())})


@require_GET
def collection_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, or for htmx the part of it that changes while the collection runs."""
    collection = get_object_or_404(Collection.objects.select_related("requested_by", "schedule"), pk=pk)
    parts = collection.parts.all()
    services, accounts = summary.rows(parts, "service"), summary.rows(parts, "account")
    known = sum(row["read"] + row["partly"] + row["not_read"] + row["not_offered"] + row["waiting"] for row in services)
    waiting = sum(row["waiting"] for row in services)
    names = dict(Account.objects.filter(pk__in=[row["name"] for row in accounts]).values_list("pk", "name"))
    unread = sum(row["not_read"] + row["partly"] for row in services)
    context = {
        "collection": collection,
        "services": [{**row, "label": summary.label(row["name"])} for row in services],
        "accounts": [{**row, "label": names.get(row["name"], "")} for row in accounts[:MOST_ACCOUNTS]],
        "further_accounts": max(0, len(accounts) - MOST_ACCOUNTS),
        "known": known,
        "done": known - waiting,
        "unread": unread,
        "may_read_again": not collection.is_open and (unread or waiting or not known),
        "reasons": summary.reasons(summary.with_problems(parts)),
        "reading": parts.filter(status=OPEN[1])[:5],
        "may_import": request.user.has_perm(IMPORT),
    }
    template = "collections/_state.html" if request.headers.get("HX-Request") else "collections/detail.html"
    return render(request, template, context)


@require_POST
def collection_again(request: HttpRequest, pk: int) -> HttpResponse:
    collection = get_object_or_404(Collection, pk=pk)
    number = ReadAgain(collection, request.user)()
    messages.success(request, f"{number:,} parts are read again." if number else "There is nothing to read again.")
    return redirect("collection", pk=pk)


@require_POST
def collection_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    CancelCollection(get_object_or_404(Collection, pk=pk), request.user)()
    messages.success(request, "Cancelled. What was read is kept.")
    return redirect("collection", pk=pk)


@require_POST
def schedule_end(request: HttpRequest, pk: int) -> HttpResponse:
    EndSchedule(get_object_or_404(CollectionSchedule, pk=pk), request.user)()
    messages.success(request, "It is not repeated any more.")
    return redirect("collections")


@require_GET
def collector_file(request: HttpRequest, name: str) -> HttpResponse:
    """A policy or template of the collecting role."""
    files = permissions.files()
    if name not in files:
        raise Http404("There is no such file.")
    kind = _TYPES[name.rsplit(".", 1)[-1]]
    return HttpResponse(
        files[name], content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
