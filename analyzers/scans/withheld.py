"""What keys hold back of a resource, as it is stored: principals of whom the same is true share a line."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypedDict

from analyzers.kinds.internal import Withheld
from findings.actions.copying import storable


class Line(TypedDict):
    """`principals`: ARNs, sorted. `blockers`: why not, in sentences."""

    principals: list[str]
    actions: list[str]
    key: str
    blockers: list[str]


def lines(found: Iterable[Withheld], before: Iterable[Line] = (), only: Collection[str] | None = None) -> list[Line]:
    """`before` holds what was stored, of which all stays that is not about the principals in `only` (None: about
    everybody)."""
    together: dict[tuple[str, tuple[str, ...], tuple[str, ...]], set[str]] = {}
    for line in before if only is not None else ():
        kept = {arn for arn in line["principals"] if only is not None and arn not in only}
        if kept:
            place = (line["key"], tuple(line["actions"]), tuple(line["blockers"]))
            together.setdefault(place, set()).update(kept)
    for one in found:
        place = (storable(one.key), one.actions, tuple(storable(list(one.blockers))))
        together.setdefault(place, set()).add(one.principal)
    return [
        Line(principals=sorted(arns), actions=list(actions), key=key, blockers=list(blockers))
        for (key, actions, blockers), arns in sorted(together.items(), key=lambda item: item[0])
    ]
