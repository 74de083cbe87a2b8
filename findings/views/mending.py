"""The smallest change that takes a finding away: asked for with a button, kept, downloaded."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from analyzers.access import mending, on_demand
from analyzers.checks.mending import Candidate, Mended
from analyzers.checks.mending.commands import FILE
from analyzers.tasks import ask_for_mend
from findings.models import Finding

SHOWN_LINES = 400
_MARKS = {"+": "added", "-": "removed"}


@dataclass(frozen=True)
class Shown:
    """A candidate as the page shows it. `lines`: of the diff, each with what it says."""

    number: int
    candidate: Candidate
    lines: list[dict[str, Any]]
    cut: int
    downloads: bool


def section(finding: Finding) -> dict[str, Any]:
    """What the fragment shows: an answer, that somebody works on one, or a button."""
    if not mending.can_be_mended(finding):
        return {"finding": finding, "possible": False}
    key = mending.key_of(finding)
    found: Mended | None = on_demand.known(key)
    working = found is None and bool(on_demand.known(f"{key}:working"))
    shown = [_shown(number, one) for number, one in enumerate(found.candidates)] if found else []
    return {
        "finding": finding,
        "possible": True,
        "mended": found,
        "working": working,
        "best": shown[0] if shown else None,
        "others": shown[1:],
    }


def _shown(number: int, candidate: Candidate) -> Shown:
    lines = (
        [one for one in candidate.diff.split("\n") if not one.startswith(("--- ", "+++ "))] if candidate.diff else []
    )
    marked = [{"text": one, "hit": one[:1] in _MARKS, "said": _MARKS.get(one[:1], "")} for one in lines]
    downloads = bool(candidate.text and (candidate.edits or not candidate.before))
    return Shown(number, candidate, marked[:SHOWN_LINES], max(0, len(lines) - SHOWN_LINES), downloads)


@require_POST
def ask(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Look for the change, at once or by a worker, and show the finding again."""
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    if mending.can_be_mended(finding):
        key = mending.key_of(finding)
        state = on_demand.look_up(
            key,
            lambda seconds: mending.mended(finding, seconds=seconds),
            lambda: ask_for_mend.delay(str(finding.pk), key),
            principals=on_demand.MANY + 1 if mending.is_large(finding) else 0,
        )
        if state.note:
            messages.warning(request, state.note)
            if state.answer is not None:
                on_demand.keep(key, state.answer)
    query = request.GET.urlencode()
    return redirect(f"{reverse('finding', args=[pk])}{'?' + query if query else ''}#smallest-change")


@require_GET
def fragment(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The section by itself, for a page that waits for a worker."""
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    return render(request, "findings/_smallest_change.html", section(finding))


@require_GET
def document(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """The changed document of a candidate."""
    candidate = _candidate(pk, number)
    if not candidate.text:
        raise Http404
    return _download(candidate.text, FILE, "application/json")


@require_GET
def command(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """The command that puts it in place, as a script."""
    candidate = _candidate(pk, number)
    if candidate.command is None or not candidate.command.line:
        raise Http404
    return _download(script(candidate), "mend.sh", "text/x-shellscript; charset=utf-8")


def script(candidate: Candidate) -> str:
    """A script for a shell: remarks, and the command as it was quoted."""
    given = candidate.command
    if given is None:
        return ""
    remarks = [candidate.sentence, given.note, f"Needs {given.file} in this folder." if given.file else ""]
    lines = ["#!/bin/sh", "set -eu", *(f"# {_one_line(one)}" for one in remarks if one), given.line]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)


def _candidate(pk: uuid.UUID, number: int) -> Candidate:
    """Of the answer that is kept. Raises Http404 if there is none any more."""
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    found: Mended | None = on_demand.known(mending.key_of(finding))
    if found is None or number >= len(found.candidates):
        raise Http404
    return found.candidates[number]


def _download(text: str, name: str, kind: str) -> HttpResponse:
    return HttpResponse(text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
