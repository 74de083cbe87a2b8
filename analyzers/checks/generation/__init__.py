"""Policies from activity, proven to allow what was used. docs/recommendations.md is the way in."""

from .generating import generate
from .values import Doing, Generated, Needed, Trail

__all__ = ["Doing", "Generated", "Needed", "Trail", "generate"]
