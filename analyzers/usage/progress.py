"""How far a reading is: the same figures on the pages and on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from analyzers.models import UsageReading

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Progress:
    """`rate`: what is read a second, in words. `left`: until the end, in words; empty if it is not known yet."""

    files_done: int
    files_total: int
    megabytes_done: float
    megabytes_total: float
    events: int
    rate: str
    left: str


def progress(reading: UsageReading, now: datetime | None = None) -> Progress:
    seconds = ((now or timezone.now()) - reading.resumed_at).total_seconds() if reading.resumed_at else 0.0
    rate = left = ""
    by_bytes = reading.bytes_total > 0
    done = reading.bytes_read if by_bytes else reading.files_read
    if seconds > 0 and done:
        speed = done / seconds
        rate = f"{speed / MEGABYTE:,.1f} MB/s" if by_bytes else f"{speed * 60:,.0f} a minute"
        ahead = reading.bytes_total - reading.bytes_done if by_bytes else reading.files_total - reading.files_done
        if reading.is_open:
            left = in_words(timedelta(seconds=max(0.0, ahead / speed)))
    return Progress(
        files_done=reading.files_done,
        files_total=reading.files_total,
        megabytes_done=reading.bytes_done / MEGABYTE,
        megabytes_total=reading.bytes_total / MEGABYTE,
        events=reading.events,
        rate=rate,
        left=left,
    )


def in_words(time: timedelta) -> str:
    minutes = time.total_seconds() / 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 60 / 24:.0f} days"
