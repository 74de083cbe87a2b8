"""What a list of findings shows: the query that its address describes. Shared by the list, exports and bulk actions."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from findings import filters, paging
from findings.models import Finding, FindingStatus

MAX_QUERY = 4_000


@dataclass(frozen=True)
class Listing:
    """`error` says what is wrong with the search text; the rows are then none."""

    text: str
    status: str
    sort: str
    size: int
    after: str
    rows: QuerySet[Finding]
    error: str = ""
    criteria: Any = None
    words: Any = None


def listing(query: QueryDict) -> Listing:
    text = "".join(c for c in query.get("q", "")[: MAX_QUERY + 1] if unicodedata.category(c) not in {"Cc", "Cf"})
    status = query.get("status", FindingStatus.ACTIVE)
    status = status if status in FindingStatus.values else FindingStatus.ACTIVE.value
    sort = query.get("sort", paging.DEFAULT_SORT)
    sort = sort if sort in paging.SORTS else paging.DEFAULT_SORT
    size = int(query.get("size", "50")) if query.get("size", "50").isdigit() else 50
    size = size if size in paging.SIZES else 50
    rows = Finding.objects.select_related("analyzer")
    error = ""
    criteria: dict[str, dict[str, Any]] = {}
    words: list[str] = []
    try:
        criteria, words = filters.read(text)
        rows = rows.filter(filters.query(criteria)).filter(filters.words_query(words))
    except ValidationError as problem:
        error = " ".join(problem.messages)
        rows = rows.none()
    if "status" not in criteria:
        rows = rows.filter(status=status)
    return Listing(text, status, sort, size, query.get("after", ""), rows, error, criteria, words)
