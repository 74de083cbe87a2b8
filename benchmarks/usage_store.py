"""Storing sums of usage: a tally of 100,000 keys, new and once more. `python -m benchmarks usage_store [keys]`"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, date, datetime, timedelta


def main() -> None:
    keys = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    import tests.services  # noqa: F401 - a database of its own

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analyzer_portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from analyzers.models import Usage, UsageFeed
    from analyzers.usage.reading import evidence
    from analyzers.usage.store import FileRead, add
    from analyzers.usage.tally import Key, Sum, Tally

    call_command("migrate", verbosity=0)
    today = datetime.now(UTC).date()

    def at(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    tally = Tally()
    for number in range(keys):
        role = f"arn:aws:iam::{number // 2000:012d}:role/role-{number // 200}"
        days = {today - timedelta(days=1 + (number + step) % 300): 1 + number % 7 for step in (0, 1, 5)}
        key = Key(role, role.split(":")[4], f"s3:Action{number % 200}", "", "us-east-1", "CLI", False)
        tally.add(key, Sum(at(min(days)), at(max(days)), days, ["session"]))
    feed = UsageFeed.objects.create(kind="FOLDER", location="/benchmark")
    for number, what in enumerate(("new", "merged into as many")):
        began = time.monotonic()
        add(feed, [FileRead(f"{number}", f"{number:064d}", tally=tally)])
        print(f"{len(tally.uses):,} sums, {what}: {time.monotonic() - began:.1f} s")
    principals = list(Usage.objects.order_by().values_list("principal", flat=True).distinct()[:1000])
    began = time.monotonic()
    found = evidence(principals)
    uses = sum(len(one.uses) for one in found.values())
    print(f"evidence of {len(found):,} principals with {uses:,} sums: {time.monotonic() - began:.1f} s")
