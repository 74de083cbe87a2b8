"""What exists, and how it came here."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from redis.exceptions import RedisError

from analyzers.inventory.dump import dump
from analyzers.inventory.load import load
from analyzers.models import (
    Account,
    Import,
    Organization,
    OrganizationalUnit,
    Principal,
    Resource,
    ResourceType,
)
from findings.roles import IMPORT, require

MAX_FILES = 200
IN_THE_REQUEST = 10 * 1024 * 1024
"""Uploads up to this size are read at once; larger ones by a worker."""


@require_GET
def inventory(request: HttpRequest) -> HttpResponse:
    accounts = list(
        Account.objects.annotate(
            resource_count=Count("resources", distinct=True),
            principal_count=Count("principals", distinct=True),
        ).order_by("name", "id")
    )
    units = {unit.pk: unit.name for unit in OrganizationalUnit.objects.all()}
    groups: dict[str, list[Account]] = {}
    organization = Organization.objects.first()
    for account in accounts:
        inside = "Root" if account.organization_id else "Outside any organization"
        groups.setdefault(units.get(account.parent, inside), []).append(account)
    return render(
        request,
        "inventory/overview.html",
        {
            "organization": organization,
            "groups": sorted(groups.items()),
            "accounts": len(accounts),
            "resources": Resource.objects.count(),
            "principals": Principal.objects.count(),
            "may_import": request.user.has_perm(IMPORT),
        },
    )


@require_GET
def resources(request: HttpRequest) -> HttpResponse:
    rows = Resource.objects.select_related("account").order_by("arn")
    text, kind, account = (request.GET.get(name, "")[:300].replace("\x00", "") for name in ("q", "type", "account"))
    if text:
        rows = rows.filter(Q(arn__icontains=text) | Q(name__icontains=text))
    if kind:
        rows = rows.filter(type=kind)
    if account:
        rows = rows.filter(account=account)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"page": page, "q": text, "type": kind, "account": account, "types": ResourceType.choices}
    return render(request, "inventory/resources.html", context)


@require_GET
def principals(request: HttpRequest) -> HttpResponse:
    rows = Principal.objects.select_related("account").order_by("arn")
    text, kind, account = (request.GET.get(name, "")[:300].replace("\x00", "") for name in ("q", "kind", "account"))
    if text:
        rows = rows.filter(arn__icontains=text)
    if kind:
        rows = rows.filter(kind=kind)
    if account:
        rows = rows.filter(account=account)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"page": page, "q": text, "kind": kind, "account": account, "kinds": Principal.Kind.choices}
    return render(request, "inventory/principals.html", context)


@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    require(request.user, IMPORT)
    if request.method == "POST":
        files = request.FILES.getlist("files")
        if not files or len(files) > MAX_FILES:
            messages.error(request, f"Choose one to {MAX_FILES} files.")
            return redirect("import")
        entry = _receive(files, request)
        return redirect("import-result", pk=entry.pk)
    return render(request, "inventory/import.html", {"imports": Import.objects.select_related("requested_by")[:20]})


def _receive(files: list[UploadedFile[bytes]], request: HttpRequest) -> Import:
    """Keep the files until they are read; names are only shown, never used as paths."""
    folder = Path(settings.DATA) / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=folder))
    paths = []
    for number, file in enumerate(files):
        path = home / f"{number}.upload"
        with path.open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
        paths.append(path)
    names = [str(file.name) for file in files]
    options: dict[str, Any] = {
        "account": request.POST.get("account") or None,
        "skip_invalid": request.POST.get("on_problem") == "skip",
    }
    if sum(path.stat().st_size for path in paths) > IN_THE_REQUEST:
        from analyzers.tasks import import_later

        return import_later(home, paths, names, request.user, **options)
    try:
        return load(paths, names=names, user=request.user, **options)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@require_GET
def import_result(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(Import.objects.select_related("requested_by"), pk=pk)
    template = "inventory/_result.html" if request.headers.get("HX-Request") else "inventory/result.html"
    return render(request, template, {"entry": entry, "percent": _percent(entry)})


def _percent(entry: Import) -> int | None:
    if entry.status != Import.Status.RUNNING:
        return None
    from analyzers.tasks import progress_key

    try:
        found = cache.get(progress_key(entry.pk))
    except RedisError:
        return None
    return found if isinstance(found, int) else None


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(
        dump(),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="inventory.json"'},
    )
