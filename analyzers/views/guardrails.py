"""Guardrails: list and library, one with its versions, edit, compare versions, assign, import and export."""

from __future__ import annotations

import difflib
import io
import zipfile
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import (
    AssignGuardrail,
    CopyFromLibrary,
    DeleteGuardrail,
    ImportGuardrails,
    SaveGuardrail,
    WithdrawGuardrail,
)
from analyzers.actions.guardrails import MOST_FILES
from analyzers.check_runs.guardrail_texts import MAX_TEXT, of_library
from analyzers.checks import guardrails as library
from analyzers.models import GuardrailAssignment, GuardrailEvent, GuardrailVersion, StoredGuardrail
from findings.roles import GUARDRAILS, require

from .outcomes import diff_lines

HISTORY = 100
SHOWN = 500
SHOWN_LINES = 2_000
BEGINNING = """name: our-rules
version: "1"
about: What it is for, in one sentence.
rules:
  - id: not-public
    check: no-public-access
    why: A public policy is open to the whole world.
"""


@require_GET
def guardrail_list(request: HttpRequest) -> HttpResponse:
    stored = StoredGuardrail.objects.annotate(held=Count("assignments")).prefetch_related("versions")[:SHOWN]
    rows = [(one, next(iter(one.versions.all()), None)) for one in stored]
    known = {one.name for one, _ in rows}
    offered = [{"name": name, **_summary(name), "kept": name in known} for name in library.names()]
    events = GuardrailEvent.objects.select_related("actor")[:20]
    return render(
        request, "checks/guardrails.html", {**_shared(request), "rows": rows, "library": offered, "events": events}
    )


@require_http_methods(["GET", "POST"])
def guardrail_new(request: HttpRequest) -> HttpResponse:
    require(request.user, GUARDRAILS)
    return _edit(request, None, BEGINNING)


@require_http_methods(["GET", "POST"])
def guardrail_edit(request: HttpRequest, pk: int) -> HttpResponse:
    require(request.user, GUARDRAILS)
    guardrail = get_object_or_404(StoredGuardrail, pk=pk)
    newest = guardrail.newest
    return _edit(request, guardrail, newest.text if newest else BEGINNING)


def _edit(request: HttpRequest, guardrail: StoredGuardrail | None, text: str) -> HttpResponse:
    errors: list[str] = []
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            version = SaveGuardrail(text, request.user, guardrail)()
        except ValidationError as error:
            errors = error.messages
        else:
            messages.success(request, f"{version.guardrail.name} is saved as version {version.number}.")
            return redirect("guardrail", pk=version.guardrail_id)
    context = {**_shared(request), "guardrail": guardrail, "text": text, "errors": errors, "most": MAX_TEXT}
    return render(request, "checks/guardrail_form.html", context, status=422 if errors else 200)


@require_GET
def guardrail_page(request: HttpRequest, pk: int) -> HttpResponse:
    guardrail = get_object_or_404(StoredGuardrail, pk=pk)
    return _page(request, guardrail, _version(guardrail, request.GET.get("version", "")), {})


def _page(
    request: HttpRequest, guardrail: StoredGuardrail, version: GuardrailVersion, said: dict[str, Any], status: int = 200
) -> HttpResponse:
    versions = guardrail.versions.select_related("created_by")
    held = guardrail.assignments.select_related("version", "created_by")
    values = said.get("values", {})
    context = {
        **_shared(request),
        "guardrail": guardrail,
        "version": version,
        "newest": guardrail.newest,
        "versions": versions[:HISTORY],
        "lines": version.text.split("\n")[:SHOWN_LINES],
        "held": [{"row": one, "wanting": _wanting(one)} for one in held],
        "targets": GuardrailAssignment.Target.choices,
        "parameters": [(name, meaning, values.get(name, "")) for name, meaning in version.parameters.items()],
        "said": said,
        "events": guardrail.events.select_related("actor")[:HISTORY],
    }
    return render(request, "checks/guardrail.html", context, status=status)


def _wanting(row: GuardrailAssignment) -> list[str]:
    """Parameters without a value: then the guardrail says nothing, and runs are unknown."""
    used = row.used
    return [name for name in used.parameters if name not in row.values] if used else []


@require_GET
def guardrail_diff(request: HttpRequest, pk: int) -> HttpResponse:
    guardrail = get_object_or_404(StoredGuardrail, pk=pk)
    second = _version(guardrail, request.GET.get("to", ""))
    first = _version(guardrail, request.GET.get("from", "") or str(max(1, second.number - 1)))
    names = (f"version {first.number}", f"version {second.number}")
    diff = list(difflib.unified_diff(first.text.splitlines(), second.text.splitlines(), *names, lineterm=""))[2:]
    context = {
        "guardrail": guardrail,
        "first": first,
        "second": second,
        "lines": diff_lines(diff[:SHOWN_LINES]),
        "cut": max(0, len(diff) - SHOWN_LINES),
        "versions": guardrail.versions.values_list("number", flat=True)[:HISTORY],
    }
    return render(request, "checks/guardrail_diff.html", context)


