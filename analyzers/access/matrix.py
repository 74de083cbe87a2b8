"""Principals and resources of an internal analyzer, and what the ones can do with the others, out of its findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from analyzers.kinds.paths.summary import levels_of
from analyzers.kinds.paths.target import Level
from analyzers.models import Account, Analyzer
from findings.models import Finding, FindingStatus, FindingType, Proof

ROWS = 60
COLUMNS = 12
"""Shown at a time: more do not fit any screen."""


@dataclass(frozen=True)
class Cell:
    """`finding`: id of one of the findings. `unknown`: could not be proved."""

    levels: tuple[Level, ...]
    unknown: bool
    finding: str

    @property
    def words(self) -> str:
        said = ", ".join(self.levels) or "access"
        return f"{said} (could not be proved safe)" if self.unknown else said


@dataclass(frozen=True)
class Line:
    principal: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Group:
    """The lines of one account, or of one role path in it."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Matrix:
    resources: Page[str]
    principals: Page[str]
    groups: tuple[Group, ...]
    total: int


def matrix(
    analyzer: Analyzer,
    *,
    text: str = "",
    account: str = "",
    level: Level | None = None,
    row_page: str | None = None,
    column_page: str | None = None,
) -> Matrix:
    """`text`: in the principal's or the resource's ARN. `account`: of the principal. `level`: at least that."""
    rows = _rows(analyzer)
    if text:
        rows = rows.filter(Q(principal__AWS__icontains=text) | Q(resource__icontains=text))
    if account:
        rows = rows.filter(principal__AWS__icontains=f":{account}:")
    if level is not None:
        actions = {one for found in rows.values_list("action", flat=True).iterator() for one in found}
        rows = rows.filter(action__overlap=[one for one in actions if level in levels_of(one)])
    principals = Paginator(_distinct(rows, "principal__AWS"), ROWS).get_page(row_page)
    resources = Paginator(_distinct(rows, "resource"), COLUMNS).get_page(column_page)
    shown = rows.filter(principal__AWS__in=list(principals), resource__in=list(resources))
    cells = _cells(shown)
    names = dict(Account.objects.exclude(name="").values_list("pk", "name"))
    lines = [Line(who, tuple(cells.get((who, resource)) for resource in resources)) for who in principals]
    groups = tuple(
        Group(title, tuple(found)) for title, found in groupby(lines, key=lambda line: _title(line.principal, names))
    )
    return Matrix(resources, principals, groups, rows.count())


def _rows(analyzer: Analyzer) -> QuerySet[Finding]:
    return Finding.objects.filter(
        analyzer=analyzer,
        finding_type=FindingType.INTERNAL_ACCESS,
        status__in=[FindingStatus.ACTIVE, FindingStatus.ARCHIVED],
        error="",
    ).exclude(principal={})


def _distinct(rows: QuerySet[Finding], column: str) -> Sequence[str]:
    return [str(value) for value in rows.order_by(column).values_list(column, flat=True).distinct() if value]


def _cells(rows: QuerySet[Finding]) -> Mapping[tuple[str, str], Cell]:
    found: dict[tuple[str, str], Cell] = {}
    for pk, who, resource, actions, proof in rows.values_list("id", "principal__AWS", "resource", "action", "proof"):
        levels = {level for action in actions for level in levels_of(action)}
        before = found.get((who, resource))
        if before is not None:
            levels |= set(before.levels)
        ordered = tuple(level for level in Level if level in levels)
        unknown = proof != Proof.PROVED or (before is not None and before.unknown)
        found[who, resource] = Cell(ordered, unknown, before.finding if before else str(pk))
    return found


def _title(principal: str, names: Mapping[str, str]) -> str:
    fields = principal.split(":", 5)
    if len(fields) < 6:
        return "Others"
    account = f"{names[fields[4]]} ({fields[4]})" if fields[4] in names else fields[4]
    kind, _, rest = fields[5].partition("/")
    path = rest.rpartition("/")[0]
    plural = {"role": "roles", "user": "users"}.get(kind, kind)
    return f"{account} · {plural}" + (f" in /{path}/" if path else "")
