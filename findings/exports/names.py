"""The names of accounts outside, as `ImportKnownAccounts` reads them."""

from __future__ import annotations

import csv
import io

from analyzers.models import KnownAccount

from .rows import harmless

COLUMNS = ("identifier", "name", "kind", "note", "trusted")


def names_csv() -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in KnownAccount.objects.all():
        cells = (row.identifier, row.name, row.kind, row.note, "true" if row.trusted else "false")
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue()
