"""Rights whose use leaves no trace of its own, so that the absence of a trace says nothing.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html (iam:PassRole is not
tracked), and the actions that https://docs.aws.amazon.com/service-authorization/latest/reference/ calls
"permission only".
"""

from __future__ import annotations

import re
from functools import lru_cache

from analyzers import catalogue

_SILENT = re.compile(
    r"[a-z0-9-]+:(pass[a-z]+|allowvendedlogdeliveryforresource)|logs:((create|delete|get|update)logdelivery|listlogdeliveries)"
)


@lru_cache(maxsize=65536)
def silent(action: str) -> bool:
    """Whether the right is checked within requests to other services and is never a request itself: the service may
    then look unused while it is exercised daily. `action`: full name."""
    return _SILENT.fullmatch(action.lower()) is not None


@lru_cache(maxsize=65536)
def within_others(action: str) -> bool:
    """Whether the right is also checked within requests for other actions of its service, as tags are that are given
    at creation: a trail then holds the other event only. `action`: full name."""
    name = action.lower()
    return silent(name) or name in _tagging(name.partition(":")[0])


@lru_cache(maxsize=512)
def _tagging(prefix: str) -> frozenset[str]:
    found = catalogue.actions_of(prefix)
    return frozenset(one.full_name.lower() for one in found if "Tagging" in one.access_level)
