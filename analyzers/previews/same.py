"""Whether one finding tells of all the access that another one tells of. Pure, of anything with a finding's fields.

A finding becomes another one when its actions or conditions change, and also when only the control policies that apply
do: that is a new finding without new access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol


class Said(Protocol):
    resource: str
    principal: Any
    action: Any
    condition: Any
    sources: Any
    is_public: bool
    error: str
    details: Any


def covers(wide: Said, narrow: Said) -> bool:
    """Whether every request that `narrow` is about is one that `wide` is about. False also where that is not plain."""
    if wide.error or narrow.error or wide.resource != narrow.resource or wide.principal != narrow.principal:
        return False
    if narrow.is_public and not wide.is_public:
        return False
    return (
        set(narrow.action) <= set(wide.action)
        and (not wide.condition or wide.condition == narrow.condition)
        and all(source in narrow.sources for source in wide.sources)
        and _all_in(_list(wide, "further_conditions"), _list(narrow, "further_conditions"))
        and _all_in(_list(wide, "unless"), _list(narrow, "unless"))
    )


def _list(finding: Said, name: str) -> Collection[Mapping[str, Any]]:
    return finding.details.get(name) or ()


def _all_in(few: Collection[Mapping[str, Any]], many: Collection[Mapping[str, Any]]) -> bool:
    return all(one in many for one in few)
