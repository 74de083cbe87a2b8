"""Whether CloudTrail surely records an action."""

from __future__ import annotations


def recorded(action: str, data_events: frozenset[str]) -> bool:
    """False when in doubt. `data_events`: prefixes of the services whose data events are recorded."""
    return False
