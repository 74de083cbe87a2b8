"""What a list of findings shows: the query that its address describes. Shared by the list, exports and bulk actions."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from analyzers.models import UNUSED_TYPES, Analyzer
from findings import filters, paging
from findings.models import UNUSED_FINDINGS, Finding, FindingStatus

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
    sort = query.get("sort", "")
    sort = sort if sort in paging.SORTS else "work" if _only_unused(criteria) else paging.DEFAULT_SORT
    return Listing(text, status, sort, size, query.get("after", ""), rows, error, criteria, words)


def _only_unused(criteria: filters.Criteria) -> bool:
    """Whether the search names types or analyzers of unused access and no other, which are then sorted in the order
    of work."""
    types = set(criteria.get("findingType", {}).get("eq", ()))
    if "unusedFor" in criteria or (types and types <= UNUSED_FINDINGS):
        return True
    names = criteria.get("analyzer", {}).get("eq", ())
    return bool(names) and not Analyzer.objects.filter(name__in=names).exclude(type__in=UNUSED_TYPES).exists()
