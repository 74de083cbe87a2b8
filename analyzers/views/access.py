"""Who inside reaches a resource, what a principal reaches, and why somebody does not."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from analyzers.access import on_demand, shown
from analyzers.access import outside as from_outside
from analyzers.access import principal as of_principal
from analyzers.access import resource as of_resource
from analyzers.access.drawing import drawing
from analyzers.access.matrix import matrix
from analyzers.access.worlds import scope_of, size_of, target_for, world_of
from analyzers.kinds.paths.blockers import why_not
from analyzers.kinds.paths.questions import Asking
from analyzers.kinds.paths.search import LENGTH, LONGEST
from analyzers.kinds.paths.target import Level
from analyzers.models import Account, Analyzer, Principal, Resource
from analyzers.tasks import ask_about_principal, ask_about_resource

ROWS = 100
PATHS = 50
MATCHES = 20
WHY_SECONDS = 6.0


def _text(request: HttpRequest, name: str) -> str:
    given = request.GET.get(name, "")[:2_048]
    return "".join(char for char in given if unicodedata.category(char) not in {"Cc", "Cf"}).strip()


def _length(request: HttpRequest) -> int:
    given = request.GET.get("length", "")
    return max(1, min(int(given), LONGEST)) if given.isdigit() and len(given) < 3 else LENGTH


def _level(request: HttpRequest) -> Level | None:
    given = request.GET.get("level", "")
    return Level(given) if given in set(Level) else None


@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """Look for a resource or a principal to ask about."""
    text = _text(request, "q")
    resources = Resource.objects.select_related("account").order_by("arn")
    principals = Principal.objects.select_related("account").exclude(kind=Principal.Kind.GROUP).order_by("arn")
    if text:
        resources = resources.filter(Q(arn__icontains=text) | Q(name__icontains=text))
        principals = principals.filter(arn__icontains=text)
    return render(
        request,
        "access/search.html",
        {
            "q": text,
            "resources": resources[:MATCHES],
            "resource_count": resources.count(),
            "principals": principals[:MATCHES],
            "principal_count": principals.count(),
            "analyzers": Analyzer.objects.filter(type__in=of_resource.INTERNAL),
        },
    )


@require_GET
def resource_page(request: HttpRequest) -> HttpResponse:
    row = get_object_or_404(Resource.objects.select_related("account"), arn=_text(request, "arn"))
    length, level = _length(request), _level(request)
    key = of_resource.key_of(row, length, level)
    state = on_demand.look_up(
        key,
        lambda seconds: of_resource.resource_access(row, length=length, level=level, seconds=seconds),
        lambda: ask_about_resource.delay(row.pk, length, level.value if level else "", key),
        principals=size_of(scope_of(row.account)),
    )
    context: dict[str, Any] = {
        "resource": row,
        "state": state,
        "length": length,
        "lengths": range(1, LONGEST + 1),
        "level": level,
        "levels": list(Level),
        "names": _names(),
    }
    if (found := state.answer) is not None:
        context |= {
            "found": found,
            "page": Paginator(found.rows, ROWS).get_page(request.GET.get("page")),
            "paths": [shown.path(path) for path in found.paths[:PATHS]],
            "more_paths": max(0, found.path_count - PATHS),
            "drawing": drawing(found.paths, row.arn) if found.paths else None,
            "accounts": _by_account(found.summary, context["names"]),
            "held": of_resource.held_back(row),
        }
    if request.headers.get("HX-Request"):
        return render(request, "access/_resource.html", context)
    context |= _asked(request, row, None)
    context["outside"] = from_outside.outside(row)
    return render(request, "access/resource.html", context)


def _by_account(summary: Any, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"account": account, "name": names.get(account, ""), "counts": [len(levels.get(one, ())) for one in Level]}
        for account, levels in summary.accounts.items()
    ]


@require_GET
def principal_page(request: HttpRequest) -> HttpResponse:
    arn = _text(request, "arn")
    row = get_object_or_404(Principal.objects.select_related("account"), arn=arn)
    if row.kind == Principal.Kind.GROUP:
        raise Http404
    length = _length(request)
    key = of_principal.key_of(row, length)
    state = on_demand.look_up(
        key,
        lambda seconds: of_principal.principal_access(row, length=length, seconds=seconds),
        lambda: ask_about_principal.delay(row.pk, length, key),
        principals=size_of(scope_of(row.account)),
    )
    found = state.answer
    context: dict[str, Any] = {
        "principal": row,
        "state": state,
        "found": found,
        "length": length,
        "lengths": range(1, LONGEST + 1),
        "critical": of_principal.critical(row.arn, found.taken if found else ()),
        "has_internal": Analyzer.objects.filter(type__in=of_resource.INTERNAL).exists(),
        "names": _names(),
    }
    if found is not None:
        context |= {
            "gains": [shown.step(move) for move in found.gains],
            "taken": [
                {"principal": one.principal, "known": one.known, "steps": [shown.step(move) for move in one.steps]}
                for one in found.taken[:PATHS]
            ],
            "more_taken": max(0, found.count - PATHS),
        }
    if request.headers.get("HX-Request"):
        return render(request, "access/_principal.html", context)
    context |= _asked(request, None, row)
    return render(request, "access/principal.html", context)


def _asked(request: HttpRequest, resource: Resource | None, principal: Principal | None) -> dict[str, Any]:
    """The answer to the form *Why (not)?*, if it was sent: the half that the page does not tell is looked up."""
    text, action = _text(request, "who" if resource else "what"), _text(request, "action")[:130]
    context: dict[str, Any] = {"asked": text, "action": action}
    if not text:
        return context
    found: list[Principal] | list[Resource] = _resources(text) if resource is None else _principals(text)
    if len(found) != 1:
        return context | {"matches": [row.arn for row in found[:MATCHES]], "no_match": not found}
    one = found[0]
    who, what = (principal, one) if isinstance(one, Resource) else (one, resource)
    assert who is not None
    assert what is not None
    return context | explained(who, what, action)


def _resources(text: str) -> list[Resource]:
    rows = Resource.objects.select_related("account").order_by("arn")
    matching = rows.filter(Q(arn__icontains=text) | Q(name__icontains=text))
    return list(rows.filter(arn=text)) or list(matching[: MATCHES + 1])


def _principals(text: str) -> list[Principal]:
    rows = Principal.objects.exclude(kind=Principal.Kind.GROUP).order_by("arn")
    return list(rows.filter(arn=text)) or list(rows.filter(arn__icontains=text)[: MATCHES + 1])


def explained(principal: Principal, resource: Resource, action: str) -> dict[str, Any]:
    """`why`, or `why_error` where the question cannot be asked."""
    world = world_of(scope_of(resource.account))
    if principal.arn not in world.members:
        return {"why_error": f"{principal.arn} is not of the same organization or account as the resource."}
    if action and ":" not in action:
        return {"why_error": "An action is written with its service, such as s3:GetObject."}
    target = target_for(resource, world, actions=(action,) if action else ())
    if not target.questions:
        return {"why_error": "It is not known which actions such resources take. Name one."}
    found = why_not(world.caller(principal.arn), target, Asking(seconds=WHY_SECONDS))
    return {"why": shown.answer(found), "why_who": principal.arn, "why_what": resource.arn}


@require_GET
def matrix_page(request: HttpRequest, pk: int) -> HttpResponse:
    analyzer = get_object_or_404(Analyzer, pk=pk, type__in=of_resource.INTERNAL)
    text, account = _text(request, "q"), _text(request, "account")[:12]
    level = _level(request)
    found = matrix(
        analyzer,
        text=text,
        account=account,
        level=level,
        row_page=request.GET.get("page"),
        column_page=request.GET.get("columns"),
    )
    context = {
        "analyzer": analyzer,
        "matrix": found,
        "q": text,
        "account": account,
        "level": level,
        "levels": list(Level),
        "accounts": Account.objects.order_by("name", "pk"),
    }
    return render(request, "access/matrix.html", context)


def _names() -> dict[str, str]:
    return dict(Account.objects.exclude(name="").values_list("pk", "name"))
