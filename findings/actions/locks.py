"""So that no finding slips between a new rule and a scan: each sees what the other has written, or waits for it."""

from __future__ import annotations

from django.db import connection

_FAMILY = 4_201  # tells our advisory locks from others


def hold_rules(analyzer: int, *, change: bool) -> None:
    """Until the end of the transaction: scans read the rules side by side, who changes them is alone.

    To be called before any row is locked, else it could wait in a circle.
    """
    shared = "" if change else "_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{shared}(%s, %s)", [_FAMILY, analyzer % 2**31])
