"""Asking twice: a page that warns gives a token, and only the same deed with the token counts as confirmed."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

FIELD = "confirm_public"


def token(*said: Any) -> str:
    """For a warning about just this; another filter or another analyzer has another token."""
    return salted_hmac("findings.views.confirm", json.dumps(said, sort_keys=True), algorithm="sha256").hexdigest()


def confirmed(request: HttpRequest, *said: Any) -> bool:
    return constant_time_compare(request.POST.get(FIELD, ""), token(*said))


def warning(error: ValidationError, *said: Any) -> dict[str, str] | None:
    """What the page has to show if this is the error; None if it is another one."""
    texts = error.message_dict.get(FIELD) if hasattr(error, "error_dict") else None
    return {"text": " ".join(texts), "token": token(*said)} if texts else None
