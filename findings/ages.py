"""How long ago something unused was used last, in classes: the same as those of `unused_statistics.by_age`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from .models import UNUSED_FINDINGS


class Age(NamedTuple):
    """Last used more than `beyond` days ago, and no more than `within`; None: no such bound."""

    label: str
    beyond: int | None = None
    within: int | None = None


NEVER = "ever"
AGES: Mapping[str, Age] = {
    NEVER: Age("Never"),
    "over-365-days": Age("Over a year ago", 365),
    "270-365-days": Age("9 to 12 months ago", 270, 365),
    "180-270-days": Age("6 to 9 months ago", 180, 270),
    "90-180-days": Age("3 to 6 months ago", 90, 180),
    "under-90-days": Age("Less than 3 months ago", None, 90),
}
"""By the value of the property `unusedFor`; `ever`: never used, as far as the evidence reaches."""
UNUSED = Q(finding_type__in=sorted(UNUSED_FINDINGS))


def of_age(name: str, now: datetime) -> Q:
    """Findings of unused access in this class."""
    if name == NEVER:
        return UNUSED & Q(last_accessed_at=None)
    age = AGES[name]
    found = UNUSED & Q(last_accessed_at__isnull=False)
    if age.beyond is not None:
        found &= Q(last_accessed_at__lt=now - timedelta(days=age.beyond))
    if age.within is not None:
        found &= Q(last_accessed_at__gte=now - timedelta(days=age.within))
    return found
