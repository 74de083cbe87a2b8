"""The playground: policies are typed in, and what there is to say about them is shown meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from redis.exceptions import RedisError

from analyzers.actions import SaveCheck
from analyzers.check_runs.trying import Typed, answer, mended
from analyzers.checks.custom import PUBLIC_TYPES
from analyzers.checks.validation import RESOURCE_TYPES
from analyzers.models import SavedCheck
from analyzers.reasoning.question import PolicyType

from .outcomes import shown

BUSY = 60
"""Seconds after which a question that never ended no longer stops the next one of the same person."""
KEPT = 600
"""Seconds that an answer is remembered, so that going back and forth asks nothing."""
T = TypeVar("T")
EXAMPLE = Typed(
    policy="""{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Reports",
      "Effect": "Allow",
      "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "999988887777"]},
      "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": "arn:aws:s3:::reports/*"
    }
  ]
}""",
    reference="""{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {"AWS": "111122223333"},
      "Action": "s3:*",
      "Resource": ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
    }
  ]
}""",
    resource_type="AWS::S3::Bucket",
)
TYPES = {
    PolicyType.IDENTITY: "of a user, group or role",
    PolicyType.RESOURCE: "of a resource, or trust policy",
    PolicyType.SERVICE_CONTROL: "service control policy",
    PolicyType.RESOURCE_CONTROL: "resource control policy",
}


@require_http_methods(["GET", "POST"])
def playground(request: HttpRequest) -> HttpResponse:
    """The form; sent, it is kept and has a link."""
    if request.method == "POST":
        typed = Typed.from_data(request.POST)
        if typed.too_large:
            return _page(request, typed, status=422)
        return redirect("saved-check", key=SaveCheck(typed.as_data(), request.user)().pk)
    return _page(request, EXAMPLE if "example" in request.GET else Typed())


@require_GET
def saved_check(request: HttpRequest, key: str) -> HttpResponse:
    """What somebody kept, checked anew."""
    saved = get_object_or_404(SavedCheck, pk=key)
    return _page(request, Typed.from_data(saved.data), saved=saved)


@require_POST
def check_answer(request: HttpRequest) -> HttpResponse:
    """The fragment with verdicts, while somebody types."""
    typed = Typed.from_data(request.POST)
    return render(request, "checks/_answer.html", {"typed": typed, "fragment": True, **_answered(request, typed)})


@require_POST
def check_mends(request: HttpRequest) -> HttpResponse:
    """The fragment with changes that are proved to pass; they take longer."""
    typed = Typed.from_data(request.POST)
    return render(request, "checks/_mends.html", _mends(request, typed))


def _page(request: HttpRequest, typed: Typed, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "typed": typed,
        "types": [(str(kind), words) for kind, words in TYPES.items()],
        "resource_types": sorted({*RESOURCE_TYPES, *PUBLIC_TYPES}),
        "recent": SavedCheck.objects.filter(owner=request.user.pk)[:8],
        **_answered(request, typed),
        **more,
    }
    if "mends" in request.GET:
        context |= _mends(request, typed) | {"asked_mends": True}
    return render(request, "checks/playground.html", context, status=status)


def _answered(request: HttpRequest, typed: Typed) -> dict[str, Any]:
    found = _kept(typed.key) or _asked(request, typed.key, lambda: answer(typed))
    if found is None:
        return {"busy": True}
    outcomes = [shown(one, typed.policy) for one in found["outcomes"]]
    return {
        "answered": found,
        "outcomes": outcomes,
        "fails": any(one["result"] == "FAIL" for one in found["outcomes"]),
    }


def _mends(request: HttpRequest, typed: Typed) -> dict[str, Any]:
    key = f"{typed.key}:mends"
    kept = _kept(key)
    found = kept if kept is not None else _asked(request, key, lambda: mended(typed))
    if found is None:
        return {"mends_busy": True}
    return {"mended": [shown(one) for one in found]}


def _kept(key: str) -> Any:
    try:
        return cache.get(key)
    except RedisError:
        return None


def _asked(request: HttpRequest, key: str, ask: Callable[[], T]) -> T | None:
    """One question at a time for each person; None while another one is asked. What stayed unknown is not kept: it may
    be known next time."""
    busy = f"checks:busy:{request.user.pk}"
    with suppress(RedisError):
        if not cache.add(busy, 1, BUSY):
            return None
    try:
        found = ask()
    finally:
        with suppress(RedisError):
            cache.delete(busy)
    if "unknown" not in json.dumps(found).lower():
        with suppress(RedisError):
            cache.set(key, found, KEPT)
    return found
