"""Is the process alive, and is everything that it needs?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

PULSE_SECONDS = 60
"""A beat whose last sign of life is older counts as dead."""


@lru_cache(maxsize=1)
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def note_pulse(name: str, now: float) -> None:
    """Leave a sign of life; a broker that is away must not stop the one who lives."""
    try:
        _redis().set(f"portal:pulse:{name}", now, ex=10 * PULSE_SECONDS)
    except redis.RedisError:
        logger.warning("no sign of life left for %s: Redis does not answer", name)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 with the state of each part if all are up, else 503."""
    states = {name: _state(check) for name, check in CHECKS.items()}
    ready = all(state["up"] for state in states.values())
    return JsonResponse({"ready": ready, **states}, status=200 if ready else 503)


def _state(check: Callable[[], str]) -> dict[str, object]:
    try:
        problem = check()
    except Exception as error:
        logger.warning("health check failed: %s", type(error).__name__)
        problem = f"does not answer ({type(error).__name__})"
    return {"up": not problem, **({"problem": problem} if problem else {})}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _broker() -> str:
    _redis().ping()
    return ""


def _worker() -> str:
    """Workers answer over the broker: without it nobody can say."""
    _redis().ping()
    from .celery import app

    with app.connection_for_write() as link:
        answers = app.control.ping(timeout=0.6, limit=1, connection=link)
    return "" if answers else "no worker answers"


def beat() -> str:
    """Empty if beat lives, else what is wrong."""
    last = _redis().get("portal:pulse:beat")
    if last is None:
        return "no sign of life yet"
    age = time.time() - float(last)
    return "" if age < PULSE_SECONDS else f"last sign of life {age:.0f} s ago"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "worker": _worker,
    "beat": beat,
}
