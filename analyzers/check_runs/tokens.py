"""Secrets of pipelines. A secret has 256 random bits, so its plain digest is safe to keep and quick to find."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from analyzers.models import CheckToken

PREFIX = "apc_"
SHOWN = 10
MOST = 200
"""Characters of what is looked up at all."""
_TELL_USE_AFTER = timedelta(minutes=1)


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def valid_token(secret: str) -> CheckToken | None:
    """The token of a secret that may be used now; its use is noted."""
    if not secret.startswith(PREFIX) or len(secret) > MOST:
        return None
    token = CheckToken.objects.select_related("owner").filter(digest=digest(secret)).first()
    if token is None or token.state != "valid":
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _TELL_USE_AFTER:
        CheckToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
