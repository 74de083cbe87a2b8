"""Unused access: roles, access keys, passwords and permissions that nobody used for a time, by evidence."""

from .judge import judge
from .values import AccessKey, Gap, HeldPolicy, Holder, Password, UnusedAnalysis, UnusedFinding

VERSION = 1
"""Raise it when answers change for the same input, so that the next scan judges again."""

__all__ = [
    "VERSION",
    "AccessKey",
    "Gap",
    "HeldPolicy",
    "Holder",
    "Password",
    "UnusedAnalysis",
    "UnusedFinding",
    "judge",
]
