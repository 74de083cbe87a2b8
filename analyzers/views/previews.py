"""What would change if this policy were deployed? Ask, follow, read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import CancelPreview, CreatePreview
from analyzers.actions.previews import MAX_BYTES, ControlChange
from analyzers.inventory.controls import places
from analyzers.kinds.channels import TRAITS
from analyzers.models import (
    EXTERNAL_TYPES,
    INTERNAL_TYPES,
    AccessPreview,
    AccessPreviewFinding,
    Analyzer,
    ControlPolicy,
    Document,
    Resource,
    ResourceType,
)
from analyzers.policy import MAX_BYTES as MAX_POLICY
from analyzers.previews.configurations import MEMBERS, InvalidConfiguration, policy_of, rest_of, with_policy
from analyzers.previews.supposed import organization_of, subject_now
from findings.models import Finding
from findings.roles import PREVIEWS
from findings.views.access_finding import marked_lines

SUGGESTED = 300
RECENT = 20
PAGE = 50
MOST_TARGETS_SHOWN = 500
_CHANGE = AccessPreviewFinding.Change
_NEW_KINDS = {"new-scp": ControlPolicy.Kind.SCP, "new-rcp": ControlPolicy.Kind.RCP}
_TABLES = (
    (_CHANGE.NEW, "New", "Findings that there would be"),
    (_CHANGE.CHANGED, "Changed", "Findings whose status, or publicity, or proof would be another"),
    (_CHANGE.GONE, "Gone", "Findings that would be resolved"),
    (_CHANGE.UNCHANGED, "Unchanged", "Findings that would stay"),
)


@require_GET
def preview_list(request: HttpRequest) -> HttpResponse:
    rows = AccessPreview.objects.select_related("analyzer", "created_by").defer("documents", "resource_ids")
    return render(request, "previews/list.html", {"previews": rows[:RECENT], "may": request.user.has_perm(PREVIEWS)})


@require_http_methods(["GET", "POST"])
def preview_new(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    chosen = {name: _plain(data.get(name, "")) for name in ("analyzer", "resource", "policy")}
    chosen |= _of_finding(data.get("finding", ""))
    given = {name: str(data.get(name, ""))[:MAX_BYTES] for name in ("text", "rest", "targets", "type", "account")}
    if request.method == "GET":
        return _form(request, chosen, _present(chosen), {})
    try:
        preview = _created(request, chosen, given)
    except ValidationError as error:
        return _form(request, chosen, given, _errors(error), status=422)
    return redirect("preview", pk=preview.pk)


def _plain(text: str) -> str:
    return "".join(char for char in text[:2_048] if char.isprintable()).strip()


def _of_finding(key: str) -> dict[str, str]:
    """The resource and the analyzer of a finding."""
    try:
        finding = Finding.objects.select_related("analyzer").filter(pk=uuid.UUID(key)).first() if key else None
    except ValueError:
        finding = None
    return {"resource": finding.resource, "analyzer": finding.analyzer.name, "policy": ""} if finding else {}


def _present(chosen: Mapping[str, str]) -> dict[str, str]:
    """What the text areas begin with: how it is now."""
    if chosen["policy"]:
        row = ControlPolicy.objects.filter(pk=chosen["policy"]).select_related("document").first()
        return {"text": row.document.text, "targets": "\n".join(row.targets)} if row else {}
    subject = subject_now(chosen["resource"]) if chosen["resource"] else None
    if subject is None:
        return {}
    rest = rest_of(subject)
    return {
        "text": policy_of(subject),
        "rest": json.dumps(next(iter(rest.values())), indent=2, ensure_ascii=False) if rest else "",
        "type": subject.type,
    }


def _created(request: HttpRequest, chosen: Mapping[str, str], given: Mapping[str, str]) -> AccessPreview:
    """Raises PermissionDenied or ValidationError."""
    analyzer = Analyzer.objects.filter(name=chosen["analyzer"]).first()
    if analyzer is None:
        raise ValidationError({"analyzer": "Choose an analyzer."})
    if chosen["policy"]:
        row = ControlPolicy.objects.filter(pk=chosen["policy"]).first()
        kind = _NEW_KINDS.get(chosen["policy"]) or (row.kind if row else "")
        targets = given["targets"].split()
        change = ControlChange(kind, row.pk if row else "", given["text"], targets)
        return CreatePreview(analyzer, request.user, control=change)()
    arn = chosen["resource"]
    if not arn:
        raise ValidationError({"resource": "Name a resource, or choose a control policy."})
    known = Resource.objects.filter(arn=arn).values_list("type", flat=True).first()
    type_ = known or given["type"]
    if type_ not in TRAITS:
        raise ValidationError({"resource": "It is not in the inventory. If it is new, say of which type it is."})
    created = {} if known else {arn: {"type": type_, "account": given["account"].strip()}}
    configuration = _configuration(type_, given)
    return CreatePreview(analyzer, request.user, configurations={arn: configuration}, created=created)()


def _configuration(type_: str, given: Mapping[str, str]) -> dict[str, Any]:
    """The policy and the rest of the form as one configuration of the API."""
    rest: Any = {}
    if given["rest"].strip():
        try:
            rest = json.loads(given["rest"])
        except (ValueError, RecursionError) as error:
            raise ValidationError({"rest": f"This is no JSON: {error}"}) from error
        if not isinstance(rest, dict):
            raise ValidationError({"rest": "This must be an object."})
    try:
        configuration = with_policy(type_, given["text"])
    except InvalidConfiguration:
        return {MEMBERS[type_]: rest}
    [(member, inner)] = configuration.items()
    return {member: {**rest, **inner}}


def _errors(error: ValidationError) -> dict[str, str]:
    if not hasattr(error, "error_dict"):
        return {"": "\n".join(error.messages)}
    found = {name: "\n".join(texts) for name, texts in error.message_dict.items()}
    if (text := found.pop("configuration", None)) is not None:
        found["text"] = text
    return found


def _form(
    request: HttpRequest,
    chosen: Mapping[str, str],
    given: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    analyzers = Analyzer.objects.filter(type__in=[*EXTERNAL_TYPES, *INTERNAL_TYPES])
    analyzer = analyzers.filter(name=chosen["analyzer"]).first() or _fitting(analyzers, chosen["resource"])
    resource = Resource.objects.filter(arn=chosen["resource"]).first() if chosen["resource"] else None
    type_ = resource.type if resource else given.get("type", "")
    sharing = type_ in {ResourceType.EBS_SNAPSHOT, ResourceType.RDS_SNAPSHOT, ResourceType.RDS_CLUSTER_SNAPSHOT}
    context = {
        "analyzers": analyzers,
        "analyzer": analyzer,
        "chosen": chosen,
        "given": given,
        "errors": errors,
        "resource": resource,
        "is_new": bool(chosen["resource"]) and resource is None,
        "types": [choice for choice in ResourceType.choices if choice[0] in TRAITS],
        "has_text": not sharing,
        "has_rest": bool(given.get("rest")) or sharing or type_ in {ResourceType.S3_BUCKET, ResourceType.KMS_KEY},
        "policies": ControlPolicy.objects.order_by("kind", "name"),
        "policy": ControlPolicy.objects.filter(pk=chosen["policy"]).first(),
        "is_control": bool(chosen["policy"]),
        "kind": _NEW_KINDS.get(chosen["policy"]),
        "places": _places(analyzer)[:MOST_TARGETS_SHOWN] if analyzer and chosen["policy"] else (),
        "resources": Resource.objects.order_by("arn").values_list("arn", flat=True)[:SUGGESTED],
        "may": request.user.has_perm(PREVIEWS),
        "longest": MAX_POLICY,
    }
    return render(request, "previews/new.html", context, status=status)


def _fitting(analyzers: Any, arn: str) -> Analyzer | None:
    """An analyzer that looks at the resource; those of an organization, and of external access, first."""
    row = Resource.objects.select_related("account").filter(arn=arn).first() if arn else None
    if row is None:
        found: Analyzer | None = analyzers.first()
        return found
    scopes = {row.account_id, row.account.organization_id}
    fitting = [one for one in analyzers if one.scope in scopes]
    return min(fitting, key=lambda one: (not one.is_external, not one.by_organization, one.name), default=None)


def _places(analyzer: Analyzer) -> Sequence[tuple[str, str]]:
    try:
        return places(organization_of(analyzer))
    except InvalidConfiguration:
        return ()


@require_GET
def preview_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    preview = get_object_or_404(AccessPreview.objects.select_related("analyzer", "created_by"), pk=pk)
    context: dict[str, Any] = {
        "preview": preview,
        "may": request.user.has_perm(PREVIEWS),
        "resource": next(iter(preview.configurations), ""),
        "again": next(iter(preview.configurations), "") or (preview.before or {}).get("id", ""),
    }
    if not preview.is_open:
        context["tables"] = [_table(request, preview, *one) for one in _TABLES]
        context["unknown"] = preview.findings.filter(uncertain=True).count()
    template = "previews/_state.html" if request.headers.get("HX-Request") else "previews/detail.html"
    return render(request, template, context)


def _table(request: HttpRequest, preview: AccessPreview, change: str, title: str, what: str) -> dict[str, Any]:
    rows = preview.findings.filter(change=change).order_by("same_access", "-is_public", "resource", "id")
    name = f"{change.lower()}-page"
    page = Paginator(rows, PAGE).get_page(request.GET.get(name))
    return {
        "change": change,
        "title": title,
        "what": what,
        "count": preview.counts.get(change, 0),
        "page": page,
        "parameter": name,
        "rows": _shown(preview, list(page.object_list)),
    }


def _shown(preview: AccessPreview, rows: list[AccessPreviewFinding]) -> list[dict[str, Any]]:
    """Each row with the texts that grant, their statements marked."""
    refs = [ref for row in rows for ref in row.details.get("statements") or ()]
    missing = {ref["document"] for ref in refs} - preview.documents.keys()
    texts = dict(Document.objects.filter(pk__in=missing).values_list("sha256", "text")) | preview.documents
    shown = []
    for row in rows:
        by_text: dict[str, list[int]] = {}
        for ref in row.details.get("statements") or ():
            by_text.setdefault(ref["document"], []).append(ref["statement"])
        documents = [_hit(texts.get(digest, ""), numbers) for digest, numbers in by_text.items()]
        shown.append({"row": row, "documents": documents, "witness": row.details.get("witness")})
    return shown


def _hit(text: str, statements: list[int]) -> list[dict[str, Any]]:
    """The lines of the statements, with one around them: fifty whole policies would be too long a page."""
    lines = marked_lines(text, statements)
    near = {
        number + step for number, line in enumerate(lines) if line["hit"] for step in (-1, 0, 1) if number + step >= 0
    }
    return [line for number, line in enumerate(lines) if number in near]


@require_POST
def preview_cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    CancelPreview(get_object_or_404(AccessPreview, pk=pk), request.user)()
    messages.success(request, "Canceled.")
    return redirect("preview", pk=pk)
