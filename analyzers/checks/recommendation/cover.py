"""A set of actions written as few patterns, of which none matches a known action that is not in the set."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from .judging import ServiceNames

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+|[A-Z]")
_AFTER = "\U0010ffff"


class Cover:
    """Of one service. `chosen`: full names in lower case. `allowed`: whether a pattern (lower case) may be written."""

    def __init__(self, service: ServiceNames, chosen: set[str], allowed: Callable[[str], bool]) -> None:
        self.prefix = service.prefix
        self.names = list(service.names)
        self.spelled: Mapping[str, str] = {lower: name.text for lower, name in service.names.items()}
        self.chosen = chosen
        self.allowed = allowed
        self._sums = [0, *accumulate(name in chosen for name in self.names)]

    def patterns(self, *, tight: bool = False) -> tuple[str, ...]:
        """Wildcards stand at the end of whole words, for two actions or more; if `tight`, wherever they make the text
        shorter."""
        found: list[str] = []
        beginnings: set[str] = set()
        last = "\n"
        for name in self.names:
            if name not in self.chosen or name.startswith(last):
                continue
            pattern = self._wildcard(name, tight) or self.spelled[name]
            if pattern.endswith("*"):
                last = pattern[:-1].lower()
                beginnings.add(last)
            found.append(pattern)
        return tuple(one for one in found if not _is_covered(one.lower(), beginnings))

    def _wildcard(self, name: str, tight: bool) -> str:
        """The shortest that begins like the name, and matches chosen actions only."""
        spelled = self.spelled[name]
        for cut in self._cuts(spelled, tight):
            beginning = name[:cut]
            first, after = bisect_left(self.names, beginning), bisect_left(self.names, beginning + _AFTER)
            many = after - first
            if self._sums[after] - self._sums[first] != many:
                continue
            if (many > 1 or tight or cut == len(self.prefix) + 1) and self.allowed(beginning + "*"):
                return spelled[:cut] + "*"
        return ""

    def _cuts(self, spelled: str, tight: bool) -> Sequence[int]:
        start = len(self.prefix) + 1
        if tight:
            return range(start, len(spelled) - 1)
        ends = accumulate((len(word) for word in _WORD.findall(spelled[start:])), initial=start)
        return [end for end in ends if end < len(spelled)]


def _is_covered(pattern: str, beginnings: set[str]) -> bool:
    """Whether a wildcard with one of the beginnings says it already."""
    end = len(pattern) - 1 if pattern.endswith("*") else len(pattern) + 1
    return any(pattern[:cut] in beginnings for cut in range(end))
