"""Pages by key: every row once, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from findings.models import Finding
from findings.paging import SORTS, page_of
from tests.conftest import NOW


@pytest.mark.parametrize("sort", SORTS)
def test_all_rows_once_and_back_again(make_finding: Callable[..., Finding], sort: str) -> None:
    for number in range(11):
        make_finding(is_public=number % 3 == 0, updated_at=NOW + timedelta(hours=number // 2))
    pages, cursor = [], ""
    while True:
        page = page_of(Finding.objects.all(), sort, 3, cursor)
        pages.append(page)
        if not page.next:
            break
        cursor = page.next
    seen = [row.pk for page in pages for row in page.rows]
    assert len(seen) == len(set(seen)) == 11
    back = page_of(Finding.objects.all(), sort, 3, pages[-1].previous)
    assert [row.pk for row in back.rows] == [row.pk for row in pages[-2].rows]
    assert not pages[0].previous


@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "WzEsMiwzXQ"])
@pytest.mark.django_db
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationError, match="does not exist"):
        page_of(Finding.objects.all(), "-updatedAt", 3, cursor)
