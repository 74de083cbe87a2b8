"""Tokens of pipelines: list, make, revoke."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from analyzers.actions import CreateCheckToken, RevokeCheckToken
from analyzers.actions.check_tokens import LONGEST
from analyzers.models import CheckToken
from findings.roles import ALL_TOKENS, TOKENS, require

SHOWN = 500


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="Where it is used, such as: checks in shop’s pipeline")
    pipelines = forms.CharField(
        max_length=200, initial="*", help_text="Names of the pipelines that it may speak for; * and ? stand for others"
    )
    days = forms.IntegerField(label="Valid for (days)", initial=90, min_value=1, max_value=LONGEST)
    of_portal = forms.BooleanField(required=False, label="Belongs to the portal, and stays when I go")

    def __init__(self, *args: Any, sees_all: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        if not sees_all:
            del self.fields["of_portal"]


@never_cache
@require_http_methods(["GET", "POST"])
def check_tokens(request: HttpRequest) -> HttpResponse:
    """The list; a new secret is in the answer to the form, and nowhere else."""
    sees_all = request.user.has_perm(ALL_TOKENS)
    form = TokenForm(request.POST or None, sees_all=sees_all)
    made, secret = None, ""
    if request.method == "POST":
        require(request.user, TOKENS)
        if form.is_valid():
            try:
                made, secret = CreateCheckToken(user=request.user, **form.cleaned_data)()
                form = TokenForm(sees_all=sees_all)
            except ValidationError as error:
                form.add_error(None, error)
    rows = CheckToken.objects.select_related("owner", "created_by", "revoked_by")
    if not sees_all:
        rows = rows.filter(owner=request.user.pk)
    context = {
        "form": form,
        "tokens": rows[:SHOWN],
        "sees_all": sees_all,
        "may_make": request.user.has_perm(TOKENS),
        "made": made,
        "secret": secret,
        "address": request.build_absolute_uri("/api/checks/runs/"),
    }
    return render(request, "checks/tokens.html", context, status=422 if request.method == "POST" and not made else 200)


@require_POST
def check_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(CheckToken, pk=pk)
    RevokeCheckToken(token, request.user)()
    messages.success(request, f"The token {token.name} is revoked.")
    return redirect("check-tokens")
