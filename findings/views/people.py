"""Logging in. Guessing is slowed down per address and name."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from findings.roles import ROLES

ATTEMPTS = 10
WAIT = 300
"""Seconds that a name and address must wait after ATTEMPTS failures."""


class SlowForm(AuthenticationForm):
    def _key(self) -> str:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        name = str(self.data.get("username", ""))[:200].lower()
        return "login:" + hashlib.sha256(f"{address} {name}".encode()).hexdigest()

    def clean(self) -> Any:
        key = self._key()
        try:
            failures = int(cache.get(key, 0))
        except RedisError:
            failures = 0
        if failures >= ATTEMPTS:
            raise ValidationError(f"Too many attempts. Wait {WAIT // 60} minutes, then try again.", code="wait")
        try:
            cleaned = super().clean()
        except ValidationError:
            self._note(key, failures + 1)
            raise
        self._note(key, 0)
        return cleaned

    @staticmethod
    def _note(key: str, failures: int) -> None:
        try:
            if failures:
                cache.set(key, failures, WAIT)
            else:
                cache.delete(key)
        except RedisError:
            return


class Login(LoginView):
    authentication_form = SlowForm
    redirect_authenticated_user = True


def profile(request: HttpRequest) -> HttpResponse:
    groups = list(request.user.groups.values_list("name", flat=True)) if request.user.is_authenticated else []
    return render(request, "registration/profile.html", {"groups": groups, "roles": ROLES})
