"""What an analyzer answered last about each resource, written for a whole chunk at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from analyzers.kinds.subject import Asked
from analyzers.kinds.unused import Gap
from analyzers.models import AnalyzedResource, Scan

from .withheld import Line


class Note(NamedTuple):
    """`input_hash`: of what was asked. `error`: what could not be analysed. `population`: who was asked about.
    `withheld`: lines of `scans.withheld`; None leaves what is stored. `gap`: of unused access."""

    subject: Asked
    input_hash: str
    error: str
    population: str = ""
    withheld: list[Line] | None = None
    gap: Gap | None = None


_NO_GAP = (None, None, None)
_UPSERT = """
    INSERT INTO {table} (analyzer_id, scan_id, analyzed_at, resource_arn, resource_type, resource_owner_account,
        input_hash, error, population, actions_granted, actions_used, actions_unused)
    SELECT %s, %s, %s, noted.*
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::int[], %s::int[], %s::int[]) AS noted
    ON CONFLICT (analyzer_id, resource_arn) DO UPDATE SET scan_id = EXCLUDED.scan_id,
        analyzed_at = EXCLUDED.analyzed_at, resource_type = EXCLUDED.resource_type,
        resource_owner_account = EXCLUDED.resource_owner_account, input_hash = EXCLUDED.input_hash,
        error = EXCLUDED.error, population = EXCLUDED.population, actions_granted = EXCLUDED.actions_granted,
        actions_used = EXCLUDED.actions_used, actions_unused = EXCLUDED.actions_unused
"""
_UPDATE = """
    UPDATE {table} AS stored SET withheld = told.withheld::jsonb
    FROM unnest(%s::text[], %s::text[]) AS told (arn, withheld)
    WHERE stored.analyzer_id = %s AND stored.resource_arn = told.arn AND stored.withheld <> told.withheld::jsonb
"""


def write(scan: Scan, now: datetime, notes: Sequence[Note]) -> None:
    """One statement for all of them, and one for what keys hold back; of two about one resource the last counts."""
    if not notes:
        return
    rows = {
        one.subject.arn: (one.subject.arn, one.subject.type, one.subject.account, *one[1:4], *(one.gap or _NO_GAP))
        for one in notes
    }
    told = {note.subject.arn: json.dumps(note.withheld) for note in notes if note.withheld is not None}
    columns = [list(column) for column in zip(*rows.values(), strict=True)]
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(AnalyzedResource._meta.db_table)
        cursor.execute(_UPSERT.format(table=table), [scan.analyzer_id, scan.pk, now, *columns])
        if told:
            cursor.execute(_UPDATE.format(table=table), [list(told), list(told.values()), scan.analyzer_id])
