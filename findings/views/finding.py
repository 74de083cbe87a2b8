"""One finding: verdict, witness, statements, history, decision."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from analyzers.actions import AskWhoChanged
from analyzers.models import Document, PolicyChange, Resource, Scan
from analyzers.policy import locate
from findings import filters, paging, wire
from findings.actions import Archive, Unarchive
from findings.models import ArchiveRule, Finding, FindingStatus
from findings.outsiders import identifiers, names_of
from findings.roles import ARCHIVE, CHANGES, NAMES, RULES

from .findings import account_names, remember_for_undo
from .listing import listing
from .remedies import remedies

MAX_LINES = 3_000


@require_GET
def finding_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
    following, previous = _neighbours(request, finding)
    outsiders = names_of([finding])
    resource = Resource.objects.filter(arn=finding.resource).first()
    events = list(finding.events.select_related("actor"))
    rules = {event.rule_id for event in events if event.rule_id is not None}
    return render(
        request,
        "findings/detail.html",
        {
            "finding": finding,
            "details": finding.details,
            "summary": outsiders.summary(finding),
            "outsider": outsiders.of(finding),
            "outside_id": _outside_id(finding),
            "resource": resource,
            "confirmed": _confirmed(finding),
            "change": PolicyChange.objects.filter(resource=finding.resource).select_related("asked_by").first(),
            "may_ask": resource is not None and request.user.has_perm(CHANGES),
            "may_name": request.user.has_perm(NAMES),
            "documents": _documents(finding),
            "events": events,
            "rules": set(ArchiveRule.objects.filter(pk__in=rules).values_list("pk", flat=True)) if rules else rules,
            "names": account_names([finding]),
            "wire": wire.finding(finding),
            "remedies": remedies(finding),
            "following": following,
            "previous": previous,
            "context_query": request.GET.urlencode(),
            "may_archive": request.user.has_perm(ARCHIVE),
            "may_rule": request.user.has_perm(RULES) and not finding.error,
            "rule_text": _rule_text(finding),
        },
    )


def _outside_id(finding: Finding) -> str:
    """What the list of names may know the principal by; empty for everybody."""
    found = identifiers(finding.principal)
    return found[1] if "Federated" in finding.principal else next(iter(found), "")


def _confirmed(finding: Finding) -> datetime | None:
    """When a scan saw last that it is still so; what did not change is not analysed again."""
    if finding.status == FindingStatus.RESOLVED:
        return None
    last = finding.analyzer.scans.filter(status=Scan.Status.COMPLETED).first()
    return max(last.started_at, finding.analyzed_at) if last is not None and last.started_at else finding.analyzed_at


@require_GET
def who_changed(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The fragment that says who changed the resource last, and asks again while that is being looked up."""
    finding = get_object_or_404(Finding, pk=pk)
    context = {
        "finding": finding,
        "change": PolicyChange.objects.filter(resource=finding.resource).select_related("asked_by").first(),
        "may_ask": request.user.has_perm(CHANGES) and Resource.objects.filter(arn=finding.resource).exists(),
    }
    return render(request, "findings/_change.html", context)


@require_POST
def ask_who_changed(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    finding = get_object_or_404(Finding, pk=pk)
    try:
        AskWhoChanged(finding.resource, request.user)()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('finding', args=[pk])}?{request.GET.urlencode()}#change")


def _neighbours(request: HttpRequest, finding: Finding) -> tuple[Finding | None, Finding | None]:
    """The next and the previous finding of the list that this page was opened from."""
    query = request.GET.copy()
    query.setdefault("status", finding.status)
    shown = listing(query)
    after = paging.page_of(shown.rows, shown.sort, 1, paging.cursor_at(finding, shown.sort))
    before = paging.page_of(shown.rows, shown.sort, 1, paging.cursor_at(finding, shown.sort, backwards=True))
    return next(iter(after.rows), None), next(iter(before.rows), None)


def _rule_text(finding: Finding) -> str:
    """A first draft of a rule for findings like this: the same principal on the same resource."""
    criteria: dict[str, Any] = {"resource": {"eq": [finding.resource]}}
    for kind, value in finding.principal.items():
        criteria[f"principal.{kind}"] = {"eq": [str(value)]}
    return filters.write(criteria)


def _documents(finding: Finding) -> list[dict[str, Any]]:
    """The documents that grant, line by line, with the lines of the granting statements marked."""
    wanted: dict[str, dict[str, Any]] = {}
    for ref in finding.details.get("statements", ()):
        entry = wanted.setdefault(ref["document"], {**ref, "statements": []})
        entry["statements"].append(ref["statement"])
    texts = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
    for digest, entry in wanted.items():
        entry["lines"] = marked_lines(texts.get(digest, ""), entry["statements"])
        entry["missing"] = digest not in texts
    if not wanted and finding.error:
        return []
    return list(wanted.values())


def marked_lines(text: str, statements: list[int]) -> list[dict[str, Any]]:
    """`[{number, text, hit}]`; `hit` for the lines of these statements."""
    found = locate(text)
    hits: set[int] = set()
    for index in statements:
        place = found.get(("Statement", index)) or found.get(("Statement",))
        if place is not None:
            hits |= set(range(place.value.start.line, place.value.end.line + 1))
    lines = text.split("\n")[:MAX_LINES]
    return [{"number": number, "text": line, "hit": number in hits} for number, line in enumerate(lines, 1)]


@require_POST
def change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Archive or unarchive this finding, then open the next one of the list."""
    finding = get_object_or_404(Finding, pk=pk)
    following, _ = _neighbours(request, finding)
    archive = request.POST.get("action") != "unarchive"
    action = Archive if archive else Unarchive
    here = reverse("finding", args=[pk])
    query = request.GET.urlencode()
    try:
        changed = action(Finding.objects.filter(pk=pk), request.user, request.POST.get("reason", ""))()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(f"{here}?{query}")
    if not changed:
        messages.warning(request, "Somebody else changed this finding meanwhile.")
        return redirect(f"{here}?{query}")
    remember_for_undo(request, archive, changed)
    messages.success(
        request, f"{'Archived' if archive else 'Made active again'}: {finding.resource}", extra_tags="undo"
    )
    if following is not None and archive and finding.status == FindingStatus.ACTIVE:
        return redirect(f"{reverse('finding', args=[following.pk])}?{query}")
    return redirect(f"{here}?{query}")