@require_POST
def guardrail_assign(request: HttpRequest, pk: int) -> HttpResponse:
    guardrail = get_object_or_404(StoredGuardrail, pk=pk)
    require(request.user, GUARDRAILS)
    number = request.POST.get("version", "")
    version = _version(guardrail, number) if number else None
    values = {name[6:]: str(text) for name, text in request.POST.items() if name.startswith("value:")}
    target, pattern = (request.POST.get(name, "")[:300] for name in ("target", "pattern"))
    try:
        AssignGuardrail(guardrail, target, pattern, request.user, values, version)()
    except ValidationError as error:
        said = {"target": target, "pattern": pattern, "values": values, "errors": error.messages}
        return _page(request, guardrail, version or _version(guardrail, ""), said, 422)
    messages.success(request, f"{guardrail.name} holds there from now on.")
    return redirect("guardrail", pk=pk)


@require_POST
def guardrail_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(GuardrailAssignment.objects.select_related("guardrail", "version"), pk=pk)
    WithdrawGuardrail(row, request.user)()
    messages.success(request, f"{row.guardrail.name} does not hold there any more.")
    return redirect("guardrail", pk=row.guardrail_id)


@require_http_methods(["GET", "POST"])
def guardrail_delete(request: HttpRequest, pk: int) -> HttpResponse:
    guardrail = get_object_or_404(StoredGuardrail, pk=pk)
    require(request.user, GUARDRAILS)
    if request.method == "POST":
        DeleteGuardrail(guardrail, request.user)()
        messages.success(request, f"{guardrail.name} is deleted.")
        return redirect("guardrails")
    return render(
        request, "checks/guardrail_delete.html", {"guardrail": guardrail, "held": guardrail.assignments.all()}
    )


@require_POST
def guardrail_copy(request: HttpRequest) -> HttpResponse:
    try:
        version = CopyFromLibrary(request.POST.get("name", ""), request.user)()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("guardrails")
    messages.success(request, f"{version.guardrail.name} is copied. Change it, and assign it to pipelines.")
    return redirect("guardrail", pk=version.guardrail_id)


@require_POST
def guardrail_import(request: HttpRequest) -> HttpResponse:
    files = [(str(one.name), one.read(4 * MAX_TEXT + 1)) for one in request.FILES.getlist("files")[: MOST_FILES + 1]]
    try:
        saved = ImportGuardrails(files, request.user)()
    except ValidationError as error:
        return render(request, "checks/guardrails_refused.html", {"errors": error.messages}, status=422)
    names = ", ".join(f"{one.guardrail.name} (version {one.number})" for one in saved[:10])
    messages.success(request, f"{len(saved)} read: {names}{' and more' if len(saved) > 10 else ''}.")
    return redirect("guardrails")


@require_GET
def guardrail_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it would lie in a repository."""
    version = _version(get_object_or_404(StoredGuardrail, pk=pk), request.GET.get("version", ""))
    headers = {"Content-Disposition": f'attachment; filename="{_file(version)}"'}
    return HttpResponse(version.text, content_type="application/octet-stream", headers=headers)


@require_GET
def guardrails_export(request: HttpRequest) -> HttpResponse:
    """The newest version of each, as files in a ZIP archive that is the same as long as they are."""
    stored = StoredGuardrail.objects.prefetch_related("versions")
    newest = [one.versions.all()[0] for one in stored if one.versions.all()]
    headers = {"Content-Disposition": 'attachment; filename="guardrails.zip"'}
    return HttpResponse(_zipped(newest), content_type="application/zip", headers=headers)


def _zipped(versions: Iterable[GuardrailVersion]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for version in versions:
            archive.writestr(zipfile.ZipInfo(_file(version)), version.text)
    return packed.getvalue()


def _file(version: GuardrailVersion) -> str:
    """Names of guardrails have letters, digits, dots, hyphens and underscores only."""
    return f"{version.guardrail.name}.{'json' if version.text.lstrip()[:1] == '{' else 'yaml'}"


@require_GET
def library_page(request: HttpRequest, name: str) -> HttpResponse:
    """One of the library, to be read before it is copied."""
    if name not in library.names():
        raise Http404
    kept = StoredGuardrail.objects.filter(name=name).first()
    context = {**_shared(request), "name": name, **_summary(name), "lines": of_library(name).split("\n"), "kept": kept}
    return render(request, "checks/library.html", context)


def _summary(name: str) -> dict[str, Any]:
    about, parameters = library.summary(name)
    return {"about": about, "parameters": parameters}


def _version(guardrail: StoredGuardrail, number: str) -> GuardrailVersion:
    """The version of that number; without, the newest. Raises Http404."""
    versions = guardrail.versions.select_related("guardrail", "created_by")
    found = versions.first() if not number else versions.filter(number=number).first() if _small(number) else None
    if found is None:
        raise Http404
    return found


def _small(number: str) -> bool:
    return number.isascii() and number.isdecimal() and len(number) < 7


def _shared(request: HttpRequest) -> dict[str, Any]:
    return {"may_change": request.user.has_perm(GUARDRAILS)}
