"""Is the process alive, and is everything that it needs?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

PULSE_SECONDS = 60
"""A beat whose last sign of life is older counts as dead."""
ANSWER_SECONDS = 1.0
"""A part that takes longer does not answer. A frozen server must not freeze who asks for its health."""


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
    deadline = time.monotonic() + ANSWER_SECONDS
    running = [(name, PROBES[name].run(check)) for name, check in CHECKS.items()]
    states = {name: _state(name, answer, deadline) for name, answer in running}
    ready = all(state["up"] for state in states.values())
    return JsonResponse({"ready": ready, **states}, status=200 if ready else 503)


class Probe:
    """One check in a thread of its own. While it hangs nobody starts another: all wait for the same answer."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"health-{name}")
        self._running: Future[str] | None = None

    def run(self, check: Callable[[], str]) -> Future[str]:
        running = self._running
        if running is None or running.done():
            running = self._running = self._threads.submit(check)
        return running


def _state(name: str, answer: Future[str], deadline: float) -> dict[str, object]:
    try:
        problem = answer.result(max(0.0, deadline - time.monotonic()))
    except Exception as error:
        logger.warning("health check of %s failed: %s", name, type(error).__name__)
        problem = f"does not answer ({type(error).__name__})"
    return {"up": not problem, **({"problem": problem} if problem else {})}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # the connection of this thread, which no request closes
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
PROBES = {name: Probe(name) for name in CHECKS}
