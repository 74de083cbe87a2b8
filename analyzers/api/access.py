"""Who may use the interface for pipelines, how much may be sent, and how often."""

from __future__ import annotations

import json
from typing import Any, cast

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from analyzers.check_runs.tokens import valid_token
from analyzers.models import CheckToken


class Pipeline:
    """Who a token stands for: nobody with rights in the portal."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    pk = None


class CheckTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer apc_…`. Used by the views of policy checks only; nothing else knows these tokens."""

    def authenticate(self, request: Request) -> tuple[Any, CheckToken] | None:
        word, _, secret = request.headers.get("Authorization", "").partition(" ")
        if word.lower() != "bearer" or not secret:
            return None
        token = valid_token(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not known, has expired or was revoked. Make a new one.")
        return Pipeline(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasCheckToken(BasePermission):
    message = "Send a token for policy checks: Authorization: Bearer apc_…"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, CheckToken)


class PerToken(SimpleRateThrottle):
    """CHECKS_RATE for each token. Without a cache nobody is turned away."""

    scope = "checks"

    def get_rate(self) -> str:
        return str(settings.CHECKS_RATE)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"throttle:checks:{cast(CheckToken, request.auth).pk}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            return True


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class BoundedJSON(BaseParser):
    """JSON of at most CHECKS_BYTES, which is not read further than that."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.CHECKS_BYTES
        data = stream.read(most + 1)
        if len(data) > most:
            raise TooLarge(f"At most {most:,} bytes are taken; send fewer policies at a time.")
        try:
            found = json.loads(data.decode("utf-8"), parse_constant=_no_number)
        except UnicodeDecodeError as error:
            raise ParseError(f"Not UTF-8 (byte {error.start}).") from error
        except (ValueError, RecursionError) as error:
            raise ParseError(f"No JSON: {error}") from error
        if not isinstance(found, dict):
            raise ParseError("A JSON object is needed.")
        return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number.")
