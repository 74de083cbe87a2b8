"""The text of a pattern taken apart: literals, wildcards, policy variables.

Both engines read patterns through this module, so that they agree on what was written;
each matches in its own way.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Wildcard(StrEnum):
    ONE = "?"
    RUN = "*"


class Variable(NamedTuple):
    """`${key}` or `${key, 'default'}`."""

    key: str
    default: str | None = None


Token = str | Wildcard | Variable
"""A plain `str` is literal text (test for Wildcard first: it is a `str` too)."""
