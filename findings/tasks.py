"""Celery tasks of findings: thin wake-ups for functions that commands and pages call as well."""

from __future__ import annotations

from celery import shared_task
from kombu.exceptions import OperationalError

from findings import recommending

SECONDS = 240
"""That a worker may take; then it says so. Less than `PATIENCE`, after which it is taken to be lost."""


@shared_task(name="findings.tasks.compute_recommendation", soft_time_limit=SECONDS, time_limit=SECONDS + 30)
def compute_recommendation(pk: int) -> None:
    recommending.work(pk)


@shared_task(name="findings.tasks.give_up_recommendations")
def give_up_recommendations() -> None:
    """Those whose worker was lost."""
    recommending.give_up_lost()


def wake_for_recommendation(pk: int) -> bool:
    """Tell a worker."""
    try:
        compute_recommendation.delay(pk)
    except OperationalError:
        return False
    return True
