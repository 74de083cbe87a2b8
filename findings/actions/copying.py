"""Many new rows at once by COPY, which takes a fraction of the time of INSERT."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """The value with characters replaced that PostgreSQL refuses: one of them must not lose a whole chunk."""
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return value


def copy_in(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Insert rows whose primary key is set, or is given by the database. No signals, no conflicts."""
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if not (field.primary_key and rows[0].pk is None)]
    json_fields = {field.attname for field in fields if isinstance(field, models.JSONField)}
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(
                [
                    json.dumps(getattr(row, field.attname))
                    if field.attname in json_fields
                    else getattr(row, field.attname)
                    for field in fields
                ]
            )
