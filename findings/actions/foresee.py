"""What `record` would do with an analysis, without doing it: nothing is written and nothing locked.

The rules are those of `record`, whose pieces are used: what makes a finding the same, what archives it, what opens it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from analyzers.kinds.subject import Asked
from analyzers.models import Analyzer
from findings import filters
from findings.models import ArchiveRule, Finding, FindingStatus

from .record import _COMPARED, _archived_before, _disproved, _made_active_by_people
from .rows import AnyAnalysis, rows_of

_TOLD = ("is_public", "proof", "error")
"""A change of these changes the finding, as far as archive rules and people are concerned."""


class Foreseen(NamedTuple):
    """`row` is the finding as it would be; `existing` as it is now, None if there is none. `uncertain`: a part of the
    resource could not be analysed, so the finding might also go."""

    row: Finding
    existing: Finding | None
    uncertain: bool = False

    @property
    def is_gone(self) -> bool:
        return self.row.status == FindingStatus.RESOLVED

    @property
    def is_changed(self) -> bool:
        """In its status; or in something that people decide by: whether it is public, and proved."""
        before = self.existing
        return before is not None and any(
            getattr(before, name) != getattr(self.row, name) for name in ("status", *_TOLD)
        )


def foresee(
    analyzer: Analyzer,
    answers: Iterable[tuple[Asked, AnyAnalysis]],
    now: datetime,
    *,
    only: Collection[str] | None = None,
) -> list[Foreseen]:
    """The findings of these resources after such answers, as `record` would leave them. `only` as there."""
    answers = list(answers)
    wanted = {row.key: row for subject, analysis in answers for row in rows_of(analyzer, subject, analysis, now)}
    asked = {subject.arn: analysis for subject, analysis in answers}
    rows = Finding.objects.filter(analyzer=analyzer, resource__in=[subject.arn for subject, _ in answers])
    if only is not None:
        rows = rows.filter(Q(principal__AWS__in=sorted(only)) | ~Q(error=""))
    known = {row.key: row for row in rows}
    found = [Foreseen(row, None) for key, row in wanted.items() if key not in known]
    again = [row for key, row in known.items() if key in wanted]
    archived = _archived_before(row for row in again if row.status == FindingStatus.RESOLVED)
    found += [Foreseen(_again(row, wanted[row.key], archived), row) for row in again]
    for key, row in known.items():
        if key not in wanted and row.status != FindingStatus.RESOLVED:
            stays = not _disproved(row, asked[row.resource])
            found.append(Foreseen(copy.copy(row) if stays else _resolved(row), row, uncertain=stays))
    _by_rules(analyzer, found)
    return found


def _again(row: Finding, fresh: Finding, archived: Collection[Any]) -> Finding:
    after = copy.copy(row)
    for name in _COMPARED:
        setattr(after, name, getattr(fresh, name))
    if row.status == FindingStatus.RESOLVED:
        after.status = FindingStatus.ARCHIVED if row.pk in archived else FindingStatus.ACTIVE
        if after.status == FindingStatus.ACTIVE:
            after.archived_by = None
    return after


def _resolved(row: Finding) -> Finding:
    after = copy.copy(row)
    after.status = FindingStatus.RESOLVED
    return after


def _by_rules(analyzer: Analyzer, found: Sequence[Foreseen]) -> None:
    """Archive and open what is new or changed, as the analyzer's rules say."""
    rules = list(ArchiveRule.objects.filter(analyzer=analyzer))
    touched = [one for one in found if not one.is_gone and not one.uncertain and _is_touched(one)]
    if not rules or not touched:
        return
    rows = [one.row for one in touched]
    said = {rule.pk: _matching(rows, filters.query(rule.filter)) for rule in rules}
    decided = _made_active_by_people([one.existing for one in touched if one.existing is not None])
    for one in touched:
        row = one.row
        held = said.get(row.archived_by_id) if one.existing is not None and row.archived_by_id is not None else None
        if row.status == FindingStatus.ARCHIVED and held is not None and row.pk not in held:
            row.status, row.archived_by = FindingStatus.ACTIVE, None
        archives = row.pk not in decided and any(row.pk in matching for matching in said.values())
        if row.status == FindingStatus.ACTIVE and archives:
            row.status = FindingStatus.ARCHIVED


def _is_touched(one: Foreseen) -> bool:
    before = one.existing
    if before is None or before.status == FindingStatus.RESOLVED:
        return True
    return any(getattr(before, name) != getattr(one.row, name) for name in _TOLD)


def _matching(rows: Sequence[Finding], query: Q) -> set[Any]:
    """Those of the rows, which are in no table, that a filter finds. The database reads them from a parameter, so that
    the filter means the same as everywhere."""
    table = connection.ops.quote_name(Finding._meta.db_table)
    try:
        sql, parameters = Finding.objects.filter(query).order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return set()
    head, _, rest = sql.partition(f" FROM {table}")
    given = json.dumps([_columns(row) for row in rows], default=str)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{head} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) AS {table}{rest}", [given, *parameters]
        )
        return {pk for (pk,) in cursor.fetchall()}


def _columns(row: Finding) -> dict[str, Any]:
    return {str(field.column): getattr(row, field.attname) for field in Finding._meta.concrete_fields}
