"""How long ago something unused was used last, in classes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from .models import UNUSED_FINDINGS


class Age(NamedTuple):
    """Last used at least `least` and less than `most` days ago; both None: never."""

    label: str
    least: int | None
    most: int | None


AGES: Mapping[str, Age] = {
    "never": Age("Never used", None, None),
    "over-365-days": Age("Over a year ago", 365, None),
    "181-365-days": Age("Half a year to a year ago", 181, 365),
    "91-180-days": Age("3 to 6 months ago", 91, 181),
    "up-to-90-days": Age("Up to 90 days ago", None, 91),
}
"""By the value of the property `lastAccessed`; `never` is never as far as the evidence reaches."""
UNUSED = Q(finding_type__in=sorted(UNUSED_FINDINGS))


def of_age(name: str, now: datetime) -> Q:
    """Findings of unused access in this class."""
    if name == "never":
        return UNUSED & Q(last_accessed_at=None)
    age = AGES[name]
    found = UNUSED & Q(last_accessed_at__isnull=False)
    if age.least is not None:
        found &= Q(last_accessed_at__lte=now - timedelta(days=age.least))
    if age.most is not None:
        found &= Q(last_accessed_at__gt=now - timedelta(days=age.most))
    return found
