"""Pages of a list that stay fast however long it is: the next page begins after the last row seen."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When
from django.utils.dateparse import parse_datetime

from .models import ORDER_OF_WORK, Finding

WORK = "work_order"
"""Not a column: the place of the finding's type in the order of work, then other findings."""

SORTS: dict[str, tuple[str, bool]] = {
    "-isPublic": ("is_public", True),
    "-updatedAt": ("updated_at", True),
    "updatedAt": ("updated_at", False),
    "-createdAt": ("created_at", True),
    "createdAt": ("created_at", False),
    "resource": ("resource", False),
    "-resource": ("resource", True),
    "resourceType": ("resource_type", False),
    "-resourceType": ("resource_type", True),
    "resourceOwnerAccount": ("resource_owner_account", False),
    "-resourceOwnerAccount": ("resource_owner_account", True),
    "work": (WORK, False),
}
"""What a list can be sorted by -> column, descending. Rows that are equal in it are sorted by id."""
DEFAULT_SORT = "-isPublic"
SIZES = (25, 50, 100, 250)
COUNT_LIMIT = 10_000


Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    next: str = ""
    previous: str = ""


def page_of(rows: QuerySet[Row], sort: str, size: int, cursor: str = "") -> Page[Row]:
    """Raises ValidationError for a sort or cursor that does not exist."""
    if sort not in SORTS:
        raise ValidationError(f"A list is sorted by one of {', '.join(SORTS)}.")
    column, descending = SORTS[sort]
    rows = _with(rows, column)
    backwards, mark = _read(cursor)
    if mark is not None:
        if (type(mark[0]) is int) != (column == WORK):
            raise ValidationError("This page does not exist; go back to the first one.")
        rows = rows.filter(_after(column, descending != backwards, mark))
    order = "-" if descending != backwards else ""
    found = list(rows.order_by(f"{order}{column}", f"{order}id")[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([])
    return Page(
        found,
        next=_write(False, column, found[-1]) if more or backwards else "",
        previous=_write(True, column, found[0]) if (more if backwards else mark is not None) else "",
    )


def sorted_rows(rows: QuerySet[Finding], sort: str) -> QuerySet[Finding]:
    """All rows, as the pages have them."""
    column, descending = SORTS[sort]
    return _with(rows, column).order_by(f"{'-' if descending else ''}{column}", "id")


def _with(rows: QuerySet[Row], column: str) -> QuerySet[Row]:
    if column != WORK:
        return rows
    places = [When(finding_type=kind, then=Value(place)) for place, kind in enumerate(ORDER_OF_WORK)]
    ordered: QuerySet[Row] = rows.annotate(
        **{WORK: Case(*places, default=Value(len(ORDER_OF_WORK)), output_field=IntegerField())}
    )
    return ordered


def _place(row: Finding) -> int:
    kinds = [kind.value for kind in ORDER_OF_WORK]
    return kinds.index(row.finding_type) if row.finding_type in kinds else len(kinds)


def capped_count(rows: QuerySet[Any]) -> tuple[int, bool]:
    """The number of rows, and whether there are more than are counted."""
    count = rows.order_by()[: COUNT_LIMIT + 1].count()
    return min(count, COUNT_LIMIT), count > COUNT_LIMIT


def _after(column: str, descending: bool, mark: tuple[Any, str]) -> Q:
    value, key = mark
    beyond = "lt" if descending else "gt"
    return Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"id__{beyond}": key})


def cursor_at(row: Finding, sort: str, *, backwards: bool = False) -> str:
    """The cursor of the page that begins after this row, or ends before it."""
    return _write(backwards, SORTS[sort][0], row)


def _write(backwards: bool, column: str, row: Model) -> str:
    value = _place(row) if column == WORK and isinstance(row, Finding) else getattr(row, column)
    said = [backwards, value.isoformat() if isinstance(value, datetime) else value, str(row.pk)]
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[bool, tuple[Any, str] | None]:
    if not cursor:
        return False, None
    try:
        backwards, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(backwards, bool) or not isinstance(value, (str, bool, int)) or not isinstance(key, str):
            raise ValueError(cursor)
        uuid.UUID(key)
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError) as error:
        raise ValidationError("This page does not exist; go back to the first one.") from error
    return backwards, (parse_datetime(value) or value if isinstance(value, str) else value, key)
