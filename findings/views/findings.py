"""The list of findings and what is done with many of them."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from analyzers.models import Account
from findings import filters, paging
from findings.actions import Archive, Unarchive
from findings.exports import csv_lines, xlsx_file
from findings.models import Finding, FindingStatus
from findings.outsiders import names_of
from findings.roles import ARCHIVE

from .listing import Listing, listing

UNDO_LIMIT = 5_000


@require_GET
def finding_list(request: HttpRequest) -> HttpResponse:
    shown = listing(request.GET)
    try:
        page = paging.page_of(shown.rows, shown.sort, shown.size, shown.after)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
        return redirect("findings")
    count, capped = paging.capped_count(shown.rows)
    return render(
        request,
        "findings/list.html",
        {
            "shown": shown,
            "page": page,
            "count": count,
            "capped": capped,
            "tabs": _tabs(shown),
            "sorts": SORT_LABELS,
            "sizes": paging.SIZES,
            "names": account_names(page.rows),
            "outsiders": names_of(page.rows),
            "only_unused": bool(page.rows) and all(row.is_unused for row in page.rows),
            "may_archive": request.user.has_perm(ARCHIVE),
            "properties": filters.properties(),
            "has_any": bool(page.rows) or Finding.objects.exists(),
        },
    )


SORT_LABELS = {
    "-isPublic": "Public first",
    "-updatedAt": "Newest change",
    "updatedAt": "Oldest change",
    "-createdAt": "Newest",
    "resource": "Resource",
    "resourceType": "Resource type",
    "resourceOwnerAccount": "Account",
    "work": "Order of work",
}


def _tabs(shown: Listing) -> list[dict[str, Any]]:
    if shown.error:
        return []
    base = Finding.objects.filter(filters.query(shown.criteria)).filter(filters.words_query(shown.words))
    tabs = []
    for status in FindingStatus:
        count, capped = paging.capped_count(base.filter(status=status))
        label = f"{count:,}{'+' if capped else ''}"
        tabs.append({"status": status.value, "label": status.label, "count": label, "here": shown.status == status})
    return tabs


def account_names(rows: list[Finding]) -> dict[str, str]:
    """Names of the accounts that the findings mention, inside and outside."""
    ids = {row.resource_owner_account for row in rows}
    for row in rows:
        for value in row.principal.values():
            fields = str(value).split(":", 5)
            ids.add(fields[4] if len(fields) == 6 else str(value))
    return dict(Account.objects.filter(pk__in=ids).exclude(name="").values_list("pk", "name"))


@require_POST
def change_many(request: HttpRequest) -> HttpResponse:
    """Archive or unarchive the selected findings, or all that match the list's address."""
    action = Unarchive if request.POST.get("action") == "unarchive" else Archive
    if request.POST.get("all") == "1":
        rows = listing(request.POST).rows
    else:
        ids = [value for value in request.POST.getlist("ids") if _is_uuid(value)]
        rows = Finding.objects.filter(pk__in=ids)
    back = _safe_back(request)
    try:
        changed = action(rows, request.user, request.POST.get("reason", ""))()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(back)
    if not changed:
        messages.warning(request, "Nothing was selected, or it was changed by somebody else already.")
        return redirect(back)
    deed = "archived" if action is Archive else "made active again"
    remember_for_undo(request, action is Archive, changed)
    noun = "finding" if len(changed) == 1 else "findings"
    messages.success(request, f"{len(changed):,} {noun} {deed}.", extra_tags="undo")
    return redirect(back)


def remember_for_undo(request: HttpRequest, archived: bool, changed: list[Finding]) -> None:
    ids = [str(row.pk) for row in changed]
    request.session["undo"] = {"archived": archived, "ids": ids} if len(ids) <= UNDO_LIMIT else None


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last change of this session back."""
    last = request.session.pop("undo", None)
    if not last:
        messages.warning(request, "There is nothing to undo.")
        return redirect(_safe_back(request))
    action = Unarchive if last["archived"] else Archive
    changed = action(Finding.objects.filter(pk__in=last["ids"]), request.user, "Undone")()
    messages.success(request, f"Undone for {len(changed):,} finding{'' if len(changed) == 1 else 's'}.")
    return redirect(_safe_back(request))


def _safe_back(request: HttpRequest) -> str:
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        return back
    return reverse("findings")


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


@require_GET
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The filtered list as a file, sorted as shown."""
    shown = listing(request.GET)
    if shown.error:
        return HttpResponse(shown.error, status=400, content_type="text/plain; charset=utf-8")
    rows = paging.sorted_rows(shown.rows, shown.sort).iterator(chunk_size=1000)
    name = f"findings-{shown.status.lower()}.{kind}"
    if kind == "csv":
        lines = csv_lines(rows)
        first = next(lines)
        return StreamingHttpResponse(
            itertools.chain([first], lines),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    return FileResponse(xlsx_file(rows), as_attachment=True, filename=name)


@require_GET
def suggestions(request: HttpRequest) -> JsonResponse:
    """Properties and values that may come next in the search box."""
    word = request.GET.get("word", "")[:200]
    name, sign, rest = word.lstrip("-").partition(":")
    if sign and name in filters.CHOICES:
        found = [f"{name}:{value}" for value in filters.CHOICES[name] if value.lower().startswith(rest.lower())]
    else:
        found = [f"{prop}:" for prop in filters.properties() if word.lower() in prop.lower()]
    return JsonResponse({"suggestions": found[:12]})
