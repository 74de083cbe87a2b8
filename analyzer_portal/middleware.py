"""Health answers that depend on nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from .health import healthz, readyz

Responder = Callable[[HttpRequest], HttpResponseBase]

ANSWERS: dict[str, Responder] = {"/healthz": healthz, "/readyz": readyz}


def health_first(get_response: Responder) -> Responder:
    """Answer before host names and sessions are looked at: probes ask by address, and when the database is away."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"} and (health := ANSWERS.get(request.path_info)):
            return health(request)
        return get_response(request)

    return answer
