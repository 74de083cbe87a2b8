"""Answers that may take long: at once if they can, else by a worker, and kept while the inventory stays as it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

AT_ONCE = 3.0
"""Seconds that a page may take."""
BY_WORKER = 120.0
"""Seconds that a worker may take."""
MANY = 3_000
"""Principals whose policies are not even read in the time of a page."""
KEPT = 24 * 3600
PATIENCE = int(BY_WORKER) + 60
"""Seconds after which a worker that was called is taken to be lost."""

T = TypeVar("T")


@dataclass(frozen=True)
class State(Generic[T]):
    """`answer`: what is known so far. `working`: a worker is about to know more. `note`: why nobody is."""

    answer: T | None
    working: bool = False
    note: str = ""


def look_up(key: str, at_once: Callable[[float], T], call: Callable[[], Any], *, principals: int = 0) -> State[T]:
    """`at_once(seconds)` answers in that time, completely or not (its `complete` says so); `call` wakes a worker that
    calls `keep` in the end. With many `principals` the worker is called at once."""
    kept = _get(key)
    if kept is not None:
        return State(kept)
    if _get(f"{key}:working"):
        return State(_get(f"{key}:partly"), working=True)
    answer = at_once(AT_ONCE) if principals <= MANY else None
    if answer is not None and getattr(answer, "complete", True):
        _set(key, answer, KEPT)
        return State(answer)
    _set(f"{key}:partly", answer, PATIENCE)
    try:
        _set(f"{key}:working", True, PATIENCE)
        call()
    except OperationalError:
        logger.warning("the broker does not answer; nobody works on %s", key)
        _delete(f"{key}:working")
        return State(answer, note="No worker can be reached, so the rest is not asked.")
    return State(answer, working=True)


def known(key: str) -> Any:
    """What was kept; None if there is nothing, or the cache is away."""
    return _get(key)


def keep(key: str, answer: Any) -> None:
    """What a worker found. What it could not finish in its time is kept as well, and says so."""
    _set(key, answer, KEPT)
    _delete(f"{key}:working")
    _delete(f"{key}:partly")


def _get(key: str) -> Any:
    try:
        return cache.get(f"access:{key}")
    except RedisError:
        return None


def _set(key: str, value: Any, seconds: int) -> None:
    try:
        cache.set(f"access:{key}", value, seconds)
    except RedisError:
        logger.warning("the cache does not answer; an answer is not kept")


def _delete(key: str) -> None:
    try:
        cache.delete(f"access:{key}")
    except RedisError:
        logger.warning("the cache does not answer")
