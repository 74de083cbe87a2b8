"""Beat with a pulse, so that its health can be seen."""

from __future__ import annotations

import time
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from .health import note_pulse


class Scheduler(DatabaseScheduler):
    def tick(self, *args: Any, **kwargs: Any) -> Any:
        note_pulse("beat", time.time())
        return super().tick(*args, **kwargs)
